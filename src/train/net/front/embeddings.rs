//! Categories as learned vectors (Guo and Berkhahn 2016, <https://arxiv.org/abs/1604.06737>).
//!
//! What comes in: features, of which some are codes of categories. What goes out: the others as they are, and behind them
//! one vector for each coded feature. A code that was not there while learning is the vector of zeros.

#[cfg(feature = "tensors")]
use burn::tensor::{Int, Tensor};

#[cfg(feature = "tensors")]
use super::{Forward, FrontTensors, OnDevice};
use super::{Front, Numbers, Plan, Start};
#[cfg(feature = "tensors")]
use crate::train::net::pace::{Pace, Paced};

/// Which features are categories, and how long their vectors are.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// Features, categories among them.
    pub n_inputs: usize,
    /// How long a vector is.
    pub dim: usize,
    /// Each feature that is a category, ascending, and its number of categories.
    pub categories: Vec<(usize, usize)>,
}

impl Embeddings {
    /// Reads [`Plan::words`] back; none where these are no sizes.
    pub(super) fn read(words: &[u32]) -> Option<Self> {
        let &[n_inputs, dim, ref pairs @ ..] = words else { return None };
        let (pairs, rest) = pairs.as_chunks::<2>();
        let categories: Vec<_> = pairs.iter().map(|pair| (pair[0] as usize, pair[1] as usize)).collect();
        let is_ascending = categories.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let is_within = categories.last().is_some_and(|(feature, _)| *feature < n_inputs as usize);
        let is_sized = dim > 0 && categories.iter().all(|(_, n_codes)| *n_codes > 0);
        (rest.is_empty() && is_ascending && is_within && is_sized).then_some(Self {
            n_inputs: n_inputs as usize,
            dim: dim as usize,
            categories,
        })
    }

    fn others(&self) -> impl Iterator<Item = usize> {
        (0..self.n_inputs).filter(|feature| self.categories.iter().all(|(category, _)| category != feature))
    }
}

impl Plan for Embeddings {
    fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    fn n_features(&self) -> usize {
        self.n_inputs - self.categories.len() + self.categories.len() * self.dim
    }

    fn learned(&self) -> Vec<Numbers> {
        let vectors = |&(_, n_codes): &(usize, usize)| Numbers {
            shape: [n_codes, self.dim],
            is_weight: true,
            // As wide as scaled features are: evenly spread numbers within ± √3 have variance 1.
            start: Start::Within(libm::sqrt(3.0)),
        };
        self.categories.iter().map(vectors).collect()
    }

    fn running(&self) -> Vec<Numbers> {
        Vec::new()
    }

    fn multiply_adds(&self) -> usize {
        // On a device a vector is looked up by a product with zeros and a one.
        self.learned().iter().map(Numbers::len).sum()
    }

    fn features(&self, front: &Front, row: &[f64], made: &mut Vec<f64>) {
        made.clear();
        made.extend(self.others().map(|feature| row[feature]));
        for (vectors, &(feature, n_codes)) in front.learned.iter().zip(&self.categories) {
            let code = row[feature];
            if code >= 0.0 && code < n_codes as f64 {
                let vector = &vectors[code as usize * self.dim..][..self.dim];
                made.extend(vector.iter().map(|x| f64::from(*x)));
            } else {
                made.resize(made.len() + self.dim, 0.0);
            }
        }
    }

    fn words(&self) -> Vec<u32> {
        let pairs = self.categories.iter().flat_map(|(feature, n_codes)| [*feature as u32, *n_codes as u32]);
        [self.n_inputs as u32, self.dim as u32].into_iter().chain(pairs).collect()
    }
}

#[cfg(feature = "tensors")]
impl Embeddings {
    /// The features that are no categories, and of each category a one in the column of its code.
    fn looked_up(&self, x: &Tensor<2>) -> (Option<Tensor<2>>, Vec<Tensor<2>>) {
        let on = x.device();
        let others: Vec<i32> = self.others().map(|feature| feature as i32).collect();
        let others = (!others.is_empty()).then(|| x.clone().select(1, Tensor::<1, Int>::from_data(&others[..], &on)));
        let is_code = |&(feature, n_codes): &(usize, usize)| {
            let codes = Tensor::<1, Int>::arange(0..n_codes as i64, &on).float().reshape([1, n_codes]);
            x.clone().narrow(1, feature, 1).equal(codes).float()
        };
        (others, self.categories.iter().map(is_code).collect())
    }

    fn joined(&self, others: Option<Tensor<2>>, is_code: &[Tensor<2>], vectors: &[Tensor<2>]) -> Tensor<2> {
        let found = is_code.iter().zip(vectors).map(|(is_code, vectors)| is_code.clone().matmul(vectors.clone()));
        Tensor::cat(others.into_iter().chain(found).collect(), 1)
    }
}

#[cfg(feature = "tensors")]
impl OnDevice for Embeddings {
    fn forward<'a>(&'a self, tensors: &'a FrontTensors, x: Tensor<2>, pace: &'a Pace) -> Paced<'a, Forward> {
        Box::pin(async move {
            let [n_rows, _] = x.dims();
            let (others, is_code) = self.looked_up(&x);
            let features = self.joined(others, &is_code, &tensors.learned);
            pace.did(n_rows * self.multiply_adds()).await;
            let (dim, first, pace) = (self.dim, self.n_inputs - self.categories.len(), pace.clone());
            let backward = move |slope: Tensor<2>| -> Paced<'static, Vec<Tensor<2>>> {
                Box::pin(async move {
                    let mut gradients = Vec::with_capacity(is_code.len());
                    for (idx, is_code) in is_code.into_iter().enumerate() {
                        let slope = slope.clone().narrow(1, first + idx * dim, dim);
                        gradients.push(pace.product(is_code.transpose(), slope).await);
                    }
                    gradients
                })
            };
            Forward { features, running: Vec::new(), backward: Box::new(backward) }
        })
    }

    fn answer(&self, tensors: &FrontTensors, x: Tensor<2>) -> Tensor<2> {
        let (others, is_code) = self.looked_up(&x);
        self.joined(others, &is_code, &tensors.learned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::net::front::FrontPlan;

    fn plan() -> Embeddings {
        Embeddings { n_inputs: 3, dim: 2, categories: vec![(1, 2)] }
    }

    #[test]
    fn a_category_becomes_its_vector_behind_the_numbers() {
        let front = Front::from_flat(FrontPlan::Embeddings(plan()), &[1.0, 2.0, 3.0, 4.0]).unwrap();
        let mut made = Vec::new();
        front.features(&[0.5, 1.0, -0.5], &mut made);
        assert_eq!(made, [0.5, -0.5, 3.0, 4.0]);
        for unknown in [-1.0, 2.0, 1e300] {
            front.features(&[0.5, unknown, -0.5], &mut made);
            assert_eq!(made, [0.5, -0.5, 0.0, 0.0]);
        }
        assert_eq!((front.n_inputs(), front.n_features()), (3, 4));
    }

    #[test]
    fn sizes_are_read_back_and_checked() {
        let plan = FrontPlan::Embeddings(plan());
        assert_eq!(FrontPlan::read(&plan.words()), Some(plan.clone()));
        for words in
            [&[][..], &[1], &[9, 3, 2, 1, 2], &[1, 3, 2, 3, 2], &[1, 3, 0, 1, 2], &[1, 3, 2, 1], &[1, 3, 2, 1, 0]]
        {
            assert_eq!(FrontPlan::read(words), None, "{words:?}");
        }
        assert_eq!(Front::from_flat(plan.clone(), &[0.0; 3]), None);
        assert_eq!(Front::from_flat(plan, &[0.0; 5]), None);
    }
}
