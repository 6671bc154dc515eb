//! A plane to be answered: of two columns, or of the two directions in which rows vary most.

use std::rc::Rc;

use serde_json::{Map, Value};
use vitrine_protocol::{BoundaryMsg, Buffer, LoadingMsg, ProjectionMethod, ProjectionMsg};

use crate::Error;
use crate::error::Issues;
use crate::explain::{Axis, BoundaryPlan, ExplainError, Projecting, Projection};
use crate::model::{Answers, Fitted, Structure};
use crate::predict::rows_source;
use crate::preprocess::{FittedRecipe, Matrix};
use crate::table::Table;
use crate::train::net::Net;
use crate::worker::context::Context;
use crate::worker::jobs::{block_of, block_rows, transform_all};
use crate::worker::{Buffers, wire};

/// A projection is learned from rows of so many numbers together, evenly spread over all: about a second's work.
const NUMBERS_PROJECTED: usize = 1_000_000;

/// So many rows of the table are told where they are on a projection.
const ROWS_PLACED: usize = 2000;

/// So many features are named for each direction.
const LOADINGS: usize = 5;

/// Of more hidden units than this nobody could look at each.
const MOST_UNITS: usize = 64;

/// Which plane.
pub(super) struct AskedPlane {
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
    pub(super) projection: Option<ProjectionMethod>,
    pub(super) resolution: usize,
    pub(super) fixed: Map<String, Value>,
}

/// What a plane is laid through.
pub(super) struct Space<'a> {
    pub(super) recipe: &'a FittedRecipe,
    /// The kind of model.
    pub(super) kind: &'a str,
    /// The rows it learned from, and their table; only a projection needs it.
    pub(super) train_rows: &'a [u32],
    pub(super) table: Result<Rc<Table>, Error>,
    /// What codes are called.
    pub(super) classes: Option<Vec<String>>,
}

/// A plane, without its answers.
pub(super) struct Plane {
    pub(super) plan: BoundaryPlan,
    pub(super) msg: BoundaryMsg,
    /// Where the first rows of the table are; nothing where it is of columns.
    pub(super) points: Option<Vec<f64>>,
}

impl Plane {
    /// **Errors** `explain.which_plane`, `explain.not_an_input`, `explain.same_column`, `explain.bad_resolution`,
    /// `explain.nothing_to_project`, `train.distances_not_finite`, `request.no_such_table`.
    pub(super) async fn new(context: &Context, space: Space<'_>, asked: AskedPlane) -> Result<Self, Error> {
        let AskedPlane { x, y, projection, resolution, fixed } = asked;
        let recipe = space.recipe;
        match (x, y, projection) {
            (Some(x), Some(y), None) => {
                let fixed = rows_source(&recipe.inputs, &[fixed])?;
                let plan = BoundaryPlan::new(recipe, &x, &y, resolution, &fixed)?;
                Ok(Self { msg: boundary_msg(&plan, recipe, space.classes), plan, points: None })
            }
            (None, None, Some(ProjectionMethod::Pca)) if fixed.is_empty() => {
                let table = space.table?;
                let mut projection = project(context, recipe, space.kind, &table, space.train_rows).await?;
                let first: Vec<u32> = (0..table.n_rows().min(ROWS_PLACED) as u32).collect();
                let placed = transform_all(context, recipe, table.as_ref(), &first, 0.0, None).await?;
                let points = projection.values(&placed);
                projection.reach(&points);
                let plan = BoundaryPlan::projected(recipe, projection, resolution)?;
                Ok(Self { msg: boundary_msg(&plan, recipe, space.classes), plan, points: Some(points) })
            }
            (x, y, projection) => {
                let fields = [
                    ("x", x.is_some()),
                    ("y", y.is_some()),
                    ("projection", projection.is_some()),
                    ("fixed", !fixed.is_empty()),
                ];
                let given: Vec<&str> = fields.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
                let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
                Err(ExplainError::WhichPlane { given }.into())
            }
        }
    }

    /// Where rows are, as a buffer.
    pub(super) fn points(&self) -> Option<(&'static str, Buffer)> {
        self.points.clone().map(|points| ("points", Buffer::F64(points)))
    }
}

async fn project(
    context: &Context,
    recipe: &FittedRecipe,
    kind: &str,
    table: &Table,
    rows: &[u32],
) -> Result<Projection, Error> {
    let n_taken = (NUMBERS_PROJECTED / recipe.features.len().max(1)).clamp(2, rows.len().max(2)).min(rows.len());
    let taken: Vec<u32> = (0..n_taken).map(|idx| (idx * rows.len() / n_taken) as u32).collect();
    let x = if recipe.follows_order() {
        transform_all(context, recipe, table, rows, 0.0, None).await?.take_rows(&taken)
    } else {
        let rows: Vec<u32> = taken.iter().map(|&at| rows[at as usize]).collect();
        transform_all(context, recipe, table, &rows, 0.0, None).await?
    };
    // Pixels have one unit.
    let mut projecting = Projecting::new(recipe, &x, kind == "cnn")?;
    while !projecting.step()? {
        context.tick("preparing", 0.0).await;
    }
    projecting.finish()
}

/// A net whose hidden units can be shown one by one.
pub(super) fn shown_units(fitted: &dyn Fitted) -> Option<&Net> {
    let Structure::Net(fitted) = fitted.structure() else { return None };
    let net = fitted.net();
    let n_units = net.layers.iter().map(|layer| layer.n_outputs).sum::<usize>() - net.n_outputs();
    (n_units <= MOST_UNITS).then_some(net)
}

/// The points of a plane as a model reads them.
pub(super) async fn plan_matrix(
    context: &Context,
    recipe: &FittedRecipe,
    plan: &BoundaryPlan,
) -> Result<Matrix, Error> {
    let mut features = vec![Vec::new(); recipe.features.len()];
    for idx in 0..plan.n_rows() {
        let row = plan.row(recipe, idx, &mut Issues::new())?;
        for (feature, made) in features.iter_mut().zip(row.into_features()) {
            feature.extend(made);
        }
        context.tick("preparing", 0.0).await;
    }
    Ok(Matrix::from_columns(features))
}

/// Answers some rows of a matrix behind those before, in pieces that leave room to be heard.
pub(super) async fn answer_matrix(
    context: &Context,
    fitted: &dyn Fitted,
    x: &Matrix,
    mut all: Option<Answers>,
) -> Option<Answers> {
    let n_block = block_rows(fitted);
    for first in (0..x.n_rows()).step_by(n_block) {
        let answers = fitted.predict(&block_of(x, first, n_block.min(x.n_rows() - first)));
        all = Some(match all {
            None => answers,
            Some(before) => before.followed_by(answers),
        });
        context.breathe(context.now_millis()).await;
    }
    all
}

fn boundary_msg(plan: &BoundaryPlan, recipe: &FittedRecipe, classes: Option<Vec<String>>) -> BoundaryMsg {
    let loadings = |projection: &Projection, direction: usize| {
        let named =
            |(feature, weight): (usize, f64)| LoadingMsg { feature: recipe.features[feature].name.clone(), weight };
        projection.heaviest(direction, LOADINGS).into_iter().map(named).collect()
    };
    let projection = plan.projection.as_ref().map(|projection| ProjectionMsg {
        shares: projection.shares.to_vec(),
        loadings: vec![loadings(projection, 0), loadings(projection, 1)],
        is_standardised: projection.is_standardised,
        n_rows: projection.n_rows,
    });
    BoundaryMsg {
        x: plan.x.0.clone(),
        y: plan.y.0.clone(),
        x_values: axis_values(&plan.x.1),
        y_values: axis_values(&plan.y.1),
        fixed: wire::cells_by_name(plan.fixed_cells()),
        classes,
        projection,
    }
}

/// The answers as buffers; of probabilities that of the answered class alone, of components the first.
pub(super) fn boundary_buffers(answers: Answers) -> Buffers {
    let codes = answers.codes();
    let answered = match answers {
        Answers::Classes { probabilities, n_classes } => {
            let rows = probabilities.chunks_exact(n_classes).zip(&codes);
            Answers::Classes { probabilities: rows.map(|(row, &code)| row[code as usize]).collect(), n_classes: 1 }
        }
        Answers::Components { values, n_components } => {
            Answers::Values(values.into_iter().step_by(n_components).collect())
        }
        other => other,
    };
    let mut buffers = wire::prediction_buffers(answered);
    for (name, buffer) in &mut buffers {
        if *name == "codes" {
            *buffer = Buffer::U32(codes.clone());
        }
    }
    buffers
}

fn axis_values(axis: &Axis) -> Vec<Value> {
    match axis {
        Axis::Numbers(numbers) => numbers.iter().map(|x| Value::from(*x)).collect(),
        Axis::Levels(levels) => levels.iter().map(|level| Value::from(level.as_str())).collect(),
    }
}
