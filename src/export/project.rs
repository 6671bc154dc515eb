//! Projects are written and read here: tables and models to the file's types and back.
//!
//! Reading checks what the types cannot: that arrays fit each other, that names are unique, and that the recipe fits
//! itself and its model. After that nothing that reads the project can meet a surprise.

use crate::Error;
use crate::export::ExportError;
use crate::export::bytes::{Opened, Writer, open};
use crate::export::recipe::{read_recipe, recipe_header};
use crate::model::{Answers, Array, ModelCard, Pipeline, Receipt, State, code_names, find};
use crate::preprocess::{Matrix, Task};
use crate::table::{Column, ColumnData, Table, TextColumn};
use crate::train::Epoch;
use vitrine_protocol::file::{
    ArrayHeader, CardHeader, ColumnDataHeader, ColumnHeader, EpochHeader, Header, ModelHeader, Span, TableHeader,
    TaskName, VERSION, VERSION_OF_FITS,
};

/// What a project file holds.
#[derive(Default)]
pub struct Project {
    /// Its tables.
    pub tables: Vec<SavedTable>,
    /// Its models.
    pub models: Vec<SavedModel>,
}

/// A table with its names.
pub struct SavedTable {
    /// What requests call it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the CSV it was read from.
    pub sha256: String,
    /// Bytes of that CSV.
    pub size_bytes: u64,
    /// The table.
    pub table: Table,
}

/// A model with what is known about it.
pub struct SavedModel {
    /// What requests call it.
    pub id: String,
    /// The recipe and the model.
    pub pipeline: Pipeline,
    /// What is known about it.
    pub card: ModelCard,
}

/// The error for contents that do not fit each other.
pub(super) fn malformed(what: impl Into<String>) -> Error {
    ExportError::Malformed { what: what.into() }.into()
}

/// Writes one model and, if given, its table (with id, name, digest and size of the CSV) as the bytes of a project.
pub fn write_project(id: &str, pipeline: &Pipeline, card: &ModelCard, table: Option<TableToSave<'_>>) -> Vec<u8> {
    let mut writer = Writer::default();
    let header = Header {
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        tables: table.into_iter().map(|table| table_header(&table, &mut writer)).collect(),
        models: vec![model_header(id, pipeline, card, &mut writer)],
    };
    let json = header.to_json();
    let is_fit = |model: &ModelHeader| {
        let has_bytes = model.state.values().any(|array| matches!(array, ArrayHeader::Bytes(_)));
        model.card.made_from.is_none() && !has_bytes
    };
    let version = if header.models.iter().all(is_fit) { VERSION_OF_FITS } else { VERSION };
    writer.finish(version, &json)
}

/// A table to be saved.
pub struct TableToSave<'a> {
    /// What requests call it.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// SHA-256 of the CSV it was read from.
    pub sha256: &'a str,
    /// Bytes of that CSV.
    pub size_bytes: u64,
    /// The table.
    pub table: &'a Table,
}

/// Reads a project.
///
/// **Errors** `export.not_a_project`, `export.newer_version`, `export.damaged_project`, `export.malformed_project`,
/// `export.malformed_model`, `train.unknown_model`. Never panics, whatever the bytes.
pub fn read_project(file: &[u8]) -> Result<Project, Error> {
    let opened = open(file, VERSION)?;
    let header = Header::read(opened.header).map_err(|error| malformed(format!("its header: {error}")))?;
    let tables =
        header.tables.into_iter().map(|table| read_table(table, &opened)).collect::<Result<Vec<_>, Error>>()?;
    let models =
        header.models.into_iter().map(|model| read_model(model, &opened)).collect::<Result<Vec<_>, Error>>()?;
    Ok(Project { tables, models })
}

fn table_header(saved: &TableToSave<'_>, writer: &mut Writer) -> TableHeader {
    let column = |column: &Column| ColumnHeader {
        name: column.name.clone(),
        data: match &column.data {
            ColumnData::Numeric(values) => ColumnDataHeader::Numeric { values: writer.f64(values) },
            ColumnData::Categorical { codes, levels } => {
                ColumnDataHeader::Categorical { codes: writer.u32(codes), levels: levels.clone() }
            }
            ColumnData::Datetime(times) => ColumnDataHeader::Datetime { millis: writer.i64(times) },
            ColumnData::Boolean { flags, labels } => {
                ColumnDataHeader::Boolean { flags: writer.bytes(flags.iter().copied()), labels: labels.clone() }
            }
            ColumnData::Text(texts) => {
                let rows = || (0..texts.len()).map(|row| texts.get(row));
                let lengths: Vec<u32> = rows().map(|text| text.map_or(u32::MAX, |text| text.len() as u32)).collect();
                let bytes = writer.bytes(rows().flatten().flat_map(str::bytes));
                ColumnDataHeader::Text { bytes, lengths: writer.u32(&lengths) }
            }
        },
    };
    TableHeader {
        id: saved.id.to_owned(),
        name: saved.name.to_owned(),
        sha256: saved.sha256.to_owned(),
        size_bytes: saved.size_bytes,
        columns: saved.table.columns().iter().map(column).collect(),
    }
}

fn read_table(header: TableHeader, opened: &Opened<'_>) -> Result<SavedTable, Error> {
    let mut names = std::collections::BTreeSet::new();
    let mut columns = Vec::with_capacity(header.columns.len());
    for column in header.columns {
        if !names.insert(column.name.clone()) {
            return Err(malformed(format!("two columns are called {:?}", column.name)));
        }
        columns.push(Column { name: column.name, data: read_column(column.data, opened)? });
    }
    if columns.iter().any(|column| column.n_rows() != columns[0].n_rows()) {
        return Err(malformed("its columns have different lengths"));
    }
    let table = Table::new(columns);
    Ok(SavedTable { id: header.id, name: header.name, sha256: header.sha256, size_bytes: header.size_bytes, table })
}

fn read_column(data: ColumnDataHeader, opened: &Opened<'_>) -> Result<ColumnData, Error> {
    Ok(match data {
        ColumnDataHeader::Numeric { values } => {
            let mut values = opened.f64(values)?;
            values.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = f64::NAN);
            ColumnData::Numeric(values)
        }
        ColumnDataHeader::Categorical { codes, levels } => {
            let codes = opened.u32(codes)?;
            let fits = |&code: &u32| code == ColumnData::MISSING_CODE || (code as usize) < levels.len();
            if !codes.iter().all(fits) {
                return Err(malformed("a cell's category does not exist"));
            }
            ColumnData::Categorical { codes, levels }
        }
        ColumnDataHeader::Datetime { millis } => ColumnData::Datetime(opened.i64(millis)?),
        ColumnDataHeader::Boolean { flags, labels } => {
            let flags = opened.bytes(flags)?.to_vec();
            if !flags.iter().all(|flag| matches!(*flag, 0 | 1 | ColumnData::MISSING_FLAG)) {
                return Err(malformed("a yes-or-no cell is neither"));
            }
            ColumnData::Boolean { flags, labels }
        }
        ColumnDataHeader::Text { bytes, lengths } => ColumnData::Text(read_texts(bytes, lengths, opened)?),
    })
}

fn read_texts(bytes: Span, lengths: Span, opened: &Opened<'_>) -> Result<TextColumn, Error> {
    let lengths = opened.u32(lengths)?;
    let mut rest =
        std::str::from_utf8(opened.bytes(bytes)?).map_err(|_| malformed("a text column is not valid UTF-8"))?;
    let mut texts = TextColumn::with_capacity(lengths.len(), rest.len());
    for length in lengths {
        if length == u32::MAX {
            texts.push(None);
            continue;
        }
        let (text, after) =
            rest.split_at_checked(length as usize).ok_or_else(|| malformed("a text ends outside its column"))?;
        texts.push(Some(text));
        rest = after;
    }
    Ok(texts)
}

fn model_header(id: &str, pipeline: &Pipeline, card: &ModelCard, writer: &mut Writer) -> ModelHeader {
    let mut array = |array: &Array| match array {
        Array::F64(values) => ArrayHeader::F64(writer.f64(values)),
        Array::F32(values) => ArrayHeader::F32(writer.f32(values)),
        Array::U32(values) => ArrayHeader::U32(writer.u32(values)),
        Array::Bytes(bytes) => ArrayHeader::Bytes(writer.bytes(bytes.iter().copied())),
        Array::Text(texts) => ArrayHeader::Text(texts.clone()),
    };
    ModelHeader {
        id: id.to_owned(),
        kind: pipeline.fitted.kind().to_owned(),
        task: match pipeline.task {
            Task::Classification => TaskName::Classification,
            Task::Regression => TaskName::Regression,
            Task::Clustering => TaskName::Clustering,
            Task::Projection => TaskName::Projection,
            Task::AnomalyDetection => TaskName::AnomalyDetection,
        },
        target: pipeline.target.clone().unwrap_or_default(),
        classes: pipeline.classes.clone(),
        recipe: recipe_header(&pipeline.recipe),
        state: pipeline.fitted.state().0.iter().map(|(name, values)| (name.clone(), array(values))).collect(),
        card: card_header(card, writer),
    }
}

fn card_header(card: &ModelCard, writer: &mut Writer) -> CardHeader {
    let epoch = |(epoch, elapsed_millis): &(Epoch, f64)| EpochHeader {
        number: epoch.number,
        of: epoch.of,
        train_loss: epoch.train_loss,
        valid_loss: epoch.valid_loss,
        elapsed_millis: *elapsed_millis,
    };
    CardHeader {
        table: card.table.clone(),
        params: card.params.clone(),
        train_metrics: card.train_metrics.clone(),
        test_metrics: card.test_metrics.clone(),
        fold_metrics: card.fold_metrics.clone(),
        history: card.history.iter().map(epoch).collect(),
        fit_millis: card.fit_millis,
        is_webgpu: card.device.0,
        device_name: card.device.1.clone(),
        is_half: card.is_half.then_some(true),
        fallback_reason: card.fallback_reason.clone(),
        train_rows: writer.u32(&card.train_rows),
        test_rows: writer.u32(&card.test_rows),
        data_sha256: card.receipt.data_sha256.clone(),
        spec_sha256: card.receipt.spec_sha256.clone(),
        seed: card.receipt.seed,
        version: card.receipt.version.clone(),
        made_from: card.receipt.made_from.clone(),
    }
}

fn read_model(header: ModelHeader, opened: &Opened<'_>) -> Result<SavedModel, Error> {
    let mut state = State::default();
    for (name, array) in header.state {
        let array = match array {
            ArrayHeader::F64(span) => Array::F64(opened.f64(span)?),
            ArrayHeader::F32(span) => Array::F32(opened.f32(span)?),
            ArrayHeader::U32(span) => Array::U32(opened.u32(span)?),
            ArrayHeader::Bytes(span) => Array::Bytes(opened.bytes(span)?.to_vec()),
            ArrayHeader::Text(texts) => Array::Text(texts),
        };
        state.0.insert(name, array);
    }
    let kind = find(&header.kind)?;
    let task = match header.task {
        TaskName::Classification => Task::Classification,
        TaskName::Regression => Task::Regression,
        TaskName::Clustering => Task::Clustering,
        TaskName::Projection => Task::Projection,
        TaskName::AnomalyDetection => Task::AnomalyDetection,
    };
    let pipeline = Pipeline {
        task,
        target: task.has_target().then_some(header.target),
        classes: header.classes,
        recipe: read_recipe(header.recipe)?,
        fitted: (kind.load)(&state)?,
    };
    let params = (kind.check)(&header.card.params)?;
    if pipeline.recipe.keeps_missing && !(kind.takes_missing)(&params) {
        return Err(malformed(format!("its recipe keeps missing cells, which a {} does not take", header.kind)));
    }
    check_fit(&pipeline)?;
    Ok(SavedModel { id: header.id, pipeline, card: read_card(header.card, params, opened)? })
}

/// Whether the recipe, the model and the classes fit each other: what transforms and answers one row transforms all.
fn check_fit(pipeline: &Pipeline) -> Result<(), Error> {
    let n_features = pipeline.recipe.features.len();
    if n_features != pipeline.fitted.n_features() {
        let expected = pipeline.fitted.n_features();
        return Err(malformed(format!("the recipe makes {n_features} features, but the model reads {expected}")));
    }
    let nothing = Table::new(vec![Column { name: String::new(), data: ColumnData::Numeric(vec![f64::NAN]) }]);
    let transformed = pipeline.recipe.transform(&nothing, &[0], false, &mut crate::Issues::new());
    let x = transformed.map_err(|error| malformed(format!("its recipe: {error}")))?;
    let (answered, n_classes) = match pipeline.fitted.predict(&Matrix::from_columns(x.features().to_vec())) {
        Answers::Classes { n_classes, .. } => (Task::Classification, n_classes),
        Answers::Values(_) => (Task::Regression, 0),
        Answers::Clusters { .. } => {
            (Task::Clustering, code_names(Task::Clustering, pipeline.fitted.as_ref(), Vec::new()).len())
        }
        Answers::Components { .. } => (Task::Projection, 0),
        Answers::Scores { .. } => (Task::AnomalyDetection, 2),
    };
    if pipeline.task != answered {
        return Err(malformed(format!(
            "it is said to learn {}, but learned {}",
            pipeline.task.word(),
            answered.word()
        )));
    }
    if n_classes != pipeline.classes.len() {
        let given = pipeline.classes.len();
        return Err(malformed(format!("the model answers {n_classes} classes, but {given} are named")));
    }
    Ok(())
}

fn read_card(header: CardHeader, params: crate::param::ParamMap, opened: &Opened<'_>) -> Result<ModelCard, Error> {
    let epoch = |header: EpochHeader| {
        let EpochHeader { number, of, train_loss, valid_loss, elapsed_millis } = header;
        (Epoch { number, of, train_loss, valid_loss }, elapsed_millis)
    };
    Ok(ModelCard {
        table: header.table,
        params,
        train_metrics: header.train_metrics,
        test_metrics: header.test_metrics,
        fold_metrics: header.fold_metrics,
        history: header.history.into_iter().map(epoch).collect(),
        fit_millis: header.fit_millis,
        device: (header.is_webgpu, header.device_name),
        is_half: header.is_half == Some(true),
        fallback_reason: header.fallback_reason,
        train_rows: opened.u32(header.train_rows)?,
        test_rows: opened.u32(header.test_rows)?,
        issues: Vec::new(),
        receipt: Receipt {
            data_sha256: header.data_sha256,
            spec_sha256: header.spec_sha256,
            seed: header.seed,
            version: header.version,
            made_from: header.made_from,
        },
    })
}
