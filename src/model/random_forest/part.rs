//! Some trees of a forest, as they travel between workers.
//!
//! What comes in: the state of a forest that has only some of the trees. What goes out: bytes, and on the other side the
//! trees one by one, to be kept in their order among those grown there. Bytes that are not such a state are refused.

use std::ops::Range;

use super::fitted::FittedForest;
use super::packed::PackedTree;
use crate::Error;
use crate::model::{Array, State, malformed};

/// The lists of such a state, in the order in which they travel; whole numbers first.
const WHOLE: [&str; 6] = ["shape", "n_nodes", "feature", "next", "n_samples", "first_tree"];
const REAL: [&str; 6] = ["number", "impurity", "importances", "shares", "weights", "tree_importances"];

/// A forest's trees as several workers grow them; nothing in it means one worker grows all.
#[derive(Debug, Default)]
pub struct TreeShare {
    /// The trees to be grown; the fitted model is then a part of a forest, for [`write_trees`].
    pub only: Option<Range<usize>>,
    /// States of parts that were grown elsewhere, read by [`read_trees`]; what they lack is grown.
    pub grown: Vec<State>,
}

/// The state of a part of a forest as bytes, with how long it took.
pub fn write_trees(state: &State, fit_millis: f64) -> Vec<u8> {
    let mut bytes = fit_millis.to_le_bytes().to_vec();
    for name in WHOLE {
        let list = state.u32(name).unwrap_or(&[]);
        bytes.extend((list.len() as u32).to_le_bytes());
        bytes.extend(list.iter().flat_map(|x| x.to_le_bytes()));
    }
    for name in REAL {
        let list = state.f64(name).unwrap_or(&[]);
        bytes.extend((list.len() as u32).to_le_bytes());
        bytes.extend(list.iter().flat_map(|x| x.to_le_bytes()));
    }
    bytes
}

/// Reads one part after [`write_trees`], and takes it from the front of `bytes`.
///
/// **Errors** `export.malformed_model` when it ends too early.
pub fn read_trees(bytes: &mut &[u8]) -> Result<(State, f64), Error> {
    let fit_millis = f64::from_le_bytes(take(bytes)?);
    let mut state = State::default();
    for name in WHOLE {
        let list = list(bytes, u32::from_le_bytes)?;
        state.0.insert(name.to_owned(), Array::U32(list));
    }
    for name in REAL {
        let list = list(bytes, f64::from_le_bytes)?;
        // Where all leaves are pure there are no shares.
        if !list.is_empty() {
            state.0.insert(name.to_owned(), Array::F64(list));
        }
    }
    Ok((state, fit_millis))
}

fn list<T, const N: usize>(bytes: &mut &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Error> {
    let n = u32::from_le_bytes(take(bytes)?) as usize;
    let (own, rest) = n.checked_mul(N).and_then(|len| bytes.split_at_checked(len)).ok_or_else(too_short)?;
    *bytes = rest;
    Ok(own.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Error> {
    let (own, rest) = bytes.split_first_chunk::<N>().ok_or_else(too_short)?;
    *bytes = rest;
    Ok(*own)
}

fn too_short() -> Error {
    malformed("a part of a forest ends too early")
}

/// Trees that follow each other in a forest.
pub(super) struct Part {
    first: usize,
    /// Each until it is taken.
    trees: Vec<Option<PackedTree>>,
    shares: Vec<f64>,
    importances: Vec<f64>,
    n_features: usize,
}

impl Part {
    /// **Errors** `export.malformed_model` when the state is not that of some trees of such a forest.
    pub(super) fn read(kind: &'static str, n_features: usize, n_classes: usize, state: &State) -> Result<Self, Error> {
        let forest = FittedForest::load(kind, state)?;
        let (first, importances) = (state.u32("first_tree")?, state.f64("tree_importances").unwrap_or(&[]));
        let [first] = *first else { return Err(malformed("a part of a forest begins at one tree")) };
        let fits = (forest.n_features, forest.n_classes) == (n_features, n_classes);
        let n_importances = forest.trees.len() * n_features;
        if !fits || importances.len() != n_importances || !importances.iter().all(|x| x.is_finite()) {
            return Err(malformed("a part of a forest is of another forest"));
        }
        let trees = forest.trees.into_iter().map(Some).collect();
        let importances = importances.to_vec();
        Ok(Self { first: first as usize, trees, shares: forest.shares, importances, n_features })
    }

    /// Whether it still has a tree of that number.
    pub(super) fn holds(&self, number: usize) -> bool {
        number.checked_sub(self.first).and_then(|idx| self.trees.get(idx)).is_some_and(Option::is_some)
    }

    /// **Panics** unless it holds that tree.
    pub(super) fn take(&mut self, number: usize) -> PackedTree {
        self.trees[number - self.first].take().expect("it holds the tree")
    }

    /// What mixed leaves of its trees point into.
    pub(super) fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The importances of one tree.
    pub(super) fn importances(&self, number: usize) -> &[f64] {
        &self.importances[(number - self.first) * self.n_features..][..self.n_features]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_of_another_forest_is_refused() {
        let mut forest = FittedForest::new("random_forest", 1, 0);
        forest.part = Some(super::super::fitted::PartOf { first: 3, importances: Vec::new() });
        let leaf = crate::model::TreeNode {
            parent: None,
            split: None,
            n_samples: 2,
            weighted_n_samples: 2.0,
            impurity: 0.0,
            value: vec![1.5],
        };
        forest.push(&[leaf]);
        use crate::model::Fitted as _;
        let bytes = write_trees(&forest.state(), 7.0);
        for len in 0..bytes.len() {
            assert!(read_trees(&mut &bytes[..len]).is_err(), "{len} bytes");
        }
        let (state, fit_millis) = read_trees(&mut bytes.as_slice()).unwrap();
        assert_eq!(fit_millis, 7.0);
        let mut part = Part::read("random_forest", 1, 0, &state).unwrap();
        assert!(part.holds(3) && !part.holds(2) && !part.holds(4));
        assert_eq!((part.take(3), part.importances(3)), (forest.trees[0].clone(), &[0.0][..]));
        assert!(!part.holds(3));
        assert!(
            Part::read("random_forest", 2, 0, &state).is_err() && Part::read("random_forest", 1, 2, &state).is_err()
        );
    }
}
