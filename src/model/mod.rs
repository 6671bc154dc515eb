//! What can be learned: one file per model, one line per model in [`REGISTRY`].
//!
//! A model's file holds its spec (the declaration of its parameters), its session (how it is fitted, step by step),
//! its fitted form and its evidence. Everything else (forms, validation, the manual, the contract tests, saved files)
//! follows from the registry.

mod answers;
mod by_class;
mod card;
mod categorical_nb;
mod category_set;
mod class_weight;
mod coordinate_descent;
mod decision_tree;
mod elastic_net;
mod gradient_boosting;
mod isolation_forest;
mod k_means;
mod k_nearest_neighbors;
mod lasso;
mod linear_map;
mod linear_regression;
mod logistic_regression;
mod naive_bayes;
mod net;
mod pca;
mod pipeline;
mod priors;
mod random_forest;
mod ridge;
mod state;
mod structure;
mod svc;

pub use answers::Answers;
pub(crate) use answers::argmax;
pub use by_class::{ByClass, ByClassError, by_code, check_classes};
pub use card::{Metrics, ModelCard, Receipt};
pub use categorical_nb::{CategoricalNbIssue, CategoricalNbSpec, FittedCategoricalNb};
pub use category_set::CategorySet;
pub use class_weight::{ClassWeight, ClassWeightError};
pub use coordinate_descent::CoordinateIssue;
pub use decision_tree::{Criterion, DecisionTreeSpec, FittedDecisionTree, Pruned, Pruning, TreeError, TreeSplitter};
pub use elastic_net::ElasticNetSpec;
pub use gradient_boosting::{
    BoostingError, CategoricalFeatures, EarlyStopping, FittedGradientBoosting, GradientBoostingSpec,
};
pub use isolation_forest::{FittedIsolationForest, IsolationForestSpec};
pub use k_means::{ClusterError, ClusterInit, ClusterIssue, FittedKMeans, KMeansSpec};
pub use k_nearest_neighbors::{FittedKNearestNeighbors, KNearestNeighborsSpec, NeighborIssue, NeighborWeights, Power};
pub use lasso::LassoSpec;
pub use linear_map::FittedLinear;
pub use linear_regression::{LinearError, LinearIssue, LinearRegressionSpec, LinearSolver};
pub use logistic_regression::{
    FittedLogisticRegression, LogisticError, LogisticIssue, LogisticRegressionSpec, LogisticSolver, Penalty,
};
pub use naive_bayes::{BayesError, FittedNaiveBayes, NaiveBayesSpec};
pub(crate) use net::tune;
pub use net::{BlockKind, CellSpec, CnnSpec, FittedNet, ImageError, ImageSpec, MlpSpec, RnnSpec, Storage};
pub use pca::{FittedPca, LeadingDirections, PcaError, PcaIssue, PcaSpec};
pub use pipeline::{Pipeline, code_names};
pub use priors::{Priors, PriorsError};
pub use random_forest::{
    ExtraTreesSpec, FittedForest, ForestError, ForestIssue, MaxFeatures, RandomForestSpec, TreeShare, read_trees,
    write_trees,
};
pub use ridge::{RidgeError, RidgeSpec};
pub use state::{Array, State, StateError, malformed};
pub use structure::{Structure, TreeNode, TreeSplit, Trees};
pub use svc::{FittedSvc, Gamma, Kernel, SvcError, SvcIssue, SvcSpec};

use crate::Error;
use crate::param::{ParamDoc, ParamMap};
use crate::preprocess::Matrix;
use crate::train::{FitInput, Session, Task};

/// A fit under way, of any kind.
pub type BoxedSession = Box<dyn Session<dyn Fitted>>;

/// A kind of model, as declared in its file.
pub struct ModelKind {
    /// Its name in requests.
    pub kind: &'static str,
    /// Its name for people, in English and Simplified Chinese.
    pub title: [&'static str; 2],
    /// What it does, in both languages.
    pub summary: [&'static str; 2],
    /// What it can learn.
    pub tasks: &'static [Task],
    /// Whether, with these (checked) parameters, features should be scaled to comparable sizes when the user gives no
    /// recipe.
    pub wants_scaling: fn(&ParamMap) -> bool,
    /// The declarations of its parameters.
    pub docs: fn() -> Vec<ParamDoc>,
    /// Checks parameters and lists all of them, defaults included.
    pub check: fn(&ParamMap) -> Result<ParamMap, Error>,
    /// Replaces what was left open (`"auto"`) by what it means for a task, so that a fitted model's parameters tell how
    /// it was made.
    pub resolve: fn(&mut ParamMap, Task),
    /// Whether a fit with these (checked) parameters would use a WebGPU device.
    pub uses_tensors: fn(&ParamMap) -> bool,
    /// Whether a fit with these (checked) parameters draws training rows, or batches of them, by their position: the
    /// same rows in another order then make another model.
    pub draws_rows: fn(&ParamMap) -> bool,
    /// Whether, with these (checked) parameters, cells of the matrix may be missing (NaN): the recipe then leaves numbers
    /// that are missing as they are, and the model says what a missing one means.
    pub takes_missing: fn(&ParamMap) -> bool,
    /// Whether, with these (checked) parameters, rows may have weights.
    pub takes_weights: fn(&ParamMap) -> bool,
    /// Starts a fit.
    pub start: fn(&ParamMap, FitInput) -> Result<BoxedSession, Error>,
    /// Reads a fitted model back from [`Fitted::state`]; every malformed state is an error, never a panic.
    pub load: fn(&State) -> Result<Box<dyn Fitted>, Error>,
}

impl ModelKind {
    /// Whether features that held categories should be their codes when the user gives no recipe: one feature per
    /// category would count as many times as there are categories.
    pub fn reads_codes(&self) -> bool {
        self.kind == categorical_nb::KIND.kind
    }

    /// Whether, with these (checked) parameters, features may be categories ([`Matrix::categorical`]): so says a model that
    /// declares `categorical_features`, whose questions are for sets of them, or that learns a vector for each
    /// (`embedding_dim`). The recipe then encodes categories as ordinal.
    pub fn takes_categories(&self, params: &ParamMap) -> bool {
        let asks_for_sets =
            params.get("categorical_features").is_some_and(|word| word == CategoricalFeatures::FromDtype.word());
        asks_for_sets || params.get("embedding_dim").and_then(serde_json::Value::as_u64).is_some_and(|dim| dim > 0)
    }

    /// Whether its fits can be watched and steered ([`Session::watched`]): those of nets.
    pub fn is_watchable(&self) -> bool {
        [net::mlp::KIND.kind, net::cnn::KIND.kind, net::rnn::KIND.kind].contains(&self.kind)
    }

    /// Whether its trees follow from their numbers alone, so that several workers can grow them.
    pub fn shares_trees(&self) -> bool {
        [random_forest::KIND.kind, random_forest::EXTRA_TREES.kind].contains(&self.kind)
    }

    /// Starts a fit of some trees of a forest, or of a forest some of whose trees were grown elsewhere: the model is the
    /// same as that of [`ModelKind::start`], bit for bit.
    ///
    /// **Errors** of a fit; `export.malformed_model` when what was grown elsewhere are not trees of this forest.
    ///
    /// **Panics** unless it [shares its trees](ModelKind::shares_trees).
    pub fn start_share(&self, params: &ParamMap, input: FitInput, share: TreeShare) -> Result<BoxedSession, Error> {
        assert!(self.shares_trees(), "only trees that follow from their numbers can be grown anywhere");
        random_forest::start_share(self.kind, params, input, share)
    }
}

/// Every model there is, in the order forms list them.
pub static REGISTRY: &[ModelKind] = &[
    decision_tree::KIND,
    random_forest::KIND,
    random_forest::EXTRA_TREES,
    gradient_boosting::KIND,
    linear_regression::KIND,
    ridge::KIND,
    lasso::KIND,
    elastic_net::KIND,
    logistic_regression::KIND,
    net::mlp::KIND,
    net::cnn::KIND,
    net::rnn::KIND,
    svc::KIND,
    k_nearest_neighbors::KIND,
    naive_bayes::KIND,
    categorical_nb::KIND,
    k_means::KIND,
    pca::KIND,
    isolation_forest::KIND,
];

/// Finds a kind of model by name.
///
/// **Errors** `train.unknown_model`.
pub fn find(kind: &str) -> Result<&'static ModelKind, Error> {
    REGISTRY.iter().find(|model| model.kind == kind).ok_or_else(|| {
        let known: Vec<&str> = REGISTRY.iter().map(|model| model.kind).collect();
        ModelError::UnknownModel { kind: kind.to_owned(), known: known.join(", ") }.into()
    })
}

/// Makes sure that rows to be learned from without a target have no labels.
///
/// **Errors** `train.wrong_task`.
fn unlabelled(kind: &str, input: &FitInput) -> Result<(), Error> {
    match input.y.has_labels() {
        false => Ok(()),
        true => Err(ModelError::WrongTask { kind: kind.to_owned(), task: input.y.task().word().to_owned() }.into()),
    }
}

crate::trouble! {
    /// What can stop a fit.
    pub enum ModelError in "train" {
        /// There is no model of that kind.
        UnknownModel { kind: String, known: String } => "unknown_model",
            "there is no model {kind:?}; there are {known}",
            hint "Choose one of {known}",
            place crate::error::Place::field("model.kind");
        /// The model cannot learn this task.
        WrongTask { kind: String, task: String } => "wrong_task",
            "a {kind} cannot learn {task}",
            hint "Choose another model, or another target",
            place crate::error::Place::field("model.kind");
        /// The model takes no steps whose length could be tried out.
        NoLearningRate { kind: String } => "no_learning_rate",
            "a {kind} with these rows has no learning rate to try out",
            hint "Choose a net, and a target that varies",
            place crate::error::Place::field("model.kind");
        /// Rows have weights, but the model counts every row once.
        TakesNoWeights { kind: String } => "takes_no_weights",
            "a {kind} with these parameters counts every row once, so there is nothing to weigh",
            hint "Leave sample_weight out, or choose another model",
            place crate::error::Place::field("sample_weight");
        /// The model learns from a target, and none was given.
        TargetNeeded { kind: String } => "target_needed",
            "a {kind} learns to predict a column, and no target is given",
            hint "Name the column to predict as target",
            place crate::error::Place::field("target");
        /// A model has no weights of a net that could be made smaller, written or replaced.
        NotANet { kind: String } => "not_a_net",
            "a {kind} is no net, so it has no weights for that",
            hint "Choose a neural network",
            place crate::error::Place::field("model");
        /// The share of weights to set to 0 is no share.
        BadSparsity { given: f64 } => "bad_sparsity",
            "sparsity is {given}, but must be from 0 to 1",
            hint "0.8 sets 80 of 100 weights to 0",
            place crate::error::Place::field("sparsity");
        /// A pruned net is to be fitted for longer than any fit may take.
        TooManyFineTuneEpochs { given: usize, most: usize } => "too_many_fine_tune_epochs",
            "fine_tune_epochs is {given}, and at most {most} can be",
            hint "A few epochs are enough after pruning",
            place crate::error::Place::field("fine_tune_epochs");
        /// There is no such way to share scales.
        UnknownScheme { given: String, known: String } => "unknown_scheme",
            "there is no scheme {given:?}; there are {known}",
            hint "Leave scheme out for per_block",
            place crate::error::Place::field("scheme");
        /// The weights of a net were already rounded to eight bits.
        AlreadyQuantized { kind: String } => "already_quantized",
            "this {kind} has weights of eight bits already",
            hint "Quantize the model it was made from",
            place crate::error::Place::field("model");
        /// Fits are to be compared on folds, but there is no target to measure them against.
        FoldsNeedTarget { kind: String } => "folds_need_target",
            "a {kind} predicts no column, so folds cannot tell how good it is",
            hint "Leave folds out, or choose a model that predicts a column",
            place crate::error::Place::field("model.kind");
        /// The numbers are so large that a distance between two rows cannot be written down.
        DistancesNotFinite {} => "distances_not_finite",
            "a distance between rows is too large for a number",
            hint "Scale the features";
        /// The numbers are so large or so small that a coefficient cannot be written down.
        CoefficientsNotFinite {} => "coefficients_not_finite",
            "a coefficient is too large for a number",
            hint "Scale the features, or the target";
    }
}

/// A fitted model. It transforms nothing: it answers rows of the matrix its recipe makes.
pub trait Fitted {
    /// Its kind's name.
    fn kind(&self) -> &'static str;

    /// How many features it reads.
    fn n_features(&self) -> usize;

    /// Answers every row. Deterministic, and the same for a row alone as among others.
    ///
    /// **Shapes** `x`: `n_rows × n_features`.
    fn predict(&self, x: &Matrix) -> Answers;

    /// What answering one row costs, in numbers looked at: whoever answers many rows stops in between for a cancel.
    fn cost_per_row(&self) -> usize {
        self.n_features()
    }

    /// What it found out about itself while it was fitted, by name; it stands beside the measures on the training rows.
    fn measures(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// What it consists of, for drawing and explaining.
    fn structure(&self) -> Structure<'_>;

    /// The tree before it was pruned, if it was.
    fn unpruned(&self) -> Option<&[TreeNode]> {
        None
    }

    /// Its numbers by name, from which [`ModelKind::load`] makes the same model, bit for bit.
    fn state(&self) -> State;
}
