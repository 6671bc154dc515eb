//! Text in pieces of any size reaches the lexer here, in place where it can.

use super::lexer::{Lexer, Sink};

/// A lexer with the unfinished cell of the last piece.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub(super) lexer: Lexer,
    carry: String,
}

impl Feed {
    pub(super) fn new(lexer: Lexer) -> Self {
        Self { lexer, carry: String::new() }
    }

    /// Reads a piece, in place but for the cell that lies across its start.
    pub(super) fn push(&mut self, text: &str, sink: &mut impl Sink) {
        /// Enough for most cells, little to copy.
        const PIECE: usize = 1 << 10;
        let mut rest = text;
        while !self.carry.is_empty() && !rest.is_empty() {
            let n_old = self.carry.len();
            let n_new = rest.floor_char_boundary(PIECE);
            self.carry.push_str(&rest[..n_new]);
            let n_done = self.lexer.lex(&self.carry, false, sink);
            if n_done >= n_old {
                // The unfinished cell begins in this piece, and can be read in place.
                self.carry.clear();
                rest = &rest[n_done - n_old..];
            } else {
                self.carry.drain(..n_done);
                rest = &rest[n_new..];
            }
        }
        if self.carry.is_empty() {
            let n_done = self.lexer.lex(rest, false, sink);
            self.carry.push_str(&rest[n_done..]);
        }
    }

    /// There is no more text.
    pub(super) fn end(&mut self, sink: &mut impl Sink) {
        let carry = std::mem::take(&mut self.carry);
        self.lexer.lex(&carry, true, sink);
    }
}
