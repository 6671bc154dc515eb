//! scikit-learn's random numbers, so that equal splits are decided, and rows are drawn, as it does.
//!
//! scikit-learn looks at features in a random order and keeps the first of equally good splits. The order comes from a
//! 32-bit xorshift (Marsaglia 2003, <https://doi.org/10.18637/jss.v008.i14>), which is seeded with one draw of numpy's
//! `RandomState(random_state).randint(0, 2**31 - 1)`: a Mersenne Twister (Matsumoto and Nishimura 1998,
//! <https://doi.org/10.1145/272991.272995>).

use crate::random::Seed;

const N_WORDS: usize = 624;
const SHIFT: usize = 397;
const LOWER_31_BITS: u32 = 0x7fff_ffff;

/// The most that one draw of the xorshift can be, scikit-learn's `RAND_R_MAX`.
const RAND_MAX: u32 = LOWER_31_BITS;

/// The xorshift that decides in which order features are looked at, and where a random splitter cuts.
#[derive(Clone, Debug)]
pub(super) struct SplitRandom(u32);

impl SplitRandom {
    /// As `random_state=seed` does; numpy takes the lower 32 bits.
    pub(super) fn new(seed: Seed) -> Self {
        Self(RandomState::new(seed).below(RAND_MAX))
    }

    /// The next number in `low..high`.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.next_31_bits() as usize % (high - low)
    }

    /// A number from `low` up to `high`, both included: roundings can reach the upper end.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let draw = f64::from(self.next_31_bits());
        let width = high - low;
        if width.is_finite() {
            width * draw / f64::from(RAND_MAX) + low
        } else {
            let share = draw / f64::from(RAND_MAX);
            low * (1.0 - share) + high * share
        }
    }

    fn next_31_bits(&mut self) -> u32 {
        let mut bits = if self.0 == 0 { 1 } else { self.0 };
        bits ^= bits << 13;
        bits ^= bits >> 17;
        bits ^= bits << 5;
        self.0 = bits;
        bits & LOWER_31_BITS
    }
}

/// numpy's `RandomState`: seeds of trees, and the rows they are grown on.
pub(in crate::model) struct RandomState(MersenneTwister);

impl RandomState {
    /// As `RandomState(seed)`; numpy takes the lower 32 bits.
    pub(in crate::model) fn new(seed: Seed) -> Self {
        Self(MersenneTwister::new(seed.0 as u32))
    }

    /// As `random_sample()`: 53 bits, from 0 to below 1.
    pub(in crate::model) fn uniform(&mut self) -> f64 {
        let (high, low) = (self.0.next_word() >> 5, self.0.next_word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// As `randint(0, n)`: 0 without a draw when `n` is 1 or 0.
    pub(in crate::model) fn below(&mut self, n: u32) -> u32 {
        let largest = n.saturating_sub(1);
        if largest == 0 {
            return 0;
        }
        // numpy masks a word and draws again when it is out of the range.
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let word = self.0.next_word() & mask;
            if word <= largest {
                return word;
            }
        }
    }

    /// As scikit-learn's `sample_without_replacement(n, n_drawn)`, which has a way for few, one for most and one for all
    /// of them.
    pub(in crate::model) fn draw(&mut self, n: usize, n_drawn: usize) -> Vec<u32> {
        let mut drawn: Vec<u32> = (0..n as u32).collect();
        let share = n_drawn as f64 / n as f64;
        if share > 0.01 && share < 0.99 {
            for last in (1..n).rev() {
                drawn.swap(last, self.below(last as u32 + 1) as usize);
            }
            drawn.truncate(n_drawn);
        } else if share < 0.2 {
            drawn.clear();
            let mut is_drawn = vec![false; n];
            while drawn.len() < n_drawn {
                let row = self.below(n as u32);
                if !std::mem::replace(&mut is_drawn[row as usize], true) {
                    drawn.push(row);
                }
            }
        } else {
            drawn.truncate(n_drawn);
            for row in n_drawn..n {
                let at = self.below(row as u32 + 1) as usize;
                if at < n_drawn {
                    drawn[at] = row as u32;
                }
            }
        }
        drawn
    }
}

/// MT19937.
struct MersenneTwister {
    words: Vec<u32>,
    next: usize,
}

impl MersenneTwister {
    fn new(seed: u32) -> Self {
        let mut words = vec![seed; N_WORDS];
        for idx in 1..N_WORDS {
            let before = words[idx - 1];
            words[idx] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(idx as u32);
        }
        Self { words, next: 0 }
    }

    fn next_word(&mut self) -> u32 {
        let here = self.next;
        let after = (here + 1) % N_WORDS;
        let joined = (self.words[here] & !LOWER_31_BITS) | (self.words[after] & LOWER_31_BITS);
        let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
        self.words[here] = self.words[(here + SHIFT) % N_WORDS] ^ (joined >> 1) ^ twist;
        self.next = after;
        let mut word = self.words[here];
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Printed by numpy 2.4.6 and scikit-learn 1.9.1: tests/reference/random_state.json has more of them.

    #[test]
    fn the_twister_gives_numpys_words() {
        let mut twister = MersenneTwister::new(0);
        assert_eq!([(); 3].map(|()| twister.next_word()), [2_357_136_044, 2_546_248_239, 3_071_714_933]);
    }

    #[test]
    fn the_twister_goes_on_after_its_first_round() {
        // The 10,000th word for the authors' default seed, as the C++ standard requires of mt19937.
        let mut twister = MersenneTwister::new(5489);
        let word = (0..10_000).map(|_| twister.next_word()).last();
        assert_eq!(word, Some(4_123_659_995));
    }

    #[test]
    fn rows_are_drawn_as_numpy_draws_them() {
        // np.random.RandomState(0).randint(0, 10, 5), and (…).randint(0, 2**31 - 1).
        let mut random = RandomState::new(Seed(0));
        assert_eq!([(); 5].map(|()| random.below(10)), [5, 0, 3, 3, 7]);
        assert_eq!(RandomState::new(Seed(42)).below(RAND_MAX), 1_608_637_542);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn samples_are_drawn_as_scikit_learn_draws_them() {
        // np.random.RandomState(0).random_sample(), and sample_without_replacement(n, k, random_state=0).
        assert_eq!(RandomState::new(Seed(0)).uniform(), 0.548_813_503_927_324_8);
        let draw = |n, n_drawn| RandomState::new(Seed(0)).draw(n, n_drawn);
        assert_eq!(draw(10, 4), [2, 8, 4, 9]);
        assert_eq!(draw(1000, 4), [684, 559, 629, 192]);
        assert_eq!(draw(4, 4), [0, 1, 2, 3]);
    }

    #[test]
    fn a_number_between_two_far_ends_is_between_them() {
        let mut random = SplitRandom::new(Seed(1));
        for _ in 0..100 {
            let drawn = random.uniform(-f64::MAX, f64::MAX);
            assert!(drawn.is_finite());
            assert!((2.0..=3.0).contains(&random.uniform(2.0, 3.0)));
        }
    }

    #[test]
    fn the_order_is_seeded_and_drawn_as_in_scikit_learn() {
        let mut order = SplitRandom::new(Seed(42));
        assert_eq!(order.0, 1_608_637_542);
        assert_eq!([(); 3].map(|()| order.next_31_bits()), [1_774_773_328, 1_561_411_793, 1_415_581_908]);
    }
}
