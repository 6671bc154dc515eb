//! What models consist of: trees, coefficients, clusters, components, nets and what stands before their layers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a model consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(untagged, from = "AnyStructure")]
pub enum StructureMsg {
    /// A tree.
    Tree {
        /// The nodes, root first, each before its children.
        nodes: Vec<TreeNodeMsg>,
    },
    /// Many trees; each can be asked for by its position.
    Trees {
        /// How many.
        n_trees: usize,
        /// How many nodes each has.
        n_nodes: Vec<usize>,
        /// How much of what the splits gained was gained by each feature, as shares; none where it is not known.
        importances: Option<Vec<f64>>,
        /// Whether the trees' values are added up (boosting: round by round, and in a round class by class where there
        /// are more than two) and not averaged.
        is_sum: bool,
    },
    /// A linear model.
    Linear(CoefficientsMsg),
    /// Clusters.
    Clusters {
        /// One list per cluster, one number per feature of the matrix.
        centers: Vec<Vec<f64>>,
        /// Training rows in each.
        sizes: Vec<u32>,
    },
    /// Principal components.
    Components {
        /// One list per component, one number per feature of the matrix.
        components: Vec<Vec<f64>>,
        /// The mean of each feature.
        mean: Vec<f64>,
        /// The variance of each component's values.
        explained_variance: Vec<f64>,
        /// Its share of the variance of all features.
        explained_variance_ratio: Vec<f64>,
        /// The length of each component's values.
        singular_values: Vec<f64>,
    },
    /// A net.
    Net {
        /// Its layers, the last being the outputs.
        layers: Vec<LayerMsg>,
        /// Numbers that were learned.
        n_parameters: usize,
        /// What the last layer's sums become: `logistic`, `softmax` or, of numbers, `identity`.
        output_activation: String,
        /// Of numbers, the mean and the deviation that answers are put back with: `mean + deviation · output`.
        target_scale: Option<[f64; 2]>,
        /// How a file holds its weights: `float32`, `float16` (which hold each as it is), `int8` (with scales), or where
        /// more than half are 0 the same with `sparse_` before.
        storage: String,
        /// Of `int8`, which weights share a scale: `per_tensor`, `per_channel` or `per_block`.
        scheme: Option<String>,
        /// What turns a row into what the first layer reads; `null` where that reads the features themselves.
        front: Option<FrontMsg>,
    },
    /// A model that is not drawn by itself.
    Plain {},
}

/// Any structure, read in one pass: an untagged enum keeps what it read and reads it again for every variant.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AnyStructure {
    nodes: Option<Vec<TreeNodeMsg>>,
    n_trees: Option<usize>,
    n_nodes: Vec<usize>,
    importances: Option<Vec<f64>>,
    coefficients: Option<Value>,
    intercept: Value,
    is_sum: bool,
    centers: Option<Vec<Vec<f64>>>,
    sizes: Vec<u32>,
    components: Option<Vec<Vec<f64>>>,
    mean: Vec<f64>,
    explained_variance: Vec<f64>,
    explained_variance_ratio: Vec<f64>,
    singular_values: Vec<f64>,
    layers: Option<Vec<LayerMsg>>,
    n_parameters: usize,
    output_activation: String,
    target_scale: Option<[f64; 2]>,
    storage: String,
    scheme: Option<String>,
    front: Option<FrontMsg>,
}

impl From<AnyStructure> for StructureMsg {
    fn from(any: AnyStructure) -> Self {
        match any {
            AnyStructure { nodes: Some(nodes), .. } => Self::Tree { nodes },
            AnyStructure { n_trees: Some(n_trees), n_nodes, importances, is_sum, .. } => {
                Self::Trees { n_trees, n_nodes, importances, is_sum }
            }
            AnyStructure { coefficients: Some(coefficients), intercept, .. } => {
                Self::Linear(CoefficientsMsg { coefficients, intercept })
            }
            AnyStructure { centers: Some(centers), sizes, .. } => Self::Clusters { centers, sizes },
            AnyStructure {
                components: Some(components),
                mean,
                explained_variance,
                explained_variance_ratio,
                singular_values,
                ..
            } => Self::Components { components, mean, explained_variance, explained_variance_ratio, singular_values },
            AnyStructure {
                layers: Some(layers),
                n_parameters,
                output_activation,
                target_scale,
                front,
                storage,
                scheme,
                ..
            } => Self::Net { layers, n_parameters, output_activation, target_scale, front, storage, scheme },
            _ => Self::Plain {},
        }
    }
}

/// What stands before a net's layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FrontMsg {
    /// Cells read a row's steps one after the other: the features are columns, the steps of each side by side, oldest
    /// first.
    Recurrent {
        /// `lstm` or `gru`.
        cell: String,
        /// Steps of a row.
        n_steps: usize,
        /// Numbers of each step.
        n_features: usize,
        /// What each layer of cells remembers, and the last hands on.
        n_units: usize,
        /// Layers of cells.
        n_layers: usize,
    },
    /// Categories become learned vectors, behind the other features.
    Embeddings {
        /// Each feature that is a category.
        columns: Vec<EmbeddingMsg>,
    },
    /// Filters move over an image: the features are its pixels, row by row, the channels of each side by side.
    Convolutions {
        /// Rows of pixels.
        height: usize,
        /// Pixels of a row.
        width: usize,
        /// Numbers of a pixel.
        channels: usize,
        /// One behind the other.
        blocks: Vec<BlockMsg>,
    },
}

/// A category as a learned vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct EmbeddingMsg {
    /// The feature.
    pub feature_name: String,
    /// How many categories it has.
    pub n_categories: usize,
    /// How long a vector is.
    pub dim: usize,
}

/// Some filters, and the pooling behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct BlockMsg {
    /// `plain`, or `separable`: each channel by itself, then sums over the channels.
    pub kind: String,
    /// How many there are.
    pub filters: usize,
    /// How many pixels a filter sees each way.
    pub kernel_size: usize,
    /// Rows of pixels of what a filter answers.
    pub height: usize,
    /// Pixels of a row of that.
    pub width: usize,
    /// Whether what is handed on is half as high and wide, the largest of two by two pixels.
    pub is_pooled: bool,
    /// Numbers that were learned.
    pub n_parameters: usize,
    /// Of the first block if it is plain, up to 5,000 numbers: the filters, `kernel_size × kernel_size × channels × filters`.
    pub weights: Option<Vec<f64>>,
}

/// A layer of a net: `activation(biases + inputs · weights)`, the sums standardised by `norm` where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LayerMsg {
    /// What it reads: the matrix' features, or the units of the layer before.
    pub n_inputs: usize,
    /// Its units.
    pub n_outputs: usize,
    /// What they make of their sums; `identity` for the last layer.
    pub activation: String,
    /// Row-major, `n_inputs × n_outputs`; `null` of a net with more than 20,000 numbers.
    pub weights: Option<Vec<f64>>,
    /// One per unit.
    pub biases: Vec<f64>,
    /// `gamma`, `beta`, `mean` and `variance`, one of each per unit, where sums are standardised.
    pub norm: Option<BTreeMap<String, Vec<f64>>>,
}

/// A node of a tree; a leaf has no children, feature or threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TreeNodeMsg {
    /// Its position in `nodes`.
    pub id: usize,
    /// The node above.
    pub parent: Option<usize>,
    /// Where `value <= threshold` goes, and every known value where there is no threshold.
    pub left: Option<usize>,
    /// Where the rest goes.
    pub right: Option<usize>,
    /// The feature asked, its position in `feature_names`.
    pub feature: Option<usize>,
    /// The feature asked, by name.
    pub feature_name: Option<String>,
    /// In the raw column's units; none where it asks for categories, or only whether the value is missing.
    pub threshold: Option<f64>,
    /// The categories that go left, where it asks for some.
    #[cfg_attr(feature = "types", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Whether a missing value goes left; none at a leaf.
    pub missing_go_to_left: Option<bool>,
    /// Training rows that reach it.
    pub n_samples: usize,
    /// What these count together: their weights added up, or their number.
    pub weighted_n_samples: f64,
    /// Gini or entropy (in bits) or variance of the target here.
    pub impurity: f64,
    /// Classification: the share of each class here. Regression: the mean, alone.
    pub value: Vec<f64>,
}

/// A linear model's numbers, for the matrix' features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CoefficientsMsg {
    /// Regression: one number per feature. Classification: one list per class; for two classes one list, of the second.
    pub coefficients: Value,
    /// Regression: a number. Classification: one number per list.
    pub intercept: Value,
}
