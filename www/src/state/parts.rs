//! What the state is made of: jobs, notices, and answers of the engine with the arrays that came beside them.

use std::sync::Arc;

use vitrine_protocol::{
    ActivationsMsg, BothMetricsMsg, BoundaryMsg, ErrorMsg, ModelMsg, ProfileMsg, ProgressMsg, ProjectionMethod, ViewMsg,
};

use crate::client::Buffers;

/// What a foreground job is about; one runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Reading a CSV.
    Load,
    /// Training.
    Train,
    /// Comparing or searching.
    Search,
    /// Trying learning rates out.
    Rates,
    /// Timing the operations of a net's step.
    Profile,
    /// Making a net smaller.
    Smaller,
    /// Answering a file.
    Predict,
    /// Writing or reading a project.
    Project,
}

/// What the stage Train is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One model.
    Train,
    /// Several models on the same folds.
    Compare,
    /// One model with several values of its parameters.
    Search,
}

/// Where the time of a net's step went on one device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profiled {
    pub(crate) profile: ProfileMsg,
    /// Whether kernels did several operations at once.
    pub(crate) is_fused: bool,
}

/// A net with numbers of 32 bits, and with 16 where they can be had: where a step's time went, and how good it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Halves {
    pub(crate) sides: Vec<(ProfileMsg, BothMetricsMsg)>,
}

/// A job under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    /// What it is about.
    pub(crate) kind: JobKind,
    /// How far it is.
    pub(crate) progress: ProgressMsg,
}

/// Something to tell, until it is dismissed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// Distinguishes it from the others.
    pub(crate) id: usize,
    /// What it says.
    pub(crate) what: NoticeKind,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoticeKind {
    /// A request could not be carried out.
    Error(Box<ErrorMsg>),
    /// The engine was restarted.
    Restored,
    /// A job was stopped by the person.
    Cancelled,
}

/// A sample that ships with the page.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub(crate) struct Sample {
    pub(crate) file: String,
    pub(crate) title: vitrine_protocol::TextMsg,
    pub(crate) description: vitrine_protocol::TextMsg,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) target: String,
    pub(crate) source: String,
    pub(crate) licence: String,
    pub(crate) licence_url: String,
}

/// A point of the loss curve: epoch, training loss, test loss.
pub(crate) type LossPoint = (usize, f64, Option<f64>);

/// A fitted model and the rows of its split.
#[derive(Debug, PartialEq)]
pub(crate) struct Trained {
    /// As the engine described it.
    pub(crate) model: ModelMsg,
    /// The table's rows held back, sorted.
    pub(crate) test_rows: Vec<u32>,
}

/// What a plane is of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Axes {
    /// The column across, and the one upwards.
    Columns(String, String),
    /// The directions in which rows differ most.
    Projection,
}

impl Axes {
    /// How it is asked for: x, y and a projection.
    pub(crate) fn asked(&self) -> (Option<String>, Option<String>, Option<ProjectionMethod>) {
        match self {
            Self::Columns(x, y) => (Some(x.clone()), Some(y.clone()), None),
            Self::Projection => (None, None, Some(ProjectionMethod::Pca)),
        }
    }
}

/// A boundary with its bulk numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct Boundary {
    /// The grid.
    pub(crate) grid: BoundaryMsg,
    /// Answered class by point (classification).
    pub(crate) codes: Vec<f64>,
    /// Its probability by point.
    pub(crate) probabilities: Vec<f64>,
    /// Answered value by point (regression).
    pub(crate) values: Vec<f64>,
    /// Where the first rows of the table are on a projection, across and upwards in turn.
    pub(crate) points: Vec<f64>,
    /// What each hidden unit of a net makes of each point, from 1 to 255 around 128; of small nets only.
    pub(crate) units: Vec<f64>,
}

impl Boundary {
    /// The grid with the answers that came beside it.
    pub(crate) fn read(grid: BoundaryMsg, answers: &Buffers) -> Self {
        let numbers = |name: &str| answers.numbers(name).unwrap_or_default();
        let [codes, probabilities, values] = ["codes", "probabilities", "values"].map(numbers);
        let [points, units] = ["points", "units"].map(numbers);
        Self { grid, codes, probabilities, values, points, units }
    }
}

/// What a convolutional net sees in a row.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// The sizes of what each block answers.
    pub(crate) sizes: ActivationsMsg,
    /// The image as the model is given it.
    pub(crate) image: Vec<f64>,
    /// What the filters answer, block after block.
    pub(crate) maps: Vec<f64>,
}

/// A net while it is fitted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live {
    /// How far it is, and how its layers are.
    pub(crate) view: ViewMsg,
    /// Of each layer its weights and its biases.
    pub(crate) weights: Vec<(Vec<f64>, Vec<f64>)>,
    /// What it answers over two columns.
    pub(crate) boundary: Option<Arc<Boundary>>,
}
