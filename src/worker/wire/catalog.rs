//! What the engine can do, read off its own declarations.

use vitrine_protocol::{CatalogMsg, ErrorDocMsg, ModelDocMsg, ParamDocMsg, ParamKindMsg, Task as TaskMsg, TextMsg};

use crate::error::TroubleDoc;
use crate::model::{ModelKind, REGISTRY};
use crate::param::{ParamDoc, ParamKind};
use crate::preprocess::Task;
use crate::worker::wire::steps::step_docs;

/// Everything declared.
pub(in crate::worker) fn catalog_msg() -> CatalogMsg {
    CatalogMsg {
        models: REGISTRY.iter().map(model_doc).collect(),
        steps: step_docs(),
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
        tasks: model
            .tasks
            .iter()
            .map(|task| match task {
                Task::Classification => TaskMsg::Classification,
                Task::Regression => TaskMsg::Regression,
            })
            .collect(),
        webgpu: (model.docs)().iter().any(|doc| match &doc.kind {
            ParamKind::Choice { options } => options.contains(&"gradient_descent"),
            _ => false,
        }),
        params: (model.docs)().iter().map(param_doc).collect(),
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
            ParamKind::Choice { options } => ParamKindMsg::Choice { options: words(options) },
        },
        unit: doc.unit.to_owned(),
        short: text([doc.short, doc.short_zh]),
        long: doc.long.clone(),
    }
}
