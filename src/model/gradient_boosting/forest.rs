//! Many trees in few lists: sixteen bytes are read per question.
//!
//! A tree's nodes stand depth first, left before right, so that the left child of a node is the next one and only the
//! right one needs a number. What is read for drawing alone is kept apart.

use super::grow::Grown;
use crate::Error;
use crate::model::{State, TreeNode, TreeSplit, Trees, malformed};
use crate::preprocess::Matrix;

/// What an answer reads of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Question {
    /// The threshold; at a leaf what it adds.
    number: f64,
    feature: u32,
    /// The right child, counted from the tree's root; 0 at a leaf.
    right: u32,
}

/// Trees, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forest {
    /// Where each tree begins, and where the last one ends.
    starts: Vec<u32>,
    questions: Vec<Question>,
    n_samples: Vec<u32>,
    /// What each node adds, or would add if it were a leaf.
    values: Vec<f64>,
    /// The variance of what was left to learn.
    impurities: Vec<f64>,
}

impl Default for Forest {
    fn default() -> Self {
        Self {
            starts: vec![0],
            questions: Vec::new(),
            n_samples: Vec::new(),
            values: Vec::new(),
            impurities: Vec::new(),
        }
    }
}

impl Forest {
    /// Adds a tree's nodes, given depth first, left before right.
    pub(super) fn push(&mut self, nodes: impl Iterator<Item = Grown>) {
        for node in nodes {
            let (number, feature, right) = match node.split {
                Some((feature, threshold, right)) => (threshold, feature as u32, right as u32),
                None => (node.value, 0, 0),
            };
            self.questions.push(Question { number, feature, right });
            self.n_samples.push(node.n_samples);
            self.values.push(node.value);
            self.impurities.push(node.impurity);
        }
        self.starts.push(self.questions.len() as u32);
    }

    /// Multiplies what the trees say by a power of two.
    pub(super) fn scale(&mut self, unit: f64) {
        self.values.iter_mut().for_each(|value| *value *= unit);
        self.impurities.iter_mut().for_each(|variance| *variance *= unit * unit);
        for (question, value) in self.questions.iter_mut().zip(&self.values) {
            if question.right == 0 {
                question.number = *value;
            }
        }
    }

    fn questions(&self, tree: usize) -> &[Question] {
        &self.questions[self.starts[tree] as usize..self.starts[tree + 1] as usize]
    }

    /// Adds what one tree says to the score of each row.
    pub(super) fn add(&self, tree: usize, x: &Matrix, scores: &mut [f64]) {
        let questions = self.questions(tree);
        for (row, score) in scores.iter_mut().enumerate() {
            *score += answer(questions, |feature| x.get(row, feature));
        }
    }

    /// Adds what the trees say to the scores of some rows; tree `t` speaks for output `t % n_outputs`.
    ///
    /// **Shapes** `rows`: row-major, `n_features` each. `scores`: one list per output.
    pub(super) fn add_all(&self, rows: &[f64], n_features: usize, scores: &mut [&mut [f64]]) {
        for tree in 0..self.n_trees() {
            let questions = self.questions(tree);
            let scores = &mut *scores[tree % scores.len()];
            if n_features == 0 {
                scores.iter_mut().for_each(|score| *score += questions[0].number);
                continue;
            }
            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(n_features)) {
                *score += answer(questions, |feature| row[feature]);
            }
        }
    }

    /// Adds the trees to a state.
    pub(super) fn write(&self, state: State) -> State {
        let is_leaf = |question: &Question| question.right == 0;
        let threshold = |question: &Question| if is_leaf(question) { 0.0 } else { question.number };
        state
            .with_u32("n_nodes", self.starts.windows(2).map(|pair| pair[1] - pair[0]).collect())
            .with_u32("feature", self.questions.iter().map(|question| question.feature).collect())
            .with_u32("right", self.questions.iter().map(|question| question.right).collect())
            .with_u32("n_samples", self.n_samples.clone())
            .with_f64("threshold", self.questions.iter().map(threshold).collect())
            .with_f64("value", self.values.clone())
            .with_f64("impurity", self.impurities.clone())
    }

    /// Reads the trees of a state.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of trees.
    pub(super) fn read(state: &State, n_features: usize) -> Result<Self, Error> {
        let (n_nodes, feature, right) = (state.u32("n_nodes")?, state.u32("feature")?, state.u32("right")?);
        let (n_samples, threshold) = (state.u32("n_samples")?, state.f64("threshold")?);
        let (values, impurities) = (state.f64("value")?, state.f64("impurity")?);
        let lengths = [right.len(), n_samples.len(), threshold.len(), values.len(), impurities.len()];
        if lengths != [feature.len(); 5] {
            return Err(malformed("the trees' lists have different lengths"));
        }
        if ![threshold, values, impurities].iter().all(|numbers| numbers.iter().all(|x| x.is_finite())) {
            return Err(malformed("a tree's number is not finite"));
        }
        let mut starts = vec![0u32];
        for &n in n_nodes {
            let end = starts[starts.len() - 1].checked_add(n).filter(|&end| n > 0 && end as usize <= feature.len());
            starts.push(end.ok_or_else(|| malformed("the trees have other numbers of nodes than there are"))?);
        }
        if starts[starts.len() - 1] as usize != feature.len() {
            return Err(malformed("there are nodes of no tree"));
        }
        let number = |idx: usize| if right[idx] == 0 { values[idx] } else { threshold[idx] };
        let question = |idx: usize| Question { number: number(idx), feature: feature[idx], right: right[idx] };
        let forest = Self {
            starts,
            questions: (0..feature.len()).map(question).collect(),
            n_samples: n_samples.to_vec(),
            values: values.to_vec(),
            impurities: impurities.to_vec(),
        };
        for tree in 0..forest.n_trees() {
            check(forest.questions(tree), n_features)?;
        }
        Ok(forest)
    }
}

#[inline]
fn answer(questions: &[Question], number: impl Fn(usize) -> f64) -> f64 {
    let mut here = 0;
    loop {
        let question = questions[here];
        if question.right == 0 {
            return question.number;
        }
        let goes_left = number(question.feature as usize) <= question.number;
        here = if goes_left { here + 1 } else { question.right as usize };
    }
}

/// Makes sure that every way from the root ends in a leaf, and that every node is on exactly one.
fn check(questions: &[Question], n_features: usize) -> Result<(), Error> {
    // Depth first, what comes next is the left child of what came last, or the innermost right child still waited for.
    let mut waiting: Vec<u32> = Vec::new();
    for (idx, question) in questions.iter().enumerate() {
        if question.right != 0 {
            if question.feature as usize >= n_features {
                return Err(malformed(format!("node {idx} asks for feature {} of {n_features}", question.feature)));
            }
            if question.right as usize <= idx + 1 {
                return Err(malformed(format!("node {idx} has the impossible child {}", question.right)));
            }
            waiting.push(question.right);
        } else if idx + 1 < questions.len() && waiting.pop() != Some(idx as u32 + 1) {
            return Err(malformed(format!("node {} hangs nowhere", idx + 1)));
        }
    }
    if waiting.is_empty() { Ok(()) } else { Err(malformed("a tree ends before its last leaf")) }
}

impl Trees for Forest {
    fn n_trees(&self) -> usize {
        self.starts.len() - 1
    }

    fn n_nodes(&self, tree: usize) -> usize {
        self.questions(tree).len()
    }

    fn is_sum(&self) -> bool {
        true
    }

    fn nodes(&self, tree: usize) -> Vec<TreeNode> {
        let start = self.starts[tree] as usize;
        let questions = self.questions(tree);
        let mut parents = vec![None; questions.len()];
        let node = |(idx, question): (usize, &Question)| {
            let split = (question.right != 0).then(|| TreeSplit {
                feature: question.feature as usize,
                threshold: question.number,
                missing_go_to_left: false,
                left: idx + 1,
                right: question.right as usize,
            });
            if let Some(split) = split {
                parents[split.left] = Some(idx);
                parents[split.right] = Some(idx);
            }
            TreeNode {
                parent: parents[idx],
                split,
                n_samples: self.n_samples[start + idx] as usize,
                weighted_n_samples: f64::from(self.n_samples[start + idx]),
                impurity: self.impurities[start + idx],
                value: vec![self.values[start + idx]],
            }
        };
        questions.iter().enumerate().map(node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(value: f64) -> Grown {
        Grown { split: None, n_samples: 1, value, impurity: 0.0 }
    }

    fn inner(feature: usize, threshold: f64, right: usize) -> Grown {
        Grown { split: Some((feature, threshold, right)), n_samples: 2, value: 0.5, impurity: 0.25 }
    }

    /// `x0 <= 1 ? (x1 <= 5 ? 10 : 20) : 30`, and a leaf alone.
    fn two_trees() -> Forest {
        let mut forest = Forest::default();
        forest.push([inner(0, 1.0, 4), inner(1, 5.0, 3), leaf(10.0), leaf(20.0), leaf(30.0)].into_iter());
        forest.push([leaf(1.0)].into_iter());
        forest
    }

    #[test]
    fn rows_go_left_up_to_the_threshold() {
        let forest = two_trees();
        let x = Matrix::from_columns(vec![vec![1.0, 0.0, 2.0], vec![5.0, 6.0, 0.0]]);
        let mut scores = vec![0.0; 3];
        forest.add(0, &x, &mut scores);
        assert_eq!(scores, [10.0, 20.0, 30.0]);
        let mut scores = [vec![0.0; 3], vec![0.0; 3]];
        let [first, second] = &mut scores;
        forest.add_all(&x.to_row_major(), 2, &mut [first, second]);
        assert_eq!(scores, [[10.0, 20.0, 30.0], [1.0, 1.0, 1.0]]);
    }

    #[test]
    fn nodes_are_drawn_with_their_parents() {
        let nodes = two_trees().nodes(0);
        assert_eq!(
            nodes.iter().map(|node| node.parent).collect::<Vec<_>>(),
            [None, Some(0), Some(1), Some(1), Some(0)]
        );
        assert_eq!(
            nodes[1].split,
            Some(TreeSplit { feature: 1, threshold: 5.0, missing_go_to_left: false, left: 2, right: 3 })
        );
        assert_eq!((nodes[4].value[0], nodes[0].n_samples), (30.0, 2));
        assert_eq!((two_trees().n_trees(), two_trees().n_nodes(1)), (2, 1));
    }

    #[test]
    fn saved_trees_are_the_same_trees() {
        let forest = two_trees();
        assert_eq!(Forest::read(&forest.write(State::default()), 2).unwrap(), forest);
    }

    #[test]
    fn trees_that_do_not_hang_together_are_refused() {
        let state = two_trees().write(State::default());
        let right = |numbers: [u32; 6]| state.clone().with_u32("right", numbers.to_vec());
        let spoiled = [
            right([4, 4, 0, 0, 0, 0]),
            right([4, 2, 0, 0, 0, 0]),
            right([3, 4, 0, 0, 0, 0]),
            right([0, 3, 0, 0, 0, 0]),
            right([4, 3, 0, 0, 9, 0]),
            right([4, 3, 0, 0, 0, 1]),
            state.clone().with_u32("n_nodes", vec![5, 0]),
            state.clone().with_u32("n_nodes", vec![4, 2]),
            state.clone().with_u32("n_nodes", vec![5]),
            state.clone().with_u32("n_nodes", vec![5, u32::MAX]),
            state.clone().with_u32("feature", vec![2, 0, 0, 0, 0, 0]),
        ];
        for state in spoiled {
            assert_eq!(Forest::read(&state, 2).unwrap_err().code(), "export.malformed_model", "{state:?}");
        }
    }
}
