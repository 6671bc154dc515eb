//! Two columns of the table, or two directions among all, and what the model answers everywhere between the points.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use serde_json::Value;
use vitrine_protocol::{LoadingMsg, ModelMsg, ProjectionMsg, Task};

use crate::actions;
use crate::browser::number_in;
use crate::charts::{Axis, Colour, Drawing, Point, Regions, ScatterSpec, ScatterWords, scatter};
use crate::format::{self, Short};
use crate::state::{App, Axes, Boundary, app};
use crate::text::{fill, shortened};
use crate::widgets::{Figure, Sheet, Views};

/// The figure.
#[component]
pub(super) fn Plane(
    /// Whether it is the plane of the model that is being fitted.
    is_live: bool,
) -> impl IntoView {
    let app = app();
    let subject = Memo::new(move |_| Subject::of(app, is_live));
    let points = Memo::new(move |_| subject.with(|subject| points(app, subject.as_ref()?)).unwrap_or_default());
    let drawing = Memo::new(move |_| {
        subject
            .with(|subject| points.with(|points| subject.as_ref().map(|subject| draw(app, subject, points))))
            .unwrap_or_default()
    });
    let sheet = Signal::derive(move || {
        let names = subject
            .with(|subject| subject.as_ref().map(|of| [&of.boundary.grid.x, &of.boundary.grid.y].map(Clone::clone)));
        let head = std::iter::once(app.text().row.to_owned()).chain(names.into_iter().flatten()).collect();
        let rows = points.get().into_iter().map(|p| {
            vec![p.row.map_or(String::new(), |row| (row + 1).to_string()), format::plain(p.x), format::plain(p.y)]
        });
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let title = Signal::derive(move || {
        let is_projected = subject.with(|of| of.as_ref().is_some_and(|of| of.boundary.grid.projection.is_some()));
        if is_projected { app.text().plane_projected } else { app.text().plane_title }.to_owned()
    });
    let note = Signal::derive(move || {
        let held = subject.with(|subject| {
            let boundary = &subject.as_ref()?.boundary;
            if let Some(projection) = &boundary.grid.projection {
                let share = format::percent(projection.shares.iter().sum());
                let [first, second] = [0, 1].map(|at| heaviest(projection, at, 5));
                let values = [("share", share.as_str()), ("first", &first), ("second", &second)];
                return Some(fill(app.text().plane_projection, &values));
            }
            let words = boundary.grid.fixed.iter().take(6).map(|(name, value)| {
                let value = value.as_f64().map_or_else(|| format::cell(value), format::number);
                format!("{} {}", shortened(name, 24), shortened(&value, 20))
            });
            let words: Vec<String> = words.collect();
            (!words.is_empty()).then(|| fill(app.text().plane_held, &[("held", &words.join(" · "))]))
        });
        held.unwrap_or_else(|| app.text().plane_note.to_owned())
    });
    let on_click = move |event: MouseEvent| {
        if let Some(row) = number_in(event.target(), "data-row") {
            app.data.selected_row.set(Some(row));
        }
    };
    view! {
        <Figure name="plane" title note drawing sheet>
            {(!is_live).then(|| view! { <div class="axes"><AxisSelect across=true/><AxisSelect across=false/></div> })}
            <svg
                class="plot plane" role="img" data-testid="plane" aria-label=title on:click=on_click
                viewBox=move || drawing.with(|drawing| format!("0 0 {} {}", Short(drawing.width.max(1.0)), Short(drawing.height.max(1.0))))
                inner_html=move || drawing.get().body
            ></svg>
        </Figure>
    }
}

#[component]
fn AxisSelect(
    /// The axis across, or the one upwards.
    across: bool,
) -> impl IntoView {
    let app = app();
    let id = if across { "axis-x" } else { "axis-y" };
    let model = move |of: fn(App, &ModelMsg) -> bool| {
        app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| of(app, &trained.model)))
    };
    let names = move || {
        app.result
            .model
            .with(|trained| trained.as_ref().map_or(Vec::new(), |t| actions::numeric_and_categorical(&t.model)))
    };
    let now = move || match app.result.axes.get() {
        Some(Axes::Columns(x, y)) => Some(if across { x } else { y }),
        _ => None,
    };
    let choose = move |name: String| {
        let other = match app.result.axes.get_untracked() {
            Some(Axes::Columns(x, y)) => Some(if across { y } else { x }),
            _ => names().into_iter().find(|other| *other != name),
        };
        let other = other.unwrap_or_else(|| name.clone());
        app.result.axes.set(Some(match (name.is_empty(), across) {
            (true, _) => Axes::Projection,
            (false, true) => Axes::Columns(name, other),
            (false, false) => Axes::Columns(other, name),
        }));
        actions::load_boundary(app);
    };
    // A projection is both axes; between two pixels there is nothing to choose.
    let is_shown = Memo::new(move |_| {
        (across || now().is_some()) && !(now().is_none() && model(|_, model| actions::reads_images(model)))
    });
    view! {
        <Show when=move || is_shown.get()>
            <label class="chip-select" for=id>
                <span>{move || if across { app.text().across } else { app.text().upwards }}</span>
                <select id=id on:change:target=move |event| choose(event.target().value())>
                    {move || model(actions::can_project).then(|| view! { <option value="" selected=now().is_none()>{app.text().projection}</option> })}
                    {move || names().into_iter().map(|name| {
                        let selected = now().as_ref() == Some(&name);
                        view! { <option value=name.clone() selected=selected>{shortened(&name, 40)}</option> }
                    }).views()}
                </select>
            </label>
        </Show>
    }
}

/// The axis of a column: as the boundary's grid has it.
fn axis(name: &str, values: &[Value]) -> Axis {
    let numbers: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
    if numbers.len() == values.len() && numbers.len() > 1 {
        let span = [numbers[0], numbers[numbers.len() - 1]];
        return Axis { name: name.to_owned(), span, categories: Vec::new() };
    }
    let categories: Vec<String> = values.iter().map(format::cell).collect();
    Axis { name: name.to_owned(), span: [-0.5, categories.len() as f64 - 0.5], categories }
}

/// A cell's place on an axis.
fn place(axis: &Axis, cell: &Value, row: usize) -> Option<f64> {
    if axis.categories.is_empty() {
        return cell.as_f64();
    }
    let words = format::cell(cell);
    let position = axis.categories.iter().position(|name| *name == words)? as f64;
    // Rows of one category would hide each other: they are spread by their number, the same each time.
    Some(position + ((row as f64 * 0.618_034).fract() - 0.5) * 0.6)
}

fn axes_of(boundary: &Boundary) -> (Axis, Axis) {
    let grid = &boundary.grid;
    let name = |at: usize, name: &String| match &grid.projection {
        Some(of) => format!("{name} ({}): {}", format::percent(of.shares[at]), heaviest(of, at, 2)),
        None => name.clone(),
    };
    (axis(&name(0, &grid.x), &grid.x_values), axis(&name(1, &grid.y), &grid.y_values))
}

/// The features that weigh most in a direction, and to which side.
fn heaviest(projection: &ProjectionMsg, direction: usize, n: usize) -> String {
    let one = |of: &LoadingMsg| format!("{} {}", shortened(&of.feature, 24), if of.weight < 0.0 { "−" } else { "+" });
    projection.loadings[direction].iter().take(n).map(one).collect::<Vec<_>>().join(", ")
}

/// What the plane is of.
#[derive(Clone, PartialEq)]
struct Subject {
    boundary: Arc<Boundary>,
    /// The column that is learned, if one is.
    target: Option<String>,
    /// What the answers' codes are called; nothing where numbers are answered.
    names: Vec<String>,
    is_clustering: bool,
}

impl Subject {
    fn of(app: App, is_live: bool) -> Option<Self> {
        if is_live {
            let boundary = app.result.live.get()?.boundary.clone()?;
            let names = boundary.grid.classes.clone().unwrap_or_default();
            return Some(Self { boundary, target: app.plan.target.get(), names, is_clustering: false });
        }
        let trained = app.result.model.get()?;
        let model = &trained.model;
        Some(Self {
            boundary: app.result.boundary.get()?,
            target: model.target.clone(),
            names: app.code_names(model),
            is_clustering: model.task == Task::Clustering,
        })
    }
}

/// The span of what shades the plane: the target's numbers as the engine profiled them, or what is answered instead.
fn shades(app: App, subject: &Subject) -> Option<[f64; 2]> {
    if let Some(target) = &subject.target {
        return app.data.table.with(|table| {
            let column = table.as_ref()?.columns.iter().find(|column| column.name == *target)?;
            Some([column.min?, column.max?])
        });
    }
    let ends = subject.boundary.values.iter().fold(None, |ends: Option<[f64; 2]>, &value| {
        let [low, high] = ends.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    });
    ends.filter(|[low, high]| low < high)
}

fn share([low, high]: [f64; 2], value: f64) -> f64 {
    if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
}

fn points(app: App, subject: &Subject) -> Option<Vec<Point>> {
    let rows = app.result.points.get()?;
    let (grid, names) = (&subject.boundary.grid, &subject.names);
    let at = |name: &str| rows.columns.iter().position(|column| column == name);
    let placed = grid.projection.is_some().then_some(&subject.boundary.points);
    let columns = at(&grid.x).zip(at(&grid.y));
    let target_at = subject.target.as_deref().and_then(at);
    let (x_axis, y_axis) = axes_of(&subject.boundary);
    let span = shades(app, subject);
    let answered = app.result.answered.get();
    let row_word = app.text().row;
    let one = |(position, cells): (usize, &Vec<Value>)| {
        let row = rows.start + position;
        let (x, y) = match placed {
            Some(points) => (*points.get(2 * row)?, *points.get(2 * row + 1)?),
            None => {
                let (x, y) = columns?;
                (place(&x_axis, cells.get(x)?, row)?, place(&y_axis, cells.get(y)?, row + 1)?)
            }
        };
        let target = target_at.and_then(|at| cells.get(at)).unwrap_or(&Value::Null);
        // What has no target is coloured by what is answered.
        let answer = answered.get(position).copied().filter(|_| target_at.is_none());
        let colour = match (names.is_empty(), span, answer.or(target.as_f64())) {
            (false, _, Some(code)) if answer.is_some() => Colour::Class(code as usize),
            (false, _, _) => {
                let name = format::cell(target);
                names.iter().position(|class| *class == name).map_or(Colour::None, Colour::Class)
            }
            (true, Some(span), Some(value)) => Colour::Share(share(span, value)),
            _ => Colour::None,
        };
        let said = match answer {
            Some(answer) => names.get(answer as usize).cloned().unwrap_or_else(|| format::number(answer)),
            None => format::cell(target),
        };
        let words = format!("{row_word} {}: {said}", row + 1);
        Some(Point { row: Some(row), x, y, colour, words })
    };
    Some(rows.cells.iter().enumerate().filter_map(one).collect())
}

fn draw(app: App, subject: &Subject, points: &[Point]) -> Drawing {
    let boundary = &subject.boundary;
    let (mut x, mut y) = axes_of(boundary);
    // Points outside what the grid covers widen the axes only if the grid has no numbers to say.
    for (axis, of) in [(&mut x, (|p: &Point| p.x) as fn(&Point) -> f64), (&mut y, |p: &Point| p.y)] {
        if axis.span[0] == axis.span[1] {
            axis.span = points.iter().map(of).fold(axis.span, |[low, high], value| [low.min(value), high.max(value)]);
        }
    }
    let span = shades(app, subject);
    let mut classes = subject.names.clone();
    let n_classes = classes.len();
    let cells = |at: usize| match (n_classes, span) {
        (0, span) => {
            let value = boundary.values.get(at).copied().unwrap_or(f64::NAN);
            (span.filter(|_| value.is_finite()).map_or(Colour::None, |span| Colour::Share(share(span, value))), 1.0)
        }
        _ => {
            let class = boundary.codes.get(at).map_or(Colour::None, |code| Colour::Class(*code as usize));
            (class, boundary.probabilities.get(at).copied().unwrap_or(1.0))
        }
    };
    // Without classes and a target, the shades are those of the first component.
    let component = fill(app.text().component, &[("n", "1")]);
    let mut legend = subject.target.as_deref().unwrap_or(if n_classes == 0 { &component } else { "" });
    if subject.is_clustering {
        // By their numbers, more of them fit.
        legend = app.text().group;
        classes = (0..n_classes).map(|code| code.to_string()).collect();
    }
    let regions = Regions { n_x: boundary.grid.x_values.len(), n_y: boundary.grid.y_values.len(), cells: &cells };
    let marked = app.result.cell_rows.get();
    let spec = ScatterSpec {
        regions: Some(regions),
        selected: app.data.selected_row.get(),
        classes: &classes,
        span: span.filter(|_| n_classes == 0),
        marked: &marked,
        ..ScatterSpec::new(&x, &y, points)
    };
    app.palette.with(|palette| scatter(&spec, &ScatterWords { legend }, palette))
}
