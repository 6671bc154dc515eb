//! A recipe is learned from training rows, step by step, and then transforms any rows.
//!
//! What comes in: a table, the training rows, the columns to use, the steps. What goes out: a [`FittedRecipe`] and the
//! training matrix. [`Fitting`] does one feature of one step at a time, so that a cancel is heard between them. Only
//! [`Step::learn`] looks at numbers to learn from, and it is only called here, on training rows.

use std::rc::Rc;

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Group, Input, Origin, RowSource, Values, read_input};
use crate::preprocess::input::learn_input;
use crate::preprocess::step::{Applying, Learned, Select, Step};
use crate::preprocess::{Matrix, PreprocessError, PreprocessIssue, impute, polynomial, stats};
use crate::table::{Table, number_text};

/// The most features a recipe may make: more would be a mistake in nearly every table that fits in a browser.
pub const MAX_FEATURES: usize = 20_000;

/// Sets of categories have room for so many.
const MAX_CATEGORIES: usize = 255;

/// A recipe that has learned. It travels with its model.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedRecipe {
    /// The raw columns it reads.
    pub inputs: Vec<Input>,
    /// Its steps, in order.
    pub steps: Vec<FittedStep>,
    /// The matrix' features.
    pub features: Vec<FeatureDoc>,
    /// Whether numbers that no step fills stay missing (NaN in the matrix), for a model that takes them.
    pub keeps_missing: bool,
}

/// A feature of the matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureDoc {
    /// Its name.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// The median of the training rows, taken for cells that no step fills.
    pub fallback: f64,
}

/// A step with what it learned.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedStep {
    /// The step as asked for.
    pub step: Step,
    /// What it learned, by the name of the feature it met.
    pub learned: Vec<(String, Learned)>,
    /// What it did to the training rows.
    pub report: StepReport,
}

/// What a step did to the training rows, each pair before and after.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Rows.
    pub n_rows: [usize; 2],
    /// Columns.
    pub n_columns: [usize; 2],
    /// Missing cells.
    pub n_missing: [usize; 2],
    /// The first cells of the first feature it changed, as texts.
    pub sample: [Vec<String>; 2],
}

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
    /// Positions in `done` of features a polynomial multiplies.
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
            keeps_missing: false,
            issues: Issues::new(),
        })
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
        let report = StepReport {
            n_rows: [self.rows.len(); 2],
            n_columns: [self.features.len(); 2],
            n_missing: [self.features.iter().map(|feature| feature.values.n_missing()).sum(); 2],
            sample: Default::default(),
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
        if !current.step.columns().includes(&feature) {
            current.done.push(feature);
            return Ok(());
        }
        let idx = self.fitted.len();
        let learned = current.step.learn(&feature, idx, &mut self.issues)?;
        current.factors.push(current.done.len());
        let name = feature.name.clone();
        let before = sample(&feature);
        let mut applying = Applying { rows: &self.rows, report: false, step: idx, issues: &mut self.issues };
        let made = learned.apply(feature, &mut applying)?;
        let after = made.first().map(sample).unwrap_or_default();
        if current.report.sample[0].is_empty() && before != after {
            current.report.sample = [before, after];
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
        Ok(())
    }

    /// The learned recipe and the training matrix, once [`Fitting::step`] has said that nothing is left to do.
    ///
    /// **Errors** `preprocess.categories_left`, `preprocess.missing_left`, `preprocess.no_features`.
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
            let fallback = stats::median(&numbers).unwrap_or(0.0);
            docs.push(FeatureDoc { name: feature.name, origin: feature.origin, fallback });
            columns.push(numbers);
        }
        if columns.is_empty() {
            return Err(PreprocessError::NoFeatures { target: String::new() }.into());
        }
        Ok(Prepared {
            recipe: FittedRecipe {
                inputs: self.inputs,
                steps: self.fitted,
                features: docs,
                keeps_missing: self.keeps_missing,
            },
            matrix: Matrix::from_columns(columns),
            rows: self.rows,
            issues: self.issues,
        })
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

impl FittedRecipe {
    /// Transforms some rows. Every number that comes out is finite: what no step fills is taken as the training
    /// median, and reported. A recipe that keeps missing cells lets NaN come out instead.
    ///
    /// **Shapes** `rows.len() × self.features.len()`.
    ///
    /// **Errors** `preprocess.unknown_category` when a step was told to refuse one; `preprocess.unfit_recipe` when a
    /// recipe read from a file does not fit itself.
    pub fn transform(
        &self,
        source: &dyn RowSource,
        rows: &[u32],
        report: bool,
        issues: &mut Issues,
    ) -> Result<Matrix, Error> {
        let mut odd = Issues::new();
        let mut features: Vec<Feature> =
            self.inputs.iter().map(|input| read_input(input, source, rows, &mut odd)).collect();
        for (idx, fitted) in self.steps.iter().enumerate() {
            let mut learned = fitted.learned.iter();
            let mut out = Vec::with_capacity(features.len());
            let mut factors = Vec::new();
            for feature in features {
                if !fitted.step.columns().includes(&feature) {
                    out.push(feature);
                    continue;
                }
                let (_, learned) = learned.next().ok_or_else(|| unfit(idx, "it learned about fewer features"))?;
                factors.push(out.len());
                let mut applying = Applying { rows, report, step: idx, issues: &mut odd };
                out.extend(learned.apply(feature, &mut applying)?);
            }
            if let Step::Polynomial { degree, interaction_only, .. } = fitted.step {
                polynomial::append(&mut out, &factors, degree, interaction_only, idx)?;
            }
            features = out;
        }
        let mut applying = Applying { rows, report, step: self.steps.len(), issues: &mut odd };
        if features.len() != self.features.len() {
            return Err(unfit(self.steps.len(), "another number of features comes out"));
        }
        let columns = features
            .into_iter()
            .zip(&self.features)
            .map(|(feature, doc)| fill_rest(feature, doc, self.keeps_missing, &mut applying))
            .collect::<Result<Vec<Vec<f64>>, Error>>()?;
        if report {
            issues.extend(odd);
        }
        Ok(Matrix::from_columns(columns))
    }

    /// The categories whose positions a feature holds; none where it holds numbers, or more has been made of the positions.
    ///
    /// **Panics** when there is no such feature.
    pub fn categories(&self, feature: usize) -> Option<&[String]> {
        let doc = &self.features[feature];
        if doc.origin.group != Group::Categorical || doc.origin.level.is_some() {
            return None;
        }
        let learned = self.steps.iter().rev().flat_map(|fitted| fitted.learned.iter().rev());
        let mut own = learned.filter(|(name, _)| *name == doc.name).map(|(_, learned)| learned);
        match own.find(|learned| !matches!(learned, Learned::Keep | Learned::FillNumber(_)))? {
            Learned::Ordinal { categories, .. } => Some(categories),
            _ => None,
        }
    }

    /// The names behind some of a feature's positions.
    ///
    /// **Panics** when there is no such feature.
    pub fn category_names(&self, feature: usize, codes: impl Iterator<Item = u8>) -> Vec<String> {
        let names = self.categories(feature).unwrap_or_default();
        codes.map(|code| names.get(usize::from(code)).cloned().unwrap_or_else(|| code.to_string())).collect()
    }

    /// Which features a model may ask for sets of categories. One with more categories than such sets have room for is
    /// reported, and is one of numbers.
    pub fn categorical_features(&self, issues: &mut Issues) -> Vec<bool> {
        let mut is_categorical = |feature: usize| {
            let n_categories = self.categories(feature)?.len();
            if n_categories > MAX_CATEGORIES {
                let column = self.features[feature].origin.column.clone();
                issues.push(PreprocessIssue::ManyCategories { column, n_categories });
            }
            Some(n_categories <= MAX_CATEGORIES)
        };
        (0..self.features.len()).map(|feature| is_categorical(feature).unwrap_or(false)).collect()
    }

    /// The names of the matrix' features.
    pub fn feature_names(&self) -> Vec<String> {
        self.features.iter().map(|feature| feature.name.clone()).collect()
    }
}

/// A recipe that does not fit itself: only a malformed file makes one.
fn unfit(step: usize, what: &str) -> Error {
    PreprocessError::Unfit { step, what: what.to_owned() }.into()
}

fn fill_rest(
    feature: Feature,
    doc: &FeatureDoc,
    keeps_missing: bool,
    applying: &mut Applying<'_>,
) -> Result<Vec<f64>, Error> {
    let Values::Numbers(mut numbers) = feature.values else {
        return Err(unfit(applying.step, "categories are left"));
    };
    if keeps_missing {
        numbers.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = f64::NAN);
        return Ok(numbers);
    }
    let raw = doc.origin.raw_from_prepared(doc.fallback);
    for (row, x) in numbers.iter_mut().enumerate().filter(|(_, x)| !x.is_finite()) {
        *x = doc.fallback;
        impute::report(&doc.origin.column, row, || number_text(raw), applying);
    }
    Ok(numbers)
}
