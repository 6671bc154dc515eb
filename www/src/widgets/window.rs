//! Which rows of a long table are seen: the arithmetic of scrolling further than a browser can.
//!
//! Browsers cap the height of an element (Chromium near 33 million pixels, Firefox near 17). Below the cap a pixel of
//! scrolling is a pixel of table; above it, the scroll bar's range stands for all rows.

/// Height of a row and of the header.
pub(crate) const ROW_HEIGHT: f64 = 32.0;

/// Heights above this are mapped: below every browser's own cap.
const MAX_HEIGHT: f64 = 12_000_000.0;

/// A long table and the hole it is seen through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// Rows of the table.
    pub(crate) n_rows: usize,
    /// Height of the hole, the header in it.
    pub(crate) view_height: f64,
}

impl Window {
    /// Height of the element that is scrolled.
    pub(crate) fn scroll_height(self) -> f64 {
        self.full_height().min(MAX_HEIGHT)
    }

    /// How far that can be scrolled.
    pub(crate) fn scroll_range(self) -> f64 {
        (self.scroll_height() - self.view_height).max(0.0)
    }

    /// The first row seen, and how many pixels of it are above the hole.
    pub(crate) fn first_row(self, scroll_top: f64) -> (usize, f64) {
        let range = self.scroll_height() - self.view_height;
        if range <= 0.0 {
            return (0, 0.0);
        }
        let hidden = (scroll_top / range).clamp(0.0, 1.0) * (self.full_height() - self.view_height);
        let first = (hidden / ROW_HEIGHT).floor();
        (first as usize, hidden - first * ROW_HEIGHT)
    }

    /// Where to scroll so that a row is seen; none if it is.
    pub(crate) fn scroll_to(self, row: usize, scroll_top: f64) -> Option<f64> {
        let (first, above) = self.first_row(scroll_top);
        let first_whole = if above > 0.5 { first + 1 } else { first };
        let n_whole = ((self.view_height - ROW_HEIGHT) / ROW_HEIGHT).floor().max(1.0) as usize;
        let top_row = if row < first_whole {
            row
        } else if row >= first_whole + n_whole {
            row + 1 - n_whole
        } else {
            return None;
        };
        let hidden_range = self.full_height() - self.view_height;
        let range = self.scroll_height() - self.view_height;
        Some((top_row as f64 * ROW_HEIGHT / hidden_range.max(1.0) * range).max(0.0).min(range.max(0.0)))
    }

    /// Rows in the hole, those cut at its edges counted.
    pub(crate) fn n_seen(self) -> usize {
        (self.view_height / ROW_HEIGHT).ceil() as usize + 1
    }

    fn full_height(self) -> f64 {
        (self.n_rows as f64 + 1.0) * ROW_HEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_table_scrolls_by_pixels() {
        let window = Window { n_rows: 100, view_height: 320.0 };
        assert_eq!(window.scroll_height(), 101.0 * 32.0);
        assert_eq!(window.first_row(48.0), (1, 16.0));
        assert_eq!(window.scroll_to(0, 48.0), Some(0.0));
        assert_eq!(window.scroll_to(5, 48.0), None);
    }

    #[test]
    fn ten_million_rows_are_reached_from_end_to_end() {
        let window = Window { n_rows: 10_000_000, view_height: 420.0 };
        assert!(window.scroll_height() <= MAX_HEIGHT);
        assert_eq!(window.first_row(0.0).0, 0);
        let bottom = window.scroll_height() - 420.0;
        let (first, above) = window.first_row(bottom);
        assert!(first + window.n_seen() >= 10_000_000, "{first} {above}");
    }

    #[test]
    fn scrolling_to_a_row_shows_it() {
        let window = Window { n_rows: 1_000_000, view_height: 420.0 };
        for row in [0, 1, 499_999, 999_999] {
            let top = window.scroll_to(row, 5_000_000.0).expect("far away");
            let (first, _) = window.first_row(top + 1e-6);
            assert!(first <= row && row < first + window.n_seen(), "{row} {first}");
        }
    }
}
