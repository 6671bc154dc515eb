//! Axes: round ticks over a span of numbers.

/// A span of numbers mapped to a span of drawing units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    from: [f64; 2],
    to: [f64; 2],
}

impl Scale {
    /// Maps `from` to `to`; a span without width gets some around it.
    pub(crate) fn new(from: [f64; 2], to: [f64; 2]) -> Self {
        let [low, high] = from;
        let from = if high > low { from } else { [low - 0.5, low + 0.5] };
        Self { from, to }
    }

    /// The drawing unit of a number.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = (value - self.from[0]) / (self.from[1] - self.from[0]);
        self.to[0] + share * (self.to[1] - self.to[0])
    }

    /// Round numbers within the span, about `n_wanted` of them.
    ///
    /// Reference: the "nice numbers" of P. Heckbert, Graphics Gems (1990), p. 61.
    pub(crate) fn ticks(&self, n_wanted: usize) -> Vec<f64> {
        let [low, high] = self.from;
        let rough = (high - low) / n_wanted.max(1) as f64;
        let power = 10f64.powi(rough.log10().floor() as i32);
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
        let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return vec![low, high] };
        let first = (low / step).ceil();
        let n_ticks = (((high - first * step) / step + 1e-9).floor().max(-1.0) as usize).saturating_add(1).min(50);
        // Rounding takes the noise of the multiplication away: 0.30000000000000004 is 0.3.
        let digits = 10f64.powi((-step.log10().floor()).max(0.0) as i32 + 1);
        (0..n_ticks)
            .map(|position| {
                let tick = (first + position as f64) * step;
                if digits.is_finite() && digits < 1e12 { (tick * digits).round() / digits } else { tick }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::new([0.0, 1.0], [0.0, 100.0]).ticks(5), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(Scale::new([4.3, 7.9], [0.0, 1.0]).ticks(4), [5.0, 6.0, 7.0]);
        assert_eq!(Scale::new([-0.2, 0.1], [0.0, 1.0]).ticks(4), [-0.2, -0.1, 0.0, 0.1]);
    }

    #[test]
    fn a_span_without_width_still_maps() {
        let scale = Scale::new([3.0, 3.0], [0.0, 10.0]);
        assert_eq!(scale.at(3.0), 5.0);
        assert!(!scale.ticks(4).is_empty());
    }

    #[test]
    fn extreme_spans_give_few_ticks() {
        for span in [[0.0, 1e300], [-1e-300, 1e-300], [1e15, 1e15 + 2.0]] {
            assert!(Scale::new(span, [0.0, 1.0]).ticks(5).len() <= 50);
        }
    }
}
