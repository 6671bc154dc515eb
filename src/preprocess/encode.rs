//! Categories become numbers, by the categories of the training rows.

use std::collections::BTreeMap;

use crate::Error;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::impute::report;
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::step::Encoding;
use crate::preprocess::{PreprocessError, PreprocessIssue};
use crate::table::number_text;

/// Learns the categories of the training rows, sorted: numbers by size, names by code point.
pub(super) fn learn(method: Encoding, refuse_unknown: bool, feature: &Feature) -> Learned {
    let categories = categories(feature);
    match method {
        Encoding::OneHot => Learned::OneHot { categories, has_missing: feature.values.n_missing() > 0, refuse_unknown },
        Encoding::Ordinal | Encoding::Label => Learned::Ordinal { categories, refuse_unknown },
    }
}

/// The categories that occur, sorted.
pub(super) fn categories(feature: &Feature) -> Vec<String> {
    match &feature.values {
        Values::Numbers(numbers) => {
            let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
            present.sort_unstable_by(f64::total_cmp);
            present.dedup();
            present.into_iter().map(number_text).collect()
        }
        Values::Categories { codes, levels } => {
            let mut occurs = vec![false; levels.len()];
            for &code in codes.iter().filter(|&&code| code < Values::UNSEEN) {
                occurs[code as usize] = true;
            }
            let mut present: Vec<String> =
                levels.iter().zip(occurs).filter(|(_, occurs)| *occurs).map(|(level, _)| level.clone()).collect();
            present.sort_unstable();
            present
        }
    }
}

/// The position of each cell's category; `None` where it is missing or unknown.
pub(super) fn positions(
    categories: &[String],
    refuse_unknown: bool,
    feature: &Feature,
) -> Result<Vec<Position>, Error> {
    let known: BTreeMap<&str, usize> =
        categories.iter().enumerate().map(|(idx, category)| (category.as_str(), idx)).collect();
    let find = |category: &str| match known.get(category) {
        Some(&idx) => Ok(Position::At(idx)),
        None if refuse_unknown => Err(Error::from(PreprocessError::UnknownCategory {
            column: feature.origin.column.clone(),
            category: category.to_owned(),
        })),
        None => Ok(Position::Unknown),
    };
    match &feature.values {
        Values::Numbers(numbers) => {
            numbers.iter().map(|x| if x.is_nan() { Ok(Position::Missing) } else { find(&number_text(*x)) }).collect()
        }
        Values::Categories { codes, levels } => {
            let by_code: Vec<Result<Position, Error>> = levels.iter().map(|level| find(level)).collect();
            codes
                .iter()
                .map(|&code| match code {
                    Values::MISSING => Ok(Position::Missing),
                    Values::UNSEEN if refuse_unknown => find("a category no training row held"),
                    Values::UNSEEN => Ok(Position::Unknown),
                    code => by_code[code as usize].clone(),
                })
                .collect()
        }
    }
}

/// Where a cell stands among the categories.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Position {
    At(usize),
    Missing,
    Unknown,
}

/// One 0-or-1 feature per category, `species=Adelie`. An unknown category is 0 in all of them; so is a missing cell,
/// unless training had missing cells: then `species=missing` is a feature of its own.
pub(super) fn one_hot(
    categories: &[String],
    has_missing: bool,
    refuse_unknown: bool,
    feature: Feature,
    applying: &mut Applying<'_>,
) -> Result<Vec<Feature>, Error> {
    let positions = positions(categories, refuse_unknown, &feature)?;
    for (row, position) in positions.iter().enumerate() {
        match (position, &feature.values) {
            (Position::Missing, _) if !has_missing => {
                report(&feature.origin.column, row, || "none of the known categories".to_owned(), applying);
            }
            // Categories were compared when the cells were read; encoded numbers are compared only here.
            (Position::Unknown, Values::Numbers(numbers)) if applying.report => {
                applying.issues.push(PreprocessIssue::UnseenCategory {
                    column: feature.origin.column.clone(),
                    row: applying.rows[row] as usize,
                    category: number_text(numbers[row]),
                });
            }
            _ => {}
        }
    }
    let flags = |wanted: Position| positions.iter().map(|p| f64::from(u8::from(*p == wanted))).collect();
    let made = |level: &str, numbers: Vec<f64>| Feature {
        name: format!("{}={level}", feature.name),
        origin: crate::preprocess::frame::Origin {
            level: Some(level.to_owned()),
            is_raw_scale: false,
            maps: Vec::new(),
            ..feature.origin.clone()
        },
        values: Values::Numbers(numbers),
    };
    let mut features: Vec<Feature> =
        categories.iter().enumerate().map(|(idx, category)| made(category, flags(Position::At(idx)))).collect();
    if has_missing {
        features.push(made("missing", flags(Position::Missing)));
    }
    Ok(features)
}

/// Positions in sorted order; an unknown category is -1, a missing cell stays missing.
pub(super) fn ordinal(categories: &[String], refuse_unknown: bool, feature: Feature) -> Result<Feature, Error> {
    let number = |position| match position {
        Position::At(idx) => idx as f64,
        Position::Missing => f64::NAN,
        Position::Unknown => -1.0,
    };
    let numbers = positions(categories, refuse_unknown, &feature)?.into_iter().map(number).collect();
    let mut origin = feature.origin;
    origin.is_raw_scale = false;
    origin.maps.clear();
    Ok(Feature { name: feature.name, origin, values: Values::Numbers(numbers) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::preprocess::frame::{Group, Origin};

    fn categories(codes: &[u32], levels: &[&str]) -> Feature {
        Feature {
            name: "c".into(),
            origin: Origin::raw("c", Group::Categorical),
            values: Values::Categories {
                codes: codes.to_vec(),
                levels: levels.iter().map(|level| (*level).to_owned()).collect(),
            },
        }
    }

    fn apply(learned: &Learned, feature: Feature) -> Result<Vec<Vec<f64>>, Error> {
        let rows: Vec<u32> = (0..feature.values.n_rows() as u32).collect();
        let mut issues = Issues::new();
        let mut applying = Applying { rows: &rows, report: true, step: 0, issues: &mut issues };
        let made = learned.apply(feature, &mut applying)?;
        Ok(made
            .into_iter()
            .map(|feature| match feature.values {
                Values::Numbers(numbers) => numbers,
                Values::Categories { .. } => panic!("numbers"),
            })
            .collect())
    }

    #[test]
    fn one_hot_features_are_sorted_and_unknown_is_zero_everywhere() {
        let learned = learn(Encoding::OneHot, false, &categories(&[0, 1, 0], &["b", "a"]));
        let made = apply(&learned, categories(&[1, 0, Values::UNSEEN], &["b", "a"])).unwrap();
        assert_eq!(made, [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]]);
    }

    #[test]
    fn missing_cells_in_training_get_a_feature_of_their_own() {
        let learned = learn(Encoding::OneHot, false, &categories(&[0, Values::MISSING], &["a"]));
        let made = apply(&learned, categories(&[Values::MISSING, 0], &["a"])).unwrap();
        assert_eq!(made, [vec![0.0, 1.0], vec![1.0, 0.0]]);
    }

    #[test]
    fn numbers_are_encoded_in_order_of_size() {
        let numbers = |cells: &[f64]| Feature {
            name: "n".into(),
            origin: Origin::raw("n", Group::Numeric),
            values: Values::Numbers(cells.to_vec()),
        };
        let learned = learn(Encoding::Ordinal, false, &numbers(&[10.0, 2.0]));
        assert_eq!(apply(&learned, numbers(&[2.0, 10.0, 5.0])).unwrap(), [vec![0.0, 1.0, -1.0]]);
    }

    #[test]
    fn an_unknown_category_can_be_refused() {
        let learned = learn(Encoding::Ordinal, true, &categories(&[0], &["a"]));
        let error = apply(&learned, categories(&[1], &["a", "z"])).unwrap_err();
        assert_eq!(error.message(), "\"c\" holds \"z\", which no training row held");
    }
}
