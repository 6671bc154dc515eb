//! The candidates: combinations of values, all of them or some that are drawn.

use serde_json::Value;

use super::SearchError;
use crate::Error;
use crate::param::{ParamDoc, ParamError, ParamKind, ParamMap};
use crate::random::{Rng, Seed};

/// How many candidates are drawn when nothing is said; scikit-learn's `n_iter`.
pub const N_CANDIDATES: usize = 10;

/// What hyper-parameters may be, by name.
///
/// ```
/// use vitrine::model::DecisionTreeSpec;
/// use vitrine::param::{ParamMap, Spec};
/// use vitrine::train::search::Space;
/// let given = serde_json::json!({ "min_samples_leaf": [1, 5], "criterion": ["gini", "entropy"] });
/// let given: ParamMap = serde_json::from_value(given).unwrap();
/// let grid = Space::read(&given, &DecisionTreeSpec::docs()).unwrap().grid().unwrap();
/// assert_eq!(grid.len(), 4);
/// assert_eq!((&grid[1]["criterion"], &grid[1]["min_samples_leaf"]), (&"gini".into(), &5.into()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Space(Vec<(String, Axis)>);

#[derive(Clone, Debug, PartialEq)]
enum Axis {
    Values(Vec<Value>),
    Span { low: f64, high: f64, is_log: bool, is_whole: bool },
}

impl Space {
    /// Reads lists and ranges (`{ "low", "high", "log" }`) of a model's hyper-parameters.
    ///
    /// **Errors** `train.unknown_parameter`, `train.bad_space`.
    pub fn read(given: &ParamMap, docs: &[ParamDoc]) -> Result<Self, Error> {
        let axis = |(name, values): (&String, &Value)| {
            let Some(doc) = docs.iter().find(|doc| doc.name == name) else {
                let known: Vec<&str> = docs.iter().map(|doc| doc.name).collect();
                return Err(ParamError::Unknown { name: name.clone(), known: known.join(", ") }.into());
            };
            let bad = |expected: &str| {
                let (name, given, expected) = (name.clone(), values.to_string(), expected.to_owned());
                Error::from(SearchError::BadSpace { name, given, expected })
            };
            let axis = match values {
                Value::Array(values) if !values.is_empty() => Axis::Values(values.clone()),
                Value::Object(span) => {
                    let is_whole = match doc.kind {
                        ParamKind::Integer { .. } => true,
                        ParamKind::Number { .. } | ParamKind::NumberOrWord { .. } => false,
                        _ => return Err(bad("a list: this parameter is no number")),
                    };
                    let is_log = span.get("log").is_some_and(|log| log == &Value::Bool(true));
                    if span.keys().any(|key| !["low", "high", "log"].contains(&key.as_str())) {
                        return Err(bad("a range of low and high, with log if it is logarithmic"));
                    }
                    let end = |name: &str| span.get(name).and_then(Value::as_f64);
                    match (end("low"), end("high")) {
                        (Some(low), Some(high)) if low < high && (low > 0.0 || !is_log) && (high - low).is_finite() => {
                            Axis::Span { low, high, is_log, is_whole }
                        }
                        _ => return Err(bad("a range whose low is below its high, and above 0 where log is true")),
                    }
                }
                _ => return Err(bad("a list of values, or a range")),
            };
            Ok((name.clone(), axis))
        };
        // A map lists its names in order, and that is the order of scikit-learn's grid.
        Ok(Self(given.iter().map(axis).collect::<Result<_, Error>>()?))
    }

    /// How many combinations there are, or none when a range has no end of them.
    pub fn n_combinations(&self) -> Option<f64> {
        self.0.iter().try_fold(1.0, |n, (_, axis)| match axis {
            Axis::Values(values) => Some(n * values.len() as f64),
            Axis::Span { .. } => None,
        })
    }

    /// Every combination, the last name changing fastest, as scikit-learn's `ParameterGrid` lists them.
    ///
    /// **Errors** `train.bad_space` for a range, which has no end of values.
    pub fn grid(&self) -> Result<Vec<ParamMap>, Error> {
        for (name, axis) in &self.0 {
            if let Axis::Span { low, high, .. } = axis {
                let expected = "a list: a grid goes through every value".to_owned();
                return Err(
                    SearchError::BadSpace { name: name.clone(), given: format!("{low} to {high}"), expected }.into()
                );
            }
        }
        let n = self.n_combinations().unwrap_or_default() as usize;
        Ok((0..n).map(|idx| self.combination(idx)).collect())
    }

    /// Some candidates. From lists alone each combination is drawn at most once (so there may be fewer than `n`); with
    /// a range each draw is independent: uniform, or uniform in the logarithm.
    pub fn draw(&self, n: usize, seed: Seed) -> Vec<ParamMap> {
        let mut rng = seed.derive("candidates").rng();
        match self.n_combinations() {
            // Floyd's way to draw without putting all in order (Bentley and Floyd 1987,
            // https://doi.org/10.1145/30401.315746).
            Some(n_combinations) => {
                let n_all = n_combinations.min(2f64.powi(31)) as usize;
                let n = n.min(n_all);
                let mut drawn: Vec<usize> = Vec::new();
                for last in n_all - n..n_all {
                    let one = rng.below(last + 1);
                    drawn.push(if drawn.contains(&one) { last } else { one });
                }
                rng.shuffle(&mut drawn);
                drawn.into_iter().map(|idx| self.combination(idx)).collect()
            }
            None => (0..n)
                .map(|_| self.0.iter().map(|(name, axis)| (name.clone(), axis.draw(&mut rng))).collect())
                .collect(),
        }
    }

    fn combination(&self, mut idx: usize) -> ParamMap {
        let mut made = ParamMap::new();
        for (name, axis) in self.0.iter().rev() {
            if let Axis::Values(values) = axis {
                made.insert(name.clone(), values[idx % values.len()].clone());
                idx /= values.len();
            }
        }
        made
    }
}

impl Axis {
    fn draw(&self, rng: &mut Rng) -> Value {
        match *self {
            Self::Values(ref values) => values[rng.below(values.len())].clone(),
            Self::Span { low, high, is_log, is_whole } => {
                // Of whole numbers both ends can be drawn.
                let end = if is_whole { high + 1.0 } else { high };
                let share = rng.uniform();
                let x = match is_log {
                    true => libm::exp(libm::log(low) + share * (libm::log(end) - libm::log(low))),
                    false => low + share * (end - low),
                };
                let x = x.clamp(low, high);
                if is_whole { Value::from(x.floor() as i64) } else { Value::from(x) }
            }
        }
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "what the macro declares is public")]
mod tests {
    use super::*;
    use crate::param::{above, between};
    use serde_json::json;

    crate::spec! {
        /// Made up for these tests.
        pub struct MadeSpec {
            /// How deep.
            depth: Option<usize> = None, between(1.0, 99.0), unit "", zh "深";
            /// How fast.
            rate: f64 = 0.1, above(0.0, 10.0), unit "", zh "快";
            /// Whether.
            whether: bool = true, between(0.0, 1.0), unit "", zh "否";
        }
    }

    fn space(given: Value) -> Result<Space, Error> {
        let Value::Object(given) = given else { panic!("parameters by name") };
        Space::read(&given.into_iter().collect(), &<MadeSpec as crate::param::Spec>::docs())
    }

    #[test]
    fn a_grid_goes_through_the_last_name_first() {
        let grid = space(json!({ "rate": [1, 2], "depth": [3, null] })).unwrap().grid().unwrap();
        let pairs: Vec<Value> = grid.iter().map(|params| json!([params["depth"], params["rate"]])).collect();
        assert_eq!(pairs, [json!([3, 1]), json!([3, 2]), json!([null, 1]), json!([null, 2])]);
        assert_eq!(space(json!({})).unwrap().grid().unwrap(), [ParamMap::new()]);
    }

    #[test]
    fn lists_are_drawn_without_repetition() {
        let space = space(json!({ "rate": [1, 2, 3], "depth": [1, 2, 3, 4] })).unwrap();
        let mut drawn: Vec<String> = space.draw(12, Seed(3)).iter().map(|params| format!("{params:?}")).collect();
        assert_eq!(space.draw(99, Seed(3)).len(), 12);
        assert_eq!(space.draw(5, Seed(3)), space.draw(5, Seed(3)));
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), 12);
    }

    #[test]
    fn ranges_are_drawn_evenly_and_keep_to_their_ends() {
        let given = json!({ "depth": { "low": 1, "high": 4 }, "rate": { "low": 0.001, "high": 1, "log": true } });
        let drawn = space(given).unwrap().draw(4000, Seed(1));
        for depth in 1..=4 {
            let n = drawn.iter().filter(|params| params["depth"] == json!(depth)).count();
            assert!((850..1150).contains(&n), "{n} times {depth}");
        }
        let small = drawn.iter().filter(|params| params["rate"].as_f64().unwrap() < 0.01).count();
        assert!((1200..1470).contains(&small), "a third of the rates is below 0.01, not {small}");
        assert!(drawn.iter().all(|params| (0.001..=1.0).contains(&params["rate"].as_f64().unwrap())));
    }

    #[test]
    fn what_is_no_space_is_refused() {
        let code = |given: Value| space(given).and_then(|space| space.grid().map(|_| ())).unwrap_err().code();
        assert_eq!(code(json!({ "dept": [1] })), "train.unknown_parameter");
        for given in [
            json!({ "depth": [] }),
            json!({ "depth": 3 }),
            json!({ "depth": { "low": 3 } }),
            json!({ "depth": { "low": 3, "high": 3 } }),
            json!({ "depth": { "low": 3, "high": 4, "steps": 2 } }),
            json!({ "rate": { "low": 0, "high": 1, "log": true } }),
            json!({ "rate": { "low": -1e308, "high": 1e308 } }),
            json!({ "whether": { "low": 0, "high": 1 } }),
            json!({ "rate": { "low": 0, "high": 1 } }),
        ] {
            assert_eq!(code(given), "train.bad_space");
        }
    }
}
