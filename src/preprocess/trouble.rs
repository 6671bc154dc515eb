//! What can go wrong, or be odd, while a table becomes a matrix.

use crate::error::Place;

crate::trouble! {
    /// What can stop the preparation.
    pub enum PreprocessError in "preprocess" {
        /// No column is left to learn from.
        NoFeatures { target: String } => "no_features",
            "no column is left to predict {target:?} from",
            hint "Choose at least one feature besides the target, and check what the recipe drops",
            place Place::field("features");
        /// The target is also listed as a feature.
        TargetIsFeature { target: String } => "target_is_feature",
            "the target {target:?} is also listed as a feature",
            hint "Take {target:?} out of the features: a model that sees the answer learns nothing else",
            place Place::field("features").in_column(target.clone());
        /// A feature is listed twice.
        RepeatedFeature { column: String } => "repeated_feature",
            "the feature {column:?} is listed twice",
            hint "List each feature once",
            place Place::field("features").in_column(column.clone());
        /// No row is left to learn from.
        NoRows { n_before: usize, why: String } => "no_rows_left",
            "none of {n_before} rows is left to learn from: {why}",
            hint "Impute missing cells instead of dropping rows, or choose another target";
        /// The target has no value at all.
        TargetMissing { target: String, n_rows: usize } => "target_missing",
            "the target {target:?} is missing in all {n_rows} rows",
            hint "Choose a column that has values",
            place Place::column(target.clone());
        /// The target has one class only.
        OneClass { target: String, class: String } => "one_class",
            "the target {target:?} has a single class, {class:?}",
            hint "Choose a target with at least two classes: there is nothing to tell apart",
            place Place::column(target.clone());
        /// The target has too many classes.
        TooManyClasses { target: String, n_classes: usize, limit: usize } => "too_many_classes",
            "the target {target:?} has {n_classes} classes, and {limit} are the limit",
            hint "Is {target:?} an identifier? Choose a column with fewer different values",
            place Place::column(target.clone());
        /// Numbers cannot be learned from a target that has none.
        TargetNotNumeric { target: String, kind: String } => "target_not_numeric",
            "regression needs a numeric target, and {target:?} is {kind}",
            hint "Choose classification, or another target",
            place Place::column(target.clone());
        /// A step needs numbers where there are categories.
        NotNumeric { column: String, step: usize, name: String } => "not_numeric",
            "step {step} ({name}) needs numbers, and {column:?} holds categories",
            hint "Encode {column:?} first, or leave it out of the step's columns",
            place Place::step(*step).in_column(column.clone());
        /// A step needs categories where there are numbers.
        NotCategorical { column: String, step: usize, name: String } => "not_categorical",
            "step {step} ({name}) needs categories, and {column:?} holds numbers",
            hint "Leave {column:?} out of the step's columns, or bin it instead",
            place Place::step(*step).in_column(column.clone());
        /// A step needs points in time where there are none.
        NotATime { column: String, step: usize, name: String } => "not_a_time",
            "step {step} ({name}) needs dates or times, and {column:?} holds none at that point",
            hint "Choose a column of dates, and put the step before one that scales it",
            place Place::step(*step).in_column(column.clone());
        /// A step learns from the target, and there is none.
        NoTarget { step: usize, name: String } => "no_target",
            "step {step} ({name}) learns from the target, and no target is given",
            hint "Choose a target, or remove the step",
            place Place::step(*step);
        /// A step would keep no feature.
        NothingSelected { step: usize, name: String } => "nothing_selected",
            "step {step} ({name}) would keep no feature at all",
            hint "Lower the threshold",
            place Place { field: Some("threshold".to_owned()), ..Place::step(*step) };
        /// Numbers outgrew what a computer can hold.
        NotFinite { column: String } => "not_finite",
            "{column:?} holds a number too large to compute with after the last step",
            hint "Scale or clip the columns it is made of before the step that makes it",
            place Place::column(column.clone());
        /// Categories are left at the end of the recipe.
        CategoriesLeft { column: String } => "categories_left",
            "{column:?} still holds categories after the last step, and a matrix holds numbers",
            hint "Add an encode step for {column:?}, or drop it",
            place Place::column(column.clone());
        /// Missing cells are left at the end of the recipe.
        MissingLeft { column: String, n_missing: usize } => "missing_left",
            "{column:?} still has {n_missing} missing cells after the last step",
            hint "Add an impute step for {column:?}, or drop_missing before it",
            place Place::column(column.clone());
        /// The weights are in a column that is also something else.
        WeightUsedTwice { column: String, also: &'static str } => "weight_used_twice",
            "{column:?} holds the rows' weights, and is also {also}",
            hint "Choose another column for sample_weight, or take {column:?} out there",
            place Place::field("sample_weight").in_column(column.clone());
        /// The weights are in a column that holds no numbers.
        WeightNotNumeric { column: String, kind: String } => "weight_not_numeric",
            "weights are numbers, and {column:?} is {kind}",
            hint "Choose a column of numbers for sample_weight",
            place Place::field("sample_weight").in_column(column.clone());
        /// A row has a weight that is none.
        BadWeight { column: String, row: usize, given: String } => "bad_weight",
            "row {row} has the weight {given} in {column:?}, but it must be 0, or from 1e-50 to 1e50",
            hint "Correct the weight; 0 leaves a row out",
            place Place { row: Some(*row as u64), ..Place::column(column.clone()) };
        /// No row counts anything.
        WeightsAllZero { column: String, n_rows: usize } => "weights_all_zero",
            "{column:?} weighs each of the {n_rows} training rows with 0",
            hint "Give at least one row a weight above 0",
            place Place::field("sample_weight").in_column(column.clone());
        /// A step names a column that is not there.
        NoSuchColumn { column: String, step: usize, known: String } => "no_such_column",
            "step {step} names the column {column:?}; at that point there are {known}",
            hint "Check the spelling, and the order of the steps",
            place Place::step(*step).in_column(column.clone());
        /// A step's setting is not one it knows.
        BadSetting { step: usize, field: String, given: String, expected: String } => "bad_setting",
            "step {step} has {field} {given}, but must have {expected}",
            hint "Set {field} to {expected}",
            place Place { field: Some(field.clone()), ..Place::step(*step) };
        /// One-hot encoding or products would make too many features.
        TooManyFeatures { n_features: usize, limit: usize, step: usize } => "too_many_features",
            "step {step} would make {n_features} features, and {limit} are the limit",
            hint "Encode columns with many categories as ordinal, or drop them",
            place Place::step(*step);
        /// A recipe that was read from a file does not fit itself.
        Unfit { step: usize, what: String } => "unfit_recipe",
            "the recipe does not fit itself at step {step}: {what}",
            hint "Export the model again from the page it was made in",
            place Place::step(*step);
        /// An unknown category met a step that was told to refuse it.
        UnknownCategory { column: String, category: String } => "unknown_category",
            "{column:?} holds {category:?}, which no training row held",
            hint "Set handle_unknown to \"ignore\", or correct the value",
            place Place::column(column.clone());
    }
}

crate::trouble! {
    /// What can be odd during the preparation.
    pub enum PreprocessIssue in "preprocess" {
        /// A column without any value cannot be learned from.
        AllMissing { column: String } => "all_missing_column",
            "{column:?} has no value in any training row",
            hint "It is filled with a constant and tells the model nothing; leave it out",
            place Place::column(column.clone());
        /// A column has the same value everywhere.
        Constant { column: String } => "constant_column",
            "{column:?} has one value in all training rows",
            hint "It tells the model nothing; it was scaled to zero",
            place Place::column(column.clone());
        /// A text column was left out because nothing was said about it.
        TextLeftOut { column: String, n_distinct: usize } => "text_left_out",
            "{column:?} is text with {n_distinct} different values and was left out",
            hint "List it among the features to use it as categories",
            place Place::column(column.clone());
        /// A column has many categories.
        ManyCategories { column: String, n_categories: usize } => "many_categories",
            "{column:?} has {n_categories} categories and was encoded as ordinal",
            hint "Ask for one_hot in a recipe of your own if each category should be a feature",
            place Place::column(column.clone());
        /// Rows without a target cannot be learned from.
        TargetMissing { target: String, n_rows: usize } => "target_missing_rows",
            "{n_rows} rows have no {target:?} and were left out",
            hint "Fill in the target where it is known",
            place Place::column(target.clone());
        /// A cell to be answered from is missing.
        MissingValue { column: String, row: usize, filled_with: String } => "missing_value",
            "{column:?} is missing and was taken as {filled_with}",
            hint "Give {column:?} a value for a better answer",
            place Place { row: Some(*row as u64), ..Place::column(column.clone()) };
        /// A column to be answered from is not there at all.
        MissingColumn { column: String } => "missing_column",
            "the rows have no column {column:?}, which the model was trained with",
            hint "Its values were taken as missing; add the column for better answers",
            place Place::column(column.clone());
        /// A category no training row held.
        UnseenCategory { column: String, row: usize, category: String } => "unseen_category",
            "{column:?} holds {category:?}, which no training row held",
            hint "It was taken as none of the known categories",
            place Place { row: Some(*row as u64), ..Place::column(column.clone()) };
        /// A cell that should be a number is not.
        NotANumber { column: String, row: usize, text: String } => "not_a_number",
            "{column:?} holds {text:?}, and the model was trained with numbers there",
            hint "It was taken as missing; correct the value",
            place Place { row: Some(*row as u64), ..Place::column(column.clone()) };
        /// ln(1 + x) of a number at or below −1.
        Log1pBelow { column: String, n_cells: usize } => "log1p_out_of_domain",
            "{column:?} has {n_cells} cells at or below -1, where ln(1 + x) is not defined",
            hint "They were taken as the smallest number above -1 that was learned from",
            place Place::column(column.clone());
        /// Missing cells at the start have no row to be filled from.
        GapAtStart { column: String, n_cells: usize, filled_with: String } => "gap_at_start",
            "{column:?} begins with {n_cells} missing cells, and no row before them is known",
            hint "They were taken as {filled_with}, the usual value of the training rows",
            place Place::column(column.clone());
        /// Windows over rows that are not neighbours.
        RowsApart { step: usize, n_gaps: usize, n_rows: usize } => "rows_apart",
            "{n_gaps} of {n_rows} training rows do not follow the row before them in the table, and windows reach across",
            hint "Hold back no rows (test_fraction 0), and measure on a table of later rows or on folds that are time_ordered",
            place Place::step(*step);
        /// Every category is rare.
        AllRare { column: String, n_categories: usize } => "all_rare",
            "all {n_categories} categories of {column:?} are rare and became one",
            hint "It tells the model nothing now; lower min_frequency",
            place Place::column(column.clone());
        /// Fewer bins came out than were asked for.
        FewerBins { column: String, n_bins: usize, n_asked: usize } => "fewer_bins",
            "{column:?} has too few different values for {n_asked} bins and got {n_bins}",
            hint "Lower n_bins, or ask for bins of equal width",
            place Place::column(column.clone());
        /// A class has a single row.
        RareClass { target: String, class: String, n_rows: usize } => "rare_class",
            "the class {class:?} of {target:?} has {n_rows} row",
            hint "It cannot be in both parts of the split; it was kept for training",
            place Place::column(target.clone());
    }
}
