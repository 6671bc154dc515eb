//! Measures over folds, as the wire has them.

use std::collections::BTreeMap;

use vitrine_protocol::{FoldMetricsMsg, MetricsMsg, SpreadMsg};

use crate::train::search::spread;

/// Measures fold by fold, by name.
type ByMeasure = BTreeMap<String, Vec<Option<f64>>>;

/// The measures of each fold, put together by name.
pub(in crate::worker) fn by_measure<'a>(folds: impl Iterator<Item = &'a MetricsMsg>) -> ByMeasure {
    let mut by_name = ByMeasure::new();
    for (name, value) in folds.flatten() {
        by_name.entry(name.clone()).or_default().push(*value);
    }
    by_name
}

/// Means and standard deviations of measures over folds.
pub(in crate::worker) fn fold_metrics_msg(by_name: &ByMeasure) -> FoldMetricsMsg {
    let spread_msg = |folds: &Vec<Option<f64>>| {
        let over_folds = spread(folds);
        SpreadMsg { mean: over_folds.mean, std: over_folds.std, folds: folds.clone() }
    };
    by_name.iter().map(|(name, folds)| (name.clone(), spread_msg(folds))).collect()
}
