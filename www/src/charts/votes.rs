//! What each tree says about one row: a square in its class's colour, or a bar as high as its number.

use super::Palette;
use super::svg::{Drawing, Svg};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 40.0;
const SQUARE: f64 = 10.0;

/// One mark per tree, with `data-tree`. Numbers are classes where `are_classes`.
pub(crate) fn votes(votes: &[f64], are_classes: bool, shown: Option<usize>, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let low = votes.iter().copied().fold(0.0, f64::min);
    let high = votes.iter().copied().fold(low, f64::max);
    let pitch = if are_classes { SQUARE + 2.0 } else { (WIDTH / votes.len() as f64).min(SQUARE + 2.0) };
    let per_row = ((WIDTH / pitch) as usize).max(1);
    let level = |value: f64| HEIGHT * (high - value) / (high - low).max(f64::MIN_POSITIVE);
    for (tree, &vote) in votes.iter().enumerate() {
        let (x, line) = ((tree % per_row) as f64 * pitch, (tree / per_row) as f64);
        let (place, colour) = if are_classes {
            ([x, line * pitch, SQUARE, SQUARE], palette.of(vote as usize))
        } else {
            let top = level(vote.max(0.0));
            ([x, top, pitch * 0.8, (level(vote.min(0.0)) - top).max(1.0)], palette.accent.as_str())
        };
        let rim = if shown == Some(tree) { palette.ink.as_str() } else { colour };
        svg.rect(place, colour, &format!(r#"data-tree="{tree}" stroke="{rim}""#));
    }
    let n_rows = votes.len().div_ceil(per_row);
    svg.finish(WIDTH, if are_classes { n_rows as f64 * pitch } else { HEIGHT + 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tree_has_a_mark_in_its_place() {
        let drawing = votes(&[0.0, 2.0, 1.0], true, Some(1), &Palette::default());
        assert_eq!(drawing.body.matches("data-tree").count(), 3);
        assert_eq!(drawing.height, 12.0);
        let drawing = votes(&[-1.0, 3.0], false, None, &Palette::default());
        // From zero: ten of the forty below it, thirty above.
        assert!(drawing.body.contains(r#"y="30""#) && drawing.body.contains(r#"height="10""#), "{}", drawing.body);
    }
}
