//! Models go out as project files, and come back.

use std::cell::RefCell;
use std::rc::Rc;

use vitrine_protocol::{Buffer, Event, ExportFormat, ProjectMsg, TableMsg};

use crate::Error;
use crate::error::Issues;
use crate::export::{SavedTable, TableToSave, read_project, read_weights_into, write_project, write_weights};
use crate::table::summary::profile;
use crate::train::Device;
use crate::worker::context::Context;
use crate::worker::jobs::make::{Made, conclude, net_of};
use crate::worker::jobs::{read_all, sha256_hex};
use crate::worker::workspace::{ModelEntry, TableEntry, Workspace};
use crate::worker::{Reply, Source, wire};

pub(super) async fn export(
    context: Context,
    id: String,
    format: ExportFormat,
    include_data: bool,
) -> Result<Reply, Error> {
    let entry = context.workspace.borrow().model(&id)?;
    let name = |ending: &str| {
        let digest = entry.card.receipt.spec_sha256.get(..8).unwrap_or("model");
        format!("{}-{digest}.{ending}", entry.pipeline.fitted.kind())
    };
    if cfg!(feature = "tensors") && format == ExportFormat::Safetensors {
        let bytes = write_weights(net_of(&entry)?);
        let event = Event::Exported { file_name: name("safetensors") };
        return Ok(Reply { event, buffers: vec![("bytes", Buffer::U8(bytes))] });
    }
    let table = if include_data { Some(context.workspace.borrow().table(&entry.card.table)?) } else { None };
    let saved = table.as_ref().map(|table| TableToSave {
        id: &table.msg.id,
        name: &table.msg.name,
        sha256: &entry.card.receipt.data_sha256,
        size_bytes: table.msg.size_bytes,
        table: &table.table,
    });
    let bytes = write_project(&id, &entry.pipeline, &entry.card, saved);
    Ok(Reply { event: Event::Exported { file_name: name("vitrine") }, buffers: vec![("bytes", Buffer::U8(bytes))] })
}

pub(super) async fn import(context: Context, prefix: Option<String>, source: Rc<dyn Source>) -> Result<Reply, Error> {
    let bytes = read_all(&context, source.as_ref(), 0.5).await?;
    // Everything is read and checked before anything is kept: a bad file changes nothing.
    let mut project = read_project(&bytes)?;
    drop(bytes);
    let mut tables = Vec::with_capacity(project.tables.len());
    for saved in &mut project.tables {
        let id = free_id(&context.workspace.borrow(), &saved.id, prefix.as_deref());
        for model in project.models.iter_mut().filter(|model| model.card.table == saved.id) {
            model.card.table.clone_from(&id);
        }
        saved.id = id;
        tables.push(table_msg(&context, saved).await);
    }
    let mut models = Vec::with_capacity(project.models.len());
    let mut workspace = context.workspace.borrow_mut();
    for (saved, msg) in project.tables.into_iter().zip(&tables) {
        workspace.keep_table(TableEntry {
            table: Rc::new(saved.table),
            msg: msg.clone(),
            source: None,
            sha256: RefCell::new(Some(saved.sha256)),
        });
    }
    for saved in project.models {
        let id = free_id(&workspace, &saved.id, prefix.as_deref());
        let entry = ModelEntry::new(saved.pipeline, saved.card);
        models.push(wire::model_msg(&id, &entry));
        workspace.keep_model(&id, entry);
    }
    Ok(Event::ProjectImported(ProjectMsg { tables, models }).into())
}

/// **Errors** `request.no_such_model`, `train.not_a_net`, `export.not_safetensors`, `export.weights_do_not_fit`,
/// `export.bad_weight`.
pub(super) async fn import_weights(
    context: Context,
    id: String,
    parent_id: String,
    source: Rc<dyn Source>,
) -> Result<Reply, Error> {
    let parent = context.workspace.borrow().model(&parent_id)?;
    let net = net_of(&parent)?;
    let bytes = read_all(&context, source.as_ref(), 0.5).await?;
    let fitted = read_weights_into(net, &bytes)?;
    let how = [("how", "import_weights".to_owned()), ("file_sha256", sha256_hex(&bytes))];
    drop(bytes);
    let made = Made {
        fitted,
        how: how.map(|(name, text)| (name.to_owned(), text.into())).into(),
        history: Vec::new(),
        fit_millis: 0.0,
        device: (false, Device::cpu().name().to_owned()),
        fallback_reason: None,
        issues: Issues::new(),
    };
    conclude(&context, (&id, &parent_id, &parent), made, 0.5).await
}

/// The id itself, or when it is taken and there is a prefix, one that is free.
fn free_id(workspace: &Workspace, id: &str, prefix: Option<&str>) -> String {
    let Some(prefix) = prefix.filter(|_| workspace.is_taken(id)) else {
        return id.to_owned();
    };
    let wanted = format!("{prefix}{id}");
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    let free = std::iter::once(wanted.clone()).chain(numbered).find(|id| !workspace.is_taken(id));
    free.expect("some number is free")
}

async fn table_msg(context: &Context, saved: &SavedTable) -> TableMsg {
    let started = context.now_millis();
    let mut profiles = Vec::with_capacity(saved.table.columns().len());
    for column in saved.table.columns() {
        profiles.push(profile(column));
        context.tick("profiling", 0.75).await;
    }
    TableMsg {
        id: saved.id.clone(),
        name: saved.name.clone(),
        n_rows: saved.table.n_rows(),
        // What a project's table would be written with.
        delimiter: ",".to_owned(),
        quote: "\"".to_owned(),
        decimal: ".".to_owned(),
        has_header: true,
        encoding: vitrine_protocol::Encoding::Utf8,
        size_bytes: saved.size_bytes,
        memory_bytes: saved.table.memory_bytes() as u64,
        load_ms: context.now_millis() - started,
        columns: wire::table_columns(&saved.table, profiles),
        issues: Vec::new(),
    }
}
