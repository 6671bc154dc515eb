//! Adding up what different test runners report, for the one line at the end.

/// How many checks passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Checks that passed.
    pub(crate) n_passed: usize,
    /// Checks that failed.
    pub(crate) n_failed: usize,
}

impl Tally {
    /// One check that passed or failed.
    pub(crate) fn one(success: bool) -> Self {
        Self { n_passed: usize::from(success), n_failed: usize::from(!success) }
    }

    /// The sum of two.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { n_passed: self.n_passed + other.n_passed, n_failed: self.n_failed + other.n_failed }
    }

    /// Reads what a runner printed. A runner that failed without naming a failed test, or that ran none at all, did
    /// not compile or did not start: that is one failure, so that silence never counts as success.
    pub(crate) fn read(text: &str, success: bool) -> Self {
        let counted = text.lines().map(|line| of_cargo(line).or_else(|| of_node(line)).unwrap_or_default());
        let tally = counted.fold(Self::default(), Self::plus);
        if (!success && tally.n_failed == 0) || tally == Self::default() { tally.plus(Self::one(false)) } else { tally }
    }
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`, from cargo and from wasm-bindgen's runner.
fn of_cargo(line: &str) -> Option<Tally> {
    let counts = line.trim().strip_prefix("test result: ")?;
    let count_of = |what: &str| {
        let before = counts.split(what).next()?;
        before.split_whitespace().last()?.parse().ok()
    };
    Some(Tally { n_passed: count_of(" passed")?, n_failed: count_of(" failed")? })
}

/// `ℹ pass 3`, `ℹ fail 0` and `ℹ cancelled 0`, from Node's runner; `#` instead of `ℹ` when it writes TAP.
fn of_node(line: &str) -> Option<Tally> {
    let mut words = line.trim().strip_prefix(['ℹ', '#'])?.split_whitespace();
    let (what, count) = (words.next()?, words.next()?.parse().ok()?);
    match what {
        "pass" => Some(Tally { n_passed: count, n_failed: 0 }),
        "fail" | "cancelled" => Some(Tally { n_passed: 0, n_failed: count }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_binaries_add_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
                    test result: FAILED. 4 passed; 2 failed; 0 ignored\n";
        assert_eq!(Tally::read(text, false), Tally { n_passed: 7, n_failed: 2 });
    }

    #[test]
    fn node_counts_cancelled_tests_as_failed() {
        let text = "ℹ tests 6\nℹ pass 4\nℹ fail 1\nℹ cancelled 1\nℹ duration_ms 12\n";
        assert_eq!(Tally::read(text, false), Tally { n_passed: 4, n_failed: 2 });
    }

    #[test]
    fn silence_is_a_failure() {
        assert_eq!(Tally::read("error: could not compile", false), Tally { n_passed: 0, n_failed: 1 });
        assert_eq!(Tally::read("", true), Tally { n_passed: 0, n_failed: 1 });
    }
}
