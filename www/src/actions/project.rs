//! Predict and export: new rows in, answers out; the work as a file, and back.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use vitrine_protocol::{
    DecisionPathMsg, ErrorMsg, ExplainMsg, ExportFormat, IssueMsg, PredictMsg, PredictionMsg, ProjectMsg, Request,
};
use web_sys::Blob;

use super::{close_job, look_at, next_id, open_job};
use crate::browser;
use crate::client::{self, Beside};
use crate::state::{App, JobKind, Stage, Trained};

/// What the model says to one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The class by position, or the number.
    pub(crate) value: f64,
    /// The probability of each class.
    pub(crate) probabilities: Vec<f64>,
    /// The numbers along components, of a projection.
    pub(crate) components: Vec<f64>,
    /// What was odd about the row.
    pub(crate) issues: Vec<IssueMsg>,
    /// Why, in a sentence.
    pub(crate) sentence: String,
}

/// Answers one row, and says why.
///
/// # Errors
/// - The engine's own.
pub(crate) async fn answer_row(model: &str, row: Map<String, Value>) -> Result<Answer, ErrorMsg> {
    let predict = PredictMsg { rows: Some(vec![row.clone()]), ..Default::default() };
    let request = Request::Predict { id: model.to_owned(), predict };
    let (prediction, buffers) = client::ask::<PredictionMsg>(request, Beside::default()).await?;
    let name = if prediction.classes.is_some() { "codes" } else { "values" };
    let value = buffers.numbers(name).and_then(|values| values.first().copied()).unwrap_or(f64::NAN);
    let request =
        Request::Explain { id: model.to_owned(), explain: ExplainMsg::DecisionPath { row: row.into(), tree: None } };
    // An answer without its sentence is still an answer.
    let why = client::ask::<DecisionPathMsg>(request, Beside::default()).await;
    Ok(Answer {
        value,
        probabilities: buffers.numbers("probabilities").unwrap_or_default(),
        components: buffers.numbers("components").unwrap_or_default(),
        issues: prediction.issues,
        sentence: why.map(|(path, _)| path.sentence).unwrap_or_default(),
    })
}

/// Answers a CSV file, and gives the person one with the answers in it. What was odd goes to `report`.
pub(crate) fn answer_csv(app: App, blob: Blob, name: String, report: WriteSignal<Option<PredictionMsg>>) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    let predict = PredictMsg { csv: true, output: Some("csv".to_owned()), ..Default::default() };
    let request = Request::Predict { id: trained.model.id.clone(), predict };
    let beside = open_job(app, JobKind::Predict, Some(blob.into()));
    spawn_local(async move {
        let outcome = client::ask::<PredictionMsg>(request, beside).await;
        let Some((prediction, buffers)) = close_job(app, outcome) else { return };
        if let Some(blob) = buffers.bytes("csv").and_then(|bytes| browser::bytes_blob(&bytes, "text/csv")) {
            let stem = name.strip_suffix(".csv").unwrap_or(&name);
            browser::save(&blob, &format!("{stem}-predictions.csv"));
        }
        report.set(Some(prediction));
    });
}

#[derive(serde::Deserialize)]
struct Exported {
    file_name: String,
}

/// Gives the person the project as a file.
pub(crate) fn export_project(app: App, include_data: bool) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    save_export(app, Request::Export { id: trained.model.id.clone(), format: ExportFormat::Project, include_data });
}

/// Asks for a file and gives it to the person.
pub(super) fn save_export(app: App, request: Request) {
    let beside = open_job(app, JobKind::Project, None);
    spawn_local(async move {
        let outcome = client::ask::<Exported>(request, beside).await;
        let Some((exported, buffers)) = close_job(app, outcome) else { return };
        if let Some(blob) = buffers.bytes("bytes").and_then(|bytes| browser::bytes_blob(&bytes, "application/json")) {
            browser::save(&blob, &exported.file_name);
        }
    });
}

/// Reads a project file; its models join those that are there.
pub(crate) fn import_project(app: App, blob: Blob) {
    let prefix = Some(format!("{}-", next_id("import")));
    let beside = open_job(app, JobKind::Project, Some(blob.into()));
    spawn_local(async move {
        let outcome = client::ask::<ProjectMsg>(Request::ImportProject { prefix }, beside).await;
        let Some((project, _)) = close_job(app, outcome) else { return };
        if let Some(table) = project.tables.into_iter().next_back() {
            let target = project.models.last().and_then(|model| model.target.clone());
            super::data::show(app, table, target, None);
        }
        let models: Vec<_> = project.models.into_iter().map(|model| Trained { model, test_rows: Vec::new() }).collect();
        for trained in models.into_iter().map(Arc::new) {
            app.result.models.update(|models| models.push(Arc::clone(&trained)));
            look_at(app, trained);
        }
        app.announcement.set(app.lang.get_untracked().texts().said_imported.to_owned());
        app.go(Stage::Explain);
    });
}
