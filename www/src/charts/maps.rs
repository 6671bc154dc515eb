//! What the filters of a convolutional net answer for an image: the image, and a picture for each filter.

use super::Palette;
use super::svg::{Anchor, Drawing, Svg, Type, short};

/// Pictures of one size, one after the other, row by row.
pub(crate) struct Pictures<'a> {
    /// What they are of.
    pub(crate) name: String,
    /// Rows and columns of pixels of each.
    pub(crate) size: [usize; 2],
    /// Their numbers.
    pub(crate) values: &'a [f64],
}

/// How wide the drawing is, and on a phone, where one as wide would have letters half as large.
const WIDTH: f64 = 640.0;
const NARROW: f64 = 312.0;
const SIDE: f64 = 56.0;
const GAP: f64 = 8.0;
const HEAD: f64 = 22.0;
/// How many strengths there are: few, so that neighbours can be drawn as one.
const N_STRENGTHS: f64 = 12.0;

/// Rows of pictures; in each the strongest pixel has the full colour.
pub(crate) fn maps(rows: &[Pictures<'_>], is_narrow: bool, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let width = if is_narrow { NARROW } else { WIDTH };
    let per_line = ((width + GAP) / (SIDE + GAP)) as usize;
    let small = Type { anchor: Anchor::Start, size: 11.5, fill: &palette.muted, bold: false };
    let mut top = 0.0;
    for Pictures { name, size, values } in rows {
        svg.text(0.0, top + 14.0, small, name);
        top += HEAD;
        let n_pixels = (size[0] * size[1]).max(1);
        let pictures = values.chunks_exact(n_pixels);
        let n_lines = pictures.len().div_ceil(per_line);
        for (idx, picture) in pictures.enumerate() {
            let place = [(idx % per_line) as f64 * (SIDE + GAP), top + (idx / per_line) as f64 * (SIDE + GAP)];
            draw(&mut svg, place, *size, picture, palette);
        }
        top += n_lines as f64 * (SIDE + GAP);
    }
    svg.finish(width, top.max(1.0))
}

fn draw(svg: &mut Svg, [left, top]: [f64; 2], [height, width]: [usize; 2], picture: &[f64], palette: &Palette) {
    let largest = picture.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
    let strength = |x: f64| (x / largest * N_STRENGTHS).round();
    let [pixel_x, pixel_y] = [SIDE / width as f64, SIDE / height as f64];
    svg.open(r#"class="map""#);
    svg.rect([left, top, SIDE, SIDE], &palette.line, r#"fill-opacity="0.35" rx="2""#);
    for (y, row) in picture.chunks_exact(width.max(1)).enumerate() {
        let mut x = 0;
        while x < width {
            let (start, here) = (x, strength(row[x]));
            while x < width && strength(row[x]) == here {
                x += 1;
            }
            if here != 0.0 {
                let place =
                    [left + start as f64 * pixel_x, top + y as f64 * pixel_y, (x - start) as f64 * pixel_x, pixel_y];
                let opacity = short(here.abs() / N_STRENGTHS);
                svg.rect(place, palette.of(usize::from(here < 0.0)), &format!(r#"fill-opacity="{opacity}""#));
            }
        }
    }
    svg.close();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_drawn_and_neighbours_are_one() {
        let rows = [
            Pictures { name: "image".to_owned(), size: [2, 3], values: &[1.0, 1.0, 0.0, -1.0, 0.0, 0.0] },
            Pictures { name: "<block>".to_owned(), size: [1, 1], values: &[0.0; 15] },
        ];
        let narrow = maps(&rows, true, &Palette::default());
        assert_eq!([narrow.width, narrow.height], [312.0, 22.0 + 64.0 + 22.0 + 3.0 * 64.0]);
        let drawing = maps(&rows, false, &Palette::default());
        assert_eq!(drawing.body.matches(r#"class="map""#).count(), 16);
        // The ground of each, and two runs of the first.
        assert_eq!(drawing.body.matches("<rect").count(), 18, "{}", drawing.body);
        assert!(drawing.body.contains("&lt;block&gt;"));
        assert_eq!(drawing.height, 22.0 + 64.0 + 22.0 + 2.0 * 64.0);
    }
}
