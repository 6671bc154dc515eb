//! Data: reading a CSV from wherever it comes, reading it again with other options, reading rows.

use std::cell::RefCell;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ColumnKind, ErrorMsg, LoadOptionsMsg, Request, RowsMsg, TableMsg};
use web_sys::{Blob, FileList};

use super::{close_job, next_id, open_job, page_error};
use crate::client::{self, Beside};
use crate::plan::default_left_out;
use crate::state::{App, JobKind, NoticeKind};
use crate::{browser, format, text};

thread_local! {
    /// The source of the table, for reading it again; none of a project's tables and of made-up ones. A blob is a handle:
    /// the browser holds the bytes.
    static SOURCE: RefCell<Option<Blob>> = const { RefCell::new(None) };
}

/// Reads a file.
pub(crate) fn load_blob(app: App, blob: Blob, name: String) {
    app.data.sample.set(None);
    spawn_local(load(app, blob, LoadOptionsMsg { name: Some(name), ..Default::default() }, None));
}

/// Reads image files as rows of pixels, each with what it shows.
pub(crate) fn load_images(app: App, files: FileList) {
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.data.sample.set(None);
    let beside = open_job(app, JobKind::Load, None);
    spawn_local(async move {
        let outcome = client::images_to_csv(&files, beside.signal).await;
        let Some((blob, n_refused)) = close_job(app, outcome) else { return };
        let texts = app.lang.get_untracked().texts();
        let name = Some(texts.images_name.to_owned());
        load(app, blob, LoadOptionsMsg { name, ..Default::default() }, Some("label".to_owned())).await;
        if n_refused > 0 {
            let words = text::fill(texts.images_refused, &[("n", &format::count(n_refused as usize))]);
            app.tell(NoticeKind::Error(Box::new(page_error(words))));
        }
    });
}

/// Reads pasted text.
pub(crate) fn load_text(app: App, words: &str) {
    if let Some(blob) = browser::text_blob(words, "text/csv") {
        load_blob(app, blob, app.lang.get_untracked().texts().pasted.to_owned());
    }
}

/// Reads a table that was made on this page, and goes on to the training.
pub(crate) fn load_made(app: App, words: &str) {
    if let Some(blob) = browser::text_blob(words, "text/csv") {
        load_blob(app, blob, app.lang.get_untracked().texts().paint_name.to_owned());
    }
}

/// Reads a sample by its file name; `target` overrides the sample's own.
pub(crate) fn load_sample(app: App, file: String, target: Option<String>) {
    spawn_local(async move {
        match browser::fetch_blob(&format!("samples/{file}")).await {
            Ok(blob) => {
                let sample = app.samples.with_untracked(|all| all.iter().find(|sample| sample.file == file).cloned());
                let target = target.or_else(|| sample.map(|sample| sample.target));
                app.data.sample.set(Some(file.clone()));
                load(app, blob, LoadOptionsMsg { name: Some(file), ..Default::default() }, target).await;
            }
            Err(message) => app.tell(NoticeKind::Error(Box::new(page_error(message)))),
        }
    });
}

/// Reads the same source again with other options; the target stays if its column does.
pub(crate) fn reload(app: App, change: impl FnOnce(&mut LoadOptionsMsg)) {
    let Some(blob) = SOURCE.with_borrow(Clone::clone) else { return };
    let mut options = app.data.options.get_untracked();
    change(&mut options);
    spawn_local(load(app, blob, options, app.plan.target.get_untracked()));
}

/// Reads the same source again with another kind for one column.
pub(crate) fn set_kind(app: App, column: String, kind: ColumnKind) {
    reload(app, |options| {
        options.column_kinds.insert(column, kind);
    });
}

async fn load(app: App, blob: Blob, options: LoadOptionsMsg, target: Option<String>) {
    let id = next_id("table");
    let beside = open_job(app, JobKind::Load, Some(blob.clone().into()));
    let request = Request::LoadCsv { id, options: options.clone() };
    let outcome = client::ask::<TableMsg>(request, beside).await;
    let Some((table, _)) = close_job(app, outcome) else { return };
    app.data.options.set(options);
    replace(app, table, target, Some(blob)).await;
}

/// Makes up a table of the engine's toys.
pub(crate) fn make_toy(app: App, kind: &'static str, n_rows: usize, noise: f64) {
    let request = Request::MakeToy {
        id: next_id("table"),
        kind: kind.to_owned(),
        n_rows: Some(n_rows),
        noise: Some(noise),
        seed: app.plan.seed.with_untracked(|seed| seed.trim().parse().ok()),
    };
    app.data.sample.set(None);
    spawn_local(async move {
        let outcome = client::ask::<TableMsg>(request, open_job(app, JobKind::Load, None)).await;
        if let Some((table, _)) = close_job(app, outcome) {
            replace(app, table, None, None).await;
        }
    });
}

/// Puts a table in the place of the one before.
async fn replace(app: App, table: TableMsg, target: Option<String>, source: Option<Blob>) {
    let before = app.data.table.get_untracked();
    show(app, table, target, source);
    // A table that no model was made from is not needed any more.
    if let Some(before) = before
        && app.result.models.with_untracked(|models| models.iter().all(|trained| trained.model.table != before.id))
    {
        let request = Request::Release { id: before.id.clone() };
        // What cannot be freed now is freed with the tab.
        let _ = client::ask::<serde::de::IgnoredAny>(request, Beside::default()).await;
    }
}

/// Puts a table before the person; `source` is what it can be read again from.
pub(super) fn show(app: App, table: TableMsg, target: Option<String>, source: Option<Blob>) {
    let texts = app.lang.get_untracked().texts();
    let size = [("rows", &*table.n_rows.to_string()), ("columns", &*table.columns.len().to_string())];
    app.announcement.set(text::fill(texts.said_loaded, &size));
    let target = target.filter(|name| table.columns.iter().any(|column| column.name == *name));
    let target = target.or_else(|| suggest_target(&table));
    batch(|| {
        app.data.can_be_read_again.set(source.is_some());
        SOURCE.set(source);
        app.data.choosing.set(false);
        app.data.selected_row.set(None);
        app.result.points.set(None);
        app.plan.left_out.set(default_left_out(&table));
        super::recipe::forget(app);
        app.plan.prepared.set(None);
        // Who looks for groups looks for them in this table too.
        app.plan.task.update(|task| *task = task.filter(|task| !task.has_target()));
        app.plan.target.set(target);
        app.data.table.set(Some(Arc::new(table)));
    });
}

/// A target to begin with: the last column that is a class or a number, classes first.
fn suggest_target(table: &TableMsg) -> Option<String> {
    let is_class = |kind| matches!(kind, ColumnKind::Categorical | ColumnKind::Boolean);
    let classes = table.columns.iter().rev().find(|column| is_class(column.kind) && column.n_distinct >= 2);
    let last = table.columns.last().filter(|column| column.kind == ColumnKind::Numeric || is_class(column.kind));
    let numbers = table.columns.iter().rev().find(|column| column.kind == ColumnKind::Numeric);
    last.or(classes).or(numbers).map(|column| column.name.clone())
}

/// Reads rows of the table.
///
/// # Errors
/// - The engine's own.
pub(crate) async fn read_rows(table: &str, start: usize, end: usize) -> Result<RowsMsg, ErrorMsg> {
    let request = Request::ReadTable { id: table.to_owned(), start, end, rows: None };
    client::ask::<RowsMsg>(request, Beside::default()).await.map(|(rows, _)| rows)
}
