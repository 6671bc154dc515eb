//! What the engine can do, read off its own declarations.

use serde_json::Value;
use vitrine_protocol::{CatalogMsg, ErrorDocMsg, ModelDocMsg, ParamDocMsg, ParamKindMsg, StepDocMsg, TextMsg};

use crate::error::TroubleDoc;
use crate::model::{ModelKind, REGISTRY};
use crate::param::{ParamDoc, ParamKind};
use crate::worker::wire::model::task_msg;

/// Everything declared.
pub(in crate::worker) fn catalog_msg() -> CatalogMsg {
    CatalogMsg {
        models: REGISTRY.iter().map(model_doc).collect(),
        steps: STEPS.iter().map(step_doc).collect(),
        errors: crate::manual::error_docs().map(error_doc).collect(),
    }
}

fn error_doc(doc: &TroubleDoc) -> ErrorDocMsg {
    ErrorDocMsg { code: doc.code.to_owned(), meaning: doc.meaning.trim().to_owned() }
}

fn text([en, zh]: [&str; 2]) -> TextMsg {
    TextMsg { en: en.to_owned(), zh: zh.to_owned() }
}

fn model_doc(model: &ModelKind) -> ModelDocMsg {
    ModelDocMsg {
        kind: model.kind.to_owned(),
        title: text(model.title),
        summary: text(model.summary),
        tasks: model.tasks.iter().map(|&task| task_msg(task)).collect(),
        webgpu: (model.docs)().iter().any(|doc| match &doc.kind {
            ParamKind::Choice { options } => options.contains(&"gradient_descent"),
            _ => false,
        }),
        params: (model.docs)().iter().map(param_doc).collect(),
    }
}

fn words(options: &[&str]) -> Vec<String> {
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

/// A step of a recipe, as forms need it.
struct StepForm {
    step: &'static str,
    title: [&'static str; 2],
    summary: [&'static str; 2],
    columns: &'static str,
    choices: &'static [(&'static str, &'static [&'static str], [&'static str; 2])],
    numbers: &'static [(&'static str, f64, f64, f64, [&'static str; 2])],
}

const STEPS: &[StepForm] = &[
    StepForm {
        step: "impute",
        title: ["Fill missing cells", "填补缺失值"],
        summary: [
            "Missing cells get the mean, median, most frequent or a constant value of the training rows",
            "用训练行的均值、中位数、众数或常数填补缺失的单元格",
        ],
        columns: "all",
        choices: &[("strategy", &["median", "mean", "most_frequent", "constant"], ["What fills them", "填补方式"])],
        numbers: &[],
    },
    StepForm {
        step: "drop_missing",
        title: ["Drop rows with gaps", "删除缺失行"],
        summary: ["Training rows with a missing cell are left out", "含缺失单元格的训练行不参与学习"],
        columns: "all",
        choices: &[],
        numbers: &[],
    },
    StepForm {
        step: "scale",
        title: ["Scale numbers", "缩放数值"],
        summary: ["Numbers are brought to comparable sizes", "把数值调整到可比的大小"],
        columns: "numeric",
        choices: &[("method", &["standard", "min_max", "robust", "max_abs"], ["How", "方法"])],
        numbers: &[],
    },
    StepForm {
        step: "encode",
        title: ["Encode categories", "类别编码"],
        summary: ["Categories become numbers", "把类别变成数字"],
        columns: "categorical",
        choices: &[
            ("method", &["one_hot", "ordinal", "label"], ["How", "方法"]),
            ("handle_unknown", &["ignore", "error"], ["What an unseen category does", "遇到未见类别时"]),
        ],
        numbers: &[],
    },
    StepForm {
        step: "drop_columns",
        title: ["Drop columns", "删除列"],
        summary: ["Columns the model should not see", "不让模型看到的列"],
        columns: "names",
        choices: &[],
        numbers: &[],
    },
    StepForm {
        step: "clip",
        title: ["Clip extremes", "截断极端值"],
        summary: ["Numbers beyond two quantiles are moved to them", "超出两个分位数的数值移到分位数上"],
        columns: "numeric",
        choices: &[],
        numbers: &[
            ("lower_quantile", 0.01, 0.0, 1.0, ["Lower quantile", "下分位数"]),
            ("upper_quantile", 0.99, 0.0, 1.0, ["Upper quantile", "上分位数"]),
        ],
    },
    StepForm {
        step: "log1p",
        title: ["Take logarithms", "取对数"],
        summary: ["ln(1 + x), for numbers that grow by factors", "ln(1 + x)，适合成倍增长的数值"],
        columns: "numeric",
        choices: &[],
        numbers: &[],
    },
    StepForm {
        step: "polynomial",
        title: ["Add products", "添加乘积项"],
        summary: ["Products of numbers up to a degree", "加入数值的乘积，直到给定的次数"],
        columns: "numeric",
        choices: &[],
        numbers: &[("degree", 2.0, 2.0, 3.0, ["Degree", "次数"])],
    },
];

fn step_doc(form: &StepForm) -> StepDocMsg {
    let choices = form.choices.iter().map(|(name, options, short)| ParamDocMsg {
        name: (*name).to_owned(),
        default: Value::from(options[0]),
        range: ParamKindMsg::Choice { options: words(options) },
        unit: String::new(),
        short: text(*short),
        long: String::new(),
    });
    let numbers = form.numbers.iter().map(|(name, default, min, max, short)| ParamDocMsg {
        name: (*name).to_owned(),
        default: if *name == "degree" { Value::from(*default as u64) } else { Value::from(*default) },
        range: if *name == "degree" {
            ParamKindMsg::Integer { min: *min, max: *max, nullable: false }
        } else {
            ParamKindMsg::Number { min: *min, max: *max, min_excluded: false, nullable: false }
        },
        unit: String::new(),
        short: text(*short),
        long: String::new(),
    });
    StepDocMsg {
        step: form.step.to_owned(),
        title: text(form.title),
        summary: text(form.summary),
        columns: form.columns.to_owned(),
        params: choices.chain(numbers).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_step_is_one_a_recipe_can_have() {
        for form in STEPS {
            let mut step = serde_json::Map::from_iter([("step".to_owned(), Value::from(form.step))]);
            if form.columns == "names" {
                step.insert("columns".to_owned(), Value::from(vec!["a"]));
            }
            for param in step_doc(form).params {
                step.insert(param.name, param.default);
            }
            let steps: Vec<vitrine_protocol::StepMsg> =
                serde_json::from_value(Value::from(vec![Value::Object(step)])).unwrap();
            super::super::core_recipe(&steps).unwrap();
        }
    }
}
