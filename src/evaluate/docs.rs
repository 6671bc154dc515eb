//! What the measures and charts are called and say, in both languages.

use crate::preprocess::Task;

/// A measure for people.
pub struct MeasureDoc {
    /// Its name in messages.
    pub name: &'static str,
    /// Its name for people: English, Simplified Chinese.
    pub title: [&'static str; 2],
    /// What it says, in a line.
    pub summary: [&'static str; 2],
    /// What it is a measure of.
    pub tasks: &'static [Task],
    /// Where it belongs.
    pub group: Group,
    /// Whether it lies between 0 and 1 as a rule and more is better.
    pub is_share: bool,
}

/// Where a measure belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Among the first to look at.
    Main,
    /// For a closer look.
    More,
    /// Of each class.
    Class,
}

/// A chart for people.
pub struct ChartDoc {
    /// Its name in messages.
    pub name: &'static str,
    /// Its title.
    pub title: [&'static str; 2],
    /// What to read in it.
    pub summary: [&'static str; 2],
    /// The axis across.
    pub x: [&'static str; 2],
    /// The axis upwards.
    pub y: [&'static str; 2],
    /// Of which task it is.
    pub task: Task,
}

const CLASSES: &[Task] = &[Task::Classification];
const NUMBERS: &[Task] = &[Task::Regression];
const CLUSTERS: &[Task] = &[Task::Clustering];
const COMPONENTS: &[Task] = &[Task::Projection];
const ODDITY: &[Task] = &[Task::AnomalyDetection];

const fn measure(
    name: &'static str,
    title: [&'static str; 2],
    summary: [&'static str; 2],
    tasks: &'static [Task],
    group: Group,
    is_share: bool,
) -> MeasureDoc {
    MeasureDoc { name, title, summary, tasks, group, is_share }
}

/// Every measure, in the order it is listed.
pub static MEASURES: &[MeasureDoc] = &[
    measure(
        "accuracy",
        ["Accuracy", "准确率"],
        ["The share of rows answered right", "答对的比例"],
        CLASSES,
        Group::Main,
        true,
    ),
    measure(
        "balanced_accuracy",
        ["Balanced accuracy", "平衡准确率"],
        [
            "The share answered right in each class, averaged: rare classes count as much as common ones",
            "各类答对比例的平均值，少见的类与常见的类同等重要",
        ],
        CLASSES,
        Group::Main,
        true,
    ),
    measure(
        "f1_macro",
        ["F1, mean over classes", "F1（各类平均）"],
        ["Precision and recall of each class in one number, averaged", "综合每一类的精确率与召回率，再取平均"],
        CLASSES,
        Group::Main,
        true,
    ),
    measure(
        "log_loss",
        ["Log loss", "对数损失"],
        ["How wrong the probabilities are; 0 is perfect", "概率错得有多离谱，0 为完美"],
        CLASSES,
        Group::Main,
        false,
    ),
    measure(
        "roc_auc",
        ["ROC AUC", "ROC AUC"],
        ["How well the classes are ranked; 0.5 is a coin, 1 is perfect", "区分各类的能力，0.5 等于抛硬币，1 为完美"],
        CLASSES,
        Group::Main,
        true,
    ),
    measure(
        "average_precision",
        ["PR AUC", "PR AUC"],
        [
            "Precision averaged over recall; better than ROC AUC for a rare class",
            "精确率按召回率取平均；对稀有类别比 ROC AUC 更能说明问题",
        ],
        CLASSES,
        Group::More,
        true,
    ),
    measure(
        "matthews_corrcoef",
        ["Matthews correlation", "马修斯相关系数"],
        ["Agreement of truth and answer; 0 is chance, 1 is perfect", "真实与回答的相关；0 为碰运气，1 为完美"],
        CLASSES,
        Group::More,
        true,
    ),
    measure(
        "brier_score",
        ["Brier score", "Brier 分数"],
        ["The mean squared error of the probabilities; 0 is perfect", "概率的均方误差；0 为完美"],
        CLASSES,
        Group::More,
        false,
    ),
    measure(
        "expected_calibration_error",
        ["Calibration error", "校准误差"],
        ["How far “80 % sure” is from being right in 80 % of such rows", "自称“八成把握”与实际八成答对之间差多少"],
        CLASSES,
        Group::More,
        false,
    ),
    measure(
        "r2",
        ["R²", "R²"],
        [
            "The share of the variance that is explained; 0 is the mean's own answer",
            "解释了多少方差，0 相当于总是回答平均值",
        ],
        NUMBERS,
        Group::Main,
        true,
    ),
    measure(
        "rmse",
        ["RMSE", "均方根误差"],
        [
            "The typical error in the target's units, large ones counted more",
            "典型误差（目标列的单位），大误差权重更高",
        ],
        NUMBERS,
        Group::Main,
        false,
    ),
    measure(
        "mae",
        ["Mean absolute error", "平均绝对误差"],
        ["The mean size of the error in the target's units", "误差大小的平均值（目标列的单位）"],
        NUMBERS,
        Group::Main,
        false,
    ),
    measure(
        "median_absolute_error",
        ["Median absolute error", "绝对误差中位数"],
        ["Half of the rows are closer than this", "一半的行误差比它小"],
        NUMBERS,
        Group::More,
        false,
    ),
    measure(
        "mape",
        ["Mean relative error", "平均相对误差"],
        [
            "The mean error as a share of the true value; none where a true value is 0",
            "误差占真实值比例的平均；真实值有 0 时没有",
        ],
        NUMBERS,
        Group::More,
        false,
    ),
    measure(
        "max_error",
        ["Largest error", "最大误差"],
        ["The row that is answered worst", "答得最差的一行的误差"],
        NUMBERS,
        Group::More,
        false,
    ),
    measure(
        "silhouette",
        ["Silhouette", "轮廓系数"],
        [
            "How much nearer rows are to their own cluster than to the next; −1 to 1, more is better",
            "各行离自己的簇比离下一个簇近多少；从 −1 到 1，越大越好",
        ],
        CLUSTERS,
        Group::Main,
        true,
    ),
    measure(
        "inertia",
        ["Inertia", "簇内平方和"],
        ["The squared distances from the centres, summed; less is better", "到簇中心距离的平方和，越小越好"],
        CLUSTERS,
        Group::Main,
        false,
    ),
    measure(
        "davies_bouldin",
        ["Davies–Bouldin", "戴维斯–博尔丁指数"],
        ["How alike each cluster and the most alike other one are; 0 is best", "每个簇与最像它的簇有多像，0 为最好"],
        CLUSTERS,
        Group::More,
        false,
    ),
    measure(
        "calinski_harabasz",
        ["Calinski–Harabasz", "卡林斯基–哈拉巴斯指数"],
        ["The spread between clusters against that within them; more is better", "簇间离散与簇内离散之比，越大越好"],
        CLUSTERS,
        Group::More,
        false,
    ),
    measure(
        "explained_variance_ratio",
        ["Explained variance", "解释方差比"],
        ["The share of the variance that the components keep; 1 is all", "各主成分保留了多少方差，1 为全部"],
        COMPONENTS,
        Group::Main,
        true,
    ),
    measure(
        "outlier_share",
        ["Outliers", "异常占比"],
        ["The share of rows that are called outliers", "被判为异常的行所占的比例"],
        ODDITY,
        Group::Main,
        false,
    ),
    measure(
        "mean_score",
        ["Mean score", "平均得分"],
        ["The mean score of the rows; lower is odder", "各行得分的平均值，越低越异常"],
        ODDITY,
        Group::Main,
        false,
    ),
    measure(
        "offset",
        ["Threshold", "阈值"],
        ["A row with a score below it is an outlier", "得分低于它的行就是异常"],
        ODDITY,
        Group::More,
        false,
    ),
    measure(
        "oob_score",
        ["Out of bag", "袋外评分"],
        [
            "Accuracy or R² on the training rows, each answered by the trees that did not draw it",
            "训练行上的准确率或 R²，每一行只由没有抽到它的树来回答",
        ],
        &[Task::Classification, Task::Regression],
        Group::Main,
        true,
    ),
    measure(
        "precision",
        ["Precision", "精确率"],
        ["Of the rows answered with this class, the share that is", "回答为该类的行中真正属于它的比例"],
        CLASSES,
        Group::Class,
        true,
    ),
    measure(
        "recall",
        ["Recall", "召回率"],
        ["Of the rows of this class, the share that is found", "该类的行中被找出的比例"],
        CLASSES,
        Group::Class,
        true,
    ),
    measure(
        "f1",
        ["F1", "F1"],
        ["Precision and recall taken together", "精确率与召回率的调和"],
        CLASSES,
        Group::Class,
        true,
    ),
    measure("support", ["Rows", "行数"], ["Rows of this class", "该类的行数"], CLASSES, Group::Class, false),
];

/// Every chart, in the order it is offered.
pub static CHARTS: &[ChartDoc] = &[
    ChartDoc {
        name: "roc",
        title: ["ROC curve", "ROC 曲线"],
        summary: [
            "Each class against the rest. The further above the diagonal, the better it is told apart; beside the name, the area.",
            "每个类别对其余。离对角线越远，分得越清；名称旁是面积。",
        ],
        x: ["false positive rate", "假阳性率"],
        y: ["true positive rate", "真阳性率"],
        task: Task::Classification,
    },
    ChartDoc {
        name: "precision_recall",
        title: ["Precision and recall", "精确率与召回率"],
        summary: [
            "How much is right among what is found, as more of each class is found; beside the name, the average precision.",
            "找出越多，其中对的有多少；名称旁是平均精确率。",
        ],
        x: ["recall", "召回率"],
        y: ["precision", "精确率"],
        task: Task::Classification,
    },
    ChartDoc {
        name: "calibration",
        title: ["Calibration", "校准曲线"],
        summary: [
            "On the diagonal, 80 % sure is right in 80 % of such rows. Below it the model is too sure of itself.",
            "在对角线上，八成把握就有八成答对。在其下方，模型过于自信。",
        ],
        x: ["probability said", "给出的概率"],
        y: ["share that was so", "实际所占比例"],
        task: Task::Classification,
    },
    ChartDoc {
        name: "fitted",
        title: ["True and answered values", "真实值与回答值"],
        summary: [
            "On the dashed line the answer is exactly right. At most 1,500 rows are drawn.",
            "虚线上回答完全正确。最多画 1500 行。",
        ],
        x: ["true value", "真实值"],
        y: ["answered value", "回答值"],
        task: Task::Regression,
    },
    ChartDoc {
        name: "residuals",
        title: ["What is left over", "残差"],
        summary: [
            "True minus answered. A pattern around 0 is something the model has not learned.",
            "真实值减回答值。围绕 0 若有规律，就是模型还没学到的东西。",
        ],
        x: ["answered value", "回答值"],
        y: ["true − answered", "真实值 − 回答值"],
        task: Task::Regression,
    },
    ChartDoc {
        name: "cluster_sizes",
        title: ["How large the clusters are", "各簇的大小"],
        summary: ["The rows nearest to each centre.", "离每个中心最近的行数。"],
        x: ["cluster", "簇"],
        y: ["rows", "行数"],
        task: Task::Clustering,
    },
    ChartDoc {
        name: "explained_variance",
        title: ["What the components keep", "各主成分保留了多少"],
        summary: [
            "The share of the variance that each component keeps, and over it the shares added up.",
            "每个主成分保留的方差占比，上方的线是累计占比。",
        ],
        x: ["component", "主成分"],
        y: ["share of the variance", "方差占比"],
        task: Task::Projection,
    },
    ChartDoc {
        name: "components",
        title: ["Rows along two components", "各行在两个主成分上的位置"],
        summary: [
            "Rows that are alike lie together. An arrow shows which way a feature grows; at most 1,500 rows are drawn.",
            "相似的行靠在一起。箭头表示特征增大的方向。最多画 1500 行。",
        ],
        x: ["component 1", "主成分 1"],
        y: ["component 2", "主成分 2"],
        task: Task::Projection,
    },
    ChartDoc {
        name: "scores",
        title: ["How odd the rows are", "各行有多异常"],
        summary: [
            "How many rows have which score; lower is odder. Left of the dashed line, rows are outliers.",
            "各得分有多少行，越低越异常。虚线左侧的行被判为异常。",
        ],
        x: ["score", "得分"],
        y: ["rows", "行数"],
        task: Task::AnomalyDetection,
    },
    ChartDoc {
        name: "oddest",
        title: ["The oddest rows", "最异常的行"],
        summary: [
            "The rows with the lowest scores. Choose one to see it everywhere.",
            "得分最低的行。选一行，各处都会标出它。",
        ],
        x: ["rank", "名次"],
        y: ["score", "得分"],
        task: Task::AnomalyDetection,
    },
];

#[cfg(test)]
mod tests {
    use super::super::{classification, regression, unlabelled};
    use super::*;

    #[test]
    fn every_measure_is_told() {
        for name in classification::NAMES.into_iter().chain(regression::NAMES).chain(unlabelled::names()) {
            assert!(MEASURES.iter().any(|doc| doc.name == name), "{name}");
        }
    }
}
