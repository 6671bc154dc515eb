//! Why a model answers as it does.
//!
//! What comes in: a pipeline and a row, or two columns, or a projection. What goes out: the row's way through the tree (or the terms a
//! linear model adds up), in raw units and in one sentence; or the answers over a plane.

mod activations;
mod boundary;
mod path;
mod projection;
mod pruning;
mod votes;

pub use activations::{Activations, activations};
pub use boundary::{Axis, BoundaryPlan};
pub use path::{DecisionPath, PathStep, Term, decision_path, raw_threshold};
pub use projection::{Projecting, Projection};
pub use pruning::{PruningPoint, PruningScores};
pub use votes::{tree_of, vote};

crate::trouble! {
    /// What can be wrong with a request to explain.
    pub enum ExplainError in "explain" {
        /// The row asked for is not in the table.
        NoSuchRow { row: String, n_rows: usize } => "no_such_row",
            "there is no row {row}; the table has {n_rows}, counted from 0",
            hint "Ask for a row below {n_rows}, or give the row itself as an object",
            place crate::error::Place::field("row");
        /// A column of the plane is not one the model reads.
        NotAnInput { column: String, known: String } => "not_an_input",
            "the model does not read {column:?}; it reads {known}",
            hint "Choose two of {known}",
            place crate::error::Place::column(column.clone());
        /// The plane needs two different columns.
        SameColumn { column: String } => "same_column",
            "the plane needs two different columns, and both are {column:?}",
            hint "Choose another column for one of the axes",
            place crate::error::Place::column(column.clone());
        /// The tree asked for is not in the model.
        NoSuchTree { index: usize, n_trees: usize } => "no_such_tree",
            "there is no tree {index}; the model has {n_trees}, counted from 0",
            hint "Ask for a tree below {n_trees}",
            place crate::error::Place::field("index");
        /// The model has no trees that could be asked one by one.
        NotTrees { kind: String } => "not_trees",
            "a {kind} has no trees to ask",
            hint "Train a random forest, extra trees or gradient boosting",
            place crate::error::Place::field("kind");
        /// The model has no filters that could answer.
        NotImages { kind: String } => "not_images",
            "a {kind} reads no images",
            hint "Train a cnn",
            place crate::error::Place::field("kind");
        /// The model is not a single tree.
        NotATree { kind: String } => "not_a_tree",
            "a {kind} has no pruning path; a decision tree has",
            hint "Train a decision tree",
            place crate::error::Place::field("kind");
        /// The plane is asked for in two ways, or in none.
        WhichPlane { given: String } => "which_plane",
            "a plane is asked for by x and y, or by a projection alone, and here by {given}",
            hint "Name two columns as x and y, or leave them and fixed out beside a projection",
            place crate::error::Place::field("projection");
        /// There are not two directions in which the rows differ.
        NothingToProject { n_directions: usize } => "nothing_to_project",
            "a plane needs two directions in which rows differ, and here there are {n_directions}",
            hint "Choose two columns instead, or train on more features",
            place crate::error::Place::field("projection");
        /// The grid is too fine or too coarse.
        BadResolution { resolution: usize, limit: usize } => "bad_resolution",
            "resolution is {resolution}, but must be at least 2 and at most {limit}",
            hint "60 draws a smooth plane",
            place crate::error::Place::field("resolution");
    }
}
