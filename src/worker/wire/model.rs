//! Models, answers and progress for the page.

use serde_json::{Value, json};
use vitrine_protocol::{
    self as wire, BlockMsg, BothMetricsMsg, Buffer, CoefficientsMsg, DeviceKind, DeviceMsg, EmbeddingMsg, FrontMsg,
    HistoryMsg, InputMsg, LayerMsg, ModelMsg, Precision, ProgressMsg, ReceiptMsg, StructureMsg, TreeNodeMsg,
};

use crate::Error;
use crate::explain::{ExplainError, raw_threshold, tree_of};
use crate::model::{Answers, BlockKind, FittedNet, ModelCard, Pipeline, Structure, TreeNode};
use crate::preprocess::{FeatureDoc, Input, Task};
use crate::train::net::{Block, BlockSizes, Front, FrontPlan, Layer, Norm};
use crate::train::{Device, Epoch};
use crate::worker::Buffers;
use crate::worker::wire::fitted_recipe::fitted_step_msg;
use crate::worker::wire::table::kind_msg;
use crate::worker::workspace::ModelEntry;

/// Nets with more numbers are told without their weights: as JSON they would take megabytes.
const MOST_WEIGHTS: usize = 20_000;

/// Filters with more numbers are not drawn.
const MOST_FILTERS: usize = 5_000;

/// A device for the page.
pub(in crate::worker) fn device_msg(device: &Device, fallback_reason: Option<String>) -> DeviceMsg {
    DeviceMsg {
        kind: device_kind(device.is_webgpu()),
        name: device.name().to_owned(),
        fallback_reason,
        step_ms: None,
        precision: device.is_half().then_some(Precision::Float16),
    }
}

fn device_kind(is_webgpu: bool) -> DeviceKind {
    if is_webgpu { DeviceKind::WebGpu } else { DeviceKind::Cpu }
}

/// A model for the page.
pub(in crate::worker) fn model_msg(id: &str, entry: &ModelEntry) -> ModelMsg {
    let ModelEntry { pipeline, card, .. } = entry;
    ModelMsg {
        id: id.to_owned(),
        task: task_msg(pipeline.task),
        kind: pipeline.fitted.kind().to_owned(),
        table: card.table.clone(),
        target: pipeline.target.clone(),
        features: pipeline.recipe.inputs.iter().map(input_msg).collect(),
        classes: classes_msg(pipeline),
        feature_names: pipeline.recipe.feature_names(),
        recipe: pipeline.recipe.steps.iter().map(fitted_step_msg).collect(),
        params: card.params.clone(),
        metrics: BothMetricsMsg {
            train: card.train_metrics.clone(),
            test: card.test_metrics.clone(),
            folds: (!card.fold_metrics.is_empty()).then(|| super::search::fold_metrics_msg(&card.fold_metrics)),
        },
        structure: structure_msg(pipeline),
        history: card.history.iter().map(history_msg).collect(),
        fit_ms: card.fit_millis,
        device: DeviceMsg {
            kind: device_kind(card.device.0),
            name: card.device.1.clone(),
            fallback_reason: card.fallback_reason.clone(),
            step_ms: None,
            precision: card.is_half.then_some(Precision::Float16),
        },
        n_train: card.train_rows.len(),
        n_test: card.test_rows.len(),
        issues: card.issues.iter().map(super::issue_msg).collect(),
        receipt: receipt_msg(card),
    }
}

pub(super) fn task_msg(task: Task) -> wire::Task {
    match task {
        Task::Classification => wire::Task::Classification,
        Task::Regression => wire::Task::Regression,
        Task::Clustering => wire::Task::Clustering,
        Task::Projection => wire::Task::Projection,
        Task::AnomalyDetection => wire::Task::AnomalyDetection,
    }
}

pub(in crate::worker) fn classes_msg(pipeline: &Pipeline) -> Option<Vec<String>> {
    (!pipeline.classes.is_empty()).then(|| pipeline.classes.clone())
}

fn input_msg(input: &Input) -> InputMsg {
    InputMsg {
        name: input.name.clone(),
        kind: kind_msg(input.kind),
        categories: input.levels.clone(),
        min: input.span.map(|span| span[0]),
        median: input.span.map(|span| span[1]),
        max: input.span.map(|span| span[2]),
    }
}

fn receipt_msg(card: &ModelCard) -> ReceiptMsg {
    let receipt = card.receipt.clone();
    ReceiptMsg {
        data_sha256: receipt.data_sha256,
        spec_sha256: receipt.spec_sha256,
        seed: receipt.seed,
        version: receipt.version,
        made_from: receipt.made_from,
    }
}

fn history_msg((epoch, elapsed_ms): &(Epoch, f64)) -> HistoryMsg {
    HistoryMsg {
        epoch: epoch.number,
        train_loss: epoch.train_loss,
        valid_loss: epoch.valid_loss,
        elapsed_ms: *elapsed_ms,
    }
}

/// One tree's nodes for the page; a single tree is number 0.
///
/// **Errors** `explain.no_such_tree`.
pub(in crate::worker) fn tree_nodes(pipeline: &Pipeline, tree: usize) -> Result<Vec<TreeNodeMsg>, Error> {
    let all = |nodes: &[TreeNode]| -> Vec<TreeNodeMsg> {
        nodes.iter().enumerate().map(|(id, node)| node_msg(id, node, &pipeline.recipe.features)).collect()
    };
    let n_trees = match pipeline.fitted.structure() {
        Structure::Tree(nodes) if tree == 0 => return Ok(all(nodes)),
        Structure::Trees(trees) => {
            let mut nodes = all(&tree_of(trees, tree)?);
            for node in &mut nodes {
                let Some((codes, feature)) = trees.categories(tree, node.id).zip(node.feature) else { continue };
                (node.threshold, node.categories) =
                    (None, Some(pipeline.recipe.category_names(feature, codes.codes())));
            }
            return Ok(nodes);
        }
        Structure::Tree(_) => 1,
        _ => 0,
    };
    Err(ExplainError::NoSuchTree { index: tree, n_trees }.into())
}

fn structure_msg(pipeline: &Pipeline) -> StructureMsg {
    let features = &pipeline.recipe.features;
    match pipeline.fitted.structure() {
        Structure::Tree(nodes) => StructureMsg::Tree {
            nodes: nodes.iter().enumerate().map(|(id, node)| node_msg(id, node, features)).collect(),
        },
        Structure::Trees(trees) => StructureMsg::Trees {
            n_trees: trees.n_trees(),
            n_nodes: (0..trees.n_trees()).map(|tree| trees.n_nodes(tree)).collect(),
            importances: trees.importances().map(<[f64]>::to_vec),
            is_sum: trees.is_sum(),
        },
        Structure::Plain => StructureMsg::Plain {},
        Structure::Clusters { centers, sizes } => {
            StructureMsg::Clusters { centers: lists(centers, features.len()), sizes: sizes.to_vec() }
        }
        Structure::Components(pca) => StructureMsg::Components {
            components: lists(&pca.components, features.len()),
            mean: pca.mean.clone(),
            explained_variance: pca.explained_variance.clone(),
            explained_variance_ratio: pca.explained_variance_ratio.clone(),
            singular_values: pca.singular_values.clone(),
        },
        Structure::Net(fitted) => net_msg(fitted, features),
        Structure::Linear { coefficients, intercepts, task } => {
            let rows: Vec<Value> = coefficients.chunks(features.len()).map(|row| json!(row)).collect();
            StructureMsg::Linear(match task {
                Task::Classification => {
                    CoefficientsMsg { coefficients: Value::from(rows), intercept: json!(intercepts) }
                }
                _ => CoefficientsMsg { coefficients: json!(coefficients), intercept: json!(intercepts.first()) },
            })
        }
    }
}

fn net_msg(fitted: &FittedNet, features: &[FeatureDoc]) -> StructureMsg {
    let net = fitted.net();
    let n_parameters = net.n_parameters();
    let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|x| f64::from(*x)).collect() };
    let norm = |norm: &Norm| {
        let all = [("gamma", &norm.gamma), ("beta", &norm.beta), ("mean", &norm.mean), ("variance", &norm.variance)];
        all.into_iter().map(|(name, numbers)| (name.to_owned(), wide(numbers))).collect()
    };
    let layer = |(idx, layer): (usize, &Layer)| LayerMsg {
        n_inputs: layer.n_inputs,
        n_outputs: layer.n_outputs,
        activation: if idx + 1 < net.layers.len() { net.activation.word() } else { "identity" }.to_owned(),
        weights: (n_parameters <= MOST_WEIGHTS).then(|| wide(&layer.weights)),
        biases: wide(&layer.biases),
        norm: layer.norm.as_ref().map(norm),
    };
    StructureMsg::Net {
        layers: net.layers.iter().enumerate().map(layer).collect(),
        n_parameters,
        output_activation: fitted.output_activation().to_owned(),
        target_scale: fitted.scale().map(|scale| [scale.mean, scale.deviation]),
        storage: fitted.storage().word().to_owned(),
        scheme: fitted.storage().grouping().map(|grouping| grouping.word().to_owned()),
        front: net.front.as_ref().map(|front| front_msg(front, features)),
    }
}

/// What stands before the layers.
fn front_msg(front: &Front, features: &[FeatureDoc]) -> FrontMsg {
    match &front.plan {
        FrontPlan::Embeddings(plan) => {
            let column = |&(feature, n_categories): &(usize, usize)| EmbeddingMsg {
                feature_name: features[feature].name.clone(),
                n_categories,
                dim: plan.dim,
            };
            FrontMsg::Embeddings { columns: plan.categories.iter().map(column).collect() }
        }
        FrontPlan::Convolutions(plan) => {
            let filters = &front.learned[0];
            let is_told = |idx: usize, block: &Block| idx == 0 && !block.is_separable && filters.len() <= MOST_FILTERS;
            let block = |(idx, (block, size)): (usize, (&Block, BlockSizes))| BlockMsg {
                kind: if block.is_separable { BlockKind::Separable } else { BlockKind::Plain }.word().to_owned(),
                filters: block.filters,
                kernel_size: plan.kernel_size,
                height: size.height,
                width: size.width,
                is_pooled: size.is_pooled,
                n_parameters: size.n_parameters,
                weights: is_told(idx, block).then(|| filters.iter().map(|x| f64::from(*x)).collect()),
            };
            FrontMsg::Convolutions {
                height: plan.height,
                width: plan.width,
                channels: plan.channels,
                blocks: plan.blocks.iter().zip(plan.sizes()).enumerate().map(block).collect(),
            }
        }
        FrontPlan::Recurrent(cells) => FrontMsg::Recurrent {
            cell: cells.cell.word().to_owned(),
            n_steps: cells.n_steps,
            n_features: cells.n_columns,
            n_units: cells.n_units,
            n_layers: cells.n_layers,
        },
    }
}

fn lists(numbers: &[f64], n_features: usize) -> Vec<Vec<f64>> {
    numbers.chunks(n_features).map(<[f64]>::to_vec).collect()
}

fn node_msg(id: usize, node: &TreeNode, features: &[FeatureDoc]) -> TreeNodeMsg {
    let split = node.split.as_ref();
    let doc = split.map(|split| &features[split.feature]);
    TreeNodeMsg {
        id,
        parent: node.parent,
        left: split.map(|split| split.left),
        right: split.map(|split| split.right),
        feature: split.map(|split| split.feature),
        feature_name: doc.map(|doc| doc.name.clone()),
        threshold: split.zip(doc).and_then(|(split, doc)| raw_threshold(doc, split)),
        missing_go_to_left: split.map(|split| split.missing_go_to_left),
        categories: None,
        n_samples: node.n_samples,
        weighted_n_samples: node.weighted_n_samples,
        impurity: node.impurity,
        value: node.value.clone(),
    }
}

/// Answers as buffers: `codes` and `probabilities` for classes, `values` for numbers, `codes` and `distances` for
/// clusters, `components` for projections, `codes` and `scores` for oddity.
pub(in crate::worker) fn prediction_buffers(answers: Answers) -> Buffers {
    let codes = answers.codes();
    match answers {
        Answers::Classes { probabilities, .. } => {
            vec![("codes", Buffer::U32(codes)), ("probabilities", Buffer::F64(probabilities))]
        }
        Answers::Values(values) => vec![("values", Buffer::F64(values))],
        Answers::Clusters { distances, .. } => {
            vec![("codes", Buffer::U32(codes)), ("distances", Buffer::F64(distances))]
        }
        Answers::Components { values, .. } => vec![("components", Buffer::F64(values))],
        Answers::Scores { scores, .. } => vec![("codes", Buffer::U32(codes)), ("scores", Buffer::F64(scores))],
    }
}

/// What an epoch tells.
pub(in crate::worker) fn epoch_progress(epoch: Option<&Epoch>, fraction: f64, message: &str) -> ProgressMsg {
    ProgressMsg {
        fraction,
        epoch: epoch.map(|epoch| epoch.number),
        n_epochs: epoch.map(|epoch| epoch.of),
        train_loss: epoch.map(|epoch| epoch.train_loss),
        valid_loss: epoch.and_then(|epoch| epoch.valid_loss),
        best_score: None,
        eta_ms: None,
        message: message.to_owned(),
        view: None,
    }
}
