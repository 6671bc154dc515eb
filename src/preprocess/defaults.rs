//! The recipe that is built when none is given, and the features used when none are named.

use crate::error::Issues;
use crate::preprocess::PreprocessIssue;
use crate::preprocess::step::{Encoding, Imputation, Scaling, Select, Step};
use crate::table::{ColumnData, Table};

/// A column with more categories than this is encoded as ordinal unless the user says otherwise: one-hot features of
/// so many categories cost more than they tell.
const MAX_ONE_HOT: usize = 100;

/// What a model needs of the matrix it is fitted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Features of comparable sizes.
    pub scaling: bool,
    /// Missing numbers as they are: it says itself what a missing one means.
    pub takes_missing: bool,
    /// Categories as one feature of codes: it asks for sets of them.
    pub takes_categories: bool,
}

/// The columns to learn from: all but the target, text and columns without any value.
pub fn default_features(table: &Table, target: Option<&str>, issues: &mut Issues) -> Vec<String> {
    let mut names = Vec::new();
    for column in table.columns().iter().filter(|column| Some(column.name.as_str()) != target) {
        if let ColumnData::Text(texts) = &column.data {
            let n_distinct =
                (0..texts.len()).filter_map(|row| texts.get(row)).collect::<std::collections::BTreeSet<_>>();
            let n_distinct = n_distinct.len();
            issues.push(PreprocessIssue::TextLeftOut { column: column.name.clone(), n_distinct });
        } else {
            names.push(column.name.clone());
        }
    }
    names
}

/// Median imputation, standard scaling where the model wants it, one-hot encoding. For a model that takes missing cells,
/// only categories are imputed; for one that takes categories as well, these are encoded as ordinal and nothing else is done.
pub fn default_recipe(table: &Table, features: &[String], needs: Needs, issues: &mut Issues) -> Vec<Step> {
    let mut steps = Vec::new();
    if !(needs.takes_missing && needs.takes_categories) {
        let imputed = if needs.takes_missing { Select::Categorical } else { Select::All };
        steps.push(Step::Impute { columns: imputed, strategy: Imputation::Median });
    }
    if needs.scaling {
        steps.push(Step::Scale { columns: Select::Numeric, method: Scaling::Standard });
    }
    let mut many = Vec::new();
    let mut n_categorical = 0;
    for column in table.columns().iter().filter(|column| features.contains(&column.name)) {
        let n_categories = match &column.data {
            ColumnData::Categorical { levels, .. } => levels.len(),
            ColumnData::Text(texts) => texts.len(),
            _ => continue,
        };
        n_categorical += 1;
        if n_categories > MAX_ONE_HOT && !needs.takes_categories {
            issues.push(PreprocessIssue::ManyCategories { column: column.name.clone(), n_categories });
            many.push(column.name.clone());
        }
    }
    let n_many = many.len();
    if n_many > 0 {
        let columns = Select::Names(many);
        steps.push(Step::Encode { columns, method: Encoding::Ordinal, refuse_unknown: false });
    }
    if n_categorical > n_many {
        let method = if needs.takes_categories { Encoding::Ordinal } else { Encoding::OneHot };
        steps.push(Step::Encode { columns: Select::Categorical, method, refuse_unknown: false });
    }
    steps
}

/// Every encoding becomes ordinal: for models that read codes of categories.
pub fn encode_as_codes(steps: &mut [Step]) {
    for step in steps {
        if let Step::Encode { method, .. } = step {
            *method = Encoding::Ordinal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, TextColumn};

    fn table(n_levels: u32) -> Table {
        let mut texts = TextColumn::with_capacity(0, 0);
        (0..n_levels).for_each(|row| texts.push(Some(&format!("t{row}"))));
        let numbers = (0..n_levels).map(f64::from).collect();
        let levels = (0..n_levels).map(|code| format!("l{code}")).collect();
        Table::new(vec![
            Column { name: "n".into(), data: ColumnData::Numeric(numbers) },
            Column { name: "c".into(), data: ColumnData::Categorical { codes: (0..n_levels).collect(), levels } },
            Column { name: "t".into(), data: ColumnData::Text(texts) },
        ])
    }

    #[test]
    fn text_is_left_out_and_said_so() {
        let mut issues = Issues::new();
        assert_eq!(default_features(&table(3), Some("n"), &mut issues), ["c"]);
        assert_eq!(issues.iter().next().unwrap().code, "text_left_out");
    }

    #[test]
    fn many_categories_become_ordinal() {
        let names = ["n".to_owned(), "c".to_owned()];
        let mut issues = Issues::new();
        let steps = default_recipe(&table(3), &names, Needs { scaling: true, ..Needs::default() }, &mut issues);
        assert_eq!(steps.iter().map(Step::name).collect::<Vec<_>>(), ["impute", "scale", "encode"]);
        assert!(issues.is_empty());
        let steps = default_recipe(&table(101), &names, Needs { takes_missing: true, ..Needs::default() }, &mut issues);
        assert!(matches!(steps[0], Step::Impute { columns: Select::Categorical, .. }));
        assert!(matches!(steps[1], Step::Encode { method: Encoding::Ordinal, .. }));
        let mut steps = default_recipe(&table(3), &names, Needs::default(), &mut issues);
        encode_as_codes(&mut steps);
        assert!(matches!(steps[1], Step::Encode { method: Encoding::Ordinal, .. }));
    }

    #[test]
    fn a_model_that_takes_everything_gets_codes_and_holes() {
        let needs = Needs { scaling: false, takes_missing: true, takes_categories: true };
        let mut issues = Issues::new();
        let steps = default_recipe(&table(101), &["n".to_owned(), "c".to_owned()], needs, &mut issues);
        assert!(matches!(steps[..], [Step::Encode { method: Encoding::Ordinal, columns: Select::Categorical, .. }]));
        assert!(issues.is_empty());
    }
}
