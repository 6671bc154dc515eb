//! Data made on the spot: shapes that separate what models can do, or points painted by hand.

use std::fmt::Write as _;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;

use crate::format::{self, Short};
use crate::state::{app, tr};
use crate::text::{Texts, fill};
use crate::widgets::Views;
use crate::{actions, browser};

/// The side of the painting ground in its own units; the values painted go from -1 to 1.
const SIDE: f64 = 400.0;
/// How far from the pointer paint lands, and how far the eraser reaches.
const BRUSH: f64 = 22.0;
/// Points that are painted at most: a class of people waits for none of this.
const N_POINTS: usize = 2000;
/// How far an arrow key moves the brush.
const STEP: f64 = 16.0;

/// Picks what is said in a language.
type Words = fn(&Texts) -> &'static str;

/// The classes: what each is called in the table, and how it is said.
const CLASSES: [(&str, Words); 3] = [
    ("teal", |texts| texts.paint_teal),
    ("orange", |texts| texts.paint_orange),
    ("violet", |texts| texts.paint_violet),
];

/// What the brush does: paints one of the classes, or takes away.
const ERASER: usize = CLASSES.len();

/// A painted point, and its class by position.
type Painted = ([f64; 2], usize);

/// The shapes the engine makes up: what each is called there, how it is said, and some of its points.
type Shape = (&'static str, Words, [&'static str; 3]);

const SHAPES: [Shape; 6] = [
    ("circle", |texts| texts.toy_circle, ["M20 16v.01M16 20v.01M24 20v.01M20 24v.01", RING, ""]),
    (
        "xor",
        |texts| texts.toy_xor,
        ["M10 10v.01M14 15v.01M26 26v.01M31 30v.01", "M30 10v.01M26 14v.01M10 30v.01M14 26v.01", ""],
    ),
    (
        "gaussian",
        |texts| texts.toy_gaussian,
        ["M12 26v.01M9 29v.01M15 31v.01M16 25v.01", "M28 14v.01M25 10v.01M31 11v.01M30 17v.01", ""],
    ),
    (
        "moons",
        |texts| texts.toy_moons,
        ["M7 22v.01M9 16v.01M14 12v.01M20 13v.01M24 18v.01", "M16 22v.01M19 28v.01M25 29v.01M31 26v.01M33 20v.01", ""],
    ),
    (
        "spiral",
        |texts| texts.toy_spiral,
        ["M21 18v.01M25 21v.01M22 28v.01M13 28v.01M8 20v.01", "M19 22v.01M15 19v.01M18 12v.01M27 12v.01M32 20v.01", ""],
    ),
    (
        "spirals_3",
        |texts| texts.toy_spirals_3,
        ["M21 17v.01M27 17v.01M31 24v.01", "M22 22v.01M19 28v.01M11 29v.01", "M17 21v.01M13 16v.01M16 8v.01"],
    ),
];

/// Points on a circle.
const RING: &str = "M20 7v.01M29 11v.01M33 20v.01M29 29v.01M20 33v.01M11 29v.01M7 20v.01M11 11v.01";

/// The shapes, and the painting ground.
#[component]
pub(super) fn Toys() -> impl IntoView {
    view! { <div class="toys"><Shapes/><Easel/></div> }
}

/// Shapes to choose from, with how many points and how much noise.
#[component]
fn Shapes() -> impl IntoView {
    let app = app();
    let n_rows = RwSignal::new(300usize);
    let noise = RwSignal::new(10usize);
    let slider =
        move |id: &'static str, words: Words, value: RwSignal<usize>, span: [&'static str; 3], unit: &'static str| {
            let [min, max, step] = span;
            view! {
                <div class="field">
                    <label for=id>{move || format!("{}: {}{unit}", words(app.text()), value.get())}</label>
                    <input
                        type="range" id=id min=min max=max step=step prop:value=move || value.get().to_string()
                        on:input:target=move |event| value.set(event.target().value().parse().unwrap_or_default())
                    />
                </div>
            }
        };
    let shape = move |(kind, words, paths): Shape| {
        let dots =
            paths.into_iter().enumerate().map(|(class, d)| view! { <path class=format!("dots dots-{class}") d=d/> });
        view! {
            <button
                class="shape" data-testid=format!("toy-{kind}") disabled=move || app.is_busy()
                on:click:target=move |_| actions::make_toy(app, kind, n_rows.get_untracked(), noise.get_untracked() as f64 / 100.0)
            >
                <svg viewBox="0 0 40 40" aria-hidden="true">{dots.views()}</svg>
                {move || words(app.text())}
            </button>
        }
    };
    view! {
        <div class="block">
            <h3>{tr!(app, toy_title)}</h3>
            <div class="shapes">{SHAPES.into_iter().map(shape).views()}</div>
            <div class="fields">
                {slider("toy-rows", |texts| texts.toy_rows, n_rows, ["50", "2000", "50"], "")}
                {slider("toy-noise", |texts| texts.toy_noise, noise, ["0", "50", "5"], " %")}
            </div>
        </div>
    }
}

/// The painting ground.
#[component]
fn Easel() -> impl IntoView {
    let app = app();
    let points = RwSignal::new(Vec::<Painted>::new());
    let brush = RwSignal::new(0usize);
    let cursor = RwSignal::new([SIDE / 2.0; 2]);
    let last = StoredValue::new(None::<[f64; 2]>);

    let put = move |at: [f64; 2], n_drops: usize| {
        points.update(|points| {
            if brush.get_untracked() == ERASER {
                points.retain(|(place, _)| distance(*place, at) > BRUSH);
                return;
            }
            for drop in 0..n_drops {
                // The first lands where it was aimed, the others around it.
                let reach = if drop == 0 { 0.0 } else { BRUSH };
                let place = at.map(|at| (at + (js_sys::Math::random() * 2.0 - 1.0) * reach).clamp(0.0, SIDE));
                if points.len() < N_POINTS {
                    points.push((place, brush.get_untracked()));
                }
            }
        });
    };
    let on_pointer = move |event: PointerEvent| {
        if event.buttons() & 1 == 0 {
            last.set_value(None);
            return;
        }
        event.prevent_default();
        let Some(at) = place_of(&event) else { return };
        if last.get_value().is_none_or(|last| distance(last, at) >= BRUSH * 0.6) {
            last.set_value(Some(at));
            put(at, 3);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let mut at = cursor.get_untracked();
        match event.key().as_str() {
            "ArrowLeft" => at[0] -= STEP,
            "ArrowRight" => at[0] += STEP,
            "ArrowUp" => at[1] -= STEP,
            "ArrowDown" => at[1] += STEP,
            " " | "Enter" => put(at, 1),
            key => match key.parse::<usize>() {
                Ok(number @ 1..=3) => brush.set(number - 1),
                _ => return,
            },
        }
        event.prevent_default();
        cursor.set(at.map(|at| at.clamp(0.0, SIDE)));
    };
    let drawing = move || {
        let mut body = String::new();
        for ([x, y], class) in points.get() {
            let _ = write!(body, r#"<circle class="drop drop-{class}" cx="{}" cy="{}" r="4"/>"#, Short(x), Short(y));
        }
        body
    };
    let cross = move || {
        let [x, y] = cursor.get().map(Short);
        format!("M{x} {y}m-9 0h18m-9 -9v18")
    };
    let choice = move |this: usize, words: Words| {
        view! {
            <button class="segment" aria-pressed=move || (brush.get() == this).to_string() on:click:target=move |_| brush.set(this)>
                <span class=format!("dab dab-{this}")></span>{move || words(app.text())}
            </button>
        }
    };
    let n_classes = move || {
        points.with(|points| (0..CLASSES.len()).filter(|class| points.iter().any(|(_, of)| of == class)).count())
    };
    let use_them = move |_| {
        let mut csv = "x,y,colour\n".to_owned();
        points.with_untracked(|points| {
            for ([x, y], class) in points {
                let [x, y] = [x / SIDE * 2.0 - 1.0, 1.0 - y / SIDE * 2.0].map(|at| format::typed_to(at, 3));
                let _ = writeln!(csv, "{x},{y},{}", CLASSES[*class].0);
            }
        });
        actions::load_made(app, &csv);
    };
    view! {
        <div class="block">
            <h3>{tr!(app, paint_heading)}</h3>
            <div class="segments" role="group" aria-label=tr!(app, paint_brush)>
                {CLASSES.into_iter().enumerate().map(|(this, (_, words))| choice(this, words)).views()}
                {choice(ERASER, |texts| texts.paint_eraser)}
            </div>
            <svg
                class="easel" data-testid="easel" viewBox=format!("0 0 {} {}", Short(SIDE), Short(SIDE)) tabindex="0" role="application"
                aria-label=tr!(app, paint_ground) on:pointerdown=on_pointer on:pointermove=on_pointer on:keydown=on_key
            >
                <path class="easel-axes" d="M200 0V400M0 200H400"/>
                <g inner_html=drawing></g>
                <path class="easel-cross" d=cross/>
            </svg>
            <div class="actions">
                <button class="primary" data-testid="use-painted" disabled=move || n_classes() < 2 || app.is_busy() on:click:target=use_them>
                    {move || fill(app.text().paint_use, &[("n", &points.with(Vec::len).to_string())])}
                </button>
                <button disabled=move || points.with(Vec::is_empty) on:click:target=move |_| points.set(Vec::new())>
                    {tr!(app, paint_clear)}
                </button>
            </div>
            <p class="quiet">{tr!(app, paint_help)}</p>
        </div>
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Where the pointer is, in the ground's units.
fn place_of(event: &PointerEvent) -> Option<[f64; 2]> {
    let [left, top, width, height] = browser::frame_of(event.current_target())?;
    let share = [(f64::from(event.client_x()) - left) / width, (f64::from(event.client_y()) - top) / height];
    let at = share.map(|share| share * SIDE);
    at.iter().all(|at| (0.0..=SIDE).contains(at)).then_some(at)
}
