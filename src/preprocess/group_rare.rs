//! Categories that few training rows hold become one.

use crate::error::Issues;
use crate::preprocess::PreprocessIssue;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::Learned;

/// What the rare categories become, unless a frequent one is called that.
const REST: &str = "rare";

/// Learns which categories are frequent: those that at least `min_frequency` rows hold, or such a share of all rows
/// (scikit-learn's `OneHotEncoder(min_frequency=…)`). When all are rare, that is reported.
pub(super) fn learn(min_frequency: f64, feature: &Feature, issues: &mut Issues) -> Learned {
    let Values::Categories { codes, levels } = &feature.values else { return Learned::Keep };
    let mut counts = vec![0usize; levels.len()];
    for &code in codes.iter().filter(|&&code| code < Values::UNSEEN) {
        counts[code as usize] += 1;
    }
    let least = if min_frequency < 1.0 { min_frequency * codes.len() as f64 } else { min_frequency };
    let mut kept = Vec::new();
    let mut n_rare = 0;
    for (level, &count) in levels.iter().zip(&counts).filter(|(_, count)| **count > 0) {
        if (count as f64) < least {
            n_rare += 1;
        } else {
            kept.push(level.clone());
        }
    }
    if kept.is_empty() && n_rare > 0 {
        let column = feature.name.clone();
        issues.push(PreprocessIssue::AllRare { column, n_categories: n_rare });
    }
    kept.sort_unstable();
    let mut rest = REST.to_owned();
    while kept.contains(&rest) {
        rest.push('_');
    }
    Learned::GroupRare { kept, rest: (n_rare > 0).then_some(rest) }
}

/// Groups what is not frequent, an unseen category included (scikit-learn's `infrequent_if_exist`).
pub(super) fn apply(kept: &[String], rest: Option<&str>, feature: Feature) -> Feature {
    let (Values::Categories { codes, levels }, Some(rest)) = (&feature.values, rest) else { return feature };
    let position = |level: &String| kept.binary_search(level).unwrap_or(kept.len()) as u32;
    let by_code: Vec<u32> = levels.iter().map(position).collect();
    let code = |&code: &u32| match code {
        Values::MISSING => Values::MISSING,
        code => by_code.get(code as usize).copied().unwrap_or(kept.len() as u32),
    };
    let values = Values::Categories {
        codes: codes.iter().map(code).collect(),
        levels: kept.iter().map(String::as_str).chain([rest]).map(str::to_owned).collect(),
    };
    Feature { values, ..feature }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::frame::{Group, Origin};

    fn feature(codes: &[u32]) -> Feature {
        let levels = ["b", "rare", "a"].map(str::to_owned).to_vec();
        let values = Values::Categories { codes: codes.to_vec(), levels };
        Feature { name: "c".into(), origin: Origin::raw("c", Group::Categorical), values }
    }

    #[track_caller]
    fn check(min_frequency: f64, kept: &[&str], rest: Option<&str>) {
        let learned = learn(min_frequency, &feature(&[0, 0, 0, 1, 1, 2]), &mut Issues::new());
        let kept = kept.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(learned, Learned::GroupRare { kept, rest: rest.map(str::to_owned) });
    }

    #[test]
    fn a_count_or_a_share_draws_the_line() {
        check(2.0, &["b", "rare"], Some("rare_"));
        check(0.4, &["b"], Some("rare"));
        check(1.0, &["a", "b", "rare"], None);
    }

    #[test]
    fn what_is_unseen_is_rare_and_what_is_missing_stays_missing() {
        let kept = ["b".to_owned()];
        let made = apply(&kept, Some("rare"), feature(&[0, 2, Values::UNSEEN, Values::MISSING]));
        let levels = vec!["b".to_owned(), "rare".to_owned()];
        assert_eq!(made.values, Values::Categories { codes: vec![0, 1, 1, Values::MISSING], levels });
    }

    #[test]
    fn all_rare_is_reported() {
        let mut issues = Issues::new();
        learn(10.0, &feature(&[0, 1]), &mut issues);
        assert_eq!(issues.iter().next().unwrap().code, "all_rare");
    }
}
