//! The tables and models a worker keeps.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use vitrine_protocol::{SearchMsg, TableMsg};

use crate::Error;
use crate::model::{ModelCard, Pipeline};
use crate::table::Table;
use crate::worker::jobs::KeptFolds;
use crate::worker::{RequestError, Source, WorkerDevice};

pub(super) struct Workspace {
    pub(super) device: WorkerDevice,
    tables: BTreeMap<String, Rc<TableEntry>>,
    models: BTreeMap<String, Rc<ModelEntry>>,
    /// The search under way, where several requests share one.
    search: Option<(SearchMsg, Rc<KeptFolds>)>,
}

/// A table and where it came from.
pub(super) struct TableEntry {
    pub(super) table: Rc<Table>,
    /// What the page was told about it.
    pub(super) msg: TableMsg,
    /// The CSV, for its digest; none when the table came from a project.
    pub(super) source: Option<Rc<dyn Source>>,
    /// SHA-256 of the CSV's bytes, computed when first asked for: hashing costs about as much as reading.
    pub(super) sha256: RefCell<Option<String>>,
}

/// A model and what is known about it.
pub(super) struct ModelEntry {
    pub(super) pipeline: Pipeline,
    pub(super) card: ModelCard,
    /// Bytes of its numbers, counted when first asked for.
    size_bytes: OnceCell<usize>,
}

impl ModelEntry {
    pub(super) fn new(pipeline: Pipeline, card: ModelCard) -> Self {
        Self { pipeline, card, size_bytes: OnceCell::new() }
    }

    /// Bytes of its numbers.
    pub(super) fn size_bytes(&self) -> usize {
        *self.size_bytes.get_or_init(|| self.pipeline.fitted.state().size_bytes())
    }
}

impl Workspace {
    pub(super) fn new(device: WorkerDevice) -> Self {
        Self { device, tables: BTreeMap::new(), models: BTreeMap::new(), search: None }
    }

    /// **Errors** `request.no_such_table`.
    pub(super) fn table(&self, id: &str) -> Result<Rc<TableEntry>, Error> {
        self.tables.get(id).cloned().ok_or_else(|| RequestError::NoSuchTable { id: id.to_owned() }.into())
    }

    /// **Errors** `request.no_such_model`.
    pub(super) fn model(&self, id: &str) -> Result<Rc<ModelEntry>, Error> {
        self.models.get(id).cloned().ok_or_else(|| RequestError::NoSuchModel { id: id.to_owned() }.into())
    }

    pub(super) fn keep_table(&mut self, entry: TableEntry) {
        self.forget_folds();
        self.tables.insert(entry.msg.id.clone(), Rc::new(entry));
    }

    pub(super) fn keep_model(&mut self, id: &str, entry: ModelEntry) {
        self.models.insert(id.to_owned(), Rc::new(entry));
    }

    /// **Errors** `request.nothing_to_release`.
    pub(super) fn release(&mut self, id: &str) -> Result<(), Error> {
        self.forget_folds();
        let had_table = self.tables.remove(id).is_some();
        let had_model = self.models.remove(id).is_some();
        if had_table || had_model { Ok(()) } else { Err(RequestError::NothingToRelease { id: id.to_owned() }.into()) }
    }

    /// What earlier requests of the same search have prepared, and a place for what this one prepares.
    pub(super) fn folds_of(&mut self, search: &SearchMsg) -> Rc<KeptFolds> {
        self.search.take_if(|(other, _)| other != search);
        self.search.get_or_insert_with(|| (search.clone(), Rc::default())).1.clone()
    }

    /// The search is at its end or something else was asked for, or its table may have changed.
    pub(super) fn forget_folds(&mut self) {
        self.search = None;
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &TableEntry> {
        self.tables.values().map(Rc::as_ref)
    }

    /// The models by their ids.
    pub(super) fn models(&self) -> impl Iterator<Item = (&str, &ModelEntry)> {
        self.models.iter().map(|(id, entry)| (id.as_str(), entry.as_ref()))
    }

    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.tables.contains_key(id) || self.models.contains_key(id)
    }
}
