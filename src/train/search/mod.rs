//! Choosing between candidates: which there are, on how many rows each round is fitted, and who stands where.
//!
//! What comes in: the values a hyper-parameter may take, and scores by fold. What goes out: candidates, rounds, means and
//! ranks. Nothing is fitted here.

mod halving;
mod rank;
mod space;

pub use halving::{Round, best, schedule};
pub use rank::{Spread, ranks, spread};
pub use space::{N_CANDIDATES, Space};

/// The most fits one search may ask for.
pub const MAX_FITS: usize = 10_000;

crate::choice! {
    /// How candidates are found.
    pub enum Method {
        /// Every combination.
        Grid = "grid",
        /// Some combinations, drawn.
        Random = "random",
        /// Many candidates on few rows, then the best third of them on three times as many.
        Halving = "halving",
    }
}

crate::trouble! {
    /// What can be wrong with a search.
    pub enum SearchError in "train" {
        /// The search would fit too many models.
        TooManyFits { n_fits: String, limit: usize } => "too_many_fits",
            "this is {n_fits} fits, but a search may have at most {limit}",
            hint "List fewer values, use fewer folds, or draw candidates with method \"random\"",
            place crate::error::Place::field("space");
        /// There is nothing to fit.
        NothingToCompare {} => "nothing_to_compare",
            "there is no model to fit",
            hint "Name at least one model",
            place crate::error::Place::field("models");
        /// Values to vary are not a list or a range.
        BadSpace { name: String, given: String, expected: String } => "bad_space",
            "the values of {name:?} are {given}, but must be {expected}",
            hint "Give a list as [1, 2, 3], or for a number {{ \"low\": 0.01, \"high\": 10, \"log\": true }}",
            place crate::error::Place::field(format!("space.{name}"));
        /// The way to search is not one.
        BadMethod { given: String } => "bad_search_method",
            "method is {given:?}, but must be \"grid\", \"random\" or \"halving\"",
            hint "Leave method out for \"grid\"",
            place crate::error::Place::field("method");
        /// There is no such number of candidates.
        BadCandidates { given: usize } => "bad_candidates",
            "n_candidates is {given}, but must be at least 1, and is for method \"random\" or \"halving\"",
            hint "Leave n_candidates out for 10",
            place crate::error::Place::field("n_candidates");
        /// The measure to go by is not one of this task.
        BadScoring { given: String, known: String } => "bad_scoring",
            "scoring is {given:?}, but must be one of {known}",
            hint "Leave scoring out for accuracy, or r2 for numbers",
            place crate::error::Place::field("scoring");
        /// Halving needs more rows.
        TooFewRows { n_rows: usize, n_needed: usize } => "too_few_rows_for_halving",
            "halving needs at least {n_needed} rows to begin with, but there are {n_rows}",
            hint "Use method \"grid\" or \"random\", or fewer folds",
            place crate::error::Place::field("method");
    }
}
