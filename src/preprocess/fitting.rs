//! A recipe is learned from training rows, one feature of one step at a time.
//!
//! What comes in: a table, the training rows, their labels, the columns to use, the steps. What goes out: a
//! [`FittedRecipe`] and the training matrix. A cancel is heard between two features. Only [`Step::learn`] looks at
//! numbers to learn from, and it is only called here, on training rows.

use std::rc::Rc;

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Input, Values, read_input};
use crate::preprocess::input::learn_input;
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::recipe::{FeatureDoc, FittedRecipe, FittedStep, MAX_FEATURES, StepReport};
use crate::preprocess::step::{Learning, Select, Step};
use crate::preprocess::{
    Labels, Matrix, PreprocessError, PreprocessIssue, lags, polynomial, select, stats, target_encode,
};
use crate::table::{Table, number_text};

/// How many cells a step report shows.
const N_SAMPLE: usize = 5;

/// A recipe being learned.
pub struct Fitting {
    table: Rc<Table>,
    /// The training rows that are left.
    rows: Vec<u32>,
    columns: Vec<String>,
    steps: std::vec::IntoIter<Step>,
    n_steps: usize,
    inputs: Vec<Input>,
    features: Vec<Feature>,
    fitted: Vec<FittedStep>,
    current: Option<Current>,
    labels: Option<Labels>,
    keeps_missing: bool,
    issues: Issues,
}

/// The step being learned.
struct Current {
    step: Step,
    /// The features still to be met.
    waiting: std::vec::IntoIter<Feature>,
    /// The features that came out.
    done: Vec<Feature>,
    learned: Vec<(String, Learned)>,
    report: StepReport,
    /// Positions in `done` of the features the step met.
    factors: Vec<usize>,
}

/// What a finished [`Fitting`] gives.
pub struct Prepared {
    /// The recipe.
    pub recipe: FittedRecipe,
    /// The training matrix.
    pub matrix: Matrix,
    /// The training rows it holds: those given, less what was dropped.
    pub rows: Vec<u32>,
    /// What was odd.
    pub issues: Issues,
}

impl Fitting {
    /// Starts to learn `steps` from `rows` of `columns`. Missing numbers that no step fills are an error at the end, unless
    /// [`Fitting::keeping_missing`].
    ///
    /// **Errors** `table.no_such_column` for a column that is not there.
    pub fn new(table: Rc<Table>, rows: Vec<u32>, columns: &[String], steps: Vec<Step>) -> Result<Self, Error> {
        for name in columns {
            table.column_idx(name)?;
        }
        Ok(Self {
            table,
            rows,
            columns: columns.to_vec(),
            n_steps: steps.len(),
            steps: steps.into_iter(),
            inputs: Vec::new(),
            features: Vec::new(),
            fitted: Vec::new(),
            current: None,
            labels: None,
            keeps_missing: false,
            issues: Issues::new(),
        })
    }

    /// Lets steps learn from the labels of the training rows too.
    ///
    /// **Panics** when the labels are those of other rows.
    pub fn with_labels(mut self, labels: Labels) -> Self {
        assert_eq!(labels.rows, self.rows, "the labels of the training rows");
        self.labels = Some(labels);
        self
    }

    /// Leaves missing numbers that no step fills as they are, for a model that takes them.
    #[must_use]
    pub fn keeping_missing(self, keeps_missing: bool) -> Self {
        Self { keeps_missing, ..self }
    }

    /// Does one feature of one step. `true` once nothing is left to do.
    ///
    /// **Errors** of the step, with its position.
    pub fn step(&mut self) -> Result<bool, Error> {
        if self.inputs.len() < self.columns.len() {
            let column = self.table.column(&self.columns[self.inputs.len()])?;
            let input = learn_input(column, &self.rows);
            self.features.push(read_input(&input, self.table.as_ref(), &self.rows, &mut self.issues));
            self.inputs.push(input);
            return Ok(false);
        }
        match self.current.take() {
            None => match self.steps.next() {
                None => return Ok(true),
                Some(step) => self.begin(step)?,
            },
            Some(mut current) => match current.waiting.next() {
                Some(feature) => {
                    self.meet(&mut current, feature)?;
                    self.current = Some(current);
                }
                None => self.end(current)?,
            },
        }
        Ok(false)
    }

    /// From 0 to 1.
    pub fn fraction(&self) -> f64 {
        let reading = self.inputs.len() as f64 / self.columns.len().max(1) as f64;
        (reading + self.fitted.len() as f64) / (self.n_steps + 1) as f64
    }

    fn begin(&mut self, step: Step) -> Result<(), Error> {
        let idx = self.fitted.len();
        if let Select::Names(names) = step.columns() {
            check_names(names, &self.features, idx)?;
        }
        if let Step::Lags { .. } = step
            && let n_gaps @ 1.. = lags::n_gaps(&self.rows)
        {
            self.issues.push(PreprocessIssue::RowsApart { step: idx, n_gaps, n_rows: self.rows.len() });
        }
        let report = StepReport {
            n_rows: [self.rows.len(); 2],
            n_columns: [self.features.len(); 2],
            n_missing: [self.features.iter().map(|feature| feature.values.n_missing()).sum(); 2],
            sample: Default::default(),
            sample_of: 0,
        };
        let features = std::mem::take(&mut self.features);
        let current = Current {
            step,
            waiting: features.into_iter(),
            done: Vec::new(),
            learned: Vec::new(),
            report,
            factors: Vec::new(),
        };
        self.current = Some(current);
        Ok(())
    }

    fn meet(&mut self, current: &mut Current, feature: Feature) -> Result<(), Error> {
        if !current.step.columns().includes(&feature, &self.inputs) {
            current.done.push(feature);
            return Ok(());
        }
        let idx = self.fitted.len();
        let labels = self.labels.as_ref();
        let mut learning = Learning { inputs: &self.inputs, labels, step: idx, issues: &mut self.issues };
        let learned = current.step.learn(&feature, &mut learning)?;
        current.factors.push(current.done.len());
        let name = feature.name.clone();
        let before = sample(&feature);
        let mut applying = Applying { rows: &self.rows, report: false, step: idx, issues: &mut self.issues };
        let made = match (&current.step, labels) {
            (Step::TargetEncode { method, .. }, Some(labels)) => target_encode::out_of_fold(*method, &feature, labels),
            _ => learned.apply(feature, &mut applying)?,
        };
        let after = made.first().map(sample).unwrap_or_default();
        if current.report.sample[0].is_empty() && before != after {
            current.report.sample = [before, after];
            current.report.sample_of = current.learned.len();
        }
        current.done.extend(made);
        if current.done.len() + current.waiting.len() > MAX_FEATURES {
            let n_features = current.done.len() + current.waiting.len();
            return Err(PreprocessError::TooManyFeatures { n_features, limit: MAX_FEATURES, step: idx }.into());
        }
        current.learned.push((name, learned));
        Ok(())
    }

    fn end(&mut self, mut current: Current) -> Result<(), Error> {
        match current.step {
            Step::Polynomial { degree, interaction_only, .. } => {
                let idx = self.fitted.len();
                polynomial::append(&mut current.done, &current.factors, degree, interaction_only, idx)?;
            }
            Step::DropMissing { .. } => self.drop_missing(&mut current)?,
            Step::SelectFeatures { method, .. } => {
                let place = (self.fitted.len(), current.step.name());
                select::decide(method, &mut current.learned, &mut current.done, &current.factors, place)?;
            }
            _ => {}
        }
        self.features = current.done;
        current.report.n_rows[1] = self.rows.len();
        current.report.n_columns[1] = self.features.len();
        current.report.n_missing[1] = self.features.iter().map(|feature| feature.values.n_missing()).sum();
        self.fitted.push(FittedStep { step: current.step, learned: current.learned, report: current.report });
        Ok(())
    }

    fn drop_missing(&mut self, current: &mut Current) -> Result<(), Error> {
        let counting: Vec<&Feature> = current.factors.iter().map(|&idx| &current.done[idx]).collect();
        let keep: Vec<bool> =
            (0..self.rows.len()).map(|row| counting.iter().all(|feature| !feature.values.is_missing(row))).collect();
        let n_before = self.rows.len();
        let mut flags = keep.iter();
        self.rows.retain(|_| *flags.next().expect("one flag per row"));
        if self.rows.is_empty() && n_before > 0 {
            let why = "each of them has a missing cell".to_owned();
            return Err(PreprocessError::NoRows { n_before, why }.into());
        }
        for feature in &mut current.done {
            feature.values.retain_rows(&keep);
        }
        if let Some(labels) = &mut self.labels {
            labels.keep_rows(&self.rows);
        }
        Ok(())
    }

    /// The learned recipe and the training matrix, once [`Fitting::step`] has said that nothing is left to do.
    ///
    /// **Errors** `preprocess.categories_left`, `preprocess.missing_left`, `preprocess.not_finite`,
    /// `preprocess.no_features`.
    pub fn finish(mut self) -> Result<Prepared, Error> {
        let mut docs = Vec::with_capacity(self.features.len());
        let mut columns = Vec::with_capacity(self.features.len());
        for feature in std::mem::take(&mut self.features) {
            let n_missing = feature.values.n_missing();
            let numbers = match feature.values {
                Values::Numbers(numbers) => numbers,
                Values::Categories { .. } => {
                    return Err(PreprocessError::CategoriesLeft { column: feature.name }.into());
                }
            };
            if n_missing > 0 && !self.keeps_missing {
                return Err(PreprocessError::MissingLeft { column: feature.name, n_missing }.into());
            }
            if n_missing > 0 && n_missing == numbers.len() {
                self.issues.push(PreprocessIssue::AllMissing { column: feature.name.clone() });
            }
            if numbers.iter().any(|x| x.is_infinite()) {
                return Err(PreprocessError::NotFinite { column: feature.name }.into());
            }
            let fallback = stats::median(&numbers).unwrap_or(0.0);
            docs.push(FeatureDoc { name: feature.name, origin: feature.origin, fallback });
            columns.push(numbers);
        }
        if columns.is_empty() {
            return Err(PreprocessError::NoFeatures { target: String::new() }.into());
        }
        let recipe =
            FittedRecipe { inputs: self.inputs, steps: self.fitted, features: docs, keeps_missing: self.keeps_missing };
        let matrix = Matrix::from_columns(columns).with_window(recipe.window());
        Ok(Prepared { recipe, matrix, rows: self.rows, issues: self.issues })
    }
}

fn check_names(names: &[String], features: &[Feature], step: usize) -> Result<(), Error> {
    let is_known = |name: &&String| features.iter().any(|f| f.name == **name || f.origin.column == **name);
    match names.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<String> = features.iter().take(20).map(|feature| format!("{:?}", feature.name)).collect();
            let known = known.join(", ") + if features.len() > 20 { ", …" } else { "" };
            Err(PreprocessError::NoSuchColumn { column: name.clone(), step, known }.into())
        }
    }
}

fn sample(feature: &Feature) -> Vec<String> {
    let n = feature.values.n_rows().min(N_SAMPLE);
    match &feature.values {
        Values::Numbers(numbers) => {
            numbers[..n].iter().map(|x| if x.is_nan() { String::new() } else { number_text(*x) }).collect()
        }
        Values::Categories { codes, levels } => {
            codes[..n].iter().map(|&code| levels.get(code as usize).cloned().unwrap_or_default()).collect()
        }
    }
}
