//! Measures over folds, as the wire has them.

use std::collections::{BTreeMap, BTreeSet};

use vitrine_protocol::{FoldMetricsMsg, MetricsMsg, SpreadMsg};

use crate::train::search::spread;

/// Measures fold by fold, by name.
type ByMeasure = BTreeMap<String, Vec<Option<f64>>>;

/// The measures of each fold, put together by name; a fold without one, since it failed, has none of it.
pub(in crate::worker) fn by_measure(folds: &[&MetricsMsg]) -> ByMeasure {
    let names: BTreeSet<&String> = folds.iter().flat_map(|fold| fold.keys()).collect();
    let over_folds = |name: &String| folds.iter().map(|fold| fold.get(name).copied().flatten()).collect();
    names.into_iter().map(|name| (name.clone(), over_folds(name))).collect()
}

/// Means and standard deviations of measures over folds.
pub(in crate::worker) fn fold_metrics_msg(by_name: &ByMeasure) -> FoldMetricsMsg {
    let spread_msg = |folds: &Vec<Option<f64>>| {
        let over_folds = spread(folds);
        SpreadMsg { mean: over_folds.mean, std: over_folds.std, folds: folds.clone() }
    };
    by_name.iter().map(|(name, folds)| (name.clone(), spread_msg(folds))).collect()
}
