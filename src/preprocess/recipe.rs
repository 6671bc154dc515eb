//! A recipe that has learned, and rows on their way through it.
//!
//! What comes in: raw rows, given by name. What goes out: a matrix of finite numbers. It is the one thing that
//! transforms: test rows and rows to answer go through it, and training rows went the same way.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Group, Input, Origin, RowSource, Values, read_input};
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::step::Step;
use crate::preprocess::{Matrix, PreprocessError, PreprocessIssue, Window, impute, polynomial};
use crate::table::number_text;

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
    /// The position of that feature among those it learned about.
    pub sample_of: usize,
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
        let mut transforming = Transforming::new(self, source, rows, report);
        while !transforming.step()? {}
        transforming.finish(issues)
    }

    /// Whether what comes out for a row depends on the rows around it: then rows are transformed all at once, with
    /// [`Transforming`] where there may be many. A row by itself is the first of its rows.
    pub fn follows_order(&self) -> bool {
        self.steps.iter().any(|fitted| fitted.step.follows_order())
    }

    /// Of which window the matrix' features are steps, if the recipe makes one. It is whole where every column went through
    /// it, and nothing was added or left out after it.
    pub fn window(&self) -> Option<Window> {
        let n_steps = |fitted: &FittedStep| match fitted.step {
            Step::Lags { n_steps, .. } => Some(n_steps),
            _ => None,
        };
        let (at, n_steps) = self.steps.iter().enumerate().find_map(|(at, fitted)| Some((at, n_steps(fitted)?)))?;
        let n_features = n_steps * self.steps[at].learned.len();
        let keeps_number = |fitted: &FittedStep| fitted.report.n_columns == [n_features; 2];
        let is_whole = self.steps[at].report.n_columns[1] == n_features;
        Some(Window { n_steps, is_whole: is_whole && self.steps[at + 1..].iter().all(keeps_number) })
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

/// Rows being transformed, one feature of one step at a time.
pub struct Transforming<'a> {
    recipe: &'a FittedRecipe,
    source: &'a dyn RowSource,
    rows: &'a [u32],
    report: bool,
    features: Vec<Feature>,
    n_read: usize,
    n_done: usize,
    current: Option<Current<'a>>,
    odd: Issues,
}

/// The step being carried out.
struct Current<'a> {
    fitted: &'a FittedStep,
    learned: std::slice::Iter<'a, (String, Learned)>,
    waiting: std::vec::IntoIter<Feature>,
    done: Vec<Feature>,
    /// Positions in `done` of the features the step met.
    met: Vec<usize>,
}

impl<'a> Transforming<'a> {
    /// Starts to transform `rows` of `source`; with `report`, cells that are filled or unknown are told.
    pub fn new(recipe: &'a FittedRecipe, source: &'a dyn RowSource, rows: &'a [u32], report: bool) -> Self {
        let (features, odd) = (Vec::new(), Issues::new());
        Self { recipe, source, rows, report, features, n_read: 0, n_done: 0, current: None, odd }
    }

    /// Does one feature of one step. `true` once nothing is left to do.
    ///
    /// **Errors** those of [`FittedRecipe::transform`].
    pub fn step(&mut self) -> Result<bool, Error> {
        if let Some(input) = self.recipe.inputs.get(self.n_read) {
            self.features.push(read_input(input, self.source, self.rows, &mut self.odd));
            self.n_read += 1;
            return Ok(false);
        }
        match &mut self.current {
            None => match self.recipe.steps.get(self.n_done) {
                None => return Ok(true),
                Some(fitted) => {
                    let waiting = std::mem::take(&mut self.features).into_iter();
                    let (done, met) = (Vec::new(), Vec::new());
                    self.current = Some(Current { fitted, learned: fitted.learned.iter(), waiting, done, met });
                }
            },
            Some(current) => match current.waiting.next() {
                Some(feature) if current.fitted.step.columns().includes(&feature, &self.recipe.inputs) => {
                    let step = self.n_done;
                    let learned = current.learned.next();
                    let (_, learned) = learned.ok_or_else(|| unfit(step, "it learned about fewer features"))?;
                    current.met.push(current.done.len());
                    let mut applying = Applying { rows: self.rows, report: self.report, step, issues: &mut self.odd };
                    current.done.extend(learned.apply(feature, &mut applying)?);
                }
                Some(feature) => current.done.push(feature),
                None => {
                    if let Step::Polynomial { degree, interaction_only, .. } = current.fitted.step {
                        polynomial::append(&mut current.done, &current.met, degree, interaction_only, self.n_done)?;
                    }
                    self.features = std::mem::take(&mut current.done);
                    self.n_done += 1;
                    self.current = None;
                }
            },
        }
        Ok(false)
    }

    /// The matrix, once [`Transforming::step`] has said that nothing is left to do; what was odd goes to `issues`.
    ///
    /// **Errors** `preprocess.unfit_recipe`.
    pub fn finish(mut self, issues: &mut Issues) -> Result<Matrix, Error> {
        let (recipe, step) = (self.recipe, self.recipe.steps.len());
        if self.features.len() != recipe.features.len() {
            return Err(unfit(step, "another number of features comes out"));
        }
        let mut applying = Applying { rows: self.rows, report: self.report, step, issues: &mut self.odd };
        let columns = self
            .features
            .into_iter()
            .zip(&recipe.features)
            .map(|(feature, doc)| fill_rest(feature, doc, recipe.keeps_missing, &mut applying))
            .collect::<Result<Vec<Vec<f64>>, Error>>()?;
        if self.report {
            issues.extend(self.odd);
        }
        Ok(Matrix::from_columns(columns))
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
