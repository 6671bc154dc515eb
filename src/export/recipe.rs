//! Fitted recipes to the file's types and back.

use crate::Error;
use crate::export::project::malformed;
use crate::preprocess::{
    Clipping, DatePart, Encoding, FeatureDoc, FittedRecipe, FittedStep, Group, Imputation, Input, Learned, MOST_LAGS,
    Map, Origin, Scaling, Select, Selection, Smoothing, Step, StepReport, TargetEncoding, TargetMeans, TargetOutput,
};
use crate::table::ColumnKind;
use vitrine_protocol::file::{
    FeatureHeader, FittedStepHeader, InputHeader, KindName, LearnedHeader, MapHeader, RecipeHeader, SelectHeader,
    StepHeader,
};

/// The words of the format.
const SCALINGS: [(Scaling, &str); 4] = [
    (Scaling::MinMax, "min_max"),
    (Scaling::Standard, "standard"),
    (Scaling::Robust, "robust"),
    (Scaling::MaxAbs, "max_abs"),
];
const ENCODINGS: [(Encoding, &str); 3] =
    [(Encoding::OneHot, "one_hot"), (Encoding::Ordinal, "ordinal"), (Encoding::Label, "label")];

fn word_of<T: PartialEq + Copy>(words: &[(T, &'static str)], value: T) -> String {
    let known = words.iter().find(|(known, _)| *known == value);
    known.map(|(_, word)| (*word).to_owned()).expect("every value has a word")
}

fn value_of<T: Copy>(words: &[(T, &str)], word: &str) -> Result<T, Error> {
    let known = words.iter().find(|(_, known)| *known == word);
    known.map(|(value, _)| *value).ok_or_else(|| malformed(format!("a step has the setting {word:?}")))
}

pub(super) fn recipe_header(recipe: &FittedRecipe) -> RecipeHeader {
    RecipeHeader {
        inputs: recipe.inputs.iter().map(input_header).collect(),
        steps: recipe.steps.iter().map(step_header).collect(),
        features: recipe.features.iter().map(feature_header).collect(),
        keeps_missing: recipe.keeps_missing,
    }
}

pub(super) fn read_recipe(header: RecipeHeader) -> Result<FittedRecipe, Error> {
    Ok(FittedRecipe {
        inputs: header.inputs.into_iter().map(read_input).collect(),
        steps: header.steps.into_iter().map(read_step).collect::<Result<Vec<_>, Error>>()?,
        features: header.features.into_iter().map(read_feature).collect(),
        keeps_missing: header.keeps_missing,
    })
}

fn input_header(input: &Input) -> InputHeader {
    let kind = match input.kind {
        ColumnKind::Numeric => KindName::Numeric,
        ColumnKind::Categorical => KindName::Categorical,
        ColumnKind::Datetime => KindName::Datetime,
        ColumnKind::Boolean => KindName::Boolean,
        ColumnKind::Text => KindName::Text,
    };
    InputHeader { name: input.name.clone(), kind, levels: input.levels.clone(), span: input.span }
}

fn read_input(header: InputHeader) -> Input {
    let kind = match header.kind {
        KindName::Numeric => ColumnKind::Numeric,
        KindName::Categorical => ColumnKind::Categorical,
        KindName::Datetime => ColumnKind::Datetime,
        KindName::Boolean => ColumnKind::Boolean,
        KindName::Text => ColumnKind::Text,
    };
    Input { name: header.name, kind, levels: header.levels, span: header.span }
}

fn select_header(select: &Select) -> SelectHeader {
    match select {
        Select::All => SelectHeader::All,
        Select::Numeric => SelectHeader::Numeric,
        Select::Categorical => SelectHeader::Categorical,
        Select::Datetime => SelectHeader::Datetime,
        Select::Names(names) => SelectHeader::Names(names.clone()),
    }
}

fn read_select(header: SelectHeader) -> Select {
    match header {
        SelectHeader::All => Select::All,
        SelectHeader::Numeric => Select::Numeric,
        SelectHeader::Categorical => Select::Categorical,
        SelectHeader::Datetime => Select::Datetime,
        SelectHeader::Names(names) => Select::Names(names),
    }
}

fn step_header(fitted: &FittedStep) -> FittedStepHeader {
    let columns = select_header(fitted.step.columns());
    let step = match &fitted.step {
        Step::DropMissing { .. } => StepHeader::DropMissing { columns },
        Step::DropColumns { .. } => StepHeader::DropColumns { columns },
        Step::Impute { strategy, .. } => {
            let (word, fill) = match strategy {
                Imputation::Mean => ("mean", None),
                Imputation::Median => ("median", None),
                Imputation::MostFrequent => ("most_frequent", None),
                Imputation::Constant(fill) => ("constant", fill.clone()),
                Imputation::ForwardFill => ("forward_fill", None),
                Imputation::Linear => ("linear", None),
            };
            StepHeader::Impute { columns, strategy: word.to_owned(), fill }
        }
        Step::Scale { method, .. } => StepHeader::Scale { columns, method: word_of(&SCALINGS, *method) },
        Step::Encode { method, refuse_unknown, .. } => {
            StepHeader::Encode { columns, method: word_of(&ENCODINGS, *method), refuse_unknown: *refuse_unknown }
        }
        Step::Clip { method, .. } => match *method {
            Clipping::Quantiles { lower, upper } => {
                StepHeader::Clip { columns, lower_quantile: lower, upper_quantile: upper }
            }
            Clipping::Iqr { factor } => StepHeader::ClipSpread { columns, method: "iqr".to_owned(), factor },
            Clipping::ZScore { factor } => StepHeader::ClipSpread { columns, method: "z_score".to_owned(), factor },
        },
        Step::Log1p { .. } => StepHeader::Log1p { columns },
        Step::Polynomial { degree, interaction_only, .. } => {
            StepHeader::Polynomial { columns, degree: *degree, interaction_only: *interaction_only }
        }
        Step::Smooth { method, .. } => match *method {
            Smoothing::MovingAverage { window } => StepHeader::Average { columns, window },
            Smoothing::Exponential { alpha } => StepHeader::Exponential { columns, alpha },
        },
        Step::Lags { n_steps, horizon, .. } => StepHeader::Lags { columns, n_steps: *n_steps, horizon: *horizon },
        Step::DatetimeParts { parts, is_cyclic, .. } => {
            StepHeader::DatetimeParts { columns, parts: part_names(parts), is_cyclic: *is_cyclic }
        }
        Step::GroupRare { min_frequency, .. } => StepHeader::GroupRare { columns, min_frequency: *min_frequency },
        Step::TargetEncode { method, .. } => {
            let TargetEncoding { smooth, n_folds, random_state } = *method;
            StepHeader::TargetEncode { columns, smooth, n_folds, random_state }
        }
        Step::Bin { n_bins, is_uniform, .. } => StepHeader::Bin { columns, n_bins: *n_bins, is_uniform: *is_uniform },
        Step::SelectFeatures { method, .. } => match *method {
            Selection::Variance { threshold } => StepHeader::SelectVariance { columns, threshold },
            Selection::MutualInformation { k } => {
                StepHeader::SelectBest { columns, method: "mutual_information".to_owned(), k }
            }
            Selection::FTest { k } => StepHeader::SelectBest { columns, method: "f_test".to_owned(), k },
        },
    };
    FittedStepHeader {
        step,
        learned: fitted.learned.iter().map(|(name, learned)| (name.clone(), learned_header(learned))).collect(),
        n_rows: fitted.report.n_rows,
        n_columns: fitted.report.n_columns,
        n_missing: fitted.report.n_missing,
        sample: fitted.report.sample.clone(),
        sample_of: fitted.report.sample_of,
    }
}

fn read_step(header: FittedStepHeader) -> Result<FittedStep, Error> {
    let step = match header.step {
        StepHeader::DropMissing { columns } => Step::DropMissing { columns: read_select(columns) },
        StepHeader::DropColumns { columns } => Step::DropColumns { columns: read_select(columns) },
        StepHeader::Impute { columns, strategy, fill } => {
            let strategy = match strategy.as_str() {
                "mean" => Imputation::Mean,
                "median" => Imputation::Median,
                "most_frequent" => Imputation::MostFrequent,
                "constant" => Imputation::Constant(fill),
                "forward_fill" => Imputation::ForwardFill,
                "linear" => Imputation::Linear,
                other => return Err(malformed(format!("a step has the strategy {other:?}"))),
            };
            Step::Impute { columns: read_select(columns), strategy }
        }
        StepHeader::Scale { columns, method } => {
            Step::Scale { columns: read_select(columns), method: value_of(&SCALINGS, &method)? }
        }
        StepHeader::Encode { columns, method, refuse_unknown } => {
            Step::Encode { columns: read_select(columns), method: value_of(&ENCODINGS, &method)?, refuse_unknown }
        }
        StepHeader::Clip { columns, lower_quantile, upper_quantile } => {
            let method = Clipping::Quantiles { lower: lower_quantile, upper: upper_quantile };
            Step::Clip { columns: read_select(columns), method }
        }
        StepHeader::ClipSpread { columns, method, factor } => {
            let methods = [(Clipping::Iqr { factor }, "iqr"), (Clipping::ZScore { factor }, "z_score")];
            Step::Clip { columns: read_select(columns), method: value_of(&methods, &method)? }
        }
        StepHeader::Log1p { columns } => Step::Log1p { columns: read_select(columns) },
        StepHeader::Polynomial { columns, degree, interaction_only } => {
            if !(2..=3).contains(&degree) {
                return Err(malformed(format!("a step has the degree {degree}")));
            }
            Step::Polynomial { columns: read_select(columns), degree, interaction_only }
        }
        StepHeader::Average { columns, window } => {
            Step::Smooth { columns: read_select(columns), method: Smoothing::MovingAverage { window } }
        }
        StepHeader::Exponential { columns, alpha } => {
            Step::Smooth { columns: read_select(columns), method: Smoothing::Exponential { alpha } }
        }
        StepHeader::Lags { columns, n_steps, horizon } => {
            Step::Lags { columns: read_select(columns), n_steps, horizon }
        }
        StepHeader::DatetimeParts { columns, parts, is_cyclic } => {
            Step::DatetimeParts { columns: read_select(columns), parts: read_parts(&parts)?, is_cyclic }
        }
        StepHeader::GroupRare { columns, min_frequency } => {
            Step::GroupRare { columns: read_select(columns), min_frequency }
        }
        StepHeader::TargetEncode { columns, smooth, n_folds, random_state } => {
            let method = TargetEncoding { smooth, n_folds, random_state };
            Step::TargetEncode { columns: read_select(columns), method }
        }
        StepHeader::Bin { columns, n_bins, is_uniform } => {
            Step::Bin { columns: read_select(columns), n_bins, is_uniform }
        }
        StepHeader::SelectVariance { columns, threshold } => {
            Step::SelectFeatures { columns: read_select(columns), method: Selection::Variance { threshold } }
        }
        StepHeader::SelectBest { columns, method, k } => {
            let methods =
                [(Selection::MutualInformation { k }, "mutual_information"), (Selection::FTest { k }, "f_test")];
            Step::SelectFeatures { columns: read_select(columns), method: value_of(&methods, &method)? }
        }
    };
    Ok(FittedStep {
        step,
        learned: header
            .learned
            .into_iter()
            .map(|(name, learned)| Ok((name, read_learned(learned)?)))
            .collect::<Result<Vec<_>, Error>>()?,
        report: StepReport {
            n_rows: header.n_rows,
            n_columns: header.n_columns,
            n_missing: header.n_missing,
            sample: header.sample,
            sample_of: header.sample_of,
        },
    })
}

fn learned_header(learned: &Learned) -> LearnedHeader {
    match learned {
        Learned::Keep => LearnedHeader::Keep,
        Learned::Drop => LearnedHeader::Drop,
        Learned::FillNumber(fill) => LearnedHeader::FillNumber(*fill),
        Learned::FillCategory(fill) => LearnedHeader::FillCategory(fill.clone()),
        Learned::Affine { offset, scale } => LearnedHeader::Affine { offset: *offset, scale: *scale },
        Learned::OneHot { categories, has_missing, refuse_unknown } => LearnedHeader::OneHot {
            categories: categories.clone(),
            has_missing: *has_missing,
            refuse_unknown: *refuse_unknown,
        },
        Learned::Ordinal { categories, refuse_unknown } => {
            LearnedHeader::Ordinal { categories: categories.clone(), refuse_unknown: *refuse_unknown }
        }
        Learned::Clip { lower, upper } => LearnedHeader::Clip { lower: *lower, upper: *upper },
        Learned::Log1p { smallest } => LearnedHeader::Log1p { smallest: *smallest },
        Learned::FillAlong { is_linear, start } => LearnedHeader::FillAlong { is_linear: *is_linear, start: *start },
        Learned::FillCategoryAlong(fill) => LearnedHeader::FillCategoryAlong(fill.clone()),
        Learned::Average(window) => LearnedHeader::Average(*window),
        Learned::Exponential(alpha) => LearnedHeader::Exponential(*alpha),
        Learned::Lags { n_steps, horizon } => LearnedHeader::Lags { n_steps: *n_steps, horizon: *horizon },
        Learned::DatetimeParts { parts, is_cyclic, start_millis } => LearnedHeader::DatetimeParts {
            parts: part_names(parts),
            is_cyclic: *is_cyclic,
            start_millis: *start_millis,
        },
        Learned::GroupRare { kept, rest } => LearnedHeader::GroupRare { kept: kept.clone(), rest: rest.clone() },
        Learned::TargetEncode(means) => LearnedHeader::TargetEncode {
            categories: means.categories.clone(),
            has_missing: means.has_missing,
            outputs: means
                .outputs
                .iter()
                .map(|output| (output.class.clone(), output.means.clone(), output.overall))
                .collect(),
        },
        Learned::Bin(edges) => LearnedHeader::Bin(edges.clone()),
        Learned::Selected { score, is_kept } => LearnedHeader::Selected { score: *score, is_kept: *is_kept },
    }
}

fn part_names(parts: &[DatePart]) -> Vec<String> {
    parts.iter().map(|part| part.name().to_owned()).collect()
}

fn read_parts(names: &[String]) -> Result<Vec<DatePart>, Error> {
    names.iter().map(|name| value_of(&DatePart::ALL, name)).collect()
}

fn read_learned(header: LearnedHeader) -> Result<Learned, Error> {
    Ok(match header {
        LearnedHeader::Keep => Learned::Keep,
        LearnedHeader::Drop => Learned::Drop,
        LearnedHeader::FillNumber(fill) => Learned::FillNumber(fill),
        LearnedHeader::FillCategory(fill) => Learned::FillCategory(fill),
        LearnedHeader::Affine { offset, scale } => Learned::Affine { offset, scale },
        LearnedHeader::OneHot { categories, has_missing, refuse_unknown } => {
            Learned::OneHot { categories, has_missing, refuse_unknown }
        }
        LearnedHeader::Ordinal { categories, refuse_unknown } => Learned::Ordinal { categories, refuse_unknown },
        LearnedHeader::Clip { lower, upper } => Learned::Clip { lower, upper },
        LearnedHeader::Log1p { smallest } => Learned::Log1p { smallest },
        LearnedHeader::FillAlong { is_linear, start } => Learned::FillAlong { is_linear, start },
        LearnedHeader::FillCategoryAlong(fill) => Learned::FillCategoryAlong(fill),
        LearnedHeader::Average(window) => Learned::Average(window),
        LearnedHeader::Exponential(alpha) => Learned::Exponential(alpha),
        LearnedHeader::Lags { n_steps, horizon } if n_steps > MOST_LAGS || horizon > MOST_LAGS => {
            return Err(malformed(format!("a window has {n_steps} steps and the horizon {horizon}")));
        }
        LearnedHeader::Lags { n_steps, horizon } => Learned::Lags { n_steps, horizon },
        LearnedHeader::DatetimeParts { parts, is_cyclic, start_millis } => {
            Learned::DatetimeParts { parts: read_parts(&parts)?, is_cyclic, start_millis }
        }
        LearnedHeader::GroupRare { kept, rest } => Learned::GroupRare { kept, rest },
        LearnedHeader::TargetEncode { categories, has_missing, outputs } => {
            let output = |(class, means, overall)| TargetOutput { class, means, overall };
            let outputs = outputs.into_iter().map(output).collect();
            Learned::TargetEncode(TargetMeans { categories, has_missing, outputs })
        }
        LearnedHeader::Bin(edges) => Learned::Bin(edges),
        LearnedHeader::Selected { score, is_kept } => Learned::Selected { score, is_kept },
    })
}

fn feature_header(doc: &FeatureDoc) -> FeatureHeader {
    let map = |map: &Map| match *map {
        Map::Affine { offset, scale } => MapHeader::Affine { offset, scale },
        Map::Log1p => MapHeader::Log1p,
    };
    FeatureHeader {
        name: doc.name.clone(),
        column: doc.origin.column.clone(),
        is_categorical: doc.origin.group == Group::Categorical,
        maps: doc.origin.maps.iter().map(map).collect(),
        level: doc.origin.level.clone(),
        is_raw_scale: doc.origin.is_raw_scale,
        fallback: doc.fallback,
    }
}

fn read_feature(header: FeatureHeader) -> FeatureDoc {
    let map = |map: MapHeader| match map {
        MapHeader::Affine { offset, scale } => Map::Affine { offset, scale },
        MapHeader::Log1p => Map::Log1p,
    };
    FeatureDoc {
        name: header.name,
        origin: Origin {
            column: header.column,
            group: if header.is_categorical { Group::Categorical } else { Group::Numeric },
            maps: header.maps.into_iter().map(map).collect(),
            level: header.level,
            is_raw_scale: header.is_raw_scale,
        },
        fallback: header.fallback,
    }
}
