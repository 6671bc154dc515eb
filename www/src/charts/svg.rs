//! A small pen for SVG. Attributes are presentation attributes only: the page's policy allows no inline style.

use std::fmt::Write as _;

use crate::format::Short;

/// A finished drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawing {
    /// Width in drawing units.
    pub(crate) width: f64,
    /// Height in drawing units.
    pub(crate) height: f64,
    /// The elements inside `<svg>`.
    pub(crate) body: String,
}

impl Drawing {
    /// A file of its own: the drawing on its ground, with its title.
    pub(crate) fn to_file(&self, title: &str, ground: &str) -> String {
        let (width, height, body) = (short(self.width), short(self.height), &self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
             {height}\" font-family=\"{FONT}\"><title>{}</title><rect width=\"{width}\" height=\"{height}\" \
             fill=\"{ground}\"/>{body}</svg>",
            escape(title)
        )
    }
}

/// The fonts of texts in drawings: the system's.
pub(crate) const FONT: &str = "system-ui, sans-serif";

/// Where a text begins.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    /// At its start.
    Start,
    /// At its middle.
    Middle,
    /// At its end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(crate) struct Type<'a> {
    pub(crate) anchor: Anchor,
    pub(crate) size: f64,
    pub(crate) fill: &'a str,
    pub(crate) bold: bool,
}

/// The pen.
#[derive(Default)]
pub(crate) struct Svg {
    body: String,
}

impl Svg {
    /// A filled rectangle; `extra` holds further attributes.
    pub(crate) fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: &str, extra: &str) {
        let (x, y, width, height) = (short(x), short(y), short(width.max(0.0)), short(height.max(0.0)));
        let _ = write!(self.body, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" {extra}/>"#);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], stroke: &str, extra: &str) {
        let (x1, y1, x2, y2) = (short(x1), short(y1), short(x2), short(y2));
        let _ = write!(self.body, r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" {extra}/>"#);
    }

    /// A circle.
    pub(crate) fn circle(&mut self, [x, y, r]: [f64; 3], fill: &str, extra: &str) {
        let (x, y, r) = (short(x), short(y), short(r));
        let _ = write!(self.body, r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}" {extra}/>"#);
    }

    /// A stroked path.
    pub(crate) fn path(&mut self, d: &str, stroke: &str, extra: &str) {
        let _ = write!(self.body, r#"<path d="{d}" fill="none" stroke="{stroke}" {extra}/>"#);
    }

    /// A text; what it says is escaped.
    pub(crate) fn text(&mut self, x: f64, y: f64, look: Type<'_>, words: &str) {
        self.text_with(x, y, look, words, "");
    }

    /// A text with further attributes.
    pub(crate) fn text_with(&mut self, x: f64, y: f64, look: Type<'_>, words: &str, extra: &str) {
        let anchor = match look.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if look.bold { r#" font-weight="600""# } else { "" };
        let Type { size, fill, .. } = look;
        let (x, y, size, words) = (short(x), short(y), short(size), escape(words));
        let _ = write!(
            self.body,
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"{weight} fill="{fill}" {extra}>{words}</text>"#
        );
    }

    /// Opens a group; `attributes` must be safe.
    pub(crate) fn open(&mut self, attributes: &str) {
        let _ = write!(self.body, "<g {attributes}>");
    }

    /// Closes the innermost group.
    pub(crate) fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// Elements that are SVG already, and safe.
    pub(crate) fn raw(&mut self, elements: &str) {
        self.body.push_str(elements);
    }

    /// A tooltip of the element that is open.
    pub(crate) fn title(&mut self, words: &str) {
        let _ = write!(self.body, "<title>{}</title>", escape(words));
    }

    /// The drawing.
    pub(crate) fn finish(self, width: f64, height: f64) -> Drawing {
        Drawing { width, height, body: self.body }
    }
}

/// Text made harmless for element content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not XML.
            '\n' => out.push('\n'),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// A coordinate with two decimals at most.
pub(crate) fn short(value: f64) -> Short {
    Short(value)
}

/// The width a text takes at a font size, estimated: a CJK letter is about one em, a Latin one a little over half.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| if u32::from(letter) > 0x2E80 { 1.0 } else { 0.56 }).sum::<f64>() * size
}

/// A text cut to a width.
pub(crate) fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        if text_width(&out, size) + size * 1.4 > width {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        let mut svg = Svg::default();
        let look = Type { anchor: Anchor::Start, size: 12.0, fill: "#000000", bold: false };
        svg.text(0.0, 0.0, look, "<img onerror=\"x\">\u{0}");
        let drawing = svg.finish(10.0, 10.0);
        assert!(drawing.body.contains("&lt;img onerror=&quot;x&quot;&gt; </text>"), "{}", drawing.body);
        assert!(drawing.to_file("<&>", "#ffffff").contains("<title>&lt;&amp;&gt;</title>"));
    }

    #[test]
    fn long_texts_are_cut_to_their_width() {
        assert_eq!(fit("sepal", 10.0, 100.0), "sepal");
        let cut = fit(&"花".repeat(100), 10.0, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 110.0, "{cut}");
    }
}
