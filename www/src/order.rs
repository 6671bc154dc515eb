//! Putting things in order: one function for all, because a sort is four kilobytes for each way to compare.

use std::cmp::Ordering;

/// The positions of `n` things in order; equal ones stay as they are.
pub(crate) fn order(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..n).collect();
    positions.sort_by(|a, b| compare(*a, *b));
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_stay_as_they_are() {
        let things = [2, 1, 2, 1, 3];
        assert_eq!(order(5, &|a, b| things[a].cmp(&things[b])), [1, 3, 0, 2, 4]);
    }
}
