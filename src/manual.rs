//! The codes of every error and issue, read off the stages' declarations.

use crate::error::TroubleDoc;

/// Every error code with when it happens, stage by stage.
///
/// ```
/// let codes: Vec<&str> = vitrine::manual::error_docs().map(|doc| doc.code).collect();
/// assert!(codes.contains(&"train.loss_not_finite"));
/// ```
pub fn error_docs() -> impl Iterator<Item = &'static TroubleDoc> {
    [
        crate::worker::RequestError::DOCS,
        crate::ingest::IngestError::DOCS,
        crate::table::TableError::DOCS,
        crate::table::folds::FoldError::DOCS,
        crate::table::split::SplitError::DOCS,
        crate::table::toy::ToyError::DOCS,
        crate::preprocess::PreprocessError::DOCS,
        crate::param::ParamError::DOCS,
        crate::train::device::DeviceError::DOCS,
        crate::train::search::SearchError::DOCS,
        crate::train::gradient_descent::DescentError::DOCS,
        crate::train::net::NetError::DOCS,
        crate::model::ImageError::DOCS,
        crate::model::ModelError::DOCS,
        crate::model::ByClassError::DOCS,
        crate::model::ClassWeightError::DOCS,
        crate::model::TreeError::DOCS,
        crate::model::ForestError::DOCS,
        crate::model::BoostingError::DOCS,
        crate::model::LinearError::DOCS,
        crate::model::RidgeError::DOCS,
        crate::model::LogisticError::DOCS,
        crate::model::SvcError::DOCS,
        crate::model::BayesError::DOCS,
        crate::model::PriorsError::DOCS,
        crate::model::ClusterError::DOCS,
        crate::model::PcaError::DOCS,
        crate::model::StateError::DOCS,
        crate::evaluate::EvaluateError::DOCS,
        crate::explain::ExplainError::DOCS,
        crate::predict::PredictError::DOCS,
        crate::export::ExportError::DOCS,
    ]
    .into_iter()
    .flatten()
}

/// Every issue code with when it happens, stage by stage.
pub fn issue_docs() -> impl Iterator<Item = &'static TroubleDoc> {
    [
        crate::ingest::IngestIssue::DOCS,
        crate::table::ColumnIssue::DOCS,
        crate::preprocess::PreprocessIssue::DOCS,
        crate::train::gradient_descent::DescentIssue::DOCS,
        crate::train::net::NetIssue::DOCS,
        crate::model::ForestIssue::DOCS,
        crate::model::LinearIssue::DOCS,
        crate::model::CoordinateIssue::DOCS,
        crate::model::LogisticIssue::DOCS,
        crate::model::SvcIssue::DOCS,
        crate::model::CategoricalNbIssue::DOCS,
        crate::model::NeighborIssue::DOCS,
        crate::model::ClusterIssue::DOCS,
        crate::model::PcaIssue::DOCS,
        crate::evaluate::EvaluateIssue::DOCS,
    ]
    .into_iter()
    .flatten()
}
