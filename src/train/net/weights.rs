//! A net's weights as lists, and what becomes of them when the smallest are left out.
//!
//! A weight multiplies what comes in. Intercepts, gammas, betas, running means and variances are none: they are few, and
//! stay.

use super::Net;

impl Net {
    /// Every list of weights with its shape: the front's, then each layer's.
    ///
    /// **Shapes** Row-major, what is read × what is made.
    pub fn weights(&self) -> Vec<([usize; 2], &[f32])> {
        let front = self.front.iter().flat_map(|front| {
            let lists = front.plan.shapes().into_iter().zip(&front.learned);
            lists.filter(|((_, is_weight), _)| *is_weight).map(|((shape, _), values)| (shape, values.as_slice()))
        });
        let layers = self.layers.iter().map(|layer| ([layer.n_inputs, layer.n_outputs], layer.weights.as_slice()));
        front.chain(layers).collect()
    }

    /// The same lists, to be changed.
    pub(crate) fn weights_mut(&mut self) -> Vec<&mut [f32]> {
        let front = self.front.iter_mut().flat_map(|front| {
            let lists = front.plan.shapes().into_iter().zip(&mut front.learned);
            lists.filter(|((_, is_weight), _)| *is_weight).map(|(_, values)| values.as_mut_slice())
        });
        front.chain(self.layers.iter_mut().map(|layer| layer.weights.as_mut_slice())).collect()
    }

    /// Which share of the weights is 0.
    pub fn sparsity(&self) -> f64 {
        let lists = self.weights();
        let n_weights: usize = lists.iter().map(|(_, values)| values.len()).sum();
        let n_zero: usize = lists.iter().map(|(_, values)| values.iter().filter(|x| **x == 0.0).count()).sum();
        n_zero as f64 / n_weights.max(1) as f64
    }

    /// Sets the smallest of all weights to 0, whichever list they are in: the share `sparsity` of them, rounded half to
    /// even. Of equal sizes the first go first. `O(weights)`.
    ///
    /// It is what PyTorch's `global_unstructured` does with `L1Unstructured`
    /// (<https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.prune.global_unstructured.html>).
    ///
    /// ```
    /// use vitrine::train::net::{Activation, Layer, Net};
    /// let layer = Layer { n_inputs: 4, n_outputs: 1, weights: vec![0.5, -0.1, 2.0, 0.2], biases: vec![0.0], norm: None };
    /// let mut net = Net { front: None, layers: vec![layer], activation: Activation::Relu };
    /// net.prune(0.5);
    /// assert_eq!(net.layers[0].weights, [0.5, 0.0, 2.0, 0.0]);
    /// assert_eq!(net.sparsity(), 0.5);
    /// ```
    pub fn prune(&mut self, sparsity: f64) {
        let n_weights: usize = self.weights().iter().map(|(_, values)| values.len()).sum();
        let n_pruned = (sparsity.clamp(0.0, 1.0) * n_weights as f64).round_ties_even() as usize;
        let (limit, mut n_at_limit) = self.nth_smallest(n_pruned);
        for weight in self.weights_mut().into_iter().flatten() {
            let size = weight.abs().to_bits();
            let is_tied = size == limit && n_at_limit > 0;
            if is_tied {
                n_at_limit -= 1;
            }
            // Of what is kept, the zero below 0 becomes the one that is not.
            *weight = if size < limit || is_tied { 0.0 } else { *weight + 0.0 };
        }
    }

    /// The size (as bits, which are in the order of the numbers) below which all of the `n` smallest are but for some that
    /// are of that size, and how many these are. Counted by the upper half of the bits and then by the lower, so that
    /// nothing has to be sorted.
    fn nth_smallest(&self, n: usize) -> (u32, usize) {
        let lists = self.weights();
        let find = |n: usize, of: &dyn Fn(u32) -> Option<u32>| {
            let mut counts = vec![0usize; 1 << 16];
            let sizes = lists.iter().flat_map(|(_, values)| *values).map(|weight| weight.abs().to_bits());
            sizes.filter_map(of).for_each(|half| counts[half as usize] += 1);
            let mut before = 0;
            let half = counts.iter().position(|count| {
                before += count;
                before >= n
            });
            let half = half.unwrap_or(0);
            (half as u32, n - (before - counts[half]).min(n))
        };
        let (upper, rest) = find(n, &|bits| Some(bits >> 16));
        let (lower, rest) = find(rest, &|bits| (bits >> 16 == upper).then_some(bits & 0xffff));
        ((upper << 16) | lower, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::net::{Activation, Embeddings, Front, FrontPlan, Layer};

    fn net(weights: &[f32]) -> Net {
        let plan = Embeddings { n_inputs: 2, dim: 2, categories: vec![(1, 2)] };
        let front = Front::from_flat(FrontPlan::Embeddings(plan), &weights[..4]);
        let rest = weights[4..].to_vec();
        let layer = Layer { n_inputs: 3, n_outputs: 1, weights: rest, biases: vec![0.001], norm: None };
        Net { front, layers: vec![layer], activation: Activation::Relu }
    }

    fn pruned(weights: &[f32], sparsity: f64) -> Vec<f32> {
        let mut net = net(weights);
        net.prune(sparsity);
        assert_eq!(net.layers[0].biases, [0.001], "intercepts stay");
        net.weights().into_iter().flat_map(|(_, values)| values.to_vec()).collect()
    }

    #[test]
    fn the_smallest_go_wherever_they_are() {
        let weights = [0.3, -2.0, 1e-30, 5.0, -0.1, 4.0, -0.2];
        assert_eq!(pruned(&weights, 0.0), weights);
        assert_eq!(pruned(&weights, 3.0 / 7.0), [0.3, -2.0, 0.0, 5.0, 0.0, 4.0, 0.0]);
        assert_eq!(pruned(&weights, 6.0 / 7.0), [0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
        assert_eq!(pruned(&weights, 1.0), [0.0; 7]);
    }

    #[test]
    fn of_equal_sizes_the_first_go_and_halves_are_rounded_to_even() {
        // 0.5 · 7 = 3.5 → 4
        assert_eq!(pruned(&[1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0], 0.5), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        // 0.5 · 5 of the layer … all are counted together.
        assert_eq!(pruned(&[0.0, -0.0, 1.0, -1.0, 2.0, 2.0, 2.0], 2.0 / 7.0), [0.0, 0.0, 1.0, -1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn no_zero_is_below_zero() {
        for sparsity in [0.0, 0.2, 1.0] {
            let left = pruned(&[-0.0, -0.0, -0.0, 1.0, -1.0, -0.0, 0.0], sparsity);
            assert!(left.iter().all(|x| *x != 0.0 || x.is_sign_positive()), "{left:?}");
        }
    }

    #[test]
    fn a_sorted_list_is_cut_at_the_same_place() {
        let weights: Vec<f32> =
            (0..700).map(|i| ((i as f32 * 0.618_034).fract() - 0.5) * 10f32.powi(i % 7 - 3)).collect();
        let layer = Layer { n_inputs: 700, n_outputs: 1, weights: weights.clone(), biases: vec![0.0], norm: None };
        for n in [1usize, 77, 350, 699] {
            let mut net = Net { front: None, layers: vec![layer.clone()], activation: Activation::Relu };
            net.prune(n as f64 / 700.0);
            let mut sizes: Vec<f32> = weights.iter().map(|x| x.abs()).collect();
            sizes.sort_by(f32::total_cmp);
            let kept = |x: &f32| if x.abs() < sizes[n] { 0.0 } else { *x };
            assert_eq!(net.layers[0].weights, weights.iter().map(kept).collect::<Vec<_>>(), "{n}");
        }
    }
}
