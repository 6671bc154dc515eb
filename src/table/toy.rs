//! Made-up tables of two numbers and a class: problems small enough to see.
//!
//! Every number follows from the seed alone and is written with four decimals, so that the CSV says all there is.

use crate::error::Place;
use crate::random::{Rng, Seed};

crate::choice! {
    /// What the classes look like.
    pub enum ToyKind {
        /// A disc within a ring.
        Circle = "circle",
        /// Four squares, of which opposite ones are of one class.
        Xor = "xor",
        /// Two round clouds.
        Gaussian = "gaussian",
        /// Two arms that wind around each other.
        Spiral = "spiral",
        /// Two half circles that reach into each other.
        Moons = "moons",
        /// Three arms that wind around each other.
        Spirals3 = "spirals_3",
    }
}

crate::trouble! {
    /// What can be wrong with a request for made-up rows.
    pub enum ToyError in "table" {
        /// There is no such made-up table.
        NoSuchToy { kind: String, known: String } => "no_such_toy",
            "there are no made-up rows {kind:?}; there are {known}",
            hint "Choose one of {known}",
            place Place::field("kind");
        /// So many made-up rows cannot be had.
        BadToySize { n_rows: usize, limit: usize } => "bad_toy_size",
            "n_rows is {n_rows}, but must be at least 1 and at most {limit}",
            hint "Ask for 200 rows, or for some thousands",
            place Place::field("n_rows");
        /// The noise of made-up rows is no share.
        BadToyNoise { noise: f64 } => "bad_toy_noise",
            "noise is {noise}, but must be at least 0 and at most 1",
            hint "Use 0 for clean rows, 0.1 for a little noise",
            place Place::field("noise");
    }
}

/// At most so many rows: more would be no toy.
const MOST_ROWS: usize = 100_000;

/// How far points lie from the middle.
const RADIUS: f64 = 5.0;

/// How often an arm winds around the middle, and where it begins (as a share of the radius).
const TURNS: f64 = 1.25;
const ARM_START: f64 = 0.08;

/// Rows as CSV, with the columns `x`, `y` and `class` (`A`, `B` and, of three, `C`), the classes taking turns.
///
/// `noise` from 0 to 1 is how far points stray from where they belong: at 1, by a standard deviation of a fifth of the
/// radius (of clouds, which are noise, it widens the clouds).
///
/// **Errors** `table.no_such_toy`, `table.bad_toy_size`, `table.bad_toy_noise`.
///
/// ```
/// use vitrine::random::Seed;
/// use vitrine::table::toy::toy_csv;
/// let csv = toy_csv("xor", 4, 0.0, Seed(1)).unwrap();
/// assert_eq!(csv.lines().next(), Some("x,y,class"));
/// // Rows of class A lie where both numbers have one sign.
/// let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
/// assert_eq!(cells[2], "A");
/// assert!(cells[0].parse::<f64>().unwrap() * cells[1].parse::<f64>().unwrap() > 0.0);
/// ```
pub fn toy_csv(kind: &str, n_rows: usize, noise: f64, seed: Seed) -> Result<String, crate::Error> {
    use crate::param::{ParamKind, ParamValue as _, any};
    let Some(toy) = ToyKind::read(&kind.into()) else {
        let ParamKind::Choice { options } = ToyKind::kind(any()) else { unreachable!("words are a choice") };
        return Err(ToyError::NoSuchToy { kind: kind.to_owned(), known: options.join(", ") }.into());
    };
    if !(1..=MOST_ROWS).contains(&n_rows) {
        return Err(ToyError::BadToySize { n_rows, limit: MOST_ROWS }.into());
    }
    if !(0.0..=1.0).contains(&noise) {
        return Err(ToyError::BadToyNoise { noise }.into());
    }
    let mut rng = seed.derive("toy").rng();
    let n_classes = toy.n_classes();
    let mut csv = "x,y,class\n".to_owned();
    for row in 0..n_rows {
        let class = row % n_classes;
        // Along an arm points are evenly apart.
        let along = (row / n_classes) as f64 / (n_rows.div_ceil(n_classes).max(2) - 1) as f64;
        let [x, y] = toy.point(class, along, &mut rng);
        let [dx, dy] = normal_pair(&mut rng).map(|z| z * noise * RADIUS / 5.0);
        let (x, y, class) = (x + dx, y + dy, ["A", "B", "C"][class]);
        csv.push_str(&format!("{x:.4},{y:.4},{class}\n"));
    }
    Ok(csv)
}

impl ToyKind {
    fn n_classes(self) -> usize {
        if self == Self::Spirals3 { 3 } else { 2 }
    }

    /// A point of a class before noise. Each kind draws twice, so that kinds share their noise.
    fn point(self, class: usize, along: f64, rng: &mut Rng) -> [f64; 2] {
        use std::f64::consts::{PI, TAU};
        let (one, two) = (rng.uniform(), rng.uniform());
        let polar = |radius: f64, angle: f64| [radius * libm::cos(angle), radius * libm::sin(angle)];
        match self {
            // Even over the disc, and over a ring that begins where nobody is.
            Self::Circle if class == 0 => polar(RADIUS * 0.5 * libm::sqrt(one), TAU * two),
            Self::Circle => polar(RADIUS * (0.7 + 0.3 * one), TAU * two),
            Self::Xor => {
                // A gap of a tenth between the squares.
                let (sign, one) = if one < 0.5 { (1.0, 2.0 * one) } else { (-1.0, 2.0 * one - 1.0) };
                let [x, y] = [one, two].map(|share| sign * RADIUS * (0.05 + 0.95 * share));
                [x, if class == 0 { y } else { -y }]
            }
            Self::Gaussian => {
                let centre = if class == 0 { 0.4 } else { -0.4 } * RADIUS;
                // Box and Muller, from the numbers at hand.
                let far = libm::sqrt(-2.0 * libm::log(1.0 - one)) * RADIUS * 0.15;
                let [x, y] = polar(far, TAU * two);
                [centre + x, centre + y]
            }
            Self::Moons if class == 0 => {
                let [x, y] = polar(0.55 * RADIUS, PI * one);
                [x - 0.25 * RADIUS, y - 0.1 * RADIUS]
            }
            Self::Moons => {
                let [x, y] = polar(0.55 * RADIUS, PI * one);
                [0.25 * RADIUS - x, 0.1 * RADIUS - y]
            }
            Self::Spiral | Self::Spirals3 => {
                let turn = class as f64 / self.n_classes() as f64;
                polar(RADIUS * (ARM_START + (1.0 - ARM_START) * along), TAU * (TURNS * along + turn))
            }
        }
    }
}

/// Two independent draws of the normal distribution (Box and Muller 1958, <https://doi.org/10.1214/aoms/1177706645>).
fn normal_pair(rng: &mut Rng) -> [f64; 2] {
    let far = libm::sqrt(-2.0 * libm::log(1.0 - rng.uniform()));
    let angle = std::f64::consts::TAU * rng.uniform();
    [far * libm::cos(angle), far * libm::sin(angle)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 6] = ["circle", "xor", "gaussian", "spiral", "moons", "spirals_3"];

    fn rows(kind: &str, noise: f64) -> Vec<(f64, f64, String)> {
        let csv = toy_csv(kind, 300, noise, Seed(3)).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].parse().unwrap(), cells[1].parse().unwrap(), cells[2].to_owned())
        };
        csv.lines().skip(1).map(row).collect()
    }

    #[test]
    fn every_kind_has_its_rows_and_classes_and_comes_again() {
        for kind in KINDS {
            let all = rows(kind, 0.1);
            assert_eq!(all, rows(kind, 0.1));
            let n_classes = if kind == "spirals_3" { 3 } else { 2 };
            for class in ["A", "B", "C"].iter().take(n_classes) {
                assert_eq!(all.iter().filter(|row| row.2 == *class).count(), 300 / n_classes, "{kind}");
            }
            assert!(all.iter().all(|(x, y, _)| x.abs() < 1.5 * RADIUS && y.abs() < 1.5 * RADIUS), "{kind}");
        }
    }

    #[test]
    fn without_noise_the_classes_lie_where_they_are_said_to() {
        for (x, y, class) in rows("xor", 0.0) {
            assert_eq!(x * y > 0.0, class == "A", "{x} {y}");
        }
        for (x, y, class) in rows("circle", 0.0) {
            assert_eq!(x.hypot(y) < 0.6 * RADIUS, class == "A", "{x} {y}");
        }
        let quadrants: std::collections::BTreeSet<(bool, bool)> =
            rows("xor", 0.0).iter().map(|(x, y, _)| (*x > 0.0, *y > 0.0)).collect();
        assert_eq!(quadrants.len(), 4);
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let code = |kind, n_rows, noise| toy_csv(kind, n_rows, noise, Seed(0)).unwrap_err().code();
        assert_eq!(code("star", 10, 0.0), "table.no_such_toy");
        assert_eq!(code("xor", 0, 0.0), "table.bad_toy_size");
        assert_eq!(code("xor", 10, f64::NAN), "table.bad_toy_noise");
        assert!(toy_csv("moons", 1, 0.0, Seed(0)).is_ok());
    }
}
