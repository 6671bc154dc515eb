//! What stands before a net's dense layers and turns a row into what these read: categories into learned vectors, steps
//! into what is remembered of them, and so on. A net without a front reads the row as it is.
//!
//! A [`Front`] is a plan (sizes alone) and the numbers that go with it. Each kind of plan is one file that says three
//! things of itself: which numbers it has ([`Plan`]), what they make of one row as plain f64 sums (the same trait), and
//! what they make of a batch on a device, there and back (`OnDevice`).

mod convolutions;
mod embeddings;
mod recurrent;

#[cfg(feature = "tensors")]
use burn::tensor::Tensor;

pub use convolutions::{Block, BlockSizes, Convolutions, PixelScale};
pub use embeddings::Embeddings;
pub use recurrent::{Cell, Recurrent};

use crate::random::Rng;
#[cfg(feature = "tensors")]
use crate::train::device::Ops;
#[cfg(feature = "tensors")]
use crate::train::net::pace::{Pace, Paced};

/// A front with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// Its sizes.
    pub plan: FrontPlan,
    /// What is learned, row-major, in the order and the shapes of the plan.
    pub learned: Vec<Vec<f32>>,
    /// What is kept besides: running means and variances.
    pub running: Vec<Vec<f32>>,
}

/// The sizes of a front.
#[derive(Clone, Debug, PartialEq)]
pub enum FrontPlan {
    /// Categories become learned vectors.
    Embeddings(Embeddings),
    /// Filters move over an image.
    Convolutions(Convolutions),
    /// Steps are read one after the other.
    Recurrent(Recurrent),
}

/// What a front is made of.
pub(super) trait Plan {
    /// Features it reads.
    fn n_inputs(&self) -> usize;

    /// Numbers it makes of a row.
    fn n_features(&self) -> usize;

    /// What is learned.
    fn learned(&self) -> Vec<Numbers>;

    /// What is kept besides.
    fn running(&self) -> Vec<Numbers>;

    /// Of one row, forward.
    fn multiply_adds(&self) -> usize;

    /// As many layers it counts for where each of a batch's calls costs more than what it computes.
    #[cfg(feature = "tensors")]
    fn depth(&self) -> usize {
        1
    }

    /// What it makes of one row: f64 sums, term by term in one order.
    ///
    /// **Shapes** `row`: `n_inputs`, finite; `made` is emptied, and gets `n_features` numbers.
    fn features(&self, front: &Front, row: &[f64], made: &mut Vec<f64>);

    /// The sizes as numbers, for a file.
    fn words(&self) -> Vec<u32>;
}

/// What a plan does on a device.
#[cfg(feature = "tensors")]
pub(super) trait OnDevice {
    /// What it makes of a batch that is learned from, and the way back.
    fn forward<'a>(&'a self, tensors: &'a FrontTensors, x: Tensor<2>, pace: &'a Pace) -> Paced<'a, Forward>;

    /// What it makes of rows that nothing is learned from.
    fn answer(&self, tensors: &FrontTensors, x: Tensor<2>) -> Tensor<2>;
}

/// Numbers of one shape, and how they begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numbers {
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Whether penalties hold them back, as they do weights, and not intercepts.
    pub(super) is_weight: bool,
    /// Before anything is learned.
    pub(super) start: Start,
}

/// How numbers begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    /// Even between ± this.
    Within(f64),
    /// All the same.
    All(f32),
}

impl FrontPlan {
    fn plan(&self) -> &dyn Plan {
        match self {
            Self::Embeddings(plan) => plan,
            Self::Convolutions(plan) => plan,
            Self::Recurrent(plan) => plan,
        }
    }

    #[cfg(feature = "tensors")]
    fn on_device(&self) -> &dyn OnDevice {
        match self {
            Self::Embeddings(plan) => plan,
            Self::Convolutions(plan) => plan,
            Self::Recurrent(plan) => plan,
        }
    }

    /// Numbers it makes of a row.
    pub fn n_features(&self) -> usize {
        self.plan().n_features()
    }

    /// Multiply-adds of one row, forward.
    pub(crate) fn multiply_adds(&self) -> usize {
        self.plan().multiply_adds()
    }

    /// As many layers it counts for.
    #[cfg(feature = "tensors")]
    pub(super) fn depth(&self) -> usize {
        self.plan().depth()
    }

    /// Numbers that are learned.
    pub(crate) fn n_parameters(&self) -> usize {
        self.plan().learned().iter().map(Numbers::len).sum()
    }

    /// The shapes of its lists of numbers, what is learned first, and whether each is weights.
    pub(crate) fn shapes(&self) -> Vec<([usize; 2], bool)> {
        let learned = self.plan().learned().into_iter().map(|numbers| (numbers.shape, numbers.is_weight));
        learned.chain(self.plan().running().into_iter().map(|numbers| (numbers.shape, false))).collect()
    }

    /// The sizes as numbers, which [`FrontPlan::read`] reads back.
    pub(crate) fn words(&self) -> Vec<u32> {
        let kind = match self {
            Self::Embeddings(_) => 1,
            Self::Convolutions(_) => 2,
            Self::Recurrent(_) => 3,
        };
        let mut words = vec![kind];
        words.extend(self.plan().words());
        words
    }

    /// Reads [`FrontPlan::words`] back; none where these are no sizes.
    pub(crate) fn read(words: &[u32]) -> Option<Self> {
        let (kind, words) = words.split_first()?;
        match kind {
            1 => Embeddings::read(words).map(Self::Embeddings),
            2 => Convolutions::read(words).map(Self::Convolutions),
            3 => Recurrent::read(words).map(Self::Recurrent),
            _ => None,
        }
    }
}

impl Numbers {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shape[0].saturating_mul(self.shape[1])
    }

    fn begin(&self, rng: &mut Rng) -> Vec<f32> {
        match self.start {
            Start::Within(bound) => (0..self.len()).map(|_| ((rng.uniform() * 2.0 - 1.0) * bound) as f32).collect(),
            Start::All(same) => vec![same; self.len()],
        }
    }
}

impl Front {
    /// A front before it has learned anything.
    pub(super) fn initial(plan: FrontPlan, rng: &mut Rng) -> Self {
        let [learned, running] = [plan.plan().learned(), plan.plan().running()]
            .map(|all| all.iter().map(|numbers| numbers.begin(rng)).collect());
        Self { plan, learned, running }
    }

    /// Puts numbers that were saved one behind the other (what is learned, then what is kept besides) into their places;
    /// none where there are more or fewer, or a variance is below 0.
    pub(crate) fn from_flat(plan: FrontPlan, flat: &[f32]) -> Option<Self> {
        let mut rest = flat;
        let mut take = |numbers: &Numbers| {
            let (taken, left) = rest.split_at_checked(numbers.len())?;
            rest = left;
            Some(taken.to_vec())
        };
        let learned: Option<Vec<_>> = plan.plan().learned().iter().map(&mut take).collect();
        let running: Option<Vec<_>> = plan.plan().running().iter().map(&mut take).collect();
        let (learned, running) = (learned?, running?);
        // Means and variances in turn.
        let is_sound = running.iter().skip(1).step_by(2).flatten().all(|variance| *variance >= 0.0);
        (rest.is_empty() && is_sound).then_some(Self { plan, learned, running })
    }

    /// All numbers, one behind the other.
    pub(crate) fn flat(&self) -> Vec<f32> {
        self.learned.iter().chain(&self.running).flatten().copied().collect()
    }

    /// Features it reads.
    pub fn n_inputs(&self) -> usize {
        self.plan.plan().n_inputs()
    }

    /// Numbers it makes of a row.
    pub fn n_features(&self) -> usize {
        self.plan.n_features()
    }

    pub(super) fn features(&self, row: &[f64], made: &mut Vec<f64>) {
        self.plan.plan().features(self, row, made);
    }
}

/// A front on a device.
#[cfg(feature = "tensors")]
#[derive(Clone)]
pub(super) struct FrontTensors {
    pub(super) plan: std::rc::Rc<FrontPlan>,
    pub(super) learned: Vec<Tensor<2>>,
    pub(super) running: Vec<Tensor<2>>,
    /// How they are computed with.
    pub(super) ops: Ops,
}

/// A front's way there.
#[cfg(feature = "tensors")]
pub(super) struct Forward {
    /// What the dense layers read.
    pub(super) features: Tensor<2>,
    /// Running means and variances after the batch.
    pub(super) running: Vec<Tensor<2>>,
    /// The way back: from the slopes at `features` to those of what is learned, penalties left out.
    pub(super) backward: Box<dyn FnOnce(Tensor<2>) -> Paced<'static, Vec<Tensor<2>>>>,
}

#[cfg(feature = "tensors")]
impl FrontTensors {
    pub(super) fn new(front: &Front, on: &burn::tensor::Device, ops: Ops) -> Self {
        let tensor = |(values, numbers): (&Vec<f32>, Numbers)| {
            Tensor::from_data(burn::tensor::TensorData::new(values.clone(), numbers.shape), on)
        };
        let plan = front.plan.plan();
        Self {
            learned: front.learned.iter().zip(plan.learned()).map(tensor).collect(),
            running: front.running.iter().zip(plan.running()).map(tensor).collect(),
            plan: std::rc::Rc::new(front.plan.clone()),
            ops,
        }
    }

    /// All numbers, what is learned first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Tensor<2>> {
        self.learned.iter().chain(&self.running)
    }

    /// The front again, of what [`FrontTensors::all`] was read as.
    pub(super) fn read(&self, mut next: impl FnMut() -> Vec<f32>) -> Front {
        let [learned, running] = [&self.learned, &self.running].map(|all| all.iter().map(|_| next()).collect());
        Front { plan: (*self.plan).clone(), learned, running }
    }

    /// Which of what is learned penalties hold back.
    pub(super) fn is_weight(&self) -> Vec<bool> {
        self.plan.plan().learned().iter().map(|numbers| numbers.is_weight).collect()
    }

    pub(super) fn forward<'a>(&'a self, x: Tensor<2>, pace: &'a Pace) -> Paced<'a, Forward> {
        self.plan.on_device().forward(self, x, pace)
    }

    pub(super) fn answer(&self, x: Tensor<2>) -> Tensor<2> {
        self.plan.on_device().answer(self, x)
    }
}
