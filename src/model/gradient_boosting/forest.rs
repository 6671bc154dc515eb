//! Many trees in few lists: sixteen bytes are read per question.
//!
//! A tree's nodes stand depth first, left before right, so that the left child of a node is the next one and only the
//! right one needs a number. What is read for drawing alone is kept apart, and so are sets of categories.

use super::bins::{Grid, code};
use super::cut::Question as Asked;
use super::tree::Grown;
use crate::Error;
use crate::model::{CategorySet, State, TreeNode, TreeSplit, Trees, malformed};

/// Rows that walk abreast: a walk by itself waits for every node to come from memory.
pub(super) const LANES: usize = 8;

/// In the place of a feature: missing cells go left.
const MISSING_LEFT: u32 = 1 << 31;

/// In the place of a feature: the number is the place of two sets of categories.
const CATEGORIES: u32 = 1 << 30;

/// What an answer reads of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Question {
    /// The threshold, or the place of the sets; at a leaf what it adds.
    number: f64,
    /// The feature, and what else there is to know about it.
    asked: u32,
    /// The right child, counted from the tree's root; 0 at a leaf.
    right: u32,
}

impl Question {
    fn is_leaf(&self) -> bool {
        self.right == 0
    }

    fn feature(&self) -> usize {
        (self.asked & !(MISSING_LEFT | CATEGORIES)) as usize
    }

    fn asks_category(&self) -> bool {
        self.asked & CATEGORIES != 0
    }

    /// Whether a number, or a missing cell, goes left.
    #[inline]
    fn takes_left(&self, x: f64) -> bool {
        (x <= self.number) | ((self.asked & MISSING_LEFT != 0) & x.is_nan())
    }
}

/// The categories that go left and those that go right; all others go where missing cells go.
type Sides = [CategorySet; 2];

/// Trees, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forest {
    /// Where each tree begins, and where the last one ends.
    starts: Vec<u32>,
    questions: Vec<Question>,
    sides: Vec<Sides>,
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
            sides: Vec::new(),
            n_samples: Vec::new(),
            values: Vec::new(),
            impurities: Vec::new(),
        }
    }
}

impl Forest {
    /// Adds a tree, grown on a grid.
    pub(super) fn push(&mut self, tree: &[Grown], grid: &Grid) {
        for node in tree {
            let question = match node.split {
                None => Question { number: node.value, asked: 0, right: 0 },
                Some((cut, right)) => {
                    let cuts = &grid.cuts[cut.feature];
                    let (number, flag) = match cut.question {
                        Asked::UpTo(bin) => (cuts.threshold(bin), 0),
                        Asked::Among(bins) => {
                            self.sides.push([cuts.codes(&bins, true), cuts.codes(&bins, false)]);
                            ((self.sides.len() - 1) as f64, CATEGORIES)
                        }
                    };
                    let missing = if cut.missing_left { MISSING_LEFT } else { 0 };
                    Question { number, asked: cut.feature as u32 | flag | missing, right: right as u32 }
                }
            };
            self.questions.push(question);
            self.n_samples.push(node.n_samples);
            self.values.push(node.value);
            self.impurities.push(node.impurity);
        }
        self.starts.push(self.questions.len() as u32);
    }

    /// Multiplies what the trees say by a power of two.
    pub(super) fn scale(&mut self, unit: f64) {
        self.values.iter_mut().for_each(|value| *value *= unit);
        self.impurities.iter_mut().for_each(|variance| *variance = (*variance * unit * unit).min(f64::MAX));
        for (question, value) in self.questions.iter_mut().zip(&self.values) {
            if question.is_leaf() {
                question.number = *value;
            }
        }
    }

    fn questions(&self, tree: usize) -> &[Question] {
        &self.questions[self.starts[tree] as usize..self.starts[tree + 1] as usize]
    }

    /// Adds what the trees say to the scores of some rows; tree `t` speaks for output `t % n_outputs`.
    ///
    /// **Shapes** `rows`: row-major, `n_features` each, of a multiple of [`LANES`] rows at least as many as there are
    /// scores. `scores`: one list per output.
    pub(super) fn add_all(&self, rows: &[f64], n_features: usize, scores: &mut [&mut [f64]]) {
        for tree in 0..self.n_trees() {
            let questions = self.questions(tree);
            let scores = &mut *scores[tree % scores.len()];
            let has_categories = questions.iter().any(Question::asks_category);
            for (scores, rows) in scores.chunks_mut(LANES).zip(rows.chunks_exact(LANES * n_features)) {
                let leaves = if has_categories {
                    walk(questions, rows, n_features, |question, x| self.takes_left(question, x))
                } else {
                    walk(questions, rows, n_features, Question::takes_left)
                };
                scores.iter_mut().zip(leaves).for_each(|(score, leaf)| *score += questions[leaf as usize].number);
            }
        }
    }

    /// Whether a cell goes left, of whatever kind its feature is.
    fn takes_left(&self, question: &Question, x: f64) -> bool {
        if !question.asks_category() {
            return question.takes_left(x);
        }
        let [left, right] = &self.sides[question.number as usize];
        match code(x) {
            Some(code) if left.contains(code) => true,
            Some(code) if right.contains(code) => false,
            _ => question.asked & MISSING_LEFT != 0,
        }
    }

    /// Adds the trees to a state.
    pub(super) fn write(&self, state: State) -> State {
        let each = |number: fn(&Question) -> u32| self.questions.iter().map(number).collect();
        let threshold = |question: &Question| if question.is_leaf() { 0.0 } else { question.number };
        let mut state = state
            .with_u32("n_nodes", self.starts.windows(2).map(|pair| pair[1] - pair[0]).collect())
            .with_u32("feature", each(|question| question.asked))
            .with_u32("right", each(|question| question.right))
            .with_u32("n_samples", self.n_samples.clone())
            .with_f64("threshold", self.questions.iter().map(threshold).collect())
            .with_f64("value", self.values.clone())
            .with_f64("impurity", self.impurities.clone());
        if !self.sides.is_empty() {
            state = state.with_u32("categories", self.sides.iter().flatten().flat_map(|set| set.words()).collect());
        }
        state
    }

    /// Reads the trees of a state.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of trees.
    pub(super) fn read(state: &State, n_features: usize) -> Result<Self, Error> {
        let (n_nodes, feature, right) = (state.u32("n_nodes")?, state.u32("feature")?, state.u32("right")?);
        let (n_samples, threshold) = (state.u32("n_samples")?, state.f64("threshold")?);
        let (values, impurities) = (state.f64("value")?, state.f64("impurity")?);
        // Where nobody asks for categories there is no such list.
        let words = if state.0.contains_key("categories") { state.u32("categories")? } else { &[] };
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
        let question = |idx: usize| {
            let number = if right[idx] == 0 { values[idx] } else { threshold[idx] };
            Question { number, asked: feature[idx], right: right[idx] }
        };
        let forest = Self {
            starts,
            questions: (0..feature.len()).map(question).collect(),
            sides: words.chunks_exact(16).map(sides).collect(),
            n_samples: n_samples.to_vec(),
            values: values.to_vec(),
            impurities: impurities.to_vec(),
        };
        // A leaf asks for nothing: its 0 is always there to be read.
        let is_there =
            |question: &Question| question.feature() < n_features || question.is_leaf() && question.asked == 0;
        if let Some(question) = forest.questions.iter().find(|question| !is_there(question)) {
            return Err(malformed(format!("a node asks for feature {} of {n_features}", question.feature())));
        }
        let mut asking = forest.questions.iter().filter(|question| question.asks_category());
        if asking.any(|question| question.is_leaf() || question.number as usize >= forest.sides.len()) {
            return Err(malformed("a node asks for categories that are not there"));
        }
        for tree in 0..forest.n_trees() {
            check(forest.questions(tree))?;
        }
        Ok(forest)
    }
}

/// Two sets from sixteen words.
fn sides(words: &[u32]) -> Sides {
    let set = |half: usize| CategorySet::from_words(std::array::from_fn(|idx| words[8 * half + idx]));
    [set(0), set(1)]
}

/// Where each of some rows ends; `rows` are row-major. Who has arrived stays: there is no branch to be guessed.
#[inline]
fn walk(
    questions: &[Question],
    rows: &[f64],
    n_features: usize,
    takes_left: impl Fn(&Question, f64) -> bool,
) -> [u32; LANES] {
    let mut at = [0u32; LANES];
    loop {
        let mut is_walking = false;
        for (lane, here) in at.iter_mut().enumerate() {
            let question = &questions[*here as usize];
            let is_leaf = question.is_leaf();
            is_walking |= !is_leaf;
            let is_left = takes_left(question, rows[lane * n_features + question.feature()]);
            let next = if is_left { *here + 1 } else { question.right };
            *here = if is_leaf { *here } else { next };
        }
        if !is_walking {
            return at;
        }
    }
}

/// Makes sure that every way from the root ends in a leaf, and that every node is on exactly one.
fn check(questions: &[Question]) -> Result<(), Error> {
    // Depth first, what comes next is the left child of what came last, or the innermost right child still waited for.
    let mut waiting: Vec<u32> = Vec::new();
    for (idx, question) in questions.iter().enumerate() {
        if !question.is_leaf() {
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
            let split = (!question.is_leaf()).then(|| TreeSplit {
                feature: question.feature(),
                threshold: match question.number {
                    _ if question.asks_category() => 0.0,
                    // Missing cells alone go right.
                    f64::MAX => f64::INFINITY,
                    number => number,
                },
                missing_go_to_left: question.asked & MISSING_LEFT != 0,
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

    fn categories(&self, tree: usize, node: usize) -> Option<CategorySet> {
        let question = self.questions(tree)[node];
        question.asks_category().then(|| self.sides[question.number as usize][0])
    }

    fn goes_left(&self, tree: usize, node: usize, _: &TreeSplit, x: f64) -> bool {
        self.takes_left(&self.questions(tree)[node], x)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::Cuts;
    use super::super::cut::Cut;
    use super::super::histogram::Sums;
    use super::*;
    use crate::preprocess::Matrix;

    fn leaf(value: f64) -> Grown {
        Grown { split: None, n_samples: 1, value, impurity: 0.0 }
    }

    fn inner(feature: usize, question: Asked, missing_left: bool, right: usize) -> Grown {
        let cut = Cut { gain: 1.0, feature, question, missing_left, left: Sums::default(), right: Sums::default() };
        Grown { split: Some((cut, right)), n_samples: 2, value: 0.5, impurity: 0.25 }
    }

    /// `x0 <= 1 ? (x1 <= 5 ? 10 : 20) : 30` where a missing `x1` goes left, and a leaf alone.
    fn two_trees() -> Forest {
        let cuts = vec![Cuts::Numbers(vec![1.0]), Cuts::Numbers(vec![5.0])];
        let grid = Grid { cuts, has_missing: vec![false, true] };
        let [first, second] = [(0, false, 4), (1, true, 3)]
            .map(|(feature, missing_left, right)| inner(feature, Asked::UpTo(0), missing_left, right));
        let mut forest = Forest::default();
        forest.push(&[first, second, leaf(10.0), leaf(20.0), leaf(30.0)], &grid);
        forest.push(&[leaf(1.0)], &grid);
        forest
    }

    /// Of the categories 2, 4 and 6 the middle one goes left; what is missing too.
    fn of_categories() -> Forest {
        let grid = Grid { cuts: vec![Cuts::Categories(vec![2, 4, 6])], has_missing: vec![true] };
        let mut forest = Forest::default();
        let root = inner(0, Asked::Among([1].into_iter().collect()), true, 2);
        forest.push(&[root, leaf(-1.0), leaf(1.0)], &grid);
        forest
    }

    fn answers(forest: &Forest, columns: Vec<Vec<f64>>) -> Vec<f64> {
        let (n_rows, n_features) = (columns[0].len(), columns.len());
        let mut rows = Matrix::from_columns(columns).to_row_major();
        rows.resize(n_rows.next_multiple_of(LANES) * n_features, 0.0);
        let mut scores = vec![0.0; n_rows];
        forest.add_all(&rows, n_features, &mut [&mut scores]);
        scores
    }

    #[test]
    fn rows_go_left_up_to_the_threshold_and_missing_cells_the_learned_way() {
        let nan = f64::NAN;
        let columns = vec![vec![1.0, 0.0, 2.0, 0.0, nan], vec![5.0, 6.0, 0.0, nan, 0.0]];
        assert_eq!(answers(&two_trees(), columns), [11.0, 21.0, 31.0, 11.0, 31.0]);
    }

    #[test]
    fn known_categories_go_their_way_and_others_that_of_missing_cells() {
        let cells = vec![2.0, 4.0, 6.0, f64::NAN, -1.0, 3.0, 900.0];
        assert_eq!(answers(&of_categories(), vec![cells]), [1.0, -1.0, 1.0, -1.0, -1.0, -1.0, -1.0]);
        assert_eq!(of_categories().categories(0, 0).unwrap().codes().collect::<Vec<_>>(), [4]);
        assert_eq!(of_categories().categories(0, 1), None);
        let forest = of_categories();
        let split = forest.nodes(0)[0].split.unwrap();
        assert!(forest.goes_left(0, 0, &split, 4.0) && !forest.goes_left(0, 0, &split, 2.0));
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
            Some(TreeSplit { feature: 1, threshold: 5.0, missing_go_to_left: true, left: 2, right: 3 })
        );
        assert_eq!((nodes[4].value[0], nodes[0].n_samples), (30.0, 2));
        assert_eq!((two_trees().n_trees(), two_trees().n_nodes(1)), (2, 1));
    }

    #[test]
    fn saved_trees_are_the_same_trees() {
        for forest in [two_trees(), of_categories()] {
            assert_eq!(Forest::read(&forest.write(State::default()), 2).unwrap(), forest);
        }
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
            state.clone().with_u32("feature", vec![CATEGORIES, 0, 0, 0, 0, 0]),
            state.clone().with_u32("feature", vec![0, 1, CATEGORIES, 0, 0, 0]),
            of_categories().write(State::default()).with_u32("categories", vec![0; 15]),
        ];
        for state in spoiled {
            assert_eq!(Forest::read(&state, 2).unwrap_err().code(), "export.malformed_model", "{state:?}");
        }
    }
}
