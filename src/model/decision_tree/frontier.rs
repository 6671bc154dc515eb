//! The leaves a best-first tree may still split, best first.
//!
//! Which of two equally good leaves comes first decides their numbers in the tree, so this is the heap that
//! scikit-learn's compiled code uses (libstdc++'s), step for step; `BinaryHeap` would break ties otherwise.

/// A node that was searched and may be split.
#[derive(Clone, Debug)]
pub(in crate::model) struct Candidate<T> {
    /// How much the split lowers the impurity of the whole tree; 0 for a leaf.
    pub(in crate::model) improvement: f64,
    /// What to do when its turn comes.
    pub(in crate::model) item: T,
}

/// A max-heap by improvement.
#[derive(Debug)]
pub(in crate::model) struct Frontier<T>(Vec<Candidate<T>>);

impl<T> Frontier<T> {
    pub(in crate::model) fn new() -> Self {
        Self(Vec::new())
    }

    pub(in crate::model) fn iter(&self) -> impl Iterator<Item = &Candidate<T>> {
        self.0.iter()
    }

    pub(in crate::model) fn push(&mut self, candidate: Candidate<T>) {
        self.0.push(candidate);
        self.sift_up(self.0.len() - 1);
    }

    pub(in crate::model) fn pop(&mut self) -> Option<Candidate<T>> {
        let last = self.0.len().checked_sub(1)?;
        self.0.swap(0, last);
        let best = self.0.pop();
        let n = self.0.len();
        // The hole goes all the way down along the better children, then the moved item comes up again.
        let mut hole = 0;
        while 2 * hole + 1 < n {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let child = if right < n && self.0[right].improvement >= self.0[left].improvement { right } else { left };
            self.0.swap(hole, child);
            hole = child;
        }
        if n > 0 {
            self.sift_up(hole);
        }
        best
    }

    fn sift_up(&mut self, mut idx: usize) {
        while idx > 0 {
            let parent = (idx - 1) / 2;
            if self.0[parent].improvement >= self.0[idx].improvement {
                break;
            }
            self.0.swap(parent, idx);
            idx = parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first() {
        let mut frontier = Frontier::new();
        for (item, improvement) in [0.5, 0.1, 0.9, 0.3, 0.9].into_iter().enumerate() {
            frontier.push(Candidate { improvement, item });
        }
        let mut last = f64::INFINITY;
        while let Some(candidate) = frontier.pop() {
            assert!(candidate.improvement <= last);
            last = candidate.improvement;
        }
    }
}
