//! The feature matrix (f64, feature by feature) and the target beside it.

use std::rc::Rc;

use crate::table::{Table, cell_text};

/// Numbers in rows and features, stored feature by feature.
///
/// Trees sort features and scalers sweep them, so a feature is contiguous; [`Matrix::to_row_major`] serves the rest.
///
/// **Shapes** `n_rows × n_features`.
///
/// ```
/// use vitrine::preprocess::Matrix;
/// let x = Matrix::from_columns(vec![vec![1.0, 2.0], vec![3.0, 4.0]]);
/// assert_eq!(x.feature(1), [3.0, 4.0]);
/// assert_eq!(x.to_row_major(), [1.0, 3.0, 2.0, 4.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    features: Vec<Vec<f64>>,
    n_rows: usize,
    is_categorical: Vec<bool>,
    names: Vec<String>,
    cells: Option<Box<Cells>>,
    window: Option<Window>,
}

/// The table that a matrix was made from, and which row of it each row was.
#[derive(Clone, Debug, PartialEq)]
struct Cells {
    table: Rc<Table>,
    rows: Vec<u32>,
}

/// Columns that are several features each: a row's own numbers and those of rows before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Features of each column, side by side, oldest first.
    pub n_steps: usize,
    /// Whether that is all features are.
    pub is_whole: bool,
}

impl Matrix {
    /// Puts features of equal length side by side.
    ///
    /// **Panics** when the lengths differ.
    pub fn from_columns(features: Vec<Vec<f64>>) -> Self {
        let n_rows = features.first().map_or(0, Vec::len);
        assert!(features.iter().all(|feature| feature.len() == n_rows), "features of one matrix have one length");
        Self { features, n_rows, is_categorical: Vec::new(), names: Vec::new(), cells: None, window: None }
    }

    /// Says which features are codes of categories, for models that take these: from 0 to 254; what is below 0 is missing.
    ///
    /// **Panics** when it is not said of every feature.
    #[must_use]
    pub fn with_categorical(self, is_categorical: Vec<bool>) -> Self {
        assert_eq!(is_categorical.len(), self.features.len(), "one answer per feature");
        Self { is_categorical, ..self }
    }

    /// Which features are codes of categories; empty where none is.
    pub fn categorical(&self) -> &[bool] {
        &self.is_categorical
    }

    /// Says which column each feature came from, for whoever has to name one.
    ///
    /// **Panics** when it is not said of every feature.
    #[must_use]
    pub fn with_names(self, names: Vec<String>) -> Self {
        assert_eq!(names.len(), self.features.len(), "one name per feature");
        Self { names, ..self }
    }

    /// The column a feature came from; its number, from 1, where that was not said.
    ///
    /// ```
    /// use vitrine::preprocess::Matrix;
    /// let x = Matrix::from_columns(vec![vec![1.0], vec![3.0]]);
    /// assert_eq!(x.name(1), "feature 2");
    /// assert_eq!(x.with_names(vec!["a".into(), "b".into()]).name(1), "b");
    /// ```
    pub fn name(&self, feature: usize) -> String {
        self.names.get(feature).cloned().unwrap_or_else(|| format!("feature {}", feature + 1))
    }

    /// Says which row of a table each row was made from, for whoever has to name a cell.
    ///
    /// **Panics** when it is not said of every row.
    #[must_use]
    pub fn with_cells(self, table: Rc<Table>, rows: Vec<u32>) -> Self {
        assert_eq!(rows.len(), self.n_rows, "one row of the table per row");
        Self { cells: Some(Box::new(Cells { table, rows })), ..self }
    }

    /// The cell that a number was made from: the row of the table, from 0, and what stands there in [`Matrix::name`]'s
    /// column. None where that was not said or nothing stands there, and none of features that are steps of a window: they
    /// are made from cells of other rows.
    ///
    /// ```
    /// use vitrine::preprocess::Matrix;
    /// use vitrine::table::{Column, ColumnData, Table};
    /// let ages = Column { name: "age".into(), data: ColumnData::Numeric(vec![20.0, 30.0, 40.5]) };
    /// let table = Table::new(vec![ages]);
    /// let x = Matrix::from_columns(vec![vec![-1.0, 1.0]]).with_names(vec!["age".into()]);
    /// assert_eq!(x.with_cells(table.into(), vec![0, 2]).cell(1, 0), Some((2, "40.5".into())));
    /// ```
    pub fn cell(&self, row: usize, feature: usize) -> Option<(usize, String)> {
        let Cells { table, rows } = self.cells.as_deref().filter(|_| self.window.is_none())?;
        let row = *rows.get(row)? as usize;
        let text = cell_text(table.column(self.names.get(feature)?).ok()?, row);
        (!text.is_empty()).then(|| (row, text.into_owned()))
    }

    /// Says of which window its features are the steps.
    #[must_use]
    pub fn with_window(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }

    /// Of which window its features are the steps, if any are.
    pub fn window(&self) -> Option<Window> {
        self.window
    }

    /// Reads row-major numbers, as tests and reference files write them.
    ///
    /// **Panics** when `values` is not `n_features` numbers for each row.
    pub fn from_row_major(values: &[f64], n_features: usize) -> Self {
        assert!(n_features > 0 && values.len().is_multiple_of(n_features), "whole rows");
        let feature = |idx: usize| values.iter().skip(idx).step_by(n_features).copied().collect();
        Self::from_columns((0..n_features).map(feature).collect())
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Features.
    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    /// One feature, all rows.
    pub fn feature(&self, idx: usize) -> &[f64] {
        &self.features[idx]
    }

    /// All features.
    pub fn features(&self) -> &[Vec<f64>] {
        &self.features
    }

    /// The features themselves.
    pub fn into_features(self) -> Vec<Vec<f64>> {
        self.features
    }

    /// One number.
    pub fn get(&self, row: usize, feature: usize) -> f64 {
        self.features[feature][row]
    }

    /// The numbers row by row.
    pub fn to_row_major(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.n_rows * self.features.len()];
        for (idx, feature) in self.features.iter().enumerate() {
            for (row, &x) in feature.iter().enumerate() {
                values[row * self.features.len() + idx] = x;
            }
        }
        values
    }

    /// Some of the rows, in the order given.
    pub fn take_rows(&self, rows: &[u32]) -> Self {
        let take = |feature: &Vec<f64>| rows.iter().map(|&row| feature[row as usize]).collect();
        let (is_categorical, names) = (self.is_categorical.clone(), self.names.clone());
        let features = self.features.iter().map(take).collect();
        let of = |all: &Vec<u32>| rows.iter().map(|&row| all[row as usize]).collect();
        let cells = |cells: &Cells| Box::new(Cells { table: cells.table.clone(), rows: of(&cells.rows) });
        let cells = self.cells.as_deref().map(cells);
        Self { features, n_rows: rows.len(), is_categorical, names, cells, window: self.window }
    }
}

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of several classes.
    Classification,
    /// A number.
    Regression,
    /// Groups of rows that lie close together; there is no target.
    Clustering,
    /// Fewer numbers that keep what varies most; there is no target.
    Projection,
    /// How odd a row is among the others; there is no target.
    AnomalyDetection,
}

impl Task {
    /// Whether it is learned from labelled rows.
    pub fn has_target(self) -> bool {
        matches!(self, Self::Classification | Self::Regression)
    }

    /// Its name in requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Regression => "regression",
            Self::Clustering => "clustering",
            Self::Projection => "projection",
            Self::AnomalyDetection => "anomaly_detection",
        }
    }
}

/// What the rows are labelled with.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Positions in a list of classes.
    Classes {
        /// One per row, below `n_classes`.
        codes: Vec<u32>,
        /// How many classes there are; all of them occur in the training rows.
        n_classes: usize,
    },
    /// Finite numbers, one per row; none at all for what is learned without a target.
    Values(Vec<f64>),
}

impl Target {
    /// No labels: what is learned, is learned from the rows alone.
    ///
    /// ```
    /// use vitrine::preprocess::Target;
    /// assert!(!Target::none().has_labels());
    /// assert_eq!(Target::none().take_rows(&[4, 2]), Target::none());
    /// ```
    pub fn none() -> Self {
        Self::Values(Vec::new())
    }

    /// Whether the rows are labelled.
    pub fn has_labels(&self) -> bool {
        self.n_rows() > 0
    }

    /// Labelled rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Classes { codes, .. } => codes.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// What is to be learned from it, if it has labels.
    pub fn task(&self) -> Task {
        match self {
            Self::Classes { .. } => Task::Classification,
            Self::Values(_) => Task::Regression,
        }
    }

    /// Some of the rows, in the order given.
    pub fn take_rows(&self, rows: &[u32]) -> Self {
        match self {
            Self::Classes { codes, n_classes } => {
                Self::Classes { codes: rows.iter().map(|&row| codes[row as usize]).collect(), n_classes: *n_classes }
            }
            Self::Values(values) if values.is_empty() => Self::none(),
            Self::Values(values) => Self::Values(rows.iter().map(|&row| values[row as usize]).collect()),
        }
    }
}
