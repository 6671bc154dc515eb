//! How well a forest does while it grows: its error so far, tree by tree.
//!
//! What comes in: each new tree. What goes out: the error of the trees there are, on training rows that they did not draw
//! and on rows held back: the share answered wrong for classes, the mean square for numbers. Where trees draw no rows and
//! none are held back there is nothing to tell: each knows every row. Some thousand rows are enough for a curve, and a
//! tree is asked about those only, so that watching costs little beside growing.

use super::out_of_bag::OutOfBag;
use super::packed::PackedTree;
use crate::preprocess::{Matrix, Target};
use crate::train::Epoch;

/// Rows that are watched on each side, at most.
const N_WATCHED: usize = 4_096;

/// Points of the curve, at most.
const N_POINTS: usize = 200;

/// A forest's error so far.
#[derive(Debug)]
pub(super) struct Watch {
    own: Watched,
    /// Where the own rows stand among all training rows.
    rows: Vec<u32>,
    valid: Option<Watched>,
    /// Whether trees are asked only about rows that they did not draw.
    bootstrap: bool,
    n_trees: usize,
    n_asked: usize,
}

#[derive(Debug)]
struct Watched {
    x: Matrix,
    y: Target,
    bag: OutOfBag,
}

impl Watched {
    /// Some of the rows, evenly spread, and where they stood.
    fn new(x: &Matrix, y: &Target, n_classes: usize) -> (Self, Vec<u32>) {
        let stride = y.n_rows().div_ceil(N_WATCHED).max(1);
        let rows: Vec<u32> = (0..y.n_rows() as u32).step_by(stride).collect();
        let bag = OutOfBag::new(rows.len(), n_classes);
        (Self { x: x.take_rows(&rows), y: y.take_rows(&rows), bag }, rows)
    }
}

impl Watch {
    /// None where there is nothing to tell.
    pub(super) fn new(
        (x, y): (&Matrix, &Target),
        valid: Option<(Matrix, Target)>,
        n_classes: usize,
        (n_trees, bootstrap): (usize, bool),
    ) -> Option<Self> {
        let valid = valid.filter(|(x, _)| x.n_rows() > 0).map(|(x, y)| Watched::new(&x, &y, n_classes).0);
        if !bootstrap && valid.is_none() {
            return None;
        }
        let (own, rows) = Watched::new(x, y, n_classes);
        Some(Self { own, rows, valid, bootstrap, n_trees, n_asked: 0 })
    }

    /// Asks the newest tree, and says how many rows it was asked about. `n_draws`: how often it drew each training row.
    pub(super) fn ask(&mut self, tree: &PackedTree, shares: &[f64], n_draws: &[u32]) -> usize {
        self.n_asked += 1;
        let mut n_rows = 0;
        for (own, &row) in self.rows.iter().enumerate() {
            if !self.bootstrap || n_draws[row as usize] == 0 {
                self.own.bag.ask(tree, shares, &self.own.x, own);
                n_rows += 1;
            }
        }
        if let Some(valid) = &mut self.valid {
            for row in 0..valid.y.n_rows() {
                valid.bag.ask(tree, shares, &valid.x, row);
                n_rows += 1;
            }
        }
        n_rows
    }

    /// The newest point of the curve; none where the curve has one only now and then, or before any row was left out.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        let every = self.n_trees.div_ceil(N_POINTS);
        if !self.n_asked.is_multiple_of(every) && self.n_asked != self.n_trees {
            return None;
        }
        let train_loss = self.own.bag.loss(&self.own.y)?;
        let valid_loss = self.valid.as_ref().and_then(|valid| valid.bag.loss(&valid.y));
        Some(Epoch { number: self.n_asked, of: self.n_trees, train_loss, valid_loss })
    }
}
