//! Numbers of 16 bits (IEEE 754 binary16): half of the bytes, and three digits of seven.
//!
//! Written out because they are two functions, and the CPU's worker holds no library that has them.

use super::Net;

/// The largest of them.
pub const LARGEST_HALF: f32 = 65_504.0;

/// The number of 16 bits nearest to one of 32, of two as near the one whose last bit is 0; beyond the largest, that.
///
/// ```
/// use vitrine::train::net::{from_half, to_half};
/// assert_eq!(from_half(to_half(1.0 / 3.0)), 0.33325195);
/// assert_eq!(from_half(to_half(-1e9)), -65_504.0);
/// ```
pub fn to_half(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let magnitude = f32::from_bits(bits & 0x7fff_ffff).min(LARGEST_HALF);
    // The step between neighbours: 2⁻¹⁰ of the power of two below, and 2⁻²⁴ where that is as small as it gets.
    let exponent = ((magnitude.to_bits() >> 23) as i32 - 127).max(-14);
    // Exact: a product with a power of two, and a sum of whole numbers below 2²⁴.
    let n_steps = (f64::from(magnitude) * power_of_two(10 - exponent)).round_ties_even() as u32;
    // Where rounding goes up to the next power, the carry is that of the exponent.
    sign | ((((exponent + 14) as u32) << 10) + n_steps) as u16
}

/// The number that 16 bits stand for; of those that stand for none, infinity and NaN, the number their exponent would make.
pub fn from_half(half: u16) -> f32 {
    let (exponent, digits) = (i32::from(half >> 10 & 0x1f), f64::from(half & 0x3ff));
    let magnitude = match exponent {
        0 => digits * power_of_two(-24),
        _ => (1024.0 + digits) * power_of_two(exponent - 25),
    };
    if half & 0x8000 == 0 { magnitude as f32 } else { -magnitude as f32 }
}

/// 2 to the power of a small whole number.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}

impl Net {
    /// Rounds each weight to 16 bits; intercepts and norms stay.
    pub fn round_to_half(&mut self) {
        self.weights_mut().into_iter().flatten().for_each(|weight| *weight = from_half(to_half(*weight)));
    }

    /// Whether 16 bits hold each weight as it is.
    pub fn is_half(&self) -> bool {
        let is_half = |weight: &f32| from_half(to_half(*weight)).to_bits() == weight.to_bits();
        self.weights().iter().all(|(_, weights)| weights.iter().all(is_half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_itself_again() {
        // All that are numbers: exponents below 31.
        for half in (0..=u16::MAX).filter(|half| half >> 10 & 0x1f < 31) {
            assert_eq!(to_half(from_half(half)), half, "{half:#06x}");
        }
    }

    #[test]
    fn the_nearest_is_taken() {
        // From the standard's definition: 2⁻²⁴ is the least above 0, 2⁻¹⁴ the least with all digits.
        let expected: [(f32, u16); 12] = [
            (0.0, 0),
            (-0.0, 0x8000),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (f32::INFINITY, 0x7bff),
            (5.960_464_5e-8, 0x0001),
            (2.980_232_2e-8, 0x0000),
            (2.980_232_6e-8, 0x0001),
            (6.103_515_6e-5, 0x0400),
            // Between 1 and 1 + 2⁻¹⁰: the even one; between that and the next: the even one above.
            (1.000_488_3, 0x3c00),
            (1.001_464_8, 0x3c02),
        ];
        for (x, half) in expected {
            assert_eq!(to_half(x), half, "{x:e}");
        }
    }

    #[test]
    fn nothing_is_farther_than_half_a_step() {
        let mut x = 1e-9f32;
        while x < 65_000.0 {
            let rounded = from_half(to_half(x));
            let step = f32::max(x * (1.0 / 1024.0), 5.960_464_5e-8);
            assert!((rounded - x).abs() <= step / 2.0, "{x} became {rounded}");
            x *= 1.000_37;
        }
    }
}
