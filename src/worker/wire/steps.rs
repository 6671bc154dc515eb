//! The steps a recipe can have, as menus and forms need them.

use serde_json::Value;
use vitrine_protocol::{ParamDocMsg, ParamKindMsg, StepDocMsg};

use crate::worker::wire::catalog::{text, words};

/// A step of a recipe, as forms need it.
struct StepForm {
    step: &'static str,
    title: [&'static str; 2],
    summary: [&'static str; 2],
    columns: &'static str,
    settings: &'static [Setting],
}

/// A setting: its name, what it can be, and what it means in a few words.
type Setting = (&'static str, Kind, [&'static str; 2]);

enum Kind {
    /// The first is the default.
    Choice(&'static [&'static str]),
    /// Its default and its ends.
    Integer(i32, i32, i32),
    /// Its default, if it has one, and its ends.
    Number(Option<f64>, f64, f64),
    /// Its default, if it has one, and its upper end; above 0.
    Above0(Option<f64>, f64),
    /// `auto` or a number from 0.
    AutoOrNumber,
    /// Its default.
    Flag(bool),
}

/// Ends this far out are there for arithmetic, not for people.
const FAR: f64 = 1e300;

/// Groups in the order of a menu, each with its name.
const GROUPS: &[([&str; 2], &[StepForm])] = &[
    (["Gaps", "缺失值"], &[IMPUTE, DROP_MISSING]),
    (["Numbers", "数值"], &[SCALE, CLIP, LOG1P, BIN, SMOOTH, LAGS, POLYNOMIAL]),
    (["Categories and dates", "类别与日期"], &[ENCODE, GROUP_RARE, TARGET_ENCODE, DATETIME_PARTS]),
    (["Columns", "列"], &[DROP_COLUMNS, SELECT_FEATURES]),
];

const IMPUTE: StepForm = StepForm {
    step: "impute",
    title: ["Fill missing cells", "填补缺失值"],
    summary: [
        "Missing cells get what is usual among the training rows, or go on from the rows before them",
        "用训练行的常见值填补缺失的单元格，或沿用前面各行的值",
    ],
    columns: "all",
    settings: &[
        (
            "strategy",
            Kind::Choice(&["median", "mean", "most_frequent", "constant", "forward_fill", "linear"]),
            ["What fills them", "填补方式"],
        ),
        ("fill_value", Kind::Number(None, -FAR, FAR), ["Of constant: the number", "常数方式：填入的数"]),
    ],
};

const DROP_MISSING: StepForm = StepForm {
    step: "drop_missing",
    title: ["Drop rows with gaps", "删除缺失行"],
    summary: ["Training rows with a missing cell are left out", "含缺失单元格的训练行不参与学习"],
    columns: "all",
    settings: &[],
};

const SCALE: StepForm = StepForm {
    step: "scale",
    title: ["Scale numbers", "缩放数值"],
    summary: ["Numbers are brought to comparable sizes", "把数值调整到可比的大小"],
    columns: "numeric",
    settings: &[("method", Kind::Choice(&["standard", "min_max", "robust", "max_abs"]), ["How", "方法"])],
};

const CLIP: StepForm = StepForm {
    step: "clip",
    title: ["Clip extremes", "截断极端值"],
    summary: ["Numbers beyond what is usual are moved to its ends", "超出常见范围的数值移到范围的两端"],
    columns: "numeric",
    settings: &[
        ("method", Kind::Choice(&["quantile", "iqr", "z_score"]), ["How", "方法"]),
        ("lower_quantile", Kind::Number(Some(0.01), 0.0, 1.0), ["Lower quantile", "下分位数"]),
        ("upper_quantile", Kind::Number(Some(0.99), 0.0, 1.0), ["Upper quantile", "上分位数"]),
        (
            "factor",
            Kind::Above0(None, FAR),
            ["Of iqr and z score: how many spreads (1.5 and 3)", "iqr 与 z_score：几倍的离散度（1.5 与 3）"],
        ),
    ],
};

const LOG1P: StepForm = StepForm {
    step: "log1p",
    title: ["Take logarithms", "取对数"],
    summary: ["ln(1 + x), for numbers that grow by factors", "ln(1 + x)，适合成倍增长的数值"],
    columns: "numeric",
    settings: &[],
};

const BIN: StepForm = StepForm {
    step: "bin",
    title: ["Cut into bins", "分箱"],
    summary: ["A number becomes the position of the bin it falls in", "把数值换成它所在箱的序号"],
    columns: "numeric",
    settings: &[
        ("n_bins", Kind::Integer(5, 2, 1000), ["Bins", "箱数"]),
        ("strategy", Kind::Choice(&["quantile", "uniform"]), ["Equally many rows, or equal width", "等频或等宽"]),
    ],
};

const SMOOTH: StepForm = StepForm {
    step: "smooth",
    title: ["Smooth along the rows", "沿行平滑"],
    summary: [
        "For rows in order of time: each number becomes a mean of itself and those before it, never of later ones",
        "适合按时间排列的行：每个数值换成它与前面各值的平均，不用后面的值",
    ],
    columns: "numeric",
    settings: &[
        ("method", Kind::Choice(&["moving_average", "exponential"]), ["How", "方法"]),
        ("window", Kind::Integer(3, 1, 1_000_000), ["Of the moving average: rows", "移动平均：行数"]),
        (
            "alpha",
            Kind::Above0(Some(0.5), 1.0),
            ["Of exponential: weight of the newest row", "指数平滑：最新一行的权重"],
        ),
    ],
};

const LAGS: StepForm = StepForm {
    step: "lags",
    title: ["Add the rows before", "滑动窗口（滞后特征）"],
    summary: [
        "For rows in order of time: each number stands beside those of the rows before it; the first row repeats itself",
        "适合按时间排列的行：每个数值旁列出前面各行的值；首行之前以首行代替",
    ],
    columns: "numeric",
    settings: &[
        ("n_steps", Kind::Integer(5, 1, 1000), ["Rows in the window", "窗口行数"]),
        ("horizon", Kind::Integer(0, 0, 1000), ["Rows ahead: the window ends so many before", "提前几行预测"]),
    ],
};

const POLYNOMIAL: StepForm = StepForm {
    step: "polynomial",
    title: ["Add products", "添加乘积项"],
    summary: ["Products of numbers up to a degree", "加入数值的乘积，直到给定的次数"],
    columns: "numeric",
    settings: &[
        ("degree", Kind::Integer(2, 2, 3), ["Degree", "次数"]),
        ("interaction_only", Kind::Flag(false), ["No powers of one column", "不含单列的幂"]),
    ],
};

const ENCODE: StepForm = StepForm {
    step: "encode",
    title: ["Encode categories", "类别编码"],
    summary: ["Categories become numbers", "把类别变成数字"],
    columns: "categorical",
    settings: &[
        ("method", Kind::Choice(&["one_hot", "ordinal", "label"]), ["How", "方法"]),
        ("handle_unknown", Kind::Choice(&["ignore", "error"]), ["What an unseen category does", "遇到未见类别时"]),
    ],
};

const GROUP_RARE: StepForm = StepForm {
    step: "group_rare",
    title: ["Group rare categories", "合并稀有类别"],
    summary: ["Categories that few training rows hold become one", "训练行中很少出现的类别合并为一类"],
    columns: "categorical",
    settings: &[(
        "min_frequency",
        Kind::Above0(Some(0.05), 1e9),
        ["Fewer rows are rare: a share below 1, or a count", "少于此数即稀有：小于 1 为占比，否则为行数"],
    )],
};

const TARGET_ENCODE: StepForm = StepForm {
    step: "target_encode",
    title: ["Encode by the target", "目标编码"],
    summary: [
        "A category becomes the mean of the target among its rows; no training row sees its own label",
        "把类别换成其各行目标的均值；训练行不会看到自己的标签",
    ],
    columns: "categorical",
    settings: &[
        ("smooth", Kind::AutoOrNumber, ["Pull to the mean of all", "向总体均值收缩"]),
        ("cv", Kind::Integer(5, 2, 100), ["Parts the rows are cut into", "训练行分成几份"]),
        ("shuffle", Kind::Flag(true), ["Draw the parts", "随机分份"]),
        ("random_state", Kind::Integer(0, 0, i32::MAX), ["Seed of the draw", "随机种子"]),
    ],
};

const DATETIME_PARTS: StepForm = StepForm {
    step: "datetime_parts",
    title: ["Take dates apart", "拆分日期"],
    summary: ["Dates and times become numbers a model can use", "把日期和时间变成模型可用的数字"],
    columns: "datetime",
    settings: &[
        ("year", Kind::Flag(true), ["Year", "年"]),
        ("quarter", Kind::Flag(false), ["Quarter", "季度"]),
        ("month", Kind::Flag(true), ["Month", "月"]),
        ("day", Kind::Flag(true), ["Day of the month", "日"]),
        ("weekday", Kind::Flag(true), ["Day of the week, Monday is 0", "星期（周一为 0）"]),
        ("day_of_year", Kind::Flag(false), ["Day of the year", "年内第几天"]),
        ("hour", Kind::Flag(false), ["Hour", "时"]),
        ("minute", Kind::Flag(false), ["Minute", "分"]),
        ("elapsed_days", Kind::Flag(true), ["Days since the first row's", "距最早日期的天数"]),
        ("cyclic", Kind::Flag(false), ["As points of a circle (sine and cosine)", "用正弦与余弦表示周期"]),
    ],
};

const DROP_COLUMNS: StepForm = StepForm {
    step: "drop_columns",
    title: ["Drop columns", "删除列"],
    summary: ["Columns the model should not see", "不让模型看到的列"],
    columns: "names",
    settings: &[],
};

const SELECT_FEATURES: StepForm = StepForm {
    step: "select_features",
    title: ["Keep the best features", "选择特征"],
    summary: [
        "Features that hardly vary, or tell least about the target, are left out",
        "去掉几乎不变或与目标关系最小的特征",
    ],
    columns: "all",
    settings: &[
        ("method", Kind::Choice(&["mutual_information", "f_test", "variance"]), ["Judged by", "评判依据"]),
        ("k", Kind::Integer(10, 1, 20_000), ["How many are kept", "保留几个"]),
        ("threshold", Kind::Number(Some(0.0), 0.0, FAR), ["Of variance: it must be above", "方差须大于"]),
    ],
};

/// All steps, group by group.
pub(super) fn step_docs() -> Vec<StepDocMsg> {
    GROUPS.iter().flat_map(|(group, forms)| forms.iter().map(|form| step_doc(*group, form))).collect()
}

fn step_doc(group: [&str; 2], form: &StepForm) -> StepDocMsg {
    StepDocMsg {
        step: form.step.to_owned(),
        group: text(group),
        title: text(form.title),
        summary: text(form.summary),
        columns: form.columns.to_owned(),
        params: form.settings.iter().map(setting_doc).collect(),
    }
}

fn setting_doc((name, kind, short): &Setting) -> ParamDocMsg {
    let number = |min, max, min_excluded, nullable| ParamKindMsg::Number { min, max, min_excluded, nullable };
    let or_null = |default: Option<f64>| default.map_or(Value::Null, Value::from);
    let (default, range) = match *kind {
        Kind::Choice(options) => (Value::from(options[0]), ParamKindMsg::Choice { options: words(options) }),
        Kind::Integer(default, min, max) => {
            (Value::from(default), ParamKindMsg::Integer { min: min.into(), max: max.into(), nullable: false })
        }
        Kind::Number(default, min, max) => (or_null(default), number(min, max, false, default.is_none())),
        Kind::Above0(default, max) => (or_null(default), number(0.0, max, true, default.is_none())),
        Kind::AutoOrNumber => {
            let options = words(&["auto"]);
            let (min, max, min_excluded, nullable) = (0.0, FAR, false, false);
            (Value::from("auto"), ParamKindMsg::NumberOrWord { min, max, min_excluded, nullable, options })
        }
        Kind::Flag(default) => (Value::from(default), ParamKindMsg::Boolean),
    };
    let (unit, long) = (String::new(), String::new());
    ParamDocMsg { name: (*name).to_owned(), default, range, unit, short: text(*short), long }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_step_is_one_a_recipe_can_have() {
        let docs = step_docs();
        assert_eq!(docs.len(), 15);
        for doc in docs {
            let mut step = serde_json::Map::from_iter([("step".to_owned(), Value::from(doc.step))]);
            if doc.columns == "names" {
                step.insert("columns".to_owned(), Value::from(vec!["a"]));
            } else {
                step.insert("columns".to_owned(), Value::from(doc.columns));
            }
            for param in doc.params {
                step.insert(param.name, param.default);
            }
            let steps: Vec<vitrine_protocol::StepMsg> =
                serde_json::from_value(Value::from(vec![Value::Object(step)])).unwrap();
            super::super::core_recipe(&steps).unwrap();
        }
    }
}
