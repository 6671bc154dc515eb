//! Histograms of gradients.
//!
//! This is the tight loop of boosting. The bins are bytes, which index an array of 256 without a check; gradients are
//! gathered once per node, so that each feature reads them in order. Gradients are f32 and their sums f64, as in
//! scikit-learn: a sum of like-sized f32 numbers in f64 is exact, so that it does not depend on the order of the rows,
//! a difference of two histograms is the histogram of the difference, and cuts that are equally good stay equal.

/// What is known about the rows of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bin {
    pub(super) gradient: f64,
    pub(super) hessian: f64,
    pub(super) n_rows: u32,
}

/// A histogram large enough for any feature.
pub(super) type Scratch = [Bin; 256];

/// Added to every sum of hessians, so that nothing is divided by 0.
const TINY: f64 = 1e-15;

/// A side of a cut needs this much hessian.
const MIN_HESSIAN: f64 = 1e-3;

/// What is known about the rows of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) gradient: f64,
    pub(super) hessian: f64,
    pub(super) n_rows: u32,
}

impl Sums {
    /// The number that lowers the loss most (Newton's step): `−gradient / (hessian + l2)`.
    pub(super) fn value(self, l2: f64) -> f64 {
        -self.gradient / (self.hessian + l2 + TINY)
    }

    pub(super) fn without(self, part: Self) -> Self {
        Self {
            gradient: self.gradient - part.gradient,
            hessian: self.hessian - part.hessian,
            n_rows: self.n_rows - part.n_rows,
        }
    }

    /// Whether there is too little to be one side of a cut, or to be cut at all.
    pub(super) fn is_flat(self) -> bool {
        self.hessian < MIN_HESSIAN
    }
}

/// The gradients of some rows, in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gradients<'a> {
    pub(super) gradients: &'a [f32],
    /// None when all are 1.
    pub(super) hessians: Option<&'a [f32]>,
}

/// Sums the gradients of every row of a feature, bin by bin.
pub(super) fn build_all(column: &[u8], of: Gradients<'_>, scratch: &mut Scratch, out: &mut [Bin]) {
    build(column.iter().copied(), of, scratch, out);
}

/// Sums the gradients of some rows of a feature, bin by bin; `of` has one per row of `rows`.
pub(super) fn build_some(column: &[u8], rows: &[u32], of: Gradients<'_>, scratch: &mut Scratch, out: &mut [Bin]) {
    build(rows.iter().map(|&row| column[row as usize]), of, scratch, out);
}

#[inline]
fn build(bins: impl Iterator<Item = u8>, of: Gradients<'_>, scratch: &mut Scratch, out: &mut [Bin]) {
    let used = &mut scratch[..out.len()];
    used.fill(Bin::default());
    match of.hessians {
        Some(hessians) => {
            for ((bin, &gradient), &hessian) in bins.zip(of.gradients).zip(hessians) {
                let bin = &mut scratch[usize::from(bin)];
                bin.gradient += f64::from(gradient);
                bin.hessian += f64::from(hessian);
                bin.n_rows += 1;
            }
        }
        None => {
            for (bin, &gradient) in bins.zip(of.gradients) {
                let bin = &mut scratch[usize::from(bin)];
                bin.gradient += f64::from(gradient);
                bin.n_rows += 1;
            }
            scratch[..out.len()].iter_mut().for_each(|bin| bin.hessian = f64::from(bin.n_rows));
        }
    }
    out.copy_from_slice(&scratch[..out.len()]);
}

/// Leaves in `all` what is not in `part`.
pub(super) fn subtract(all: &mut [Bin], part: &[Bin]) {
    for (all, part) in all.iter_mut().zip(part) {
        all.gradient -= part.gradient;
        all.hessian -= part.hessian;
        all.n_rows -= part.n_rows;
    }
}

/// What a histogram's bins hold together.
pub(super) fn total(bins: &[Bin]) -> Sums {
    bins.iter().fold(Sums::default(), |sums, bin| Sums {
        gradient: sums.gradient + bin.gradient,
        hessian: sums.hessian + bin.hessian,
        n_rows: sums.n_rows + bin.n_rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRADIENTS: Gradients<'_> = Gradients { gradients: &[1.0, 2.0, -4.0, 8.0], hessians: None };

    fn histogram(column: &[u8], n_bins: usize) -> Vec<Bin> {
        let mut bins = vec![Bin::default(); n_bins];
        build_all(column, GRADIENTS, &mut [Bin::default(); 256], &mut bins);
        bins
    }

    #[test]
    fn a_bin_has_the_sums_of_its_rows() {
        let bins = histogram(&[1, 0, 1, 2], 3);
        let expected = [(2.0, 1), (-3.0, 2), (8.0, 1)];
        for (bin, (gradient, n_rows)) in bins.iter().zip(expected) {
            assert_eq!((bin.gradient, bin.hessian, bin.n_rows), (gradient, f64::from(n_rows), n_rows));
        }
        assert_eq!(total(&bins), Sums { gradient: 7.0, hessian: 4.0, n_rows: 4 });
    }

    #[test]
    fn what_is_left_of_a_histogram_is_the_others_histogram() {
        let column = [1, 0, 1, 2];
        let mut all = histogram(&column, 3);
        let (mut part, mut rest) = (vec![Bin::default(); 3], vec![Bin::default(); 3]);
        let hessians = None;
        let scratch = &mut [Bin::default(); 256];
        build_some(&column, &[0, 3], Gradients { gradients: &[1.0, 8.0], hessians }, scratch, &mut part);
        build_some(&column, &[1, 2], Gradients { gradients: &[2.0, -4.0], hessians }, scratch, &mut rest);
        subtract(&mut all, &part);
        assert_eq!(all, rest);
    }
}
