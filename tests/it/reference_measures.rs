//! Agreement of measures, curves and bootstrap intervals with scikit-learn and numpy.

use serde_json::Value;
use vitrine::evaluate::{Bootstrap, Series, class_charts, evaluate};
use vitrine::model::{Answers, Metrics};
use vitrine::preprocess::Target;
use vitrine::random::Seed;

use crate::cases::{integers, numbers, reference};

/// Sums of some hundred terms in another order.
const SUMS: f64 = 1e-12;

fn cases(task: &str, check: impl Fn(&str, &Value)) {
    let reference = reference("measures");
    for case in reference[task].as_array().expect("cases") {
        check(case["name"].as_str().expect("a name"), case);
    }
}

fn classes(case: &Value) -> (Answers, Target) {
    let n_classes = case["classes"].as_array().expect("classes").len();
    let probabilities = case["probabilities"].as_array().expect("rows").iter().flat_map(numbers).collect();
    let codes = integers(&case["truth"]).iter().map(|&code| code as u32).collect();
    (Answers::Classes { probabilities, n_classes }, Target::Classes { codes, n_classes })
}

fn values(case: &Value) -> (Answers, Target) {
    (Answers::Values(numbers(&case["predicted"])), Target::Values(numbers(&case["truth"])))
}

#[track_caller]
fn check_close(what: &str, given: f64, expected: f64) {
    assert!((given - expected).abs() <= SUMS * expected.abs().max(1.0), "{what}: {given} instead of {expected}");
}

fn check_measures(name: &str, given: &Metrics, expected: &Value) {
    for (measure, expected) in expected.as_object().expect("measures") {
        let what = format!("{name}, {measure}");
        match (given[measure], expected.as_f64()) {
            (Some(given), Some(expected)) => check_close(&what, given, expected),
            (given, expected) => assert_eq!(given, expected, "{what}"),
        }
    }
}

fn check_intervals(name: &str, case: &Value, (answers, truth): (Answers, Target)) {
    let Some(expected) = case["intervals"].as_object() else { return };
    // The script draws the same resamples.
    let seed = Seed(case["seed"].as_u64().expect("a seed"));
    let mut bootstrap = Bootstrap::new(&answers, &truth, Some(200), seed);
    while bootstrap.step() {}
    let given = bootstrap.intervals().expect("few rows");
    for (measure, expected) in expected {
        let what = format!("{name}, interval of {measure}");
        match (given[measure], expected.is_null()) {
            (Some(given), false) => {
                let expected = numbers(expected);
                check_close(&what, given[0], expected[0]);
                check_close(&what, given[1], expected[1]);
            }
            (given, is_null) => assert_eq!(given.is_none(), is_null, "{what}"),
        }
    }
}

#[test]
fn measures_of_classes_are_scikit_learns() {
    cases("classification", |name, case| {
        let (answers, truth) = classes(case);
        let evaluation = evaluate(&answers, &truth);
        check_measures(name, &evaluation.metrics, &case["measures"]);
        let per_class = evaluation.per_class.expect("classes");
        for (class, expected) in case["per_class"].as_array().expect("classes").iter().enumerate() {
            check_measures(&format!("{name}, class {class}"), &per_class[class], expected);
        }
        check_intervals(name, case, (answers, truth));
    });
}

#[test]
fn measures_of_numbers_are_scikit_learns() {
    cases("regression", |name, case| {
        let (answers, truth) = values(case);
        check_measures(name, &evaluate(&answers, &truth).metrics, &case["measures"]);
        check_intervals(name, case, (answers, truth));
    });
}

#[test]
fn curves_are_scikit_learns() {
    cases("classification", |name, case| {
        let Some(curves) = case["curves"].as_array() else { return };
        let (Answers::Classes { probabilities, n_classes }, Target::Classes { codes, .. }) = classes(case) else {
            panic!("classes")
        };
        for (class, expected) in curves.iter().enumerate() {
            for (chart, series) in class_charts(&probabilities, n_classes, &codes, class) {
                let what = format!("{name}, class {class}, {chart}");
                let (x, y) = (numbers(&expected[chart]["x"]), numbers(&expected[chart]["y"]));
                match expected[chart]["area"].as_f64() {
                    Some(area) => check_line(&what, &series, area, &x, &y),
                    None => check_bins(&what, &series, codes.len(), [&x, &y]),
                }
            }
        }
    });
}

/// Every point that is kept is one of scikit-learn's, and every one of scikit-learn's lies on the line between those
/// that are kept: none of these curves has 200 corners.
fn check_line(what: &str, series: &Series, area: f64, x: &[f64], y: &[f64]) {
    check_close(what, series.area.expect("an area"), area);
    let kept: Vec<[f64; 2]> = series.x.iter().zip(&series.y).map(|(x, y)| [*x, *y]).collect();
    for point in &kept {
        let is_near = |(x, y): (&f64, &f64)| (x - point[0]).abs() + (y - point[1]).abs() < SUMS;
        assert!(x.iter().zip(y).any(is_near), "{what}: {point:?} is not among them");
    }
    for (x, y) in x.iter().zip(y) {
        let off = kept.windows(2).map(|pair| distance([*x, *y], pair[0], pair[1])).fold(f64::INFINITY, f64::min);
        assert!(off < 1e-9, "{what}: ({x}, {y}) is off the line by {off}");
    }
}

/// From a point to a piece of a line.
fn distance([x, y]: [f64; 2], [x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let along = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - x0 - along * dx).hypot(y - y0 - along * dy)
}

fn check_bins(what: &str, series: &Series, n_rows: usize, expected: [&[f64]; 2]) {
    assert_eq!(series.n_rows.iter().sum::<u32>() as usize, n_rows, "{what}");
    for (given, expected) in [&series.x, &series.y].into_iter().zip(expected) {
        assert_eq!(given.len(), expected.len(), "{what}");
        given.iter().zip(expected).for_each(|(given, expected)| check_close(what, *given, *expected));
    }
}
