//! What models answer.

/// A model's answers, in row order.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Classification.
    Classes {
        /// Row-major, `n_rows × n_classes`; each row sums to 1.
        probabilities: Vec<f64>,
        /// How many classes there are.
        n_classes: usize,
    },
    /// Regression.
    Values(Vec<f64>),
    /// Clustering.
    Clusters {
        /// The cluster of each row.
        codes: Vec<u32>,
        /// How far each row is from the centre of its cluster.
        distances: Vec<f64>,
    },
    /// Projection.
    Components {
        /// Row-major, `n_rows × n_components`.
        values: Vec<f64>,
        /// How many components there are.
        n_components: usize,
    },
    /// Anomaly detection.
    Scores {
        /// Lower is odder, between −1 and 0.
        scores: Vec<f64>,
        /// A row whose score is below it is an outlier.
        offset: f64,
    },
}

impl Answers {
    /// These answers, then those of more rows.
    ///
    /// **Panics** when the two are not of one sort: both come from one model.
    pub fn followed_by(mut self, more: Answers) -> Answers {
        match (&mut self, more) {
            (Self::Classes { probabilities, .. }, Self::Classes { probabilities: more, .. }) => {
                probabilities.extend(more);
            }
            (Self::Values(values), Self::Values(more))
            | (Self::Components { values, .. }, Self::Components { values: more, .. })
            | (Self::Scores { scores: values, .. }, Self::Scores { scores: more, .. }) => values.extend(more),
            (Self::Clusters { codes, distances }, Self::Clusters { codes: more, distances: farther }) => {
                codes.extend(more);
                distances.extend(farther);
            }
            _ => panic!("one model gives one kind of answers"),
        }
        self
    }

    /// The most probable class of each row, the first among equals; its cluster; 1 for an outlier and 0 for other rows.
    /// Empty for answers that are numbers.
    pub fn codes(&self) -> Vec<u32> {
        match self {
            Self::Classes { probabilities, n_classes } => {
                probabilities.chunks_exact(*n_classes).map(|row| argmax(row) as u32).collect()
            }
            Self::Clusters { codes, .. } => codes.clone(),
            Self::Scores { scores, offset } => scores.iter().map(|score| u32::from(score < offset)).collect(),
            Self::Values(_) | Self::Components { .. } => Vec::new(),
        }
    }
}

/// The position of the largest number, the first among equals.
pub(crate) fn argmax(numbers: &[f64]) -> usize {
    (1..numbers.len()).fold(0, |best, idx| if numbers[idx] > numbers[best] { idx } else { best })
}
