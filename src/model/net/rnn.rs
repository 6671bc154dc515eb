//! Recurrent net: cells that read a row's steps one after the other, and dense layers that read what they hold at last.
//!
//! What comes in: scaled features that are `columns × steps`, as the preparation step `lags` makes them, and classes or
//! numbers. Cells are PyTorch's ([`Recurrent`]); everything behind them, and how a net is learned, is the perceptron's
//! ([`MlpSpec`]), but for gradients that are clipped by default: through many steps they can grow beyond all bounds
//! (Pascanu et al. 2013, <https://arxiv.org/abs/1211.5063>).

use super::{FittedNet, MlpSpec, begin};
use crate::Error;
use crate::model::{BoxedSession, Fitted, ModelKind, State, malformed};
use crate::param::{Integers, ParamDoc, ParamMap, Spec, any, between};
use crate::preprocess::{Matrix, Task, Window};
use crate::train::FitInput;
use crate::train::net::{Cell, FrontPlan, NetError, Recurrent};

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
    takes_weights: |_| true,
    start,
    load,
};

crate::spec! {
    /// What reads the steps.
    pub struct CellSpec {
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
    }
}

/// A recurrent net's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct RnnSpec {
    /// What stands before the layers.
    pub cells: CellSpec,
    /// The layers, and how all is learned.
    pub net: MlpSpec,
}

impl Default for RnnSpec {
    fn default() -> Self {
        Self::from_checked(&Self::docs().into_iter().map(|doc| (doc.name.to_owned(), doc.default)).collect())
    }
}

/// What the perceptron has and cells do without: a dense layer is optional here, and categories have no order in time.
const LEFT_OUT: [&str; 2] = ["embedding_dim", "hidden_layer_sizes"];

impl Spec for RnnSpec {
    fn docs() -> Vec<ParamDoc> {
        let mut docs = CellSpec::docs();
        docs.extend(MlpSpec::docs().into_iter().filter(|doc| !LEFT_OUT.contains(&doc.name)).map(|mut doc| {
            doc.default = match doc.name {
                "learning_rate_init" => 0.01.into(),
                "max_iter" => 100.into(),
                "batch_size" => 64.into(),
                "clip_norm" => 1.0.into(),
                _ => doc.default,
            };
            doc
        }));
        docs
    }

    fn to_params(&self) -> ParamMap {
        let mut params = self.net.to_params();
        params.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        params.extend(self.cells.to_params());
        params
    }

    fn from_checked(params: &ParamMap) -> Self {
        let (cells, net) = (CellSpec::from_checked(params), MlpSpec::from_checked(params));
        let hidden = if cells.hidden_units > 0 { vec![cells.hidden_units] } else { Vec::new() };
        Self { cells, net: MlpSpec { hidden_layer_sizes: Integers(hidden), ..net } }
    }
}

impl CellSpec {
    /// What reads the steps of these rows.
    ///
    /// **Errors** `train.steps_do_not_fit` where features are not so many steps of each column.
    fn plan(&self, x: &Matrix) -> Result<Recurrent, Error> {
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
    let front = FrontPlan::Recurrent(spec.cells.plan(&input.x)?);
    begin(KIND.kind, &spec.net, Some(front), input)
}
