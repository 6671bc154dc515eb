//! One convolution with what follows it, as plain numbers: f64 sums over f32 weights, term by term in one order.

use crate::train::net::plain::standardised;

/// A plain block is one of these, a separable block two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    pub(super) kernel_size: usize,
    /// Whether each output sees one input alone.
    pub(super) is_depthwise: bool,
    /// Whether it is the last of its block.
    pub(super) ends_block: bool,
    /// Whether pooling follows.
    pub(super) is_pooled: bool,
}

impl Stage {
    pub(super) fn n_pixels(self) -> usize {
        self.height * self.width
    }

    /// Pixels that a filter sees.
    pub(super) fn n_offsets(self) -> usize {
        self.kernel_size * self.kernel_size
    }

    /// Numbers that one output is summed of.
    pub(super) fn n_taps(self) -> usize {
        if self.is_depthwise { self.n_offsets() } else { self.n_offsets() * self.n_inputs }
    }

    /// The height and width of what it hands on.
    pub(super) fn made(self) -> (usize, usize) {
        if self.is_pooled { (self.height / 2, self.width / 2) } else { (self.height, self.width) }
    }

    /// The pixel that an offset of the filter meets at a pixel, unless that is beyond the edge.
    pub(super) fn met(self, at: usize, offset: usize) -> Option<usize> {
        let reach = self.kernel_size / 2;
        let y = (at / self.width + offset / self.kernel_size).checked_sub(reach).filter(|y| *y < self.height)?;
        let x = (at % self.width + offset % self.kernel_size).checked_sub(reach).filter(|x| *x < self.width)?;
        Some(y * self.width + x)
    }

    /// The pixels that one of what it hands on is the largest of.
    pub(super) fn pooled(self, at: usize) -> [usize; 4] {
        let (y, x) = (at / (self.width / 2) * 2, at % (self.width / 2) * 2);
        let first = y * self.width + x;
        [first, first + 1, first + self.width, first + self.width + 1]
    }

    /// What the filters make of an image, before it is bent.
    ///
    /// **Shapes** `given`: `n_pixels × n_inputs`; `learned`: weights (`n_taps × n_outputs`) and intercepts first.
    pub(super) fn sums(self, given: &[f64], learned: &[Vec<f32>]) -> Vec<f64> {
        let [weights, biases] = [0, 1].map(|which| learned[which].iter().map(|x| f64::from(*x)).collect::<Vec<f64>>());
        let mut all = Vec::with_capacity(self.n_pixels() * self.n_outputs);
        for at in 0..self.n_pixels() {
            let first = all.len();
            all.extend(&biases);
            let sums = &mut all[first..];
            for offset in 0..self.n_offsets() {
                let Some(met) = self.met(at, offset) else { continue };
                let given = &given[met * self.n_inputs..][..self.n_inputs];
                if self.is_depthwise {
                    let weights = &weights[offset * self.n_outputs..];
                    for ((sum, x), weight) in sums.iter_mut().zip(given).zip(weights) {
                        *sum += x * weight;
                    }
                    continue;
                }
                let weights = weights[offset * self.n_inputs * self.n_outputs..].chunks_exact(self.n_outputs);
                for (x, weights) in given.iter().zip(weights) {
                    // Half of what a rectifier hands on is 0.
                    if *x != 0.0 {
                        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
                    }
                }
            }
        }
        all
    }

    /// Standardises sums by what was running.
    pub(super) fn standardise(self, sums: &mut [f64], learned: &[Vec<f32>], running: &[Vec<f32>]) {
        for pixel in sums.chunks_exact_mut(self.n_outputs) {
            for (output, sum) in pixel.iter_mut().enumerate() {
                let numbers = [&learned[2], &learned[3], &running[0], &running[1]];
                *sum = standardised(numbers.map(|numbers| numbers[output]), *sum);
            }
        }
    }

    /// The largest of two by two pixels.
    pub(super) fn pool(self, given: &[f64]) -> Vec<f64> {
        let (height, width) = self.made();
        let mut made = Vec::with_capacity(height * width * self.n_outputs);
        for at in 0..height * width {
            let pixels = self.pooled(at).map(|pixel| &given[pixel * self.n_outputs..][..self.n_outputs]);
            made.extend((0..self.n_outputs).map(|output| pixels.iter().fold(f64::MIN, |most, x| most.max(x[output]))));
        }
        made
    }
}
