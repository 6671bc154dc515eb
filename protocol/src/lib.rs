//! The messages between Vitrine's page and its workers.
//!
//! What comes in: a [`RequestMsg`], imperative (`LoadCsv`, `Train`, `Cancel`). What goes out: [`EventMsg`]s, past
//! tense (`TableLoaded`, `ModelFitted`), of which exactly one per job is terminal. Nothing else lives here: no
//! computation, no browser. The JSON in these types is also the JSON of `vitrine.js`, so an unknown field in a
//! request is an error that names it.
//!
//! Bulk numbers do not travel inside the JSON. An event names them as [`Buffer`]s, which cross the border as
//! transferred typed arrays and are put back under their names on the other side.

mod catalog;
mod error;
mod event;
mod explain;
pub mod file;
#[cfg(feature = "js")]
pub mod js;
mod model;
mod recipe;
mod request;
mod search;
mod structure;
mod table;
#[cfg(feature = "types")]
pub mod types;

pub use catalog::{
    CatalogMsg, ChartDocMsg, ErrorDocMsg, MeasureDocMsg, ModelDocMsg, ParamDocMsg, ParamKindMsg, StepDocMsg, TextMsg,
};
pub use error::{ErrorMsg, IssueMsg, PlaceMsg};
pub use event::{
    Buffer, Event, EventMsg, FitMemoryMsg, HeldMsg, LayerViewMsg, MemoryMsg, OpTimeMsg, PoolMsg, ProfileMsg,
    ProgressMsg, RatesMsg, ReadyMsg, TensorMsg, ViewMeasuresMsg, ViewMsg,
};
pub use explain::{
    ActivationsMsg, BoundaryMsg, DecisionPathMsg, ExplainMsg, ExplanationMsg, LoadingMsg, MapsMsg, PathStepMsg,
    ProjectionMethod, ProjectionMsg, PruningPathMsg, TermMsg, TreeMsg, VotesMsg,
};
pub use model::{
    BothMetricsMsg, DeviceKind, DeviceMsg, EvaluationMsg, HistoryMsg, InputMsg, MadeMsg, MadeSideMsg, MetricsMsg,
    ModelMsg, ModelSpecMsg, Precision, PredictMsg, PredictionMsg, ReceiptMsg, SeriesMsg, SplitMsg, StepMillisMsg, Task,
    TrainMsg, WatchBoundaryMsg, WatchMsg,
};
pub use recipe::{AskedStep, FittedStepMsg, PrepareMsg, PreparedMsg, StepColumns, StepMsg};
pub use request::{ControlAction, ExportFormat, JobId, ProjectMsg, Request, RequestMsg};
pub use search::{CandidateMsg, FitMsg, FoldMetricsMsg, RoundMsg, SearchMsg, SearchedMsg, SpreadMsg};
pub use structure::{BlockMsg, CoefficientsMsg, EmbeddingMsg, FrontMsg, LayerMsg, StructureMsg, TreeNodeMsg};
pub use table::{BinMsg, ColumnKind, ColumnMsg, Encoding, LoadOptionsMsg, RowsMsg, TableMsg, TopValueMsg};

/// The version of the messages in this crate; a worker that speaks another one is not talked to.
pub const PROTOCOL_VERSION: u32 = 1;

/// Identifies the sources a binary was built from, so that a page never talks to a worker of another build.
///
/// The build tool sets `VITRINE_BUILD`; a plain `cargo build` is the build `dev`.
pub const BUILD: &str = match option_env!("VITRINE_BUILD") {
    Some(build) => build,
    None => "dev",
};
