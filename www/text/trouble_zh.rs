//! 错误与提示的中文译文,按代码排列。花括号里的名字由引擎给出的值填入;没有译文的代码显示引擎的英文原文。

/// The message and the hint of a code, with or without its stage.
pub(super) fn trouble(code: &str) -> Option<(&'static str, &'static str)> {
    let by_stage = match code {
        "predict.bad_cell" => Some((
            "第 {row} 行的“{column}”是 {given}，而单元格只能是数字、文本、真假值或空值",
            "为“{column}”给出单个值",
        )),
        "ingest.no_such_column" => {
            Some(("指定了“{name}”列的类型，但文件里只有 {known}", "检查“{name}”的拼写，列名区分大小写"))
        }
        "table.no_such_column" => Some(("没有“{name}”这一列，表格里有 {known}", "检查“{name}”的拼写，列名区分大小写")),
        _ => None,
    };
    by_stage.or_else(|| match code.split_once('.').map_or(code, |(_, code)| code) {
        // 读取
        "empty_file" => Some(("文件是空的", "请选择一个首行为列名、且至少有一行数据的文件")),
        "no_rows" => Some((
            "文件只有 {n_columns} 列的表头，没有数据行",
            "在表头下面加上数据；如果唯一的一行就是数据，请把首行改为“数据”",
        )),
        "not_text" => Some(("这个文件不是 CSV，看起来像 {looks_like}", "把表格另存为 CSV，再选择那个文件")),
        "too_many_columns" => {
            Some(("文件有 {n_columns} 列，最多只能读取 {limit} 列", "检查分隔符，或者只保留需要的列"))
        }
        "bad_delimiter" => Some(("分隔符不能是 {delimiter}", "请用逗号、分号、竖线或制表符，也可以留空让程序自动识别")),
        "bad_quote" => Some(("引号不能是 {quote}", "请用双引号或单引号，没有引号则留空")),
        "bad_decimal" => Some(("小数点不能是 {decimal}", "请用“.”或“,”")),
        "unreadable" => Some(("无法读取文件：{detail}", "文件可能已被移动或修改，请重新选择")),
        "ragged_row" => Some((
            "第 {line} 行有 {n_cells} 个单元格，而表头有 {n_columns} 个",
            "检查第 {line} 行是否有未加引号的分隔符",
        )),
        "ragged_row_no_header" => Some((
            "第 {line} 行有 {n_cells} 个单元格，而表格有 {n_columns} 列",
            "检查第 {line} 行是否有未加引号的分隔符",
        )),
        "unclosed_quote" => Some(("第 {line} 行的引号没有闭合", "请补上第 {line} 行的引号；它已按普通字符读取")),
        "nul_byte" => Some(("第 {line} 行含有 NUL 字节", "NUL 字节已被略去，请检查文件的来源")),
        "bad_bytes" => {
            Some(("第 {line} 行有不属于 {encoding} 的字节", "它们已显示为替换符；如果文字不对，请换一种编码"))
        }
        "duplicate_header" => Some(("列名“{name}”出现了两次，后面那一列已改名为“{renamed}”", "请给每一列起不同的名字")),
        "empty_header" => Some(("第 {column} 列没有名字，已命名为“{renamed}”", "请给每一列命名")),
        "long_header" => {
            Some(("第 {column} 列的名字有 {n_chars} 个字符，只保留了前 {n_kept} 个", "检查首行是否真的是列名"))
        }
        "numeric_header" => Some(("首行已当作列名读取，但“{name}”是一个数字", "如果首行是数据，请把首行改为“数据”")),
        "row_names" => {
            Some(("数据行有 {n_cells} 个单元格，而表头有 {n_columns} 个，第一列已当作行名", "请在表头里给第一列命名"))
        }
        "more_columns" => Some(("另有 {n_columns} 列存在同样的问题“{what}”", "只列出了前面几列")),
        "bad_cell" => Some((
            "第 {line} 行“{column}”列的“{cell}”不是{expected}",
            "改正这个单元格，或者为“{column}”换一种类型；它已按缺失处理",
        )),
        "bad_flag" => Some((
            "“{column}”列里的“{cell}”既不是“是”也不是“否”",
            "为“{column}”换一种类型，或者改写这个词；它已按缺失处理",
        )),
        "not_finite" => {
            Some(("第 {line} 行“{column}”列的“{cell}”超出了数值范围", "数值最大为 1.8e308，该单元格已按缺失处理"))
        }
        "ambiguous_dates" => Some((
            "第 {line} 行“{column}”列的“{cell}”分不清月和日，已按 {read_as} 读取",
            "日期请写成 2024-03-05 的形式",
        )),
        "all_missing" | "all_missing_column" => {
            Some(("“{column}”列没有任何值", "它不能告诉模型任何东西，建议不用这一列"))
        }
        "constant" | "constant_column" => Some(("“{column}”列的值全都一样", "它不能告诉模型任何东西，建议不用这一列")),
        // 准备
        "no_features" => Some(("没有剩下任何可以用来预测“{target}”的列", "至少选择一个特征，并检查步骤里删除了什么")),
        "target_is_feature" => {
            Some(("预测目标“{target}”同时被列为特征", "请把“{target}”从特征中去掉：看得到答案的模型什么也学不到"))
        }
        "repeated_feature" => Some(("特征“{column}”被列了两次", "每个特征只列一次")),
        "no_rows_left" => Some(("{n_before} 行中没有剩下一行可供学习：{why}", "用填补代替删除，或者换一个预测目标")),
        "target_missing" => Some(("预测目标“{target}”在全部 {n_rows} 行中都缺失", "请选择一列有值的数据")),
        "one_class" => {
            Some(("预测目标“{target}”只有一个类别：“{class}”", "请选择至少有两个类别的目标，否则没有什么可区分的"))
        }
        "too_many_classes" => Some((
            "预测目标“{target}”有 {n_classes} 个类别，上限是 {limit}",
            "“{target}”是编号吗？请选择取值较少的一列",
        )),
        "target_not_numeric" => Some(("回归需要数值目标，而“{target}”的类型是 {kind}", "改为分类，或者换一个目标")),
        "not_numeric" => {
            Some(("第 {step} 步（{name}）需要数值，而“{column}”是类别", "先对“{column}”编码，或者不让这一步作用于它"))
        }
        "categories_left" => {
            Some(("最后一步之后“{column}”仍是类别，而矩阵只能放数字", "为“{column}”添加编码步骤，或者不用这一列"))
        }
        "missing_left" => Some(("最后一步之后“{column}”仍有 {n_missing} 个缺失值", "为“{column}”添加填补步骤")),
        "no_such_column" => Some(("第 {step} 步提到了“{column}”列，而此时只有 {known}", "检查拼写和步骤的顺序")),
        "bad_setting" => Some(("第 {step} 步的 {field} 是 {given}，应当是 {expected}", "请把 {field} 设为 {expected}")),
        "too_many_features" => {
            Some(("第 {step} 步会产生 {n_features} 个特征，上限是 {limit}", "类别很多的列请改用序号编码，或者不用"))
        }
        "unknown_category" => {
            Some(("“{column}”里的“{category}”在训练数据中从未出现", "改正这个值，或者允许忽略未知类别"))
        }
        "text_left_out" => {
            Some(("“{column}”是文本，有 {n_distinct} 个不同的值，已略去", "如果想当作类别使用，请把它加入特征"))
        }
        "many_categories" => Some((
            "“{column}”有 {n_categories} 个类别，已用序号编码",
            "如果想让每个类别成为一个特征，请在步骤里选择独热编码",
        )),
        "target_missing_rows" => Some(("有 {n_rows} 行没有“{target}”，已略去", "如果知道这些值，请补上")),
        "log1p_out_of_domain" => Some((
            "“{column}”有 {n_cells} 个单元格不大于 -1,ln(1 + x) 在那里没有定义",
            "它们已取为学到的、大于 -1 的最小值",
        )),
        // 训练
        "rare_class" => Some(("“{target}”的类别“{class}”只有 {n_rows} 行", "它无法同时出现在两部分里，已留在训练集")),
        "bad_test_fraction" => {
            Some(("测试集占比是 {test_fraction}，应当不小于 0 且小于 1", "0.25 表示留出四分之一，0 表示不留"))
        }
        "nothing_to_learn_from" => {
            Some(("{n_rows} 行中留出 {n_test} 行后，没有剩下可供学习的数据", "降低测试集占比，或者载入更多数据"))
        }
        "loss_not_finite" => {
            Some(("第 {epoch} 轮时损失不再是有限的数（学习率 {learning_rate}）", "降低学习率，或者缩放特征"))
        }
        "parameter_out_of_range" => Some(("参数 {name} 是 {given}，应当是 {expected}", "请把 {name} 设为 {expected}")),
        "unknown_parameter" => Some(("没有名为“{name}”的参数，可用的有 {known}", "检查“{name}”的拼写")),
        "unknown_model" => Some(("没有名为“{kind}”的模型，可用的有 {known}", "请从 {known} 中选择")),
        "wrong_task" => Some(("{kind} 不能用于 {task}", "换一个模型，或者换一个预测目标")),
        "too_costly" => Some(("{n_rows} 行、{n_features} 个特征的精确解需要数小时", "减少特征，或者改用梯度下降")),
        "variance_not_finite" => Some(("第 {feature} 个特征（从 0 数起）的方差大到无法表示", "请缩放特征")),
        "ridge_too_costly" => Some((
            "{n_rows} 行、{n_features} 个特征的精确解需要数小时",
            "减少特征或行数，或者改用 l1_ratio 较小的弹性网络",
        )),
        "coefficients_not_finite" => Some(("系数大到无法表示", "请缩放特征或预测目标")),
        "collinear_features" => Some((
            "{n_features} 个特征中只有 {rank} 个提供了独立的信息",
            "在同样好的系数中取了最小的一组；去掉重复的列，系数才好解读",
        )),
        "duality_gap_left" => Some(("{max_iter} 轮之后仍未达到容差 {tol}", "增大 max_iter 或 alpha，或者缩放特征")),
        "no_feature_used" => {
            Some(("alpha 为 {alpha} 时没有用到任何特征，所有回答都相同", "把 alpha 设为小于 {needed} 的值"))
        }
        "fewer_rows_than_neighbors" => Some((
            "n_neighbors 是 {n_neighbors}，但训练数据只有 {n_rows} 行",
            "现在每一行都是近邻；降低 n_neighbors，或者用更多数据训练",
        )),
        "not_converged" => Some(("{max_iter} 轮之后损失仍未稳定", "增大 max_iter 或学习率，或者缩放特征")),
        "wrong_criterion" => {
            Some(("criterion 是“{criterion}”，但预测目标是 {learns}", "把 criterion 设为“{use_instead}”"))
        }
        "too_many_rows" => {
            Some(("{n_rows} 行、{n_classes} 个类别，无法生成决策树", "减少训练数据，或者合并少见的类别"))
        }
        "oob_without_bootstrap" => {
            Some(("袋外评分（oob_score）需要未被抽到的行，但 bootstrap 已关闭", "打开 bootstrap，或者关闭 oob_score"))
        }
        "too_much_work" => Some((
            "在 {n_rows} 行、{n_features} 个特征上种 {n_trees} 棵树需要数小时",
            "减少树的数量，限制 max_depth，或者减少训练数据",
        )),
        "forest_too_large" => Some((
            "{n_trees} 棵树约有 {n_nodes} 个节点，上限是 {limit}",
            "减少树的数量，限制 max_depth，或者增大 min_samples_leaf",
        )),
        "rows_drawn_by_all" => Some(("有 {n_rows} 行被每棵树都抽到，袋外评分没有计入它们", "增加树的数量")),
        "too_many_trees" => Some((
            "在 {n_rows} 行、{n_features} 个特征上生长 {n_trees} 棵树需要数小时，或者内存不够",
            "降低 max_iter 或 max_leaf_nodes，合并少见的类别，或者减少训练数据",
        )),
        "no_webgpu" => Some(("这里无法使用 WebGPU:{reason}", "无需处理，CPU 会接手")),
        "self_test_failed" => {
            Some(("WebGPU 的自检结果与 CPU 不一致（{what}）", "CPU 会接手；更新显卡驱动或浏览器可能有帮助"))
        }
        "device_lost" => Some(("计算设备停止了响应：{detail}", "请重新训练；如果 WebGPU 没有恢复，CPU 会接手")),
        // 预测、解释、导出
        "missing_value" => Some(("“{column}”缺失，已取为 {filled_with}", "为“{column}”填上值，回答会更可靠")),
        "missing_column" => {
            Some(("数据中没有“{column}”列，而模型训练时用到了它", "它的值已按缺失处理；补上这一列，回答会更可靠"))
        }
        "unseen_category" => Some(("“{column}”里的“{category}”在训练数据中从未出现", "已当作不属于任何已知类别处理")),
        "not_a_number" => Some(("“{column}”里是“{text}”，而模型训练时这一列是数值", "已按缺失处理，请改正这个值")),
        "no_such_row" => Some(("没有第 {row} 行，表格共有 {n_rows} 行", "请选择存在的行")),
        "no_such_rows" => {
            Some(("rows 是“{given}”，应为 all；或在模型自己的表格上用 train 或 test", "不写 rows 就评估整张表格"))
        }
        "no_such_tree" => {
            Some(("没有第 {index} 棵树，模型共有 {n_trees} 棵，从 0 数起", "请选择小于 {n_trees} 的编号"))
        }
        "not_an_input" => Some(("模型不使用“{column}”，它使用的是 {known}", "请从 {known} 中选择两列")),
        "same_column" => Some(("平面需要两个不同的列，而两个都是“{column}”", "请为其中一个轴换一列")),
        "not_a_project" => Some(("这 {size_bytes} 字节不是 Vitrine 项目文件", "请选择由“导出”保存的文件")),
        "damaged_project" => Some(("项目文件已损坏：{why}", "请重新复制或下载，它可能被截断或改动过")),
        "newer_version" => {
            Some(("项目的格式版本是 {found}，而本页面最多支持 {supported}", "请刷新页面以使用最新版本，再重新打开"))
        }
        "malformed_project" | "malformed_model" => Some(("文件内容有误：{what}", "请从原来的页面重新导出")),
        "no_such_table" => Some(("没有名为“{id}”的表格", "请先载入，它可能已被释放")),
        "no_such_model" => Some(("没有名为“{id}”的模型", "请先训练或打开项目，它可能已被释放")),
        // 环境
        "worker_not_started" => Some(("计算引擎没有启动", "请刷新页面；需要较新的浏览器")),
        "worker_crashed" => Some(("计算引擎停止了", "再试一次：新的引擎会带着同样的表格和模型")),
        "wasm_not_fetched" | "file_not_fetched" => Some(("有文件没能取到", "确认页面仍在提供服务，然后刷新")),
        "build_mismatch" => Some(("计算引擎与页面的版本不一致", "请刷新页面")),
        "file_protocol" => Some((
            "页面是以文件形式打开的，浏览器不会从文件启动计算引擎",
            "请通过 http 提供这个文件夹，例如运行 cargo xtask serve",
        )),
        _ => None,
    })
}
