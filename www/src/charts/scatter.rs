//! Two quantities against each other: points and lines, over what the model answers in between.

use std::fmt::Write as _;

use super::Palette;
use super::axis::Scale;
use super::svg::{Anchor, Drawing, Svg, Type, fit, short};
use crate::format;

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// The row of the table, if it is one.
    pub(crate) row: Option<usize>,
    /// Across.
    pub(crate) x: f64,
    /// Upwards.
    pub(crate) y: f64,
    /// Its class, or its number between 0 and 1.
    pub(crate) colour: Colour,
    /// What it says when pointed at.
    pub(crate) words: String,
}

/// What colours a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Colour {
    /// A class by position.
    Class(usize),
    /// A share of the span of numbers.
    Share(f64),
    /// Unknown.
    None,
}

/// One axis: numbers, or categories side by side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// Its name.
    pub(crate) name: String,
    /// The span of numbers; of positions for categories.
    pub(crate) span: [f64; 2],
    /// The categories by position; empty for numbers.
    pub(crate) categories: Vec<String>,
}

/// What the model answers over the plane.
pub(crate) struct Regions<'a> {
    /// Grid points across.
    pub(crate) n_x: usize,
    /// Grid points upwards.
    pub(crate) n_y: usize,
    /// The colour of each point: class and certainty, or share; row `j` from the bottom at `j * n_x + i`.
    pub(crate) cells: &'a dyn Fn(usize) -> (Colour, f64),
}

/// What to draw.
pub(crate) struct ScatterSpec<'a> {
    pub(crate) x: &'a Axis,
    pub(crate) y: &'a Axis,
    pub(crate) points: &'a [Point],
    pub(crate) regions: Option<Regions<'a>>,
    pub(crate) selected: Option<usize>,
    /// The classes, for the legend.
    pub(crate) classes: &'a [String],
    /// The span of the numbers, for the legend of a regression.
    pub(crate) span: Option<[f64; 2]>,
    /// A dashed line through the origin to compare with: 1 where both axes are equal, 0 level.
    pub(crate) guide: Option<f64>,
    /// Lines, each in the colour of its position.
    pub(crate) lines: &'a [Vec<[f64; 2]>],
    /// Rows that are marked, in order.
    pub(crate) marked: &'a [u32],
    /// Columns that stand on the axis across.
    pub(crate) columns: &'a [Column],
    /// A dashed line upwards.
    pub(crate) upright: Option<f64>,
    /// Arrows from where both axes are 0, with their names.
    pub(crate) arrows: &'a [(String, [f64; 2])],
}

impl<'a> ScatterSpec<'a> {
    /// Points between two axes, and nothing else.
    pub(crate) fn new(x: &'a Axis, y: &'a Axis, points: &'a [Point]) -> Self {
        Self {
            x,
            y,
            points,
            regions: None,
            selected: None,
            classes: &[],
            span: None,
            guide: None,
            lines: &[],
            marked: &[],
            columns: &[],
            upright: None,
            arrows: &[],
        }
    }
}

/// A column from 0 up.
pub(crate) struct Column {
    /// From where to where across.
    pub(crate) across: [f64; 2],
    /// How high.
    pub(crate) height: f64,
    /// Its colour.
    pub(crate) colour: Colour,
    /// What it says when pointed at.
    pub(crate) words: String,
}

/// The words of the drawing.
pub(crate) struct ScatterWords<'a> {
    /// Before the target's name in the legend.
    pub(crate) legend: &'a str,
}

const SIZE: [f64; 2] = [560.0, 400.0];
const LEFT: f64 = 62.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 48.0;

/// The scatter. Each point that is a row has `data-row`.
pub(crate) fn scatter(spec: &ScatterSpec<'_>, words: &ScatterWords<'_>, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let (right, bottom) = (SIZE[0] - RIGHT, SIZE[1] - BOTTOM);
    let x_scale = Scale::new(spec.x.span, [LEFT, right]);
    let y_scale = Scale::new(spec.y.span, [bottom, TOP]);
    if let Some(regions) = &spec.regions {
        draw_regions(&mut svg, regions, [LEFT, TOP, right - LEFT, bottom - TOP], palette);
    }
    for column in spec.columns {
        let [left, right] = column.across.map(|x| x_scale.at(x));
        let (top, ground) = (y_scale.at(column.height), y_scale.at(0.0));
        svg.open("");
        svg.title(&column.words);
        let place = [left + 0.5, top, right - left - 1.0, ground - top];
        svg.rect(place, &colour_of(column.colour, palette), r#"rx="1" opacity="0.85""#);
        svg.close();
    }
    draw_axes(&mut svg, spec, [&x_scale, &y_scale], palette);
    if let Some(x) = spec.upright {
        svg.line([x_scale.at(x), TOP, x_scale.at(x), bottom], &palette.ink, r#"stroke-dasharray="5 4""#);
    }
    if let Some(slope) = spec.guide {
        let both = [spec.x.span[0].max(spec.y.span[0]), spec.x.span[1].min(spec.y.span[1])];
        let [low, high] = if slope == 0.0 { spec.x.span } else { both };
        let ends = [x_scale.at(low), y_scale.at(low * slope), x_scale.at(high), y_scale.at(high * slope)];
        svg.line(ends, &palette.muted, r#"stroke-dasharray="5 4""#);
    }
    for (position, line) in spec.lines.iter().enumerate() {
        let mut d = String::new();
        for [x, y] in line {
            let pen = if d.is_empty() { 'M' } else { 'L' };
            let _ = write!(d, "{pen}{} {}", short(x_scale.at(*x)), short(y_scale.at(*y)));
        }
        svg.path(&d, palette.of(position), r#"stroke-width="2" stroke-linejoin="round""#);
    }
    for point in spec.points {
        let place = [x_scale.at(point.x), y_scale.at(point.y), 3.6];
        let fill = colour_of(point.colour, palette);
        let row = point.row.map_or(String::new(), |row| format!(r#"data-row="{row}""#));
        svg.open(&format!(r#"class="point" {row}"#));
        svg.title(&point.words);
        let is_marked = point.row.is_some_and(|row| spec.marked.binary_search(&(row as u32)).is_ok());
        let (ring, width) = if is_marked { (&palette.ink, "2") } else { (&palette.surface, "0.9") };
        svg.circle(place, &fill, &format!(r#"stroke="{ring}" stroke-width="{width}""#));
        svg.close();
    }
    draw_arrows(&mut svg, spec.arrows, [&x_scale, &y_scale], palette);
    if let Some(point) = spec.points.iter().find(|point| point.row.is_some() && point.row == spec.selected) {
        let (x, y) = (x_scale.at(point.x), y_scale.at(point.y));
        let guide = r#"stroke-dasharray="2 3" stroke-width="1.2""#;
        svg.line([LEFT, y, x, y], &palette.ink, guide);
        svg.line([x, y, x, bottom], &palette.ink, guide);
        svg.circle([x, y, 10.0], "none", &format!(r#"stroke="{}" stroke-width="2.4" class="halo""#, palette.ink));
        let fill = colour_of(point.colour, palette);
        svg.circle([x, y, 5.5], &fill, &format!(r#"stroke="{}" stroke-width="1.6""#, palette.surface));
    }
    draw_legend(&mut svg, spec, words, palette);
    svg.finish(SIZE[0], SIZE[1])
}

/// Arrows over the points; names give way to each other downwards, since arrows that point alike would hide theirs.
fn draw_arrows(svg: &mut Svg, arrows: &[(String, [f64; 2])], [x_scale, y_scale]: [&Scale; 2], palette: &Palette) {
    const SIZE: f64 = 11.5;
    const LINE: f64 = 13.0;
    let mut taken: Vec<[f64; 3]> = Vec::new();
    for (name, [x, y]) in arrows {
        let ([x0, y0], [x1, y1]) = ([x_scale.at(0.0), y_scale.at(0.0)], [x_scale.at(*x), y_scale.at(*y)]);
        svg.line([x0, y0, x1, y1], &palette.ink, r#"stroke-width="1.6""#);
        svg.circle([x1, y1, 2.6], &palette.ink, "");
        let name = fit(name, SIZE, 130.0);
        // Bold letters are wider.
        let width = super::svg::text_width(&name, SIZE) * 1.15;
        let (anchor, at) = if x1 < x0 { (Anchor::End, x1 - 6.0) } else { (Anchor::Start, x1 + 6.0) };
        let left = if x1 < x0 { at - width } else { at };
        let mut line = y1 + 4.0;
        let hides =
            |line: f64, [from, to, other]: &[f64; 3]| left < *to && left + width > *from && (line - other).abs() < LINE;
        while taken.iter().any(|place| hides(line, place)) {
            line += LINE;
        }
        taken.push([left, left + width, line]);
        let look = Type { anchor, size: SIZE, fill: &palette.ink, bold: true };
        let halo = format!(r#"paint-order="stroke" stroke="{}" stroke-width="3""#, palette.surface);
        svg.text_with(at, line, look, &name, &halo);
    }
}

fn colour_of(colour: Colour, palette: &Palette) -> String {
    match colour {
        Colour::Class(class) => palette.of(class).to_owned(),
        Colour::Share(share) => palette.shade(0.15 + 0.85 * share),
        Colour::None => palette.muted.clone(),
    }
}

/// The plane as few rectangles as its runs allow.
fn draw_regions(svg: &mut Svg, regions: &Regions<'_>, [left, top, width, height]: [f64; 4], palette: &Palette) {
    let (n_x, n_y) = (regions.n_x.max(1), regions.n_y.max(1));
    let (cell_width, cell_height) = (width / n_x as f64, height / n_y as f64);
    // Certainty in three steps: more would be noise to the eye and many more rectangles.
    let look = |at: usize| {
        let (colour, certainty) = (regions.cells)(at);
        match colour {
            Colour::Share(share) => (Colour::Share((share * 16.0).round() / 16.0), 3),
            colour => (colour, ((certainty * 3.0).floor() as i32).clamp(1, 2)),
        }
    };
    svg.open(r#"shape-rendering="crispEdges" class="regions""#);
    for j in 0..n_y {
        let mut start = 0;
        while start < n_x {
            let here = look(j * n_x + start);
            let end = (start + 1..n_x).find(|i| look(j * n_x + i) != here).unwrap_or(n_x);
            let opacity = match here {
                (Colour::Share(_), _) => 0.55,
                (_, strength) => 0.1 + 0.08 * f64::from(strength),
            };
            let place = [
                left + start as f64 * cell_width,
                top + height - (j + 1) as f64 * cell_height,
                (end - start) as f64 * cell_width,
                cell_height,
            ];
            svg.rect(place, &colour_of(here.0, palette), &format!(r#"fill-opacity="{}""#, short(opacity)));
            start = end;
        }
    }
    svg.close();
}

fn draw_axes(svg: &mut Svg, spec: &ScatterSpec<'_>, [x_scale, y_scale]: [&Scale; 2], palette: &Palette) {
    let (right, bottom) = (SIZE[0] - RIGHT, SIZE[1] - BOTTOM);
    let small = Type { anchor: Anchor::Middle, size: 11.0, fill: &palette.muted, bold: false };
    for (at, name) in ticks(spec.x, x_scale, 7) {
        svg.line([x_scale.at(at), bottom, x_scale.at(at), bottom + 4.0], &palette.line, "");
        let room = if spec.x.categories.is_empty() { 80.0 } else { (right - LEFT) / spec.x.categories.len() as f64 };
        svg.text(x_scale.at(at), bottom + 17.0, small, &fit(&name, 11.0, room));
    }
    for (at, name) in ticks(spec.y, y_scale, 6) {
        svg.line([LEFT - 4.0, y_scale.at(at), LEFT, y_scale.at(at)], &palette.line, "");
        let look = Type { anchor: Anchor::End, ..small };
        svg.text(LEFT - 7.0, y_scale.at(at) + 4.0, look, &fit(&name, 11.0, LEFT - 22.0));
    }
    svg.line([LEFT, bottom, right, bottom], &palette.muted, r#"opacity="0.6""#);
    svg.line([LEFT, TOP, LEFT, bottom], &palette.muted, r#"opacity="0.6""#);
    let named = Type { fill: &palette.ink, size: 12.0, ..small };
    svg.text((LEFT + right) / 2.0, SIZE[1] - 8.0, named, &fit(&spec.x.name, 12.0, right - LEFT));
    let middle = (TOP + bottom) / 2.0;
    let turned = format!(r#"transform="rotate(-90 13 {})""#, short(middle));
    svg.text_with(13.0, middle, named, &fit(&spec.y.name, 12.0, bottom - TOP), &turned);
}

fn ticks(axis: &Axis, scale: &Scale, n_wanted: usize) -> Vec<(f64, String)> {
    if axis.categories.is_empty() {
        scale.ticks(n_wanted).into_iter().map(|tick| (tick, format::number(tick))).collect()
    } else {
        axis.categories.iter().enumerate().map(|(position, name)| (position as f64, name.clone())).collect()
    }
}

fn draw_legend(svg: &mut Svg, spec: &ScatterSpec<'_>, words: &ScatterWords<'_>, palette: &Palette) {
    let quiet = Type { anchor: Anchor::Start, size: 11.5, fill: &palette.muted, bold: false };
    let name = fit(words.legend, 11.5, 150.0);
    svg.text(LEFT, 16.0, quiet, &name);
    let mut x = LEFT + super::svg::text_width(&name, 11.5) + 14.0;
    if let Some([low, high]) = spec.span {
        let low = format::number(low);
        svg.text(x, 16.0, quiet, &low);
        x += super::svg::text_width(&low, 11.5) + 6.0;
        for step in 0..12 {
            let shade = colour_of(Colour::Share(f64::from(step) / 11.0), palette);
            svg.rect([x + f64::from(step) * 8.0, 7.0, 8.0, 10.0], &shade, "");
        }
        svg.text(x + 102.0, 16.0, quiet, &format::number(high));
        return;
    }
    for (position, class) in spec.classes.iter().take(8).enumerate() {
        let class = fit(class, 11.5, 96.0);
        let width = super::svg::text_width(&class, 11.5) + 28.0;
        if x + width > SIZE[0] {
            break;
        }
        svg.circle([x + 4.0, 12.0, 4.5], palette.of(position), "");
        svg.text(x + 13.0, 16.0, Type { fill: &palette.ink, ..quiet }, &class);
        x += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str) -> Axis {
        Axis { name: name.to_owned(), span: [0.0, 10.0], categories: Vec::new() }
    }

    #[test]
    fn the_selected_row_is_marked_once() {
        let point = |row| Point { row: Some(row), x: 5.0, y: 5.0, colour: Colour::Class(0), words: "<x>".to_owned() };
        let (x, y) = (axis("a"), axis("b"));
        let points = [point(3), point(4)];
        let spec = ScatterSpec { selected: Some(4), ..ScatterSpec::new(&x, &y, &points) };
        let drawing = scatter(&spec, &ScatterWords { legend: "species" }, &Palette::default());
        assert_eq!(drawing.body.matches("class=\"halo\"").count(), 1);
        assert_eq!(drawing.body.matches("data-row=").count(), 2);
        assert!(drawing.body.contains("&lt;x&gt;"));
    }

    #[test]
    fn lines_and_marked_rows_are_drawn() {
        let point = |row| Point { row: Some(row), x: 5.0, y: 5.0, colour: Colour::Class(0), words: String::new() };
        let (x, y) = (axis("a"), axis("b"));
        let (points, lines) = ([point(3), point(4)], [vec![[0.0, 0.0], [10.0, 10.0]]]);
        let spec = ScatterSpec { guide: Some(1.0), lines: &lines, marked: &[4], ..ScatterSpec::new(&x, &y, &points) };
        let drawing = scatter(&spec, &ScatterWords { legend: "" }, &Palette::default());
        assert!(drawing.body.contains(r#"<path d="M62 352L546 34""#), "{}", drawing.body);
        assert_eq!(drawing.body.matches(r##"stroke="#000000" stroke-width="2""##).count(), 1);
    }

    #[test]
    fn equal_neighbours_become_one_rectangle() {
        let (x, y) = (axis("a"), axis("b"));
        let cells = |at: usize| (Colour::Class(usize::from(at % 4 >= 2)), 0.9);
        let regions = Regions { n_x: 4, n_y: 2, cells: &cells };
        let spec = ScatterSpec { regions: Some(regions), ..ScatterSpec::new(&x, &y, &[]) };
        let drawing = scatter(&spec, &ScatterWords { legend: "" }, &Palette::default());
        assert_eq!(drawing.body.matches("fill-opacity").count(), 4);
    }

    #[test]
    fn columns_stand_on_the_axis_and_names_of_arrows_do_not_hide_each_other() {
        let (x, y) = (axis("a"), axis("b"));
        let column = Column { across: [0.0, 5.0], height: 10.0, colour: Colour::Class(0), words: String::new() };
        let arrows = [("long".to_owned(), [5.0, 5.0]), ("wide".to_owned(), [5.0, 5.1])];
        let spec = ScatterSpec { columns: &[column], arrows: &arrows, ..ScatterSpec::new(&x, &y, &[]) };
        let drawing = scatter(&spec, &ScatterWords { legend: "" }, &Palette::default());
        assert!(drawing.body.contains(r#"<rect x="62.5" y="34" width="241" height="318""#), "{}", drawing.body);
        assert!(drawing.body.contains(r#"y="197" "#) && drawing.body.contains(r#"y="219.82" "#), "{}", drawing.body);
    }
}
