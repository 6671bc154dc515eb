//! What a model answers over a grid: of two raw columns, the others held still, or of two directions among all features.

use std::collections::BTreeMap;

use crate::Error;
use crate::error::Issues;
use crate::explain::{ExplainError, Projection};
use crate::preprocess::{FittedRecipe, Group, Input, Matrix, RowSource};
use crate::table::{Cell, Column, ColumnData, ColumnKind};

/// The finest grid each way.
const MAX_RESOLUTION: usize = 200;
/// How far a numeric axis goes beyond the training rows, as a share of their span.
const MARGIN: f64 = 0.05;

/// One way of the plane.
#[derive(Clone, Debug, PartialEq)]
pub enum Axis {
    /// Evenly spaced numbers.
    Numbers(Vec<f64>),
    /// Categories.
    Levels(Vec<String>),
}

impl Axis {
    fn of(input: &Input, resolution: usize) -> Self {
        if input.group() == Group::Categorical {
            return Self::Levels(input.levels.clone());
        }
        if input.kind == ColumnKind::Boolean {
            return Self::Numbers(vec![0.0, 1.0]);
        }
        let [min, _, max] = input.span.unwrap_or([0.0, 0.5, 1.0]);
        Self::between([min, max], resolution)
    }

    fn between([min, max]: [f64; 2], resolution: usize) -> Self {
        let margin = if max > min { (max - min) * MARGIN } else { 0.5 };
        let (start, end) = (min - margin, max + margin);
        let at = |idx: usize| start + (end - start) * idx as f64 / (resolution - 1) as f64;
        Self::Numbers((0..resolution).map(at).collect())
    }

    /// Grid points.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Levels(levels) => levels.len(),
        }
    }

    /// Whether there is none: a categorical column without a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A grid point as a column of equal cells.
    fn repeated(&self, name: &str, idx: usize, n_rows: usize) -> Column {
        let data = match self {
            Self::Numbers(numbers) => ColumnData::Numeric(vec![numbers[idx]; n_rows]),
            Self::Levels(levels) => {
                ColumnData::Categorical { codes: vec![0; n_rows], levels: vec![levels[idx].clone()] }
            }
        };
        Column { name: name.to_owned(), data }
    }

    fn all(&self, name: &str) -> Column {
        let data = match self {
            Self::Numbers(numbers) => ColumnData::Numeric(numbers.clone()),
            Self::Levels(levels) => {
                ColumnData::Categorical { codes: (0..levels.len() as u32).collect(), levels: levels.clone() }
            }
        };
        Column { name: name.to_owned(), data }
    }
}

/// A plane to be answered, one grid row at a time.
pub struct BoundaryPlan {
    /// The column across, or the direction, and its grid points.
    pub x: (String, Axis),
    /// The column upwards, or the direction, and its grid points.
    pub y: (String, Axis),
    /// The columns that are held still, each one cell.
    pub fixed: Vec<Column>,
    /// What the directions are, where the plane is of no columns.
    pub projection: Option<Projection>,
}

struct GridRow {
    columns: Vec<Column>,
    n_rows: usize,
}

impl RowSource for GridRow {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl BoundaryPlan {
    /// Lays the grid over the span of the training rows; columns that are not on an axis take their value in `fixed`,
    /// or their training median or most frequent category.
    ///
    /// **Errors** `explain.not_an_input`, `explain.same_column`, `explain.bad_resolution`.
    pub fn new(
        recipe: &FittedRecipe,
        x: &str,
        y: &str,
        resolution: usize,
        fixed: &dyn RowSource,
    ) -> Result<Self, Error> {
        check_resolution(resolution)?;
        if x == y {
            return Err(ExplainError::SameColumn { column: x.to_owned() }.into());
        }
        let inputs = &recipe.inputs;
        let find = |name: &str| {
            inputs.iter().find(|input| input.name == name).ok_or_else(|| {
                let known: Vec<String> = inputs.iter().map(|input| format!("{:?}", input.name)).collect();
                Error::from(ExplainError::NotAnInput { column: name.to_owned(), known: known.join(", ") })
            })
        };
        let (x_axis, y_axis) = (Axis::of(find(x)?, resolution), Axis::of(find(y)?, resolution));
        let others = inputs.iter().filter(|input| input.name != x && input.name != y);
        let still = |input: &Input| fixed.column(&input.name).cloned().unwrap_or_else(|| typical(input));
        let fixed = others.map(still).collect();
        Ok(Self { x: (x.to_owned(), x_axis), y: (y.to_owned(), y_axis), fixed, projection: None })
    }

    /// Lays the grid over the span of the rows that a projection was learned from; its axes are called `PC 1` and `PC 2`.
    ///
    /// **Errors** `explain.bad_resolution`.
    pub fn projected(recipe: &FittedRecipe, projection: Projection, resolution: usize) -> Result<Self, Error> {
        check_resolution(resolution)?;
        let [x, y] = projection.spans.map(|span| Axis::between(span, resolution));
        let categories = (0..recipe.features.len()).filter(|&feature| projection.is_category[feature]);
        let still = |feature: usize| {
            // A position below 0 is a missing cell.
            let name = recipe.categories(feature).and_then(|names| names.get(projection.centre[feature] as usize));
            let name = name.filter(|_| projection.centre[feature] >= 0.0);
            let data = ColumnData::Categorical {
                codes: vec![if name.is_some() { 0 } else { ColumnData::MISSING_CODE }],
                levels: name.cloned().into_iter().collect(),
            };
            Column { name: recipe.features[feature].name.clone(), data }
        };
        let fixed = categories.map(still).collect();
        Ok(Self { x: ("PC 1".to_owned(), x), y: ("PC 2".to_owned(), y), fixed, projection: Some(projection) })
    }

    /// Grid rows.
    pub fn n_rows(&self) -> usize {
        self.y.1.len()
    }

    /// Grid row `idx`, from the bottom, as the model sees it.
    ///
    /// **Shapes** One row per grid point across.
    ///
    /// **Errors** of the recipe.
    pub fn row(&self, recipe: &FittedRecipe, idx: usize, issues: &mut Issues) -> Result<Matrix, Error> {
        if let (Some(projection), (_, Axis::Numbers(x)), (_, Axis::Numbers(y))) = (&self.projection, &self.x, &self.y) {
            return Ok(projection.points(x, y[idx]));
        }
        let n_rows = self.x.1.len();
        let mut columns = vec![self.x.1.all(&self.x.0), self.y.1.repeated(&self.y.0, idx, n_rows)];
        columns.extend(self.fixed.iter().map(|column| repeat_first(column, n_rows)));
        let rows: Vec<u32> = (0..n_rows as u32).collect();
        recipe.transform(&GridRow { columns, n_rows }, &rows, true, issues)
    }

    /// The values that columns are held at.
    pub fn fixed_cells(&self) -> BTreeMap<&str, Cell<'_>> {
        self.fixed.iter().map(|column| (column.name.as_str(), column.cell(0))).collect()
    }
}

fn check_resolution(resolution: usize) -> Result<(), Error> {
    if !(2..=MAX_RESOLUTION).contains(&resolution) {
        return Err(ExplainError::BadResolution { resolution, limit: MAX_RESOLUTION }.into());
    }
    Ok(())
}

fn typical(input: &Input) -> Column {
    let data = match input.group() {
        Group::Numeric => ColumnData::Numeric(vec![input.span.map_or(f64::NAN, |[_, median, _]| median)]),
        Group::Categorical => ColumnData::Categorical {
            codes: vec![if input.levels.is_empty() { ColumnData::MISSING_CODE } else { 0 }],
            levels: input.levels.first().cloned().into_iter().collect(),
        },
    };
    Column { name: input.name.clone(), data }
}

fn repeat_first(column: &Column, n_rows: usize) -> Column {
    let data = match (&column.data, column.cell(0)) {
        (_, Cell::Number(x)) => ColumnData::Numeric(vec![x; n_rows]),
        (_, Cell::Text(text)) => ColumnData::Categorical { codes: vec![0; n_rows], levels: vec![text.to_owned()] },
        (ColumnData::Categorical { .. } | ColumnData::Text(_), _) => {
            ColumnData::Categorical { codes: vec![ColumnData::MISSING_CODE; n_rows], levels: Vec::new() }
        }
        (_, Cell::Time(millis)) => ColumnData::Datetime(vec![millis; n_rows]),
        (_, Cell::Flag(flag)) => ColumnData::Numeric(vec![f64::from(u8::from(flag)); n_rows]),
        (_, Cell::Missing) => ColumnData::Numeric(vec![f64::NAN; n_rows]),
    };
    Column { name: column.name.clone(), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(span: Option<[f64; 3]>) -> Input {
        Input { name: "x".into(), kind: ColumnKind::Numeric, levels: Vec::new(), span }
    }

    #[test]
    fn an_axis_reaches_a_little_beyond_the_rows() {
        assert_eq!(Axis::of(&input(Some([0.0, 1.0, 10.0])), 3), Axis::Numbers(vec![-0.5, 5.0, 10.5]));
    }

    #[test]
    fn a_constant_column_has_an_axis_too() {
        assert_eq!(Axis::of(&input(Some([2.0, 2.0, 2.0])), 2), Axis::Numbers(vec![1.5, 2.5]));
    }

    #[test]
    fn what_is_held_still_is_typical() {
        assert_eq!(typical(&input(Some([0.0, 4.0, 9.0]))).cell(0), Cell::Number(4.0));
        assert_eq!(typical(&input(None)).cell(0), Cell::Missing);
    }
}
