//! What each tree of a forest says about one row.

use super::ExplainError;
use crate::Error;
use crate::model::{TreeNode, Trees, argmax};
use crate::preprocess::Matrix;

/// What one tree says about the first row of `x`: the position of the class with the largest share, the first among
/// equals, or the leaf's number where it has one number.
///
/// **Errors** `explain.no_such_tree`.
pub fn vote(trees: &dyn Trees, tree: usize, x: &Matrix) -> Result<f64, Error> {
    let nodes = tree_of(trees, tree)?;
    let mut at = 0;
    while let Some(split) = &nodes[at].split {
        at = if trees.goes_left(tree, at, split, x.get(0, split.feature)) { split.left } else { split.right };
    }
    let value = &nodes[at].value;
    Ok(if value.len() == 1 { value[0] } else { argmax(value) as f64 })
}

/// One of the trees.
///
/// **Errors** `explain.no_such_tree`.
pub fn tree_of(trees: &dyn Trees, index: usize) -> Result<Vec<TreeNode>, Error> {
    let n_trees = trees.n_trees();
    if index < n_trees { Ok(trees.nodes(index)) } else { Err(ExplainError::NoSuchTree { index, n_trees }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TreeSplit;

    struct Stumps;

    impl Trees for Stumps {
        fn n_trees(&self) -> usize {
            2
        }

        fn n_nodes(&self, _: usize) -> usize {
            3
        }

        fn nodes(&self, tree: usize) -> Vec<TreeNode> {
            let node = |split, value: &[f64]| TreeNode {
                parent: None,
                split,
                n_samples: 2,
                weighted_n_samples: 2.0,
                impurity: 0.0,
                value: value.to_vec(),
            };
            let threshold = tree as f64;
            let split = TreeSplit { feature: 0, threshold, missing_go_to_left: true, left: 1, right: 2 };
            vec![node(Some(split), &[0.5, 0.5]), node(None, &[0.5, 0.5]), node(None, &[0.0, 1.0])]
        }
    }

    #[test]
    fn each_tree_has_its_own_say() {
        let says = |x: f64, tree| vote(&Stumps, tree, &Matrix::from_columns(vec![vec![x]])).unwrap();
        assert_eq!((says(0.5, 0), says(0.5, 1)), (1.0, 0.0));
        assert_eq!(says(f64::NAN, 0), 0.0);
        let error = vote(&Stumps, 2, &Matrix::from_columns(vec![vec![0.0]])).unwrap_err();
        assert_eq!(error.code(), "explain.no_such_tree");
    }
}
