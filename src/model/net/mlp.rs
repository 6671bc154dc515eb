//! Multilayer perceptron: layers of units, each unit a bent weighted sum of what the layer before makes.
//!
//! ```text
//! hidden[unit] = activation(bias[unit] + Σ input · weight[input][unit])       layer after layer
//! regression     mean of the target + deviation of the target · score
//! two classes    p(second) = 1 / (1 + e^−score)
//! more           p(class)  = e^score[class] / Σ e^score
//! ```
//! What comes in: scaled features, and classes or numbers. What goes out: f32 weights that answer rows without burn.
//! Parameters are named after scikit-learn's `MLPClassifier`
//! (<https://scikit-learn.org/stable/modules/neural_networks_supervised.html>) and default to its values. Otherwise than
//! there: with early stopping it is the loss of the held-back rows that must improve, not their score; relu layers begin
//! after He and not after Glorot, intercepts at 0; momentum is not Nesterov's; numbers to be learned are standardised
//! (over the training rows) and answers put back, so that one learning rate serves whatever their unit is. A row's weight
//! is its share in its batch's loss and in the rows that penalties are shared out among, as there; one that weighs nothing
//! is no row of any batch.

use super::{FittedNet, begin};
use crate::Error;
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight, ClassWeightError};
use crate::model::{BoxedSession, ModelKind};
use crate::param::{Integers, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::FitInput;
use crate::train::net::{Activation, Embeddings, FrontPlan, NetConfig, NetSolver, RateSchedule};

/// The line of the registry.
pub(in crate::model) const KIND: ModelKind = ModelKind {
    kind: "mlp",
    title: ["Neural network", "神经网络"],
    summary: [
        "Layers of simple units that together bend to almost any shape. It can be watched while it learns.",
        "由简单单元组成的多层网络，合起来几乎能贴合任何形状。学习过程可以观看。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| true,
    docs: MlpSpec::docs,
    check: |params| MlpSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| true,
    draws_rows: |_| true,
    takes_missing: |_| false,
    takes_weights: |_| true,
    start,
    load: |state| Ok(Box::new(FittedNet::load(KIND.kind, state)?)),
};

crate::spec! {
    /// A multilayer perceptron's parameters: scikit-learn's names and defaults where it has them.
    pub struct MlpSpec {
        /// How many units each hidden layer has, as in "16, 8".
        /// More units and layers bend to finer shapes, and remember more noise.
        hidden_layer_sizes: Integers = Integers(vec![100]), between(1.0, 4096.0), unit "units", zh "各隐藏层的单元数，例如“16, 8”";
        /// What a hidden unit makes of its sum.
        activation: Activation = Activation::Relu, any(), unit "", zh "隐藏单元的激活函数";
        /// As how many numbers each category is learned; 0 gives each category a feature of its own.
        /// Categories that answer alike come to lie near each other.
        embedding_dim: usize = 0, between(0.0, 256.0), unit "", zh "每个类别学成几个数（嵌入维数），0 表示每个类别各占一个特征";
        /// How a gradient becomes a step.
        /// "adam" suits most; "sgd" wants a larger learning rate; "adamw" lets the weights shrink by alpha apart from the
        /// gradient.
        solver: NetSolver = NetSolver::Adam, any(), unit "", zh "优化方法";
        /// How far a step goes.
        learning_rate_init: f64 = 0.001, above(0.0, 1e6), unit "", zh "初始学习率";
        /// How the learning rate changes while it learns.
        /// "step" divides it by ten after half of the epochs and again after three quarters, "cosine" lowers it to 0, and
        /// "one_cycle" raises it for three tenths of the batches and lowers it then.
        learning_rate: RateSchedule = RateSchedule::Constant, any(), unit "", zh "学习率如何变化";
        /// How often all rows are seen, at most.
        max_iter: usize = 200, between(1.0, 1e5), unit "epochs", zh "最多遍历次数";
        /// How many rows make one step.
        batch_size: usize = 200, between(1.0, 1e9), unit "rows", zh "每批行数";
        /// How much large weights cost.
        alpha: f64 = 0.0001, between(0.0, 1e6), unit "", zh "L2 正则化强度";
        /// How much weights cost by their size alone; it drives small ones to 0.
        l1: f64 = 0.0, between(0.0, 1e6), unit "", zh "L1 正则化强度";
        /// Which share of the hidden units each batch leaves out.
        /// The others must do without them, so that the net remembers less noise.
        dropout: f64 = 0.0, between(0.0, 0.9), unit "", zh "随机丢弃的隐藏单元比例";
        /// Whether the sums of hidden units are standardised over each batch.
        /// It steadies deep nets; batches should have some 16 rows or more.
        batch_norm: bool = false, any(), unit "", zh "是否使用批归一化";
        /// How much of the last step is kept, with "sgd".
        momentum: f64 = 0.9, between(0.0, 1.0), unit "", zh "动量（仅用于 sgd）";
        /// How long a batch's gradient is at most; 0 leaves it as it is.
        /// It keeps one odd batch from undoing what was learned.
        clip_norm: f64 = 0.0, between(0.0, 1e6), unit "", zh "梯度范数上限，0 表示不裁剪";
        /// How much the rows of each class count.
        /// "balanced" lets rare classes count as much as frequent ones.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "类别权重";
        /// Whether rows are held back from learning, and the epoch that is best on them is kept.
        early_stopping: bool = false, any(), unit "", zh "是否提前停止";
        /// Which share of the training rows is held back for that.
        validation_fraction: f64 = 0.1, above(0.0, 0.9), unit "", zh "提前停止所用的验证比例";
        /// For how many epochs the loss may fail to improve before learning ends.
        n_iter_no_change: usize = 10, between(1.0, 1e6), unit "epochs", zh "无改进多少轮后停止";
        /// By how much the loss must become smaller to count as better.
        tol: f64 = 1e-4, between(0.0, 1e300), unit "", zh "收敛容差";
        /// Whether each epoch sees the rows in another order.
        shuffle: bool = true, any(), unit "", zh "每轮是否打乱行序";
    }
}

impl MlpSpec {
    pub(super) fn config(&self, front: Option<FrontPlan>, class_weights: Vec<f64>) -> NetConfig {
        NetConfig {
            front,
            hidden: self.hidden_layer_sizes.0.clone(),
            activation: self.activation,
            solver: self.solver,
            momentum: self.momentum,
            l2: self.alpha,
            l1: self.l1,
            dropout: self.dropout,
            batch_norm: self.batch_norm,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate_init,
            schedule: self.learning_rate,
            n_epochs: self.max_iter,
            shuffle: self.shuffle,
            tol: self.tol,
            patience: self.n_iter_no_change,
            clip_norm: self.clip_norm,
            class_weights,
        }
    }

    /// What turns categories into vectors, where there are categories.
    fn embeddings(&self, x: &Matrix) -> Option<FrontPlan> {
        let n_codes =
            |feature: usize| 1 + x.features()[feature].iter().fold(0.0f64, |most, code| most.max(*code)) as usize;
        let is_category = x.categorical().iter().enumerate().filter(|(_, is_category)| **is_category);
        let categories: Vec<_> = is_category.map(|(feature, _)| (feature, n_codes(feature))).collect();
        let embeddings = Embeddings { n_inputs: x.n_features(), dim: self.embedding_dim, categories };
        (!embeddings.categories.is_empty()).then_some(FrontPlan::Embeddings(embeddings))
    }

    /// How much each class counts; empty where all count the same.
    ///
    /// **Errors** `train.class_weight_of_numbers`, `train.unknown_class`.
    pub(super) fn class_weights(&self, y: &Target) -> Result<Vec<f64>, Error> {
        match (&self.class_weight, y) {
            (ClassWeight::None, _) => Ok(Vec::new()),
            (weight, Target::Classes { codes, n_classes }) => weight.of_classes(codes, *n_classes),
            _ => Err(ClassWeightError::OfNumbers {}.into()),
        }
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = MlpSpec::from_params(params)?;
    let front = spec.embeddings(&input.x);
    begin(KIND.kind, &spec, front, input)
}
