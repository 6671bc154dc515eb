//! Drawings: data in, SVG out. Pure, so that each is tested without a browser.
//!
//! A drawing carries its own colours (from the theme's tokens, as a [`Palette`]) and its own legend, so that what is
//! saved is what was seen. Every text that came from data is escaped here, in one place: [`svg::Svg::text`].

mod axis;
mod bars;
mod confusion;
mod distribution;
mod loss;
mod maps;
mod net;
mod scatter;
mod svg;
mod tree;
mod votes;

pub(crate) use bars::{Bar, bars, largest_first};
pub(crate) use confusion::confusion;
pub(crate) use distribution::distribution;
pub(crate) use loss::{LossWords, PruningPoint, loss, pruning, rates};
pub(crate) use maps::{Pictures, maps};
pub(crate) use net::{NetLayer, NetSpec, net};
pub(crate) use scatter::{Axis, Colour, Column, Point, Regions, ScatterSpec, ScatterWords, scatter};
pub(crate) use svg::Drawing;
pub(crate) use tree::{NODE, TreeSpec, TreeWords, layout, question, tree, visible_nodes};
pub(crate) use votes::votes;

/// The colours of a theme, as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Text.
    pub(crate) ink: String,
    /// Quiet text.
    pub(crate) muted: String,
    /// Lines that divide.
    pub(crate) line: String,
    /// The ground a drawing lies on.
    pub(crate) surface: String,
    /// What is selected, what to press.
    pub(crate) accent: String,
    /// Classes and series, told apart by people who see few colours too.
    pub(crate) series: [String; 8],
}

/// The style tokens a palette is made of, in its order.
pub(crate) const PALETTE_TOKENS: [&str; 13] = [
    "--ink",
    "--muted",
    "--line",
    "--surface",
    "--accent",
    "--series-1",
    "--series-2",
    "--series-3",
    "--series-4",
    "--series-5",
    "--series-6",
    "--series-7",
    "--series-8",
];

impl Palette {
    /// A palette of the tokens' values, in the order of [`PALETTE_TOKENS`]; none if one is not `#rrggbb`.
    pub(crate) fn from_tokens(values: [String; 13]) -> Option<Self> {
        if values.iter().any(|value| rgb(value).is_none()) {
            return None;
        }
        let [ink, muted, line, surface, accent, a, b, c, d, e, f, g, h] = values;
        Some(Self { ink, muted, line, surface, accent, series: [a, b, c, d, e, f, g, h] })
    }

    /// The colour of a class or series.
    pub(crate) fn of(&self, position: usize) -> &str {
        &self.series[position % self.series.len()]
    }

    /// A colour between `surface` and the first series, for a share between 0 and 1.
    pub(crate) fn shade(&self, share: f64) -> String {
        let (Some(low), Some(high)) = (rgb(&self.surface), rgb(&self.series[0])) else { return self.accent.clone() };
        let share = share.clamp(0.0, 1.0);
        let mix = |at: usize| (f64::from(low[at]) + (f64::from(high[at]) - f64::from(low[at])) * share).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
    }
}

impl Default for Palette {
    /// Black on white: what a drawing falls back to before the styles are there, and what tests see.
    fn default() -> Self {
        let grey = |level: u8| format!("#{level:02x}{level:02x}{level:02x}");
        Self {
            ink: grey(0),
            muted: grey(96),
            line: grey(208),
            surface: grey(255),
            accent: grey(32),
            series: [40, 80, 120, 160, 200, 60, 100, 140].map(grey),
        }
    }
}

/// The parts of `#rrggbb`.
fn rgb(colour: &str) -> Option<[u8; 3]> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_go_from_the_ground_to_the_first_series() {
        let palette = Palette::default();
        assert_eq!(palette.shade(0.0), "#ffffff");
        assert_eq!(palette.shade(1.0), palette.series[0]);
    }

    #[test]
    fn a_token_that_is_no_colour_gives_no_palette() {
        let mut tokens = [const { String::new() }; 13];
        tokens.fill("#123456".to_owned());
        assert!(Palette::from_tokens(tokens.clone()).is_some());
        tokens[4] = "red".to_owned();
        assert!(Palette::from_tokens(tokens).is_none());
    }
}
