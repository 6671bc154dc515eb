//! What a net's training step does on a device: by burn's operations one after the other, or, on a GPU, by kernels of our
//! own that do several at once.
//!
//! Both ways compute the same; `agreement` holds one to the other wherever a GPU is used.

use burn::tensor::{DType, Int, Tensor, activation};

use super::Device;
#[cfg(feature = "webgpu")]
use super::fused;

/// An activation whose slope follows from its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bend {
    /// `x`.
    Identity,
    /// `max(0, x)`.
    Relu,
    /// `tanh x`.
    Tanh,
    /// `1 / (1 + e^−x)`.
    Logistic,
}

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// By a sum of gradients that forgets.
    Momentum,
    /// By that sum over the root of the sum of squares.
    Adam,
    /// By the gradient over the root.
    RmsProp,
}

/// What a step of an optimiser is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stride {
    /// What makes it.
    pub(crate) rule: Rule,
    /// How much is kept of the sum of gradients, and of the sum of squares.
    pub(crate) keep: [f64; 2],
    /// What the step is multiplied with.
    pub(crate) factor: f64,
    /// What is added to the root of the squares.
    pub(crate) floor: f64,
    /// What the weights are multiplied with before.
    pub(crate) shrink: f64,
}

/// What slopes of 16 bits are multiplied with: those of a mean are small, and below 2⁻²⁴ they would be 0.
pub(super) const SLOPE_SCALE: f64 = 1024.0;

/// The way in which operations are done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ops {
    #[cfg(feature = "webgpu")]
    is_fused: bool,
    #[cfg(feature = "webgpu")]
    is_half: bool,
}

impl Ops {
    /// As a device does them.
    #[cfg_attr(not(feature = "webgpu"), expect(unused_variables, reason = "only a GPU has kernels of our own"))]
    pub(crate) fn on(device: &Device) -> Self {
        Self {
            #[cfg(feature = "webgpu")]
            is_fused: device.is_fusing,
            #[cfg(feature = "webgpu")]
            is_half: device.is_half,
        }
    }

    /// Bytes of each number that products read.
    pub(crate) fn n_bytes(self) -> usize {
        #[cfg(feature = "webgpu")]
        if self.is_half {
            return 2;
        }
        size_of::<f32>()
    }

    /// Numbers as products read them: with 16 bits where the device was told to, or else as they are.
    pub(crate) fn narrowed(self, numbers: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_half && numbers.dtype() == DType::F32 {
            return numbers.cast(DType::F16);
        }
        numbers
    }

    /// Slopes as products read them.
    pub(crate) fn narrowed_slope(self, slope: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_half && slope.dtype() == DType::F32 {
            return (slope * SLOPE_SCALE).cast(DType::F16);
        }
        slope
    }

    /// Whether kernels do several operations at once.
    pub(crate) fn is_fused(self) -> bool {
        #[cfg(feature = "webgpu")]
        return self.is_fused;
        #[cfg(not(feature = "webgpu"))]
        false
    }

    /// `lhs · rhs`.
    ///
    /// **Shapes** `m × k`, `k × n` → `m × n`.
    pub(crate) fn product(self, lhs: Tensor<2>, rhs: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::plain_product(lhs, rhs);
        }
        lhs.matmul(rhs)
    }

    /// `bend(x · weights + intercepts)`.
    ///
    /// **Shapes** `x`: `m × k`, `weights`: `k × n`, `intercepts`: `1 × n` → `m × n`.
    pub(crate) fn layer(self, x: Tensor<2>, weights: Tensor<2>, intercepts: Tensor<2>, by: Bend) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::layer(x, weights, intercepts, by);
        }
        bent(x.matmul(weights) + intercepts, by)
    }

    /// The slope before an activation, from that of the layer which reads it.
    ///
    /// **Shapes** `slope`: `m × n`, `weights`: `k × n`, `made`, what was activated: `m × k` → `m × k`.
    pub(crate) fn slope_through(self, slope: Tensor<2>, weights: Tensor<2>, made: Tensor<2>, by: Bend) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::slope_through(slope, weights, made, by);
        }
        slope_before(slope.matmul(weights.transpose()), made, by)
    }

    /// The gradient of a layer's weights, with `penalties`: so many times their signs, and so many times themselves.
    ///
    /// **Shapes** `given`: `m × k`, `slope`: `m × n`, `weights`: `k × n` → `k × n`.
    pub(crate) fn weights_gradient(
        self,
        given: Tensor<2>,
        slope: Tensor<2>,
        weights: &Tensor<2>,
        penalties: [f64; 2],
    ) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::weights_gradient(given, slope, weights.clone(), penalties);
        }
        penalised(given.transpose().matmul(slope), weights, penalties)
    }

    /// The loss of each row and the slope of their mean: half the squared error, or the logistic loss of a class 0 or 1.
    ///
    /// **Shapes** all `n × 1`. `all` is what the rows count together.
    pub(crate) fn loss_of_one(
        self,
        scores: Tensor<2>,
        labels: Tensor<2>,
        (weights, all): (Option<Tensor<2>>, f64),
        is_class: bool,
    ) -> [Tensor<2>; 2] {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::loss_of_one(scores, labels, (weights, all), is_class);
        }
        let (losses, slope) = if is_class {
            let losses = -activation::log_sigmoid(scores.clone() * (labels.clone() * 2.0 - 1.0));
            (losses, activation::sigmoid(scores) - labels)
        } else {
            let error = scores - labels;
            (error.clone() * error.clone() * 0.5, error)
        };
        counted(losses, slope, weights, all)
    }

    /// The loss of each row, −ln of its class's softmax, and the slopes of their mean.
    ///
    /// **Shapes** `scores`: `n × n_classes`; `labels`, `weights`: `n × 1` → `n × 1` and `n × n_classes`.
    pub(crate) fn loss_of_classes(
        self,
        scores: Tensor<2>,
        labels: Tensor<2, Int>,
        (weights, all): (Option<Tensor<2>>, f64),
    ) -> [Tensor<2>; 2] {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            return fused::loss_of_classes(scores, labels, (weights, all));
        }
        let [_, n_classes] = scores.dims();
        let logs = activation::log_softmax(scores, 1);
        let classes = Tensor::<1, Int>::arange(0..n_classes as i64, &labels.device()).reshape([1, n_classes]);
        let is_class = labels.clone().equal(classes).float();
        counted(-logs.clone().gather(1, labels), logs.exp() - is_class, weights, all)
    }

    /// Weights after a step down their gradient, and the two sums after it; the sums are 0 where there are none yet.
    /// Nothing where burn's operations are as good.
    ///
    /// **Shapes** all alike.
    #[cfg_attr(not(feature = "webgpu"), expect(unused_variables, reason = "only a GPU's kernels read them"))]
    pub(crate) fn optimizer_step(
        self,
        weights: &Tensor<2>,
        gradient: &Tensor<2>,
        sums: [Option<&Tensor<2>>; 2],
        stride: Stride,
    ) -> Option<[Tensor<2>; 3]> {
        #[cfg(feature = "webgpu")]
        if self.is_fused {
            let sums = sums.map(|sum| sum.cloned().unwrap_or_else(|| weights.zeros_like()));
            return Some(fused::optimizer_step(weights.clone(), gradient.clone(), sums, stride));
        }
        None
    }
}

/// Numbers with 32 bits.
pub(crate) fn widened(numbers: Tensor<2>) -> Tensor<2> {
    if numbers.dtype() == DType::F16 { numbers.cast(DType::F32) } else { numbers }
}

/// Slopes with 32 bits, as they would be without [`Ops::narrowed_slope`].
pub(crate) fn widened_slope(slope: Tensor<2>) -> Tensor<2> {
    if slope.dtype() == DType::F16 { slope.cast(DType::F32) / SLOPE_SCALE } else { slope }
}

/// What units make of their sums.
pub(crate) fn bent(x: Tensor<2>, by: Bend) -> Tensor<2> {
    match by {
        Bend::Identity => x,
        Bend::Relu => activation::relu(x),
        Bend::Tanh => x.tanh(),
        Bend::Logistic => activation::sigmoid(x),
    }
}

/// The slope before an activation, from that behind it and what was made.
pub(crate) fn slope_before(slope: Tensor<2>, made: Tensor<2>, by: Bend) -> Tensor<2> {
    match by {
        Bend::Identity => slope,
        Bend::Relu => slope.mask_fill(made.lower_equal_elem(0.0), 0.0),
        Bend::Tanh => slope * (made.clone() * made * -1.0 + 1.0),
        Bend::Logistic => slope * (made.clone() * (made * -1.0 + 1.0)),
    }
}

/// A gradient with penalties: so many times the weights' signs, and so many times the weights.
pub(crate) fn penalised(mut gradient: Tensor<2>, weights: &Tensor<2>, [l1, l2]: [f64; 2]) -> Tensor<2> {
    if l2 > 0.0 {
        gradient = gradient + weights.clone() * l2;
    }
    if l1 > 0.0 {
        gradient = gradient + weights.clone().sign() * l1;
    }
    gradient
}

fn counted(losses: Tensor<2>, slope: Tensor<2>, weights: Option<Tensor<2>>, all: f64) -> [Tensor<2>; 2] {
    match weights {
        Some(weights) => [losses * weights.clone(), slope * (weights / all)],
        None => [losses, slope / all],
    }
}
