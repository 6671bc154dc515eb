//! Ordering of many keys, faster than comparing them.

/// Bits that one pass sorts by: so many streams of writing stay in the cache.
const DIGIT_BITS: u32 = 11;
/// Streams of one pass.
const N_DIGITS: usize = 1 << DIGIT_BITS;
/// Fewer items are compared at once.
const FEW: usize = 2_048;
/// How often what agreed is spread over a new range before it is compared.
const MAX_DEPTH: usize = 3;

/// Sorts numbers by where they lie between the smallest and the largest: two stable passes by a number of 22 bits, then
/// each run of numbers that agree in those. `O(n)` for data of any usual shape, `O(n log n)` at worst. Never called with NaN.
pub(super) fn sort_numbers(numbers: &mut [f64]) {
    // Ids and times often are.
    if numbers.is_sorted() {
        return;
    }
    if numbers.len() >= FEW && sort_small_integers(numbers) {
        return;
    }
    let mut other = vec![0.0; if numbers.len() < FEW { 0 } else { numbers.len() }];
    sort_spread(numbers, &mut other, 0);
}

/// Whole numbers that lie close together are sorted by counting each; whether they were. −0 becomes 0.
fn sort_small_integers(numbers: &mut [f64]) -> bool {
    /// Counters that stay in the cache.
    const MAX_RANGE: f64 = (1 << 18) as f64;
    let first = numbers[0];
    let is_close = |x: f64| (x - first).abs() < MAX_RANGE && x.trunc() == x && x.abs() < 1e15;
    if !numbers.iter().all(|&x| is_close(x)) {
        return false;
    }
    let (min, max) = range(numbers);
    let mut counts = vec![0_u32; (max - min) as usize + 1];
    numbers.iter().for_each(|&x| counts[(x - min) as usize] += 1);
    let mut rest = numbers;
    for (idx, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let (run, behind) = rest.split_at_mut(n as usize);
        run.fill(min + idx as f64);
        rest = behind;
    }
    true
}

/// The smallest and the largest. Comparing is a machine's instruction; `f64::min`, which must mind NaN, is a call.
fn range(numbers: &[f64]) -> (f64, f64) {
    numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), &x| {
        (if x < min { x } else { min }, if x > max { x } else { max })
    })
}

fn sort_spread(numbers: &mut [f64], other: &mut [f64], depth: usize) {
    let (min, max) = range(numbers);
    if min >= max {
        return;
    }
    let scale = f64::from((1_u32 << (2 * DIGIT_BITS)) - 1) / (max - min);
    if numbers.len() < FEW || depth == MAX_DEPTH || !scale.is_normal() {
        numbers.sort_unstable_by(f64::total_cmp);
        return;
    }
    // Rounding keeps order: what is not larger gets no larger number.
    let place = |x: f64| ((x - min) * scale) as u32;
    sort_by_places(numbers, other, place);
    if finish_by_insertion(numbers) {
        return;
    }
    for run in numbers.chunk_by_mut(|&a, &b| place(a) == place(b)) {
        match run.len() {
            // Equal numbers, mostly.
            _ if run.is_sorted() => {}
            n if n < FEW => run.sort_unstable_by(f64::total_cmp),
            n => sort_spread(run, &mut other[..n], depth + 1),
        }
    }
}

/// Sorts what is nearly sorted, each number moved a few places at most; whether that was enough.
fn finish_by_insertion(numbers: &mut [f64]) -> bool {
    // As many moves as one more pass would make.
    let mut n_moves_left = numbers.len();
    for at in 1..numbers.len() {
        let moved = numbers[at];
        let mut to = at;
        while to > 0 && numbers[to - 1] > moved {
            numbers[to] = numbers[to - 1];
            to -= 1;
            if n_moves_left == 0 {
                numbers[to] = moved;
                return false;
            }
            n_moves_left -= 1;
        }
        numbers[to] = moved;
    }
    true
}

/// Sorts keys whose high bits are spread evenly, as those of hashes are.
pub(super) fn sort_hashes(keys: &mut [u64]) {
    const SHIFT: u32 = u64::BITS - 2 * DIGIT_BITS;
    if keys.len() >= FEW {
        let mut other = vec![0; keys.len()];
        sort_by_places(keys, &mut other, |key| (key >> SHIFT) as u32);
        keys.chunk_by_mut(|a, b| a >> SHIFT == b >> SHIFT)
            .filter(|run| !run.is_sorted())
            .for_each(<[u64]>::sort_unstable);
    } else {
        keys.sort_unstable();
    }
}

/// Two passes by a number of 22 bits, the lower half first; each keeps the order of items that agree in its half (Knuth,
/// The Art of Computer Programming, 5.2.5).
fn sort_by_places<T: Copy>(items: &mut [T], other: &mut [T], place: impl Fn(T) -> u32) {
    let low = |item: T| place(item) as usize % N_DIGITS;
    let high = |item: T| (place(item) >> DIGIT_BITS) as usize % N_DIGITS;
    let mut n_low = [0_u32; N_DIGITS];
    let mut n_high = [0_u32; N_DIGITS];
    for &item in items.iter() {
        n_low[low(item)] += 1;
        n_high[high(item)] += 1;
    }
    scatter(items, other, n_low, low);
    scatter(other, items, n_high, high);
}

/// One pass: `counts` says how many items there are of each digit.
fn scatter<T: Copy>(from: &[T], to: &mut [T], counts: [u32; N_DIGITS], digit: impl Fn(T) -> usize) {
    let mut places = counts;
    let mut next = 0;
    for place in &mut places {
        next += std::mem::replace(place, next);
    }
    for &item in from {
        let place = &mut places[digit(item)];
        to[*place as usize] = item;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: usize) -> Vec<u64> {
        let mut state = 1_u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 32)
        };
        std::iter::repeat_with(next).take(n).collect()
    }

    #[track_caller]
    fn check(of_bits: impl Fn(u64) -> f64) {
        let mut numbers: Vec<f64> = random(20_000).into_iter().map(of_bits).filter(|x| x.is_finite()).collect();
        let mut expected = numbers.clone();
        expected.sort_unstable_by(f64::total_cmp);
        sort_numbers(&mut numbers);
        assert!(numbers.iter().zip(&expected).all(|(a, b)| a == b));
    }

    #[test]
    fn numbers_of_any_shape_are_sorted() {
        check(|bits| bits as f64);
        check(|bits| (bits % 7) as f64 - 3.0);
        check(f64::from_bits);
        check(|bits| f64::exp((bits % 1_000) as f64));
        check(|bits| if bits % 9_999 == 0 { 1e300 } else { (bits % 5_000) as f64 * 1e-9 });
        check(|bits| [f64::MAX, f64::MIN, 0.0, -0.0, 5e-324][bits as usize % 5]);
        check(|_| 3.0);
        check(|bits| 1e14 - (bits % 1_000) as f64);
        check(|bits| (bits % 500_000) as f64);
        check(|bits| if bits % 3 == 0 { -0.0 } else { (bits % 4) as f64 });
    }

    #[test]
    fn hashes_are_sorted() {
        for mask in [!0, 0xff00_0000_0000_00ff, 0xffff] {
            let mut keys: Vec<u64> = random(10_000).into_iter().map(|key| key & mask).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            sort_hashes(&mut keys);
            assert_eq!(keys, expected, "{mask:x}");
        }
    }
}
