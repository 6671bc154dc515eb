//! What can go wrong while a net learns, and the doctor who says why.

#[cfg(feature = "tensors")]
use crate::error::Issues;
use crate::error::Place;
use crate::preprocess::Matrix;

crate::trouble! {
    /// Why a net is not learned.
    pub enum NetError in "train" {
        /// A net has more weights than a tab can hold.
        TooManyWeights { n_parameters: usize, limit: usize } => "too_many_weights",
            "the net would have {n_parameters} weights, and at most {limit} can be held",
            hint "Use fewer or smaller hidden layers",
            place Place::field("model.hidden_layer_sizes");
        /// Features are not so many steps of each column.
        StepsDoNotFit { n_features: usize, n_steps: usize } => "steps_do_not_fit",
            "the {n_features} features are not {n_steps} steps of each column",
            hint "Let the step lags take every column, and add or drop no features after it; or set n_steps",
            place Place::field("model.n_steps");
        /// Learning a net would take hours.
        TooMuchTraining { n_parameters: usize, n_rows: usize, n_epochs: usize, multiply_adds: f64, limit: f64 } => "too_much_training",
            "{n_parameters} weights, {n_rows} rows and {n_epochs} epochs are {multiply_adds:.1e} multiply-adds, and at most {limit:.0e} are done",
            hint "Lower max_iter, use smaller hidden layers, or fewer rows",
            place Place::field("model.max_iter");
        /// One batch would take so long that nothing could stop it.
        BatchTooLarge { batch_size: usize, n_parameters: usize, limit: usize } => "batch_too_large",
            "a batch of {batch_size} rows is too long a step for {n_parameters} weights; at most {limit} rows can be",
            hint "Set batch_size to {limit} or less",
            place Place::field("model.batch_size");
    }
}

crate::trouble! {
    /// What can be odd about learning a net.
    pub enum NetIssue in "train" {
        /// A net's loss stopped being a finite number because its steps were too long.
        RateTooHigh { epoch: usize, learning_rate: f64, lower: f64 } => "rate_too_high",
            "in epoch {epoch} the loss or a weight stopped being finite at learning rate {learning_rate}; the last weights that were finite are kept",
            hint "Set learning_rate_init to {lower} or less",
            place Place::field("model.learning_rate_init");
        /// A net's loss stopped being a finite number because a column's numbers are huge, whichever cells they are from.
        HugeColumn { epoch: usize, column: String, largest: f64 } => "huge_column",
            "in epoch {epoch} the loss or a weight stopped being finite, and {column:?} has numbers up to {largest:.1e}; the last weights that were finite are kept",
            hint "Scale {column:?}, clip it, or leave it out",
            place Place::column(column.clone());
        /// A net's loss stopped being a finite number because the number made from one cell is huge.
        HugeCell { epoch: usize, column: String, row: usize, value: String, prepared: String } => "huge_cell",
            "in epoch {epoch} the loss or a weight stopped being finite: row {row} has {value} in {column:?}, which is {prepared} when prepared; the last weights that were finite are kept",
            hint "Correct that cell, scale or clip {column:?}, or leave it out",
            place Place { row: Some(*row as u64 - 1), ..Place::column(column.clone()) };
        /// A net's epochs were used up while its loss still became smaller.
        EpochsUsedUp { max_iter: usize } => "epochs_used_up",
            "the loss still became smaller after {max_iter} epochs",
            hint "Raise max_iter, or learning_rate_init";
        /// A device or its worker was lost while a net learned.
        Resumed { epoch: usize, from: String, to: String } => "resumed",
            "learning broke off on {from} and went on, from what it was after {epoch} epochs, on {to}",
            hint "Nothing was lost: weights, optimiser and history were kept";
        /// All that a net could learn is one answer.
        OneAnswer {} => "one_answer",
            "all rows have the same target",
            hint "Every answer will be that; choose a target that varies";
        /// A recurrent net reads columns, and not rows, one after the other.
        NoWindow { n_features: usize } => "no_window",
            "without a window the {n_features} columns of a row are read as steps, one after the other",
            hint "Add the step lags to the recipe, so that each row stands beside those before it";
        /// There are too few rows to hold some back, so a net's training loss decides when to stop.
        NoRowsToHoldBack { n_rows: usize } => "no_rows_to_hold_back",
            "{n_rows} rows are too few to hold some back, so the training loss decides when to stop",
            hint "Load more rows, or set early_stopping to false";
    }
}

/// A prepared number this large is no scaled feature any more: a step of the usual size moves its product with a weight
/// by thousands.
#[cfg(feature = "tensors")]
const HUGE: f64 = 1e4;

/// What is known of a fit when it ends because something is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Doctor {
    /// The column with the largest number, and that number.
    largest: Option<(String, f64)>,
    /// The row of the table that it was made from, from 0, and what stands there.
    cell: Option<(usize, String)>,
    learning_rate: f64,
}

impl Doctor {
    /// Looks at the rows before they are learned from.
    pub fn new(x: &Matrix, learning_rate: f64) -> Self {
        let mut largest: Option<(usize, usize, f64)> = None;
        for (idx, feature) in x.features().iter().enumerate() {
            for (row, size) in feature.iter().map(|x| x.abs()).enumerate() {
                if largest.is_none_or(|(.., known)| size > known) {
                    largest = Some((row, idx, size));
                }
            }
        }
        Self {
            cell: largest.and_then(|(row, idx, _)| x.cell(row, idx)),
            largest: largest.map(|(_, idx, size)| (x.name(idx), size)),
            learning_rate,
        }
    }

    /// Says why the fit ended in this epoch.
    #[cfg(feature = "tensors")]
    pub(super) fn diagnose(&self, epoch: usize, issues: &mut Issues) {
        match &self.largest {
            Some((column, largest)) if *largest > HUGE => {
                let column = column.clone();
                match self.cell.clone() {
                    // Who reads it counts rows from 1.
                    Some((row, value)) => {
                        let (row, prepared) = (row + 1, format!("{largest:.1e}"));
                        issues.push(NetIssue::HugeCell { epoch, column, row, value, prepared });
                    }
                    None => issues.push(NetIssue::HugeColumn { epoch, column, largest: *largest }),
                }
            }
            _ => {
                let learning_rate = self.learning_rate;
                issues.push(NetIssue::RateTooHigh { epoch, learning_rate, lower: learning_rate / 10.0 });
            }
        }
    }
}
