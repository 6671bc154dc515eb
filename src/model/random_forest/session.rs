//! A forest under way: features are sorted once, then one tree after the other is planted, grown, scored and packed.
//!
//! What comes in besides may be trees that were grown elsewhere: they are kept as if they had been grown here, and only
//! those that are missing are grown. Rows that were drawn several times are there several times, side by side in every
//! feature's sorted words; a tree is grown on those as on any others. However small the trees are, a step takes what fits
//! into it.

use std::ops::Range;

use super::fitted::{FittedForest, PartOf};
use super::out_of_bag::OutOfBag;
use super::part::Part;
use super::watch::Watch;
use super::{ForestError, ForestIssue};
use crate::Error;
use crate::error::Issues;
use crate::model::Fitted;
use crate::model::TreeNode;
use crate::model::decision_tree::criterion::{Impurity, Labels};
use crate::model::decision_tree::grow::{Grower, Limits};
use crate::model::decision_tree::presort::{Layout, Presort};
use crate::model::decision_tree::sklearn_random::RandomState;
use crate::model::decision_tree::{FittedDecisionTree, Pruning, WORDS_PER_STEP, sort};
use crate::preprocess::{Matrix, Target};
use crate::random::Seed;
use crate::train::{Epoch, Session, Step, StepFuture, ready};

/// Nodes of all trees; at 24 bytes each they are one gigabyte.
const NODES_MAX: usize = 40_000_000;

/// What seeding and packing a tree costs besides its rows, in words.
const WORDS_PER_TREE: usize = 4_000;

/// What asking a tree about one row costs, in words.
const WORDS_PER_ANSWER: usize = 32;

/// Tree seeds are below this, as scikit-learn draws them.
const SEED_END: u32 = i32::MAX as u32;

/// How the parts of a tree share its progress.
const PLANTED: f64 = 0.1;
const GROWN: f64 = 0.9;

/// What a forest is to be.
pub(super) struct Plan {
    pub(super) kind: &'static str,
    pub(super) n_trees: usize,
    /// 0 in regression.
    pub(super) n_classes: usize,
    pub(super) limits: Limits,
    pub(super) impurity: Impurity,
    pub(super) layout: Layout,
    pub(super) bootstrap: bool,
    /// How many rows a tree draws.
    pub(super) n_drawn: usize,
    pub(super) ccp_alpha: f64,
    pub(super) oob_score: bool,
    pub(super) seed: Seed,
}

/// A fit under way.
pub(super) struct ForestSession {
    plan: Plan,
    /// Empty once it is sorted, unless rows are scored.
    x: Matrix,
    y: Target,
    weights: Option<Vec<f64>>,
    n_features: usize,
    stage: Stage,
    /// The seed of each tree.
    seeds: Vec<u32>,
    /// The trees that are wanted.
    range: Range<usize>,
    /// Those of them that were grown elsewhere.
    parts: Vec<Part>,
    /// Every feature's words with each row once.
    sorted: Vec<Vec<u64>>,
    /// How often each row is in the tree under way.
    n_draws: Vec<u32>,
    forest: FittedForest,
    n_nodes: usize,
    bag: Option<OutOfBag>,
    /// None where the error so far would tell nothing.
    watch: Option<Watch>,
    /// What the newest tree has made of the error, until it is told.
    epoch: Option<Epoch>,
    issues: Issues,
    fraction: f64,
}

enum Stage {
    Sorting(Presort),
    /// Between two trees; there is no grower where nothing is left to grow.
    Next {
        grower: Option<Box<Grower>>,
    },
    Planting {
        grower: Box<Grower>,
        feature: usize,
    },
    Growing {
        grower: Box<Grower>,
        work: f64,
    },
    Pruning {
        grower: Box<Grower>,
        nodes: Vec<TreeNode>,
        pruning: Box<Pruning>,
    },
    Scoring {
        grower: Option<Box<Grower>>,
        row: usize,
    },
    Done,
}

impl ForestSession {
    /// A fit of all trees, or `only` of some; `parts` of them are known.
    pub(super) fn new(
        plan: Plan,
        (x, y, weights): (Matrix, Target, Option<Vec<f64>>),
        valid: Option<(Matrix, Target)>,
        only: Option<Range<usize>>,
        parts: Vec<Part>,
    ) -> Self {
        let (n_rows, n_features) = (y.n_rows(), x.n_features());
        let mut random = RandomState::new(plan.seed);
        let mut forest = FittedForest::new(plan.kind, n_features, plan.n_classes);
        forest.part = only.as_ref().map(|range| PartOf { first: range.start, ..PartOf::default() });
        // Rows are scored, and the error so far is told, by all trees together.
        let is_whole = only.is_none();
        let is_scored = plan.oob_score && is_whole;
        let watch = Watch::new((&x, &y), valid, plan.n_classes, (plan.n_trees, plan.bootstrap)).filter(|_| is_whole);
        let range = only.unwrap_or(0..plan.n_trees);
        let is_known = |number: usize| parts.iter().any(|part| part.holds(number));
        // Without features every tree is the same, and none asks a row.
        let stage = match n_features > 0 && range.clone().all(is_known) {
            true => Stage::Next { grower: None },
            false => Stage::Sorting(Presort::new(plan.layout, n_features)),
        };
        Self {
            n_features,
            stage,
            seeds: (0..plan.n_trees).map(|_| random.below(SEED_END)).collect(),
            range,
            parts,
            sorted: Vec::new(),
            n_draws: vec![1; n_rows],
            forest,
            n_nodes: 0,
            bag: is_scored.then(|| OutOfBag::new(n_rows, plan.n_classes)),
            watch,
            epoch: None,
            issues: Issues::new(),
            fraction: 0.0,
            plan,
            x,
            y,
            weights,
        }
    }

    fn advance(&mut self) -> Result<Step, Error> {
        let mut budget = WORDS_PER_STEP;
        while budget > 0 && self.epoch.is_none() && !matches!(self.stage, Stage::Done) {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Sorting(presort) => {
                    budget = 0;
                    self.sort(presort)
                }
                Stage::Next { grower } => self.next_tree(grower, &mut budget)?,
                Stage::Planting { grower, feature } => self.plant(grower, feature, &mut budget),
                Stage::Growing { grower, work } => self.grow(grower, work, &mut budget)?,
                Stage::Pruning { grower, nodes, pruning } => self.prune(grower, nodes, pruning, &mut budget)?,
                Stage::Scoring { grower, row } => self.score(grower, row, &mut budget),
                Stage::Done => Stage::Done,
            };
        }
        // Estimates may fall short; progress never goes back.
        self.fraction = self.fraction.max(self.estimate());
        Ok(Step { fraction: self.fraction, epoch: self.epoch.take() })
    }

    /// How far the fit is, if the trees to come are like those before.
    fn estimate(&self) -> f64 {
        let n_trees = self.range.len() as f64;
        // A feature is sorted in about the time in which one tree's words of it are rearranged.
        let sort_share = 1.0 / (n_trees + 1.0);
        let n_done = self.forest.trees.len() as f64;
        let n_done = match &self.stage {
            Stage::Sorting(presort) => return sort_share * presort.fraction(self.n_features),
            Stage::Next { .. } => n_done,
            Stage::Planting { feature, .. } => n_done + PLANTED * *feature as f64 / self.n_features as f64,
            Stage::Growing { grower, work } => {
                n_done + PLANTED + (GROWN - PLANTED) * (1.0 - grower.work_left() / work).clamp(0.0, 1.0)
            }
            Stage::Pruning { .. } => n_done + GROWN,
            // The tree is among the others already.
            Stage::Scoring { row, .. } => {
                n_done - 1.0 + GROWN + (1.0 - GROWN) * *row as f64 / self.n_draws.len() as f64
            }
            Stage::Done => return 1.0,
        };
        (sort_share + (1.0 - sort_share) * n_done / n_trees).min(1.0 - f64::EPSILON)
    }

    fn sort(&mut self, mut presort: Presort) -> Stage {
        if !sort(&mut presort, &self.x, &self.y) {
            return Stage::Sorting(presort);
        }
        if self.bag.is_none() {
            self.x = Matrix::default();
        }
        if self.n_features == 0 {
            return self.say_the_same();
        }
        let labels = self.labels();
        let Plan { limits, impurity, layout, .. } = self.plan;
        let mut columns = presort.into_columns();
        self.sorted = columns.iter_mut().map(|column| std::mem::take(&mut column.words)).collect();
        for words in &mut self.sorted {
            words.retain(|&word| labels.counts(layout.row(word)));
        }
        let grower = Grower::new(limits, impurity, layout, columns, labels, self.n_draws.len());
        Stage::Next { grower: Some(Box::new(grower)) }
    }

    /// Where rows are drawn, their weights say how often, and a drawn row counts once, as in scikit-learn.
    fn labels(&mut self) -> Labels {
        let weights = if self.plan.bootstrap { None } else { self.weights.take() };
        Labels::new(&self.y, weights)
    }

    /// Without features there is nothing to ask: every tree says the mean.
    fn say_the_same(&mut self) -> Stage {
        let labels = self.labels();
        let root = FittedDecisionTree::constant(&self.y, &labels, self.plan.impurity);
        self.range.clone().for_each(|_| self.forest.push(root.nodes()));
        self.bag = None;
        Stage::Done
    }

    /// Fills in one feature of the next tree.
    fn plant(&mut self, mut grower: Box<Grower>, feature: usize, budget: &mut usize) -> Stage {
        let seed = Seed(u64::from(self.seeds[self.range.start + self.forest.trees.len()]));
        if feature == 0 {
            *budget = budget.saturating_sub(WORDS_PER_TREE);
            if self.plan.bootstrap {
                self.draw_rows(seed, budget);
            }
        }
        let words = grower.words_mut(feature);
        words.clear();
        if self.plan.bootstrap {
            for &word in &self.sorted[feature] {
                let n_draws = self.n_draws[self.plan.layout.row(word)];
                words.extend(std::iter::repeat_n(word, n_draws as usize));
            }
        } else {
            words.extend_from_slice(&self.sorted[feature]);
        }
        *budget = budget.saturating_sub(words.len());
        if feature + 1 < self.n_features {
            return Stage::Planting { grower, feature: feature + 1 };
        }
        grower.plant(seed);
        let work = grower.work_left().max(1.0);
        Stage::Growing { grower, work }
    }

    fn draw_rows(&mut self, seed: Seed, budget: &mut usize) {
        let mut random = RandomState::new(seed);
        let n_rows = self.n_draws.len();
        *budget = budget.saturating_sub(4 * self.plan.n_drawn);
        self.n_draws.fill(0);
        let Some(weights) = &self.weights else {
            for _ in 0..self.plan.n_drawn {
                self.n_draws[random.below(n_rows as u32) as usize] += 1;
            }
            return;
        };
        let ends = ends(weights);
        for _ in 0..self.plan.n_drawn {
            let draw = random.uniform();
            self.n_draws[ends.partition_point(|&end| end <= draw)] += 1;
        }
    }

    fn grow(&mut self, mut grower: Box<Grower>, work: f64, budget: &mut usize) -> Result<Stage, Error> {
        if !grower.grow(budget) {
            return Ok(Stage::Growing { grower, work });
        }
        let nodes = grower.take_nodes();
        if self.plan.ccp_alpha > 0.0 {
            let pruning = Box::new(Pruning::new(&nodes));
            return Ok(Stage::Pruning { grower, nodes, pruning });
        }
        self.keep(grower, &nodes, budget)
    }

    fn prune(
        &mut self,
        grower: Box<Grower>,
        nodes: Vec<TreeNode>,
        mut pruning: Box<Pruning>,
        budget: &mut usize,
    ) -> Result<Stage, Error> {
        while pruning.next(self.plan.ccp_alpha, budget).is_some() {}
        if *budget == 0 {
            return Ok(Stage::Pruning { grower, nodes, pruning });
        }
        self.keep(grower, &pruning.tree(&nodes), budget)
    }

    fn keep(&mut self, grower: Box<Grower>, nodes: &[TreeNode], budget: &mut usize) -> Result<Stage, Error> {
        self.forest.push(nodes);
        self.kept(Some(grower), nodes.len(), budget)
    }

    /// A tree was kept.
    fn kept(&mut self, grower: Option<Box<Grower>>, n_nodes: usize, budget: &mut usize) -> Result<Stage, Error> {
        *budget = budget.saturating_sub(n_nodes);
        self.n_nodes += n_nodes;
        if let (Some(watch), Some(tree)) = (&mut self.watch, self.forest.trees.last()) {
            let n_asked = watch.ask(tree, &self.forest.shares, &self.n_draws);
            *budget = budget.saturating_sub(n_asked * WORDS_PER_ANSWER);
            self.epoch = watch.epoch();
        }
        let n_trees = self.plan.n_trees;
        let n_nodes = (self.n_nodes as f64 / self.forest.trees.len() as f64 * n_trees as f64) as usize;
        if n_nodes > NODES_MAX {
            return Err(ForestError::ForestTooLarge { n_trees, n_nodes, limit: NODES_MAX }.into());
        }
        Ok(if self.bag.is_some() { Stage::Scoring { grower, row: 0 } } else { Stage::Next { grower } })
    }

    /// Asks the newest tree about rows that it has not drawn.
    fn score(&mut self, grower: Option<Box<Grower>>, mut row: usize, budget: &mut usize) -> Stage {
        let tree = self.forest.trees.last().expect("a tree was just grown");
        let bag = self.bag.as_mut().expect("rows are scored");
        while row < self.n_draws.len() && *budget > 0 {
            *budget -= 1;
            if self.n_draws[row] == 0 {
                bag.ask(tree, &self.forest.shares, &self.x, row);
                *budget = budget.saturating_sub(WORDS_PER_ANSWER);
            }
            row += 1;
        }
        if row < self.n_draws.len() { Stage::Scoring { grower, row } } else { Stage::Next { grower } }
    }

    /// Takes the next tree from where it was grown, or begins it.
    fn next_tree(&mut self, grower: Option<Box<Grower>>, budget: &mut usize) -> Result<Stage, Error> {
        let number = self.range.start + self.forest.trees.len();
        if number == self.range.end {
            return Ok(self.end());
        }
        if let Some(part) = self.parts.iter_mut().find(|part| part.holds(number)) {
            let tree = part.take(number);
            let n_nodes = tree.nodes.len();
            let seed = Seed(u64::from(self.seeds[number]));
            self.forest.adopt(tree, part.shares(), part.importances(number));
            if self.bag.is_some() || (self.watch.is_some() && self.plan.bootstrap) {
                self.draw_rows(seed, budget);
            }
            return self.kept(grower, n_nodes, budget);
        }
        let grower = grower.expect("features are sorted where a tree is missing");
        Ok(Stage::Planting { grower, feature: 0 })
    }

    fn end(&mut self) -> Stage {
        if self.forest.part.is_some() {
            return Stage::Done;
        }
        self.forest.complete();
        if let Some(bag) = &self.bag {
            let n_rows = bag.n_unasked();
            if n_rows > 0 {
                self.issues.push(ForestIssue::RowsDrawnByAll { n_rows });
            }
            self.forest.oob_score = bag.score(&self.y);
        }
        Stage::Done
    }
}

/// Where each row ends on a line from 0 to 1 that they share by their weights.
fn ends(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mut end = 0.0;
    let mut ends: Vec<f64> = weights
        .iter()
        .map(|weight| {
            end += weight / total;
            end
        })
        .collect();
    // Roundings leave the last one a little beside 1.
    ends.iter_mut().for_each(|part| *part /= end);
    ends
}

impl Session<dyn Fitted> for ForestSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert!(self.fraction >= 1.0, "a step has said that the forest is grown");
        (Box::new(self.forest), self.issues)
    }
}
