//! Images through filters (LeCun et al. 1998, <https://doi.org/10.1109/5.726791>).
//!
//! What comes in: pixels, row by row, the channels of each side by side. What goes out: what the last block's filters
//! answer, pixel by pixel. In between stand blocks:
//!
//! ```text
//! plain       convolution · norm? · bend · pooling
//! separable   convolution of each channel by itself · norm? · bend · sums over the channels · norm? · bend · pooling
//! ```
//! (Howard et al. 2017, <https://arxiv.org/abs/1704.04861>, for the second.) Convolutions see zeros beyond the edge, so
//! that what they answer has the size of the image. Pooling keeps the largest of two by two pixels, as long as there are
//! that many, and leaves out an odd row or column at the end. The dense layers read every pixel of the last block: where
//! a stroke is tells digits apart, and a mean over the image would not know.
//!
//! All pixels are shifted and divided by the same two numbers. Scaled one by one, pixels at the border that are nearly
//! always black would count most, and a filter would see another picture in each place.

#[cfg(feature = "tensors")]
mod device;
mod stage;

use super::{Front, Numbers, Plan, Start};
use crate::preprocess::Matrix;
use crate::train::net::Activation;
use crate::train::net::plain::bounded;
use stage::Stage;

/// More pixels or filters in any direction are no sizes.
const MOST: usize = 4096;

/// In files, by their position here.
const ACTIVATIONS: [Activation; 5] =
    [Activation::Relu, Activation::Tanh, Activation::Logistic, Activation::Gelu, Activation::Identity];

/// The sizes of an image and of the blocks that read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolutions {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Numbers of a pixel.
    pub channels: usize,
    /// At least one.
    pub blocks: Vec<Block>,
    /// How many pixels a filter sees each way; odd.
    pub kernel_size: usize,
    /// What filters make of their sums.
    pub activation: Activation,
    /// Whether sums are standardised over the batch and all its pixels before they are activated.
    pub batch_norm: bool,
    /// What pixels are shifted and divided by.
    pub scale: PixelScale,
}

/// Some filters, and the pooling behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// How many.
    pub filters: usize,
    /// Whether each channel is convolved by itself first.
    pub is_separable: bool,
}

/// `(pixel − mean) / deviation`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelScale {
    /// The mean over all pixels of all rows.
    pub mean: f32,
    /// Their standard deviation; 1 where all are the same.
    pub deviation: f32,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSizes {
    /// Rows of pixels of what its filters answer.
    pub height: usize,
    /// Pixels of a row of that.
    pub width: usize,
    /// Whether what it hands on is half as high and wide.
    pub is_pooled: bool,
    /// Numbers that it learns.
    pub n_parameters: usize,
}

impl PixelScale {
    /// The scale of some rows.
    pub fn of(x: &Matrix) -> Self {
        let n = x.n_rows() as f64 * x.n_features() as f64;
        let pixels = || x.features().iter().flatten().map(|pixel| bounded(*pixel));
        let mean: f64 = pixels().map(|pixel| pixel / n).sum();
        // Divided by the largest first: squares of what is barely a number would be none.
        let largest = pixels().fold(0.0f64, |most, pixel| most.max((pixel - mean).abs()));
        let square = |pixel: f64| {
            let part = (pixel - mean) / largest;
            part * part / n
        };
        let deviation = if largest > 0.0 { (largest * libm::sqrt(pixels().map(square).sum())) as f32 } else { 0.0 };
        Self { mean: mean as f32, deviation: if deviation > 1e-30 { deviation } else { 1.0 } }
    }

    fn scaled(self, pixel: f64) -> f64 {
        bounded((pixel - f64::from(self.mean)) / f64::from(self.deviation))
    }
}

impl Convolutions {
    /// Reads [`Plan::words`] back; none where these are no sizes.
    pub(super) fn read(words: &[u32]) -> Option<Self> {
        let &[height, width, channels, kernel_size, activation, batch_norm, mean, deviation, ref pairs @ ..] = words
        else {
            return None;
        };
        let (pairs, rest) = pairs.as_chunks::<2>();
        let block =
            |&[filters, separable]: &[u32; 2]| Block { filters: filters as usize, is_separable: separable == 1 };
        let [height, width, channels, kernel_size] = [height, width, channels, kernel_size].map(|size| size as usize);
        let plan = Self {
            height,
            width,
            channels,
            blocks: pairs.iter().map(block).collect(),
            kernel_size,
            activation: *ACTIVATIONS.get(activation as usize)?,
            batch_norm: batch_norm == 1,
            scale: PixelScale { mean: f32::from_bits(mean), deviation: f32::from_bits(deviation) },
        };
        let is_size = |size: usize| (1..=MOST).contains(&size);
        let is_sized = [height, width, channels, kernel_size].into_iter().all(is_size)
            && plan.blocks.iter().all(|block| is_size(block.filters))
            && !plan.blocks.is_empty();
        let is_known = batch_norm < 2 && pairs.iter().all(|pair| pair[1] < 2) && kernel_size % 2 == 1;
        let PixelScale { mean, deviation } = plan.scale;
        let is_scale = mean.is_finite() && deviation.is_finite() && deviation > 0.0;
        (rest.is_empty() && is_sized && is_known && is_scale && plan.can_be_counted()).then_some(plan)
    }

    fn can_be_counted(&self) -> bool {
        let counts = |sizes: [usize; 4]| sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size)).is_some();
        self.stages().iter().all(|stage| {
            let (n_inputs, n_outputs, size) = (stage.n_inputs, stage.n_outputs, stage.kernel_size);
            counts([stage.height, stage.width, n_inputs.max(n_outputs), 1]) && counts([size, size, n_inputs, n_outputs])
        })
    }

    fn stages(&self) -> Vec<Stage> {
        let (mut height, mut width, mut n_inputs) = (self.height, self.width, self.channels);
        let mut stages = Vec::new();
        for block in &self.blocks {
            let mut last = Stage {
                height,
                width,
                n_inputs,
                n_outputs: block.filters,
                kernel_size: self.kernel_size,
                is_depthwise: false,
                ends_block: true,
                is_pooled: height >= 2 && width >= 2,
            };
            if block.is_separable {
                let by_channel = Stage { n_outputs: n_inputs, is_depthwise: true, ends_block: false, ..last };
                stages.push(Stage { is_pooled: false, ..by_channel });
                last.kernel_size = 1;
            }
            stages.push(last);
            (height, width) = last.made();
            n_inputs = block.filters;
        }
        stages
    }

    /// Tensors that a stage learns: weights and intercepts, then gamma and beta.
    fn n_learned(&self) -> usize {
        if self.batch_norm { 4 } else { 2 }
    }

    /// What each block is.
    pub fn sizes(&self) -> Vec<BlockSizes> {
        let mut sizes = Vec::new();
        let mut n_parameters = 0;
        for (stage, numbers) in self.stages().iter().zip(self.learned().chunks(self.n_learned())) {
            n_parameters += numbers.iter().map(Numbers::len).sum::<usize>();
            if stage.ends_block {
                let Stage { height, width, is_pooled, .. } = *stage;
                sizes.push(BlockSizes { height, width, is_pooled, n_parameters: std::mem::take(&mut n_parameters) });
            }
        }
        sizes
    }

    /// What each block's filters make of one row, before that is pooled.
    ///
    /// **Shapes** `row`: `n_inputs`, finite; each block's: `height × width × filters`, row-major.
    pub fn maps(&self, front: &Front, row: &[f64]) -> Vec<Vec<f64>> {
        let mut maps = Vec::new();
        self.pass(front, row, &mut |made| maps.push(made.to_vec()));
        maps
    }

    /// What the last block hands on; shows what each block's filters answer.
    fn pass(&self, front: &Front, row: &[f64], show: &mut dyn FnMut(&[f64])) -> Vec<f64> {
        let mut given: Vec<f64> = row.iter().map(|pixel| self.scale.scaled(*pixel)).collect();
        let mut running = front.running.chunks(2);
        for (stage, learned) in self.stages().into_iter().zip(front.learned.chunks(self.n_learned())) {
            let mut made = stage.sums(&given, learned);
            if let Some(running) = running.next() {
                stage.standardise(&mut made, learned, running);
            }
            made.iter_mut().for_each(|x| *x = self.activation.of(bounded(*x)));
            if stage.ends_block {
                show(&made);
            }
            given = if stage.is_pooled { stage.pool(&made) } else { made };
        }
        given
    }
}

impl Plan for Convolutions {
    fn n_inputs(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn n_features(&self) -> usize {
        self.stages().last().map_or(0, |stage| stage.made().0 * stage.made().1 * stage.n_outputs)
    }

    fn learned(&self) -> Vec<Numbers> {
        let of = |stage: Stage| {
            let (n_taps, n_outputs) = (stage.n_taps(), stage.n_outputs);
            // As dense layers begin: a sum reads its taps, and a number is read by as many for each output.
            let n_readers = stage.kernel_size * stage.kernel_size * if stage.is_depthwise { 1 } else { n_outputs };
            let is_bent = matches!(self.activation, Activation::Relu | Activation::Gelu);
            let fan = if is_bent { n_taps } else { n_taps + n_readers };
            let start = Start::Within(libm::sqrt(6.0 / fan as f64));
            let row = |start: f32| Numbers { shape: [1, n_outputs], is_weight: false, start: Start::All(start) };
            let weights = Numbers { shape: [n_taps, n_outputs], is_weight: true, start };
            let norm = if self.batch_norm { vec![row(1.0), row(0.0)] } else { Vec::new() };
            [weights, row(0.0)].into_iter().chain(norm)
        };
        self.stages().into_iter().flat_map(of).collect()
    }

    fn running(&self) -> Vec<Numbers> {
        let stages = if self.batch_norm { self.stages() } else { Vec::new() };
        let of = |stage: Stage| {
            [0.0, 1.0].map(|start| Numbers { shape: [1, stage.n_outputs], is_weight: false, start: Start::All(start) })
        };
        stages.into_iter().flat_map(of).collect()
    }

    fn multiply_adds(&self) -> usize {
        let of = |stage: Stage| stage.n_taps().saturating_mul(stage.n_outputs).saturating_mul(stage.n_pixels());
        self.stages().into_iter().map(of).fold(0, usize::saturating_add)
    }

    fn features(&self, front: &Front, row: &[f64], made: &mut Vec<f64>) {
        *made = self.pass(front, row, &mut |_| ());
    }

    fn words(&self) -> Vec<u32> {
        let activation = ACTIVATIONS.iter().position(|of| *of == self.activation).expect("all are listed");
        let sizes = [self.height, self.width, self.channels, self.kernel_size, activation, self.batch_norm.into()];
        let scale = [self.scale.mean, self.scale.deviation].map(f32::to_bits);
        let blocks = self.blocks.iter().flat_map(|block| [block.filters as u32, block.is_separable.into()]);
        sizes.into_iter().map(|size| size as u32).chain(scale).chain(blocks).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::net::front::FrontPlan;

    fn plan() -> Convolutions {
        Convolutions {
            height: 3,
            width: 4,
            channels: 1,
            blocks: vec![Block { filters: 1, is_separable: false }],
            kernel_size: 3,
            activation: Activation::Identity,
            batch_norm: false,
            scale: PixelScale { mean: 0.0, deviation: 1.0 },
        }
    }

    const IMAGE: [f64; 12] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];

    #[test]
    fn a_filter_that_sees_the_pixel_to_the_left_moves_the_image() {
        let mut flat = [0.0; 10];
        flat[3] = 1.0;
        let front = Front::from_flat(FrontPlan::Convolutions(plan()), &flat).unwrap();
        let maps = plan().maps(&front, &IMAGE);
        assert_eq!(maps, [[0.0, 1.0, 2.0, 3.0, 0.0, 5.0, 6.0, 7.0, 0.0, 9.0, 10.0, 11.0]]);
        let mut made = Vec::new();
        front.features(&IMAGE, &mut made);
        // The third row has no partner.
        assert_eq!(made, [5.0, 7.0]);
        assert_eq!((front.n_inputs(), front.n_features()), (12, 2));
    }

    #[test]
    fn a_variance_below_zero_is_none() {
        let plan = || FrontPlan::Convolutions(Convolutions { batch_norm: true, ..plan() });
        let mut flat = vec![1.0; plan().n_parameters() + 2];
        assert!(Front::from_flat(plan(), &flat).is_some());
        *flat.last_mut().unwrap() = -1.0;
        assert!(Front::from_flat(plan(), &flat).is_none());
    }

    #[test]
    fn separable_blocks_have_two_stages_and_fewer_numbers() {
        let block = |filters, is_separable| Block { filters, is_separable };
        let blocks = vec![block(16, false), block(32, true), block(8, false)];
        let plan = Convolutions { height: 5, width: 7, channels: 3, blocks, batch_norm: true, ..plan() };
        let n: Vec<_> = plan.sizes().iter().map(|of| (of.height, of.width, of.is_pooled, of.n_parameters)).collect();
        let norm = |n: usize| 3 * n;
        let separable = 9 * 16 + norm(16) + 16 * 32 + norm(32);
        let (first, last) = (27 * 16 + norm(16), 9 * 32 * 8 + norm(8));
        assert_eq!(n, [(5, 7, true, first), (2, 3, true, separable), (1, 1, false, last)]);
        assert_eq!(plan.multiply_adds(), 35 * 27 * 16 + 6 * (9 * 16 + 16 * 32) + 9 * 32 * 8);
        assert_eq!(plan.n_features(), 8);
    }

    #[test]
    fn sizes_are_read_back_and_checked() {
        let whole = FrontPlan::Convolutions(Convolutions { batch_norm: true, ..plan() });
        let words = whole.words();
        assert_eq!(FrontPlan::read(&words), Some(whole));
        // One after the other is no size, no activation, no norm, no scale, no filters.
        let wrong = [0, 1_000_000, 0, 2, 5, 2, f32::NAN.to_bits(), 0, 0, 2];
        for (at, wrong) in wrong.into_iter().enumerate() {
            let mut words = words.clone();
            words[1 + at] = wrong;
            assert_eq!(FrontPlan::read(&words), None, "{at}");
        }
        assert_eq!(FrontPlan::read(&words[..words.len() - 1]), None);
        assert_eq!(FrontPlan::read(&words[..words.len() - 2]), None);
    }

    #[test]
    fn pixels_have_one_scale_whatever_their_size() {
        let of = |a: f64, b: f64| PixelScale::of(&Matrix::from_columns(vec![vec![a, a], vec![b, b]]));
        assert_eq!(of(1.0, 3.0), PixelScale { mean: 2.0, deviation: 1.0 });
        assert_eq!(of(7.0, 7.0), PixelScale { mean: 7.0, deviation: 1.0 });
        for (a, b) in [(-f64::MAX, f64::MAX), (0.0, 1e-310)] {
            let PixelScale { mean, deviation } = of(a, b);
            assert!(mean.is_finite() && deviation.is_finite() && deviation > 0.0);
        }
    }
}
