//! A request to train, checked before anything is done: what is learned from which rows, and with what.

use std::rc::Rc;

use serde_json::json;
use vitrine_protocol::{Precision, SplitMsg, StepMsg, TrainMsg};

use crate::Error;
use crate::error::Issues;
use crate::model::{ModelError, ModelKind, check_classes, find};
use crate::param::ParamMap;
use crate::preprocess::{
    Labels, Needs, PreprocessError, PreprocessIssue, RowSource, Step, Target, Task, encode_as_codes, read_known_labels,
    read_labels, suggest_task,
};
use crate::random::Seed;
use crate::table::split::{Split, hold_back};
use crate::table::{Column, Table};
use crate::train::Device;
use crate::worker::context::Context;
use crate::worker::jobs::measure::all_rows;
use crate::worker::jobs::prepare::{choose_features, choose_steps};
use crate::worker::jobs::sha256_hex;
use crate::worker::workspace::TableEntry;
use crate::worker::{RequestError, wire};

/// Rows held back when the request does not say.
const TEST_FRACTION: f64 = 0.25;

/// A request to train, checked against the table: nothing in it can be wrong any more.
pub(super) struct Plan {
    pub(super) table_id: String,
    pub(super) entry: Rc<TableEntry>,
    test_entry: Option<Rc<TableEntry>>,
    pub(super) target: Option<String>,
    pub(super) task: Task,
    pub(super) features: Vec<String>,
    pub(super) sample_weight: Option<String>,
    pub(super) steps: Vec<Step>,
    pub(super) kind: &'static ModelKind,
    pub(super) params: ParamMap,
    pub(super) parts: Parts,
    pub(super) split: SplitMsg,
    pub(super) seed: u64,
    pub(super) device: ChosenDevice,
    pub(super) issues: Issues,
}

#[derive(Clone)]
pub(super) struct ChosenDevice {
    pub(super) device: Device,
    pub(super) fallback_reason: Option<String>,
}

/// The labelled rows to learn from and those held back.
pub(super) struct Parts {
    pub(super) train: Labels,
    pub(super) test: Option<Labels>,
}

impl Plan {
    pub(super) fn check(context: &Context, request: TrainMsg) -> Result<Self, Error> {
        let workspace = context.workspace.borrow();
        let entry = workspace.table(&request.table)?;
        let kind = find(&request.model.kind)?;
        let mut params = (kind.check)(&request.model.params)?;
        let mut issues = Issues::new();
        let column = request.target.as_deref().map(|target| entry.table.column(target)).transpose()?;
        let task = choose_task(kind, column, request.task)?;
        (kind.resolve)(&mut params, task);
        let (target, weight) = (request.target.as_deref(), request.sample_weight.as_deref());
        check_weight(weight, target, &entry, kind, &params)?;
        // A target that nothing is learned from is still no feature.
        let features = choose_features(&entry.table, target, weight, request.features, &mut issues)?;
        let recipe = request.recipe.as_deref();
        let steps = steps_for(&entry.table, &features, recipe, (kind, &params), &mut issues)?;
        let split = request.split.unwrap_or_default();
        let test_entry = split.test_table.as_deref().map(|id| workspace.table(id)).transpose()?;
        let seed = request.seed.unwrap_or(0);
        let column = column.filter(|_| task.has_target());
        let labels = match column {
            Some(column) => read_labels(column, task, &mut issues)?,
            None => all_rows(entry.table.n_rows()),
        };
        let parts = match (&test_entry, column) {
            (Some(test), Some(column)) => {
                let known = read_known_labels(test.table.as_ref(), &column.name, &labels.classes, &mut issues)?;
                Parts { train: labels, test: Some(known) }
            }
            (Some(test), None) => Parts { train: labels, test: Some(all_rows(test.table.n_rows())) },
            (None, _) => split_labels(&labels, &split, default_fraction(task), seed, column, &mut issues)?,
        };
        check_classes(&params, &parts.train.classes)?;
        let mut device = choose_device(&workspace.device, request.device.as_deref(), (kind.uses_tensors)(&params))?;
        if request.fusion == Some(false) {
            device.device = device.device.without_fusion();
        }
        if request.precision == Some(Precision::Float16) {
            device = device.in_half(kind);
        }
        Ok(Self {
            table_id: request.table,
            entry: entry.clone(),
            test_entry,
            target: column.map(|column| column.name.clone()),
            task,
            features,
            sample_weight: request.sample_weight,
            steps,
            kind,
            params,
            parts,
            split,
            seed,
            device,
            issues,
        })
    }

    /// Whether there is a target that what is learned on some folds can be measured against on others.
    ///
    /// **Errors** `train.folds_need_target`.
    pub(super) fn check_comparable(&self) -> Result<(), Error> {
        match self.task.has_target() {
            true => Ok(()),
            false => Err(ModelError::FoldsNeedTarget { kind: self.kind.kind.to_owned() }.into()),
        }
    }

    /// Whether a model can weigh the rows as this plan does.
    ///
    /// **Errors** `train.takes_no_weights`.
    pub(super) fn check_weight(&self, kind: &ModelKind, params: &ParamMap) -> Result<(), Error> {
        if self.sample_weight.is_some() { check_takes_weights(kind, params) } else { Ok(()) }
    }

    /// The table the held-back rows are in.
    pub(super) fn test_source(&self) -> &dyn RowSource {
        self.test_entry.as_ref().unwrap_or(&self.entry).table.as_ref()
    }

    /// The digest of everything that decides the model besides the data; names of tables and models are left out.
    pub(super) fn spec_sha256(&self) -> String {
        let mut spec = json!({
            "target": self.target,
            "task": format!("{:?}", self.task),
            "features": self.features,
            "recipe": wire::recipe_msg(&self.steps),
            "model": { "kind": self.kind.kind, "params": self.params },
            "split": {
                "test_fraction": self.split.test_fraction.unwrap_or(default_fraction(self.task)),
                "stratify": self.split.stratify.unwrap_or(self.task == Task::Classification),
                "has_test_table": self.test_entry.is_some(),
            },
            "seed": self.seed,
        });
        // Only where there is one: receipts from before there were weights stay what they are.
        if let Some(weight) = &self.sample_weight {
            spec["sample_weight"] = json!(weight);
        }
        sha256_hex(spec.to_string().as_bytes())
    }
}

/// The steps asked for, or those a model of that kind wants.
pub(super) fn steps_for(
    table: &Table,
    features: &[String],
    recipe: Option<&[StepMsg]>,
    (kind, params): (&ModelKind, &ParamMap),
    issues: &mut Issues,
) -> Result<Vec<Step>, Error> {
    let needs = Needs {
        scaling: (kind.wants_scaling)(params),
        takes_missing: (kind.takes_missing)(params),
        takes_categories: kind.takes_categories(params),
    };
    let mut steps = choose_steps(table, features, recipe, needs, issues)?;
    if recipe.is_none() && kind.reads_codes() {
        encode_as_codes(&mut steps);
    }
    Ok(steps)
}

/// Whether rows can be weighed by that column; what is in it is looked at when the training rows are known.
fn check_weight(
    weight: Option<&str>,
    target: Option<&str>,
    entry: &TableEntry,
    kind: &ModelKind,
    params: &ParamMap,
) -> Result<(), Error> {
    let Some(name) = weight else { return Ok(()) };
    entry.table.column_idx(name)?;
    if Some(name) == target {
        return Err(PreprocessError::WeightUsedTwice { column: name.to_owned(), also: "the target" }.into());
    }
    check_takes_weights(kind, params)
}

fn check_takes_weights(kind: &ModelKind, params: &ParamMap) -> Result<(), Error> {
    match (kind.takes_weights)(params) {
        true => Ok(()),
        false => Err(ModelError::TakesNoWeights { kind: kind.kind.to_owned() }.into()),
    }
}

/// The share of rows that is held back when the request does not say: none where nothing is predicted.
fn default_fraction(task: Task) -> f64 {
    if task.has_target() { TEST_FRACTION } else { 0.0 }
}

fn choose_task(
    kind: &ModelKind,
    column: Option<&Column>,
    asked: Option<vitrine_protocol::Task>,
) -> Result<Task, Error> {
    if column.is_none() && kind.tasks.iter().all(|task| task.has_target()) {
        return Err(ModelError::TargetNeeded { kind: kind.kind.to_owned() }.into());
    }
    let task = match (asked, kind.tasks) {
        (Some(task), _) => wire::core_task(task),
        // A model that learns one thing only needs no guess.
        (None, [only]) => *only,
        (None, all) => column.map_or(all[0], suggest_task),
    };
    if kind.tasks.contains(&task) {
        return Ok(task);
    }
    Err(ModelError::WrongTask { kind: kind.kind.to_owned(), task: task.word().to_owned() }.into())
}

pub(super) fn choose_device(
    worker: &crate::worker::WorkerDevice,
    asked: Option<&str>,
    uses_tensors: bool,
) -> Result<ChosenDevice, Error> {
    let no_gpu = "this worker computes on the CPU";
    let has_gpu = worker.device.is_webgpu();
    let (device, fallback_reason) = match asked {
        None | Some("auto") if uses_tensors => (worker.device.clone(), None),
        Some("webgpu") if has_gpu && uses_tensors => (worker.device.clone(), None),
        Some("webgpu") if !uses_tensors => {
            (Device::cpu(), Some("this fit uses no tensors; it is exact f64 arithmetic".to_owned()))
        }
        Some("webgpu") => (Device::cpu(), Some(worker.fallback_reason.clone().unwrap_or_else(|| no_gpu.to_owned()))),
        None | Some("auto" | "cpu") => (Device::cpu(), None),
        Some(other) => return Err(RequestError::BadDevice { given: other.to_owned() }.into()),
    };
    Ok(ChosenDevice { device, fallback_reason })
}

impl ChosenDevice {
    /// The same with numbers of 16 bits, or why there are none.
    fn in_half(self, kind: &ModelKind) -> Self {
        if kind.is_watchable()
            && let Some(device) = self.device.clone().in_half()
        {
            return Self { device, ..self };
        }
        let reason = "only nets have numbers of 16 bits, on WebGPU where the adapter has shader-f16";
        Self { fallback_reason: self.fallback_reason.or_else(|| Some(reason.to_owned())), ..self }
    }
}

/// Splits the labelled rows; a class without a training row is nothing a model can know, so its rows are left out.
fn split_labels(
    labels: &Labels,
    split: &SplitMsg,
    default_fraction: f64,
    seed: u64,
    column: Option<&Column>,
    issues: &mut Issues,
) -> Result<Parts, Error> {
    let strata = match &labels.target {
        Target::Classes { codes, .. } if split.stratify != Some(false) => Some(codes.as_slice()),
        _ => None,
    };
    if let (Some(codes), Some(column), true) = (strata, column, split.test_fraction != Some(0.0)) {
        report_rare_classes(codes, labels, column, issues);
    }
    let test_fraction = split.test_fraction.unwrap_or(default_fraction);
    let positions: Vec<u32> = (0..labels.rows.len() as u32).collect();
    // A table too small to hold anything back is learned from whole, unless the request says otherwise.
    let halves = match hold_back(&positions, strata, test_fraction, Seed(seed)) {
        Err(_) if split.test_fraction.is_none() => Split { train: positions, test: Vec::new() },
        other => other?,
    };
    let part = |positions: &[u32]| Labels {
        rows: positions.iter().map(|&position| labels.rows[position as usize]).collect(),
        target: labels.target.take_rows(positions),
        classes: labels.classes.clone(),
    };
    let (train, test) = without_absent_classes(part(&halves.train), part(&halves.test));
    Ok(Parts { train, test: (!test.rows.is_empty()).then_some(test) })
}

fn report_rare_classes(codes: &[u32], labels: &Labels, column: &Column, issues: &mut Issues) {
    for (code, class) in labels.classes.iter().enumerate() {
        let n_rows = codes.iter().filter(|&&other| other as usize == code).count();
        if n_rows == 1 {
            let (target, class) = (column.name.clone(), class.clone());
            issues.push(PreprocessIssue::RareClass { target, class, n_rows });
        }
    }
}

/// Renumbers the classes so that each occurs among the training rows, as a model expects.
fn without_absent_classes(mut train: Labels, mut test: Labels) -> (Labels, Labels) {
    let Target::Classes { codes, n_classes } = &train.target else {
        return (train, test);
    };
    let occurs: Vec<bool> = (0..*n_classes as u32).map(|code| codes.contains(&code)).collect();
    if occurs.iter().all(|occurs| *occurs) {
        return (train, test);
    }
    let mut next = 0;
    let renumbered: Vec<Option<u32>> = occurs
        .iter()
        .map(|occurs| {
            let code = occurs.then_some(next);
            next += u32::from(*occurs);
            code
        })
        .collect();
    let classes: Vec<String> =
        train.classes.iter().zip(&occurs).filter(|(_, occurs)| **occurs).map(|(class, _)| class.clone()).collect();
    for labels in [&mut train, &mut test] {
        let Target::Classes { codes, .. } = &labels.target else { continue };
        let kept = labels.rows.iter().zip(codes).filter_map(|(&row, &code)| Some((row, renumbered[code as usize]?)));
        let (rows, codes) = kept.unzip();
        *labels =
            Labels { rows, target: Target::Classes { codes, n_classes: classes.len() }, classes: classes.clone() };
    }
    (train, test)
}

/// The labels of some of the rows, which are in ascending order as `labels.rows` are.
pub(super) fn labels_of(labels: &Labels, rows: &[u32]) -> Target {
    let position = |row: &u32| labels.rows.binary_search(row).expect("prepared rows are among the labelled ones");
    let positions: Vec<u32> = rows.iter().map(|row| position(row) as u32).collect();
    labels.target.take_rows(&positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(codes: &[u32]) -> Labels {
        Labels {
            rows: (0..codes.len() as u32).collect(),
            target: Target::Classes { codes: codes.to_vec(), n_classes: 3 },
            classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn a_class_without_training_rows_is_not_a_class() {
        let (train, test) = without_absent_classes(labels(&[0, 2, 2]), labels(&[1, 2]));
        assert_eq!(train.classes, ["a", "c"]);
        assert_eq!(train.target, Target::Classes { codes: vec![0, 1, 1], n_classes: 2 });
        assert_eq!(test.rows, [1]);
        assert_eq!(test.target, Target::Classes { codes: vec![1], n_classes: 2 });
    }

    #[test]
    fn labels_follow_their_rows() {
        let mut all = labels(&[0, 1, 2, 1]);
        all.rows = vec![3, 5, 8, 9];
        assert_eq!(labels_of(&all, &[5, 9]), Target::Classes { codes: vec![1, 1], n_classes: 3 });
    }
}
