//! The kernels of [`super::kernels`] as functions of tensors.

#![expect(unsafe_code, reason = "kernels that are told their bounds are launched unchecked")]

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::cubecl::ir::{ElemType, FloatKind};
use burn::cubecl::prelude::{CubeCount, CubeDim};
use burn::tensor::{DType, Int, Tensor};

use super::kernels::{self, Behind};
use super::ops::{Bend, SLOPE_SCALE, Stride};

/// Rows and columns of a product that one unit computes, where there are many.
const TILE: usize = 4;
/// A product of fewer numbers is computed one number a unit, so that as many units as can be have work.
const FEW: usize = 4096;
/// Units of one cube along a product's columns and rows.
const SQUARE: u32 = 8;
/// Units of one cube of the other kernels.
const LINE: u32 = 64;

/// How rows count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// What they count together.
    all: f64,
    /// Whether each has its own weight.
    is_weighed: bool,
}

/// The kernels by backend: only the GPU's has them.
#[backend_extension(Cube)]
pub(super) trait Kernels: Backend {
    fn product(
        lhs: FloatTensor<Self>,
        rhs: FloatTensor<Self>,
        with: FloatTensor<Self>,
        behind: Behind,
        penalties: [f64; 2],
    ) -> FloatTensor<Self>;

    fn optimizer_step(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        stride: Stride,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn loss_of_one(
        scores: FloatTensor<Self>,
        labels: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        counted: Counted,
        is_class: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn loss_of_classes(
        scores: FloatTensor<Self>,
        labels: IntTensor<Self>,
        weights: FloatTensor<Self>,
        counted: Counted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl Kernels for CubeBackend {
    fn product(lhs: CubeTensor, rhs: CubeTensor, with: CubeTensor, behind: Behind, penalties: [f64; 2]) -> CubeTensor {
        let (n_rows, n_columns) = (lhs.meta.shape()[0], rhs.meta.shape()[1]);
        let tile = if n_rows * n_columns < FEW { 1 } else { TILE };
        // A gradient is of the weights' kind, whatever it is made from.
        let kind = if behind == Behind::Penalised { with.dtype } else { lhs.dtype };
        let out = of_kind(&lhs, [n_rows, n_columns], kind);
        let kinds = [&lhs, &rhs, &with, &out].map(|tensor| element(tensor.dtype));
        let factor = if rhs.dtype == DType::F16 { 1.0 / SLOPE_SCALE as f32 } else { 1.0 };
        let cubes = |n: usize| n.div_ceil(tile).div_ceil(SQUARE as usize) as u32;
        let count = CubeCount::Static(cubes(n_columns), cubes(n_rows), 1);
        let [l1, l2] = penalties.map(|penalty| penalty as f32);
        // Safety: units beyond the last row or column write nothing, and read the last.
        unsafe {
            kernels::product::launch_unchecked(
                &out.client.clone(),
                count,
                CubeDim::new_2d(SQUARE, SQUARE),
                lhs.into_tensor_arg(),
                rhs.into_tensor_arg(),
                with.into_tensor_arg(),
                out.clone().into_tensor_arg(),
                l1,
                l2,
                factor,
                tile,
                behind,
                kinds,
            );
        }
        out
    }

    fn optimizer_step(
        weights: CubeTensor,
        gradient: CubeTensor,
        first: CubeTensor,
        second: CubeTensor,
        stride: Stride,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let shape = [weights.meta.shape()[0], weights.meta.shape()[1]];
        let [weights_after, first_after, second_after] = [(); 3].map(|()| like(&weights, shape));
        let [keep_first, keep_second] = stride.keep.map(|keep| keep as f32);
        // Safety: units beyond the last number do nothing.
        unsafe {
            kernels::step::launch_unchecked(
                &weights.client.clone(),
                cubes(shape[0] * shape[1]),
                CubeDim::new_1d(LINE),
                weights.into_tensor_arg(),
                gradient.into_tensor_arg(),
                first.into_tensor_arg(),
                second.into_tensor_arg(),
                weights_after.clone().into_tensor_arg(),
                first_after.clone().into_tensor_arg(),
                second_after.clone().into_tensor_arg(),
                keep_first,
                keep_second,
                stride.factor as f32,
                stride.floor as f32,
                stride.shrink as f32,
                stride.rule,
            );
        }
        (weights_after, first_after, second_after)
    }

    fn loss_of_one(
        scores: CubeTensor,
        labels: CubeTensor,
        weights: CubeTensor,
        counted: Counted,
        is_class: bool,
    ) -> (CubeTensor, CubeTensor) {
        let n_rows = scores.meta.shape()[0];
        let (losses, slopes) = (of_kind(&scores, [n_rows, 1], DType::F32), like(&scores, [n_rows, 1]));
        let (kind, share) = (element(scores.dtype), counted.share(scores.dtype));
        // Safety: units beyond the last row do nothing.
        unsafe {
            kernels::loss_of_one::launch_unchecked(
                &scores.client.clone(),
                cubes(n_rows),
                CubeDim::new_1d(LINE),
                scores.into_tensor_arg(),
                labels.into_tensor_arg(),
                weights.into_tensor_arg(),
                losses.clone().into_tensor_arg(),
                slopes.clone().into_tensor_arg(),
                share,
                is_class,
                counted.is_weighed,
                kind,
            );
        }
        (losses, slopes)
    }

    fn loss_of_classes(
        scores: CubeTensor,
        labels: CubeTensor,
        weights: CubeTensor,
        counted: Counted,
    ) -> (CubeTensor, CubeTensor) {
        let (n_rows, n_classes) = (scores.meta.shape()[0], scores.meta.shape()[1]);
        let (losses, slopes) = (of_kind(&scores, [n_rows, 1], DType::F32), like(&scores, [n_rows, n_classes]));
        let (kind, share) = (element(scores.dtype), counted.share(scores.dtype));
        // Safety: units beyond the last row do nothing, and a label is one of the classes.
        unsafe {
            kernels::loss_of_classes::launch_unchecked(
                &scores.client.clone(),
                cubes(n_rows),
                CubeDim::new_1d(LINE),
                scores.into_tensor_arg(),
                labels.into_tensor_arg(),
                weights.into_tensor_arg(),
                losses.clone().into_tensor_arg(),
                slopes.clone().into_tensor_arg(),
                share,
                counted.is_weighed,
                kind,
            );
        }
        (losses, slopes)
    }
}

impl Counted {
    /// What a row's slope is multiplied with: its share of the mean, and what keeps small slopes of 16 bits from being 0.
    fn share(self, kind: DType) -> f32 {
        let scale = if kind == DType::F16 { SLOPE_SCALE } else { 1.0 };
        (scale / self.all) as f32
    }
}

/// A tensor of this shape where another is, with nothing in it.
fn like(tensor: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    of_kind(tensor, shape, tensor.dtype)
}

fn of_kind(tensor: &CubeTensor, shape: [usize; 2], kind: DType) -> CubeTensor {
    let handle = tensor.client.empty(shape[0] * shape[1] * kind.size());
    CubeTensor::new_contiguous(tensor.client.clone(), tensor.device.clone(), shape.into(), handle, kind)
}

fn element(kind: DType) -> ElemType {
    ElemType::Float(if kind == DType::F16 { FloatKind::F16 } else { FloatKind::F32 })
}

/// Cubes of [`LINE`] units for so many.
fn cubes(n: usize) -> CubeCount {
    let cubes = n.div_ceil(LINE as usize) as u32;
    // One dimension of a dispatch ends at 65,535.
    let across = cubes.min(1 << 15);
    CubeCount::Static(across, cubes.div_ceil(across.max(1)), 1)
}

/// All tensors here are a GPU's.
pub(super) fn plain_product(lhs: Tensor<2>, rhs: Tensor<2>) -> Tensor<2> {
    let unread = rhs.clone();
    product(lhs, rhs, unread, Behind::Nothing, [0.0; 2])
}

pub(super) fn layer(x: Tensor<2>, weights: Tensor<2>, intercepts: Tensor<2>, by: Bend) -> Tensor<2> {
    product(x, weights, intercepts, Behind::Activated(by), [0.0; 2])
}

pub(super) fn slope_through(slope: Tensor<2>, weights: Tensor<2>, made: Tensor<2>, by: Bend) -> Tensor<2> {
    product(slope, weights.transpose(), made, Behind::Slope(by), [0.0; 2])
}

pub(super) fn weights_gradient(
    given: Tensor<2>,
    slope: Tensor<2>,
    weights: Tensor<2>,
    penalties: [f64; 2],
) -> Tensor<2> {
    product(given.transpose(), slope, weights, Behind::Penalised, penalties)
}

fn product(lhs: Tensor<2>, rhs: Tensor<2>, with: Tensor<2>, behind: Behind, penalties: [f64; 2]) -> Tensor<2> {
    let [lhs, rhs, with] = [lhs, rhs, with].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as Kernels>::product(lhs, rhs, with, behind, penalties))
}

pub(super) fn optimizer_step(
    weights: Tensor<2>,
    gradient: Tensor<2>,
    sums: [Tensor<2>; 2],
    stride: Stride,
) -> [Tensor<2>; 3] {
    let [first, second] = sums.map(Tensor::into_dispatch);
    let (weights, gradient) = (weights.into_dispatch(), gradient.into_dispatch());
    let (weights, first, second) = <Dispatch as Kernels>::optimizer_step(weights, gradient, first, second, stride);
    [weights, first, second].map(Tensor::from_dispatch)
}

pub(super) fn loss_of_one(
    scores: Tensor<2>,
    labels: Tensor<2>,
    (weights, all): (Option<Tensor<2>>, f64),
    is_class: bool,
) -> [Tensor<2>; 2] {
    let counted = Counted { all, is_weighed: weights.is_some() };
    let weights = weights.unwrap_or_else(|| labels.clone()).into_dispatch();
    let (scores, labels) = (scores.into_dispatch(), labels.into_dispatch());
    let (losses, slopes) = <Dispatch as Kernels>::loss_of_one(scores, labels, weights, counted, is_class);
    [losses, slopes].map(Tensor::from_dispatch)
}

pub(super) fn loss_of_classes(
    scores: Tensor<2>,
    labels: Tensor<2, Int>,
    (weights, all): (Option<Tensor<2>>, f64),
) -> [Tensor<2>; 2] {
    let counted = Counted { all, is_weighed: weights.is_some() };
    // Not read; the labels' numbers are none of these.
    let weights = weights.unwrap_or_else(|| Tensor::empty([1, 1], &scores.device())).into_dispatch();
    let (scores, labels) = (scores.into_dispatch(), labels.into_dispatch());
    let (losses, slopes) = <Dispatch as Kernels>::loss_of_classes(scores, labels, weights, counted);
    [losses, slopes].map(Tensor::from_dispatch)
}
