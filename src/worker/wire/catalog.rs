//! What the engine can do, read off its own declarations.

use vitrine_protocol::{
    CatalogMsg, ChartDocMsg, ErrorDocMsg, MeasureDocMsg, ModelDocMsg, ParamDocMsg, ParamKindMsg, Task as TaskMsg,
    TextMsg,
};

use crate::error::TroubleDoc;
use crate::evaluate::{CHARTS, ChartDoc, Group, MEASURES, MeasureDoc};
use crate::model::{ModelKind, REGISTRY};
use crate::param::{ParamDoc, ParamKind, ParamMap};
use crate::preprocess::Task;
use crate::worker::wire::model::task_msg;
use crate::worker::wire::steps::step_docs;

/// Everything declared.
pub(in crate::worker) fn catalog_msg() -> CatalogMsg {
    CatalogMsg {
        models: REGISTRY.iter().map(model_doc).collect(),
        steps: step_docs(),
        measures: MEASURES.iter().map(measure_doc).collect(),
        charts: CHARTS.iter().map(chart_doc).collect(),
        errors: crate::manual::error_docs().map(error_doc).collect(),
    }
}

fn error_doc(doc: &TroubleDoc) -> ErrorDocMsg {
    ErrorDocMsg { code: doc.code.to_owned(), meaning: doc.meaning.trim().to_owned() }
}

pub(super) fn text([en, zh]: [&str; 2]) -> TextMsg {
    TextMsg { en: en.to_owned(), zh: zh.to_owned() }
}

fn model_doc(model: &ModelKind) -> ModelDocMsg {
    ModelDocMsg {
        kind: model.kind.to_owned(),
        title: text(model.title),
        summary: text(model.summary),
        tasks: tasks(model.tasks),
        webgpu: uses_tensors(model),
        sample_weight: (model.check)(&ParamMap::new()).is_ok_and(|params| (model.takes_weights)(&params)),
        watchable: model.is_watchable(),
        params: (model.docs)().iter().map(param_doc).collect(),
    }
}

/// Whether any word of its `solver` makes it use tensors.
fn uses_tensors(model: &ModelKind) -> bool {
    (model.docs)().iter().filter(|doc| doc.name == "solver").any(|doc| match &doc.kind {
        ParamKind::Choice { options } => options.iter().any(|word| {
            let params = (model.check)(&ParamMap::from([(doc.name.to_owned(), (*word).into())]));
            params.is_ok_and(|params| (model.uses_tensors)(&params))
        }),
        _ => false,
    })
}

fn tasks(tasks: &[Task]) -> Vec<TaskMsg> {
    tasks.iter().map(|task| task_msg(*task)).collect()
}

fn measure_doc(doc: &MeasureDoc) -> MeasureDocMsg {
    let group = match doc.group {
        Group::Main => "main",
        Group::More => "more",
        Group::Class => "class",
    };
    MeasureDocMsg {
        name: doc.name.to_owned(),
        title: text(doc.title),
        summary: text(doc.summary),
        tasks: tasks(doc.tasks),
        group: group.to_owned(),
        is_share: doc.is_share,
    }
}

fn chart_doc(doc: &ChartDoc) -> ChartDocMsg {
    ChartDocMsg {
        name: doc.name.to_owned(),
        title: text(doc.title),
        summary: text(doc.summary),
        x: text(doc.x),
        y: text(doc.y),
        task: task_msg(doc.task),
    }
}

pub(super) fn words(options: &[&str]) -> Vec<String> {
    options.iter().map(|option| (*option).to_owned()).collect()
}

fn param_doc(doc: &ParamDoc) -> ParamDocMsg {
    ParamDocMsg {
        name: doc.name.to_owned(),
        default: doc.default.clone(),
        range: match &doc.kind {
            ParamKind::Integer { range, nullable } => {
                ParamKindMsg::Integer { min: range.min, max: range.max, nullable: *nullable }
            }
            ParamKind::Number { range, nullable } => ParamKindMsg::Number {
                min: range.min,
                max: range.max,
                min_excluded: range.min_excluded,
                nullable: *nullable,
            },
            ParamKind::NumberOrWord { range, options, nullable } => ParamKindMsg::NumberOrWord {
                min: range.min,
                max: range.max,
                min_excluded: range.min_excluded,
                nullable: *nullable,
                options: words(options),
            },
            ParamKind::Boolean => ParamKindMsg::Boolean,
            // Forms offer the words; that there may be a number for each class is said at length.
            ParamKind::Choice { options } | ParamKind::ChoiceOrByClass { options, .. } => {
                ParamKindMsg::Choice { options: words(options) }
            }
            ParamKind::Integers { range, most } => {
                ParamKindMsg::Integers { min: range.min, max: range.max, most: *most }
            }
        },
        unit: doc.unit.to_owned(),
        short: text([doc.short, doc.short_zh]),
        long: doc.long.clone(),
    }
}
