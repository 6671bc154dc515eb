//! The way one row takes through a tree, or the terms a linear model adds up for it.

use super::votes::tree_of;
use crate::Error;
use crate::error::Issues;
use crate::model::{Answers, Pipeline, Structure, TreeNode, TreeSplit, Trees, argmax};
use crate::preprocess::{FeatureDoc, Matrix, RowSource, Task};
use crate::table::{Cell, number_text};

/// The way one row takes.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionPath {
    /// The questions in the order they are met; empty where no tree was followed.
    pub steps: Vec<PathStep>,
    /// The leaf reached, where a tree was followed.
    pub leaf: Option<usize>,
    /// What each feature adds, by decreasing size; empty for all but linear models.
    pub terms: Vec<Term>,
    /// The answer: a class's code or a number.
    pub answers: Answers,
    /// The way in one sentence.
    pub sentence: String,
}

/// One question on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct PathStep {
    /// The node asked.
    pub node: usize,
    /// The feature it asks for.
    pub feature: usize,
    /// The row's value, in raw units where the feature has them; none when it is missing.
    pub value: Option<f64>,
    /// The threshold, in the same units; none when the question is only whether the value is missing.
    pub threshold: Option<f64>,
    /// Where the question is for a category: those that go left, by name.
    pub categories: Option<Vec<String>>,
    /// Whether the row went left.
    pub went_left: bool,
    /// Training rows that reached the node.
    pub n_samples: usize,
    /// The node's class shares, mean, or what it would add.
    pub value_here: Vec<f64>,
}

/// What one feature adds to a linear model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The feature; `None` is the intercept.
    pub feature: Option<usize>,
    /// Its value as the model sees it.
    pub value: f64,
    /// Its coefficient for the answered class.
    pub coefficient: f64,
}

impl Term {
    /// What it adds.
    pub fn contribution(&self) -> f64 {
        self.value * self.coefficient
    }
}

/// Follows one row of `source` through the model; through one `tree` of it, where there are many.
///
/// **Errors** `preprocess.unknown_category` when the recipe refuses one, `explain.no_such_tree`.
pub fn decision_path(
    pipeline: &Pipeline,
    source: &dyn RowSource,
    row: u32,
    tree: Option<usize>,
    issues: &mut Issues,
) -> Result<DecisionPath, Error> {
    let x = pipeline.recipe.transform(source, &[row], true, issues)?;
    let answers = pipeline.fitted.predict(&x);
    let answer = answer_text(pipeline, &answers);
    Ok(match pipeline.fitted.structure() {
        Structure::Tree(nodes) => {
            let (steps, leaf) = follow(nodes, &x, pipeline, source, row, None);
            let sentence = sentence(&steps, &pipeline.recipe.features, &answer);
            DecisionPath { steps, leaf: Some(leaf), terms: Vec::new(), answers, sentence }
        }
        Structure::Linear { coefficients, intercepts, .. } => {
            let (output, sign) = answered_output(&answers, intercepts.len());
            let terms = terms(&x, coefficients, intercepts, output, sign);
            let sentence = terms_sentence(&terms, pipeline, &answer);
            DecisionPath { steps: Vec::new(), leaf: None, terms, answers, sentence }
        }
        Structure::Trees(trees) if tree.is_some() => {
            let tree = tree.unwrap_or_default();
            let nodes = tree_of(trees, tree)?;
            let (steps, leaf) = follow(&nodes, &x, pipeline, source, row, Some((trees, tree)));
            let says = leaf_text(&nodes[leaf], pipeline, trees.is_sum());
            let way = sentence(&steps, &pipeline.recipe.features, &says);
            // What the model answers first: what one tree says by itself is a part of it.
            let sentence = format!("{} trees → {answer}; tree {}: {way}", trees.n_trees(), tree + 1);
            DecisionPath { steps, leaf: Some(leaf), terms: Vec::new(), answers, sentence }
        }
        Structure::Trees(trees) => {
            let sentence = format!("{} trees → {answer}", trees.n_trees());
            DecisionPath { steps: Vec::new(), leaf: None, terms: Vec::new(), answers, sentence }
        }
        Structure::Clusters { .. } | Structure::Components(_) | Structure::Net(_) | Structure::Plain => {
            DecisionPath { steps: Vec::new(), leaf: None, terms: Vec::new(), answers, sentence: answer }
        }
    })
}

fn answer_text(pipeline: &Pipeline, answers: &Answers) -> String {
    match answers {
        Answers::Classes { .. } => pipeline.classes[answers.codes()[0] as usize].clone(),
        Answers::Values(values) => short_number(values[0]),
        Answers::Clusters { codes, distances } => {
            format!("{} ({})", pipeline.classes[codes[0] as usize], short_number(distances[0]))
        }
        Answers::Components { values, .. } => values.iter().map(|x| short_number(*x)).collect::<Vec<_>>().join(", "),
        Answers::Scores { scores, .. } => {
            format!("{} ({})", pipeline.classes[answers.codes()[0] as usize], short_number(scores[0]))
        }
    }
}

/// What a tree by itself says.
fn leaf_text(leaf: &TreeNode, pipeline: &Pipeline, is_sum: bool) -> String {
    match (is_sum, pipeline.task) {
        (false, Task::Classification) => pipeline.classes[argmax(&leaf.value)].clone(),
        (false, _) => short_number(leaf.value[0]),
        (true, _) if leaf.value[0] < 0.0 => format!("−{}", short_number(-leaf.value[0])),
        (true, _) => format!("+{}", short_number(leaf.value[0])),
    }
}

fn follow(
    nodes: &[TreeNode],
    x: &Matrix,
    pipeline: &Pipeline,
    source: &dyn RowSource,
    row: u32,
    of: Option<(&dyn Trees, usize)>,
) -> (Vec<PathStep>, usize) {
    let mut steps = Vec::new();
    let mut node = 0;
    while let Some(split) = nodes[node].split {
        let doc = &pipeline.recipe.features[split.feature];
        let prepared = x.get(0, split.feature);
        let went_left = match of {
            Some((trees, tree)) => trees.goes_left(tree, node, &split, prepared),
            None => split.goes_left(prepared),
        };
        let categories = of.and_then(|(trees, tree)| trees.categories(tree, node));
        let categories = categories.map(|set| pipeline.recipe.category_names(split.feature, set.codes()));
        steps.push(PathStep {
            node,
            feature: split.feature,
            value: if prepared.is_nan() {
                None
            } else {
                Some(raw_value(doc, source, row).unwrap_or_else(|| doc.origin.raw_from_prepared(prepared)))
            },
            threshold: if categories.is_some() { None } else { raw_threshold(doc, &split) },
            categories,
            went_left,
            n_samples: nodes[node].n_samples,
            value_here: nodes[node].value.clone(),
        });
        node = if went_left { split.left } else { split.right };
    }
    (steps, node)
}

/// A question's threshold in raw units; none when it asks only whether a value is missing.
pub fn raw_threshold(doc: &FeatureDoc, split: &TreeSplit) -> Option<f64> {
    split.threshold.is_finite().then(|| doc.origin.raw_from_prepared(split.threshold))
}

/// The cell itself where the feature is a number's: scaling back would lose its last digits.
fn raw_value(doc: &FeatureDoc, source: &dyn RowSource, row: u32) -> Option<f64> {
    if !doc.origin.is_raw_scale {
        return None;
    }
    match source.column(&doc.origin.column)?.cell(row as usize) {
        Cell::Number(x) => Some(x),
        _ => None,
    }
}

fn sentence(steps: &[PathStep], features: &[FeatureDoc], answer: &str) -> String {
    let question = |step: &PathStep| {
        let doc = &features[step.feature];
        if let Some(categories) = &step.categories {
            let sign = if step.went_left { "∈" } else { "∉" };
            return format!("{} {sign} {{{}}}", doc.origin.column, categories.join(", "));
        }
        let Some(value) = step.value else {
            return format!("{} missing", doc.name);
        };
        let Some(threshold) = step.threshold else {
            return format!("{} {} known", doc.name, short_number(value));
        };
        match &doc.origin.level {
            Some(level) => {
                let sign = if step.went_left { "≠" } else { "=" };
                format!("{} {sign} {level}", doc.origin.column)
            }
            None => {
                let sign = if step.went_left { "≤" } else { ">" };
                format!("{} {} {sign} {}", doc.name, short_number(value), short_number(threshold))
            }
        }
    };
    let mut parts: Vec<String> = steps.iter().map(question).collect();
    parts.push(answer.to_owned());
    parts.join(" → ")
}

/// Which row of coefficients speaks for the answer, and with which sign: two classes share one row.
fn answered_output(answers: &Answers, n_outputs: usize) -> (usize, f64) {
    match answers {
        Answers::Classes { .. } => match (n_outputs, answers.codes()[0]) {
            (1, 0) => (0, -1.0),
            (1, _) => (0, 1.0),
            (_, code) => (code as usize, 1.0),
        },
        _ => (0, 1.0),
    }
}

fn terms(x: &Matrix, coefficients: &[f64], intercepts: &[f64], output: usize, sign: f64) -> Vec<Term> {
    let n = x.n_features();
    let mut terms: Vec<Term> = (0..n)
        .map(|feature| Term {
            feature: Some(feature),
            value: x.get(0, feature),
            coefficient: sign * coefficients[output * n + feature],
        })
        .collect();
    terms.sort_by(|a, b| b.contribution().abs().total_cmp(&a.contribution().abs()));
    terms.push(Term { feature: None, value: 1.0, coefficient: sign * intercepts[output] });
    terms
}

fn terms_sentence(terms: &[Term], pipeline: &Pipeline, answer: &str) -> String {
    let name = |term: &Term| match term.feature {
        Some(feature) => pipeline.recipe.features[feature].name.clone(),
        None => "intercept".to_owned(),
    };
    let mut parts = Vec::new();
    for term in terms.iter().take(4) {
        let contribution = term.contribution();
        let sign = if contribution < 0.0 { "−" } else { "+" };
        parts.push(format!("{} {sign}{}", name(term), short_number(contribution.abs())));
    }
    if terms.len() > 4 {
        parts.push("…".to_owned());
    }
    let what = match pipeline.task {
        Task::Classification => "score",
        _ => "sum",
    };
    let total: f64 = terms.iter().map(Term::contribution).sum();
    format!("{} → {what} {} → {answer}", parts.join(", "), short_number(total))
}

/// A number with at most six significant digits, without trailing zeros.
///
/// ```text
/// 1.7500000000000002 → 1.75      12345678 → 12345678      0.000012345678 → 0.0000123457
/// ```
pub(super) fn short_number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || x.fract() == 0.0 && x.abs() < 1e15 {
        return number_text(x);
    }
    let magnitude = libm::floor(libm::log10(x.abs())) as i32;
    let decimals = (5 - magnitude).clamp(0, 17) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(x: f64, expected: &str) {
        assert_eq!(short_number(x), expected);
    }

    #[test]
    fn numbers_are_short_and_true() {
        check(1.750_000_000_000_000_2, "1.75");
        check(12_345_678.0, "12345678");
        check(0.000_012_345_678, "0.0000123457");
        check(-0.1 - 0.2, "-0.3");
        check(123_456.789, "123457");
        check(0.0, "0");
    }

    #[test]
    fn two_classes_share_one_row_of_coefficients() {
        let answers = Answers::Classes { probabilities: vec![0.9, 0.1], n_classes: 2 };
        assert_eq!(answered_output(&answers, 1), (0, -1.0));
        let x = Matrix::from_columns(vec![vec![2.0], vec![-5.0]]);
        let terms = terms(&x, &[1.0, 1.0], &[0.5], 0, -1.0);
        assert_eq!(terms[0].feature, Some(1));
        assert_eq!(terms.iter().map(Term::contribution).sum::<f64>(), 2.5);
    }
}
