//! Recurrent net: cells that read a row's steps one after the other, and dense layers that read what they hold at last.
//!
//! What comes in: scaled features that are `columns × steps`, as the preparation step `lags` makes them, and classes or
//! numbers. Cells are PyTorch's ([`Recurrent`]); everything behind them, and how a net is learned, is the perceptron's
//! ([`MlpSpec`]), but for gradients that are clipped by default: through many steps they can grow beyond all bounds
//! (Pascanu et al. 2013, <https://arxiv.org/abs/1211.5063>).

use super::{FittedNet, MlpSpec, begin};
use crate::Error;
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight};
use crate::model::{BoxedSession, Fitted, ModelKind, State, malformed};
use crate::param::{Integers, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Task, Window};
use crate::train::FitInput;
use crate::train::net::{Activation, Cell, FrontPlan, NetError, NetSolver, RateSchedule, Recurrent};

/// The line of the registry.
pub(in crate::model) const KIND: ModelKind = ModelKind {
    kind: "rnn",
    title: ["Recurrent network", "循环神经网络"],
    summary: [
        "Reads rows in order of time step by step and remembers. Put the rows before beside each row's own first (step lags).",
        "按时间顺序逐步读取各行并记忆。请先用“滑动窗口”步骤把前面各行列在每行旁边。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| true,
    docs: RnnSpec::docs,
    check: |params| RnnSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| true,
    draws_rows: |_| true,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load,
};

crate::spec! {
    /// A recurrent net's parameters: those of learning are named as a multilayer perceptron's.
    pub struct RnnSpec {
        /// What reads the steps.
        /// "lstm" keeps a memory apart from what it hands on; "gru" is smaller and often as good.
        cell: Cell = Cell::Lstm, any(), unit "", zh "循环单元类型";
        /// How much each layer of cells remembers.
        n_units: usize = 32, between(1.0, 1024.0), unit "units", zh "每层循环单元数";
        /// How many layers of cells there are, each reading what the one below makes of each step.
        n_layers: usize = 1, between(1.0, 3.0), unit "layers", zh "循环层数";
        /// How many steps each column has; 0 takes the window of the recipe.
        /// Without a window each column is a step by itself.
        n_steps: usize = 0, between(0.0, 1000.0), unit "steps", zh "每列的步数，0 表示按方案中的窗口";
        /// How many units a dense layer behind the cells has; 0 leaves it out.
        hidden_units: usize = 0, between(0.0, 4096.0), unit "units", zh "循环层之后全连接层的单元数，0 表示没有";
        /// What a unit of that dense layer makes of its sum.
        activation: Activation = Activation::Relu, any(), unit "", zh "全连接层的激活函数";
        /// Which share of that dense layer each batch leaves out.
        dropout: f64 = 0.0, between(0.0, 0.9), unit "", zh "全连接层随机丢弃的比例";
        /// How a gradient becomes a step.
        solver: NetSolver = NetSolver::Adam, any(), unit "", zh "优化方法";
        /// How far a step goes.
        learning_rate_init: f64 = 0.01, above(0.0, 1e6), unit "", zh "初始学习率";
        /// How the learning rate changes while it learns.
        learning_rate: RateSchedule = RateSchedule::Constant, any(), unit "", zh "学习率如何变化";
        /// How often all rows are seen, at most.
        max_iter: usize = 100, between(1.0, 1e5), unit "epochs", zh "最多遍历次数";
        /// How many rows make one step.
        batch_size: usize = 64, between(1.0, 1e9), unit "rows", zh "每批行数";
        /// How long a batch's gradient is at most; 0 leaves it as it is.
        /// It keeps one odd batch from undoing what was learned.
        clip_norm: f64 = 1.0, between(0.0, 1e6), unit "", zh "梯度范数上限，0 表示不裁剪";
        /// How much large weights cost.
        alpha: f64 = 0.0001, between(0.0, 1e6), unit "", zh "L2 正则化强度";
        /// How much of the last step is kept, with "sgd".
        momentum: f64 = 0.9, between(0.0, 1.0), unit "", zh "动量（仅用于 sgd）";
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
        /// Whether each epoch sees the rows in another order; each row has its window beside it, whatever the order.
        shuffle: bool = true, any(), unit "", zh "每轮是否打乱行序";
    }
}

impl RnnSpec {
    /// What reads the steps of these rows.
    ///
    /// **Errors** `train.steps_do_not_fit` where features are not so many steps of each column.
    fn cells(&self, x: &Matrix) -> Result<Recurrent, Error> {
        let n_features = x.n_features();
        let (n_steps, is_whole) = match (self.n_steps, x.window()) {
            (0, Some(Window { n_steps, is_whole })) => (n_steps, is_whole),
            (0, None) => (n_features, true),
            (n_steps, _) => (n_steps, true),
        };
        if !is_whole || !n_features.is_multiple_of(n_steps) {
            return Err(NetError::StepsDoNotFit { n_features, n_steps }.into());
        }
        let (cell, n_units, n_layers) = (self.cell, self.n_units, self.n_layers);
        Ok(Recurrent { cell, n_steps, n_columns: n_features / n_steps, n_units, n_layers })
    }

    /// The layers behind the cells, and how all is learned.
    fn layers(&self) -> MlpSpec {
        MlpSpec {
            hidden_layer_sizes: Integers(if self.hidden_units > 0 { vec![self.hidden_units] } else { Vec::new() }),
            activation: self.activation,
            solver: self.solver,
            learning_rate_init: self.learning_rate_init,
            learning_rate: self.learning_rate,
            max_iter: self.max_iter,
            batch_size: self.batch_size,
            alpha: self.alpha,
            dropout: self.dropout,
            momentum: self.momentum,
            clip_norm: self.clip_norm,
            class_weight: self.class_weight.clone(),
            early_stopping: self.early_stopping,
            validation_fraction: self.validation_fraction,
            n_iter_no_change: self.n_iter_no_change,
            tol: self.tol,
            shuffle: self.shuffle,
            ..MlpSpec::default()
        }
    }
}

fn load(state: &State) -> Result<Box<dyn Fitted>, Error> {
    let fitted = FittedNet::load(KIND.kind, state)?;
    match fitted.net().front.as_ref().map(|front| &front.plan) {
        Some(FrontPlan::Recurrent(_)) => Ok(Box::new(fitted)),
        _ => Err(malformed("no cells read the steps")),
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = RnnSpec::from_params(params)?;
    let front = FrontPlan::Recurrent(spec.cells(&input.x)?);
    begin(KIND.kind, &spec.layers(), Some(front), input)
}
