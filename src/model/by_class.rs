//! Parameters with a number for each class. Requests name the classes; models number them.
//!
//! A parameter is by class where its value is an object. Its keys are names until a fit begins, when [`by_code`] makes
//! them the codes of the target that is learned from: a fold may lack a class, and then numbers the others anew.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Error;
use crate::error::Place;
use crate::param::ParamMap;

/// Names told in a message.
const N_NAMED: usize = 10;

/// Numbers by class.
pub type ByClass = BTreeMap<String, f64>;

crate::trouble! {
    /// What can be wrong with numbers by class.
    pub enum ByClassError in "train" {
        /// A number is given for a class that the training rows do not have.
        UnknownClass { name: String, class: String, known: String } => "unknown_class",
            "{name} has a number for the class {class:?}, but the rows to learn from have {known}",
            hint "Name the classes as the target does: {known}",
            place Place::field(format!("model.{name}"));
    }
}

/// Makes sure that numbers by class are for classes there are. Where there are none at all, the model will say so.
///
/// **Errors** `train.unknown_class`.
///
/// ```
/// use vitrine::model::check_classes;
/// use vitrine::param::ParamMap;
/// let params = ParamMap::from([("class_weight".to_owned(), serde_json::json!({ "setosa": 2.0 }))]);
/// assert!(check_classes(&params, &["setosa".to_owned(), "virginica".to_owned()]).is_ok());
/// assert_eq!(check_classes(&params, &["virginica".to_owned()]).unwrap_err().code(), "train.unknown_class");
/// ```
pub fn check_classes(params: &ParamMap, classes: &[String]) -> Result<(), Error> {
    if classes.is_empty() {
        return Ok(());
    }
    for (name, by_class) in params.iter().filter_map(|(name, value)| Some((name, value.as_object()?))) {
        if let Some(class) = by_class.keys().find(|class| !classes.contains(class)) {
            return Err(unknown_class(name, class, classes.iter().map(String::as_str)));
        }
    }
    Ok(())
}

fn unknown_class<'a>(name: &str, class: &str, classes: impl Iterator<Item = &'a str> + Clone) -> Error {
    let mut known = classes.clone().take(N_NAMED).collect::<Vec<_>>().join(", ");
    if classes.count() > N_NAMED {
        known.push_str(", …");
    }
    ByClassError::UnknownClass { name: name.to_owned(), class: class.to_owned(), known }.into()
}

/// Replaces the names of classes by their positions among `classes`; what is said of other classes is left out.
pub fn by_code(params: &ParamMap, classes: &[&str]) -> ParamMap {
    let numbered = |value: &Value| match value {
        Value::Object(by_class) => {
            let code = |name: &String| classes.iter().position(|class| class == name);
            by_class.iter().filter_map(|(name, x)| Some((code(name)?.to_string(), x.clone()))).collect()
        }
        other => other.clone(),
    };
    params.iter().map(|(name, value)| (name.clone(), numbered(value))).collect()
}

/// The number of each class, once names are codes; none where none is given.
///
/// **Errors** `train.unknown_class` for what is no code.
pub(super) fn numbers(name: &str, by_class: &ByClass, n_classes: usize) -> Result<Vec<Option<f64>>, Error> {
    let mut numbers = vec![None; n_classes];
    for (class, &number) in by_class {
        match class.parse().ok().and_then(|code: usize| numbers.get_mut(code)) {
            Some(place) => *place = Some(number),
            None => {
                let codes: Vec<String> = (0..n_classes.min(N_NAMED + 1)).map(|code| code.to_string()).collect();
                return Err(unknown_class(name, class, codes.iter().map(String::as_str)));
            }
        }
    }
    Ok(numbers)
}

/// Reads an object of numbers.
pub(super) fn read(value: &Value) -> Option<ByClass> {
    value.as_object()?.iter().map(|(class, x)| Some((class.clone(), x.as_f64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_become_the_codes_of_the_classes_there_are() {
        let params = ParamMap::from([
            ("class_weight".to_owned(), json!({ "b": 2, "c": 0.5 })),
            ("criterion".to_owned(), json!("gini")),
        ]);
        let numbered = by_code(&params, &["a", "b"]);
        assert_eq!(numbered["class_weight"], json!({ "1": 2 }));
        assert_eq!(numbered["criterion"], json!("gini"));
        let weights = read(&numbered["class_weight"]).unwrap();
        assert_eq!(numbers("class_weight", &weights, 2).unwrap(), [None, Some(2.0)]);
    }

    #[test]
    fn what_is_no_class_is_named_beside_those_there_are() {
        let params = ParamMap::from([("class_weight".to_owned(), json!({ "d": 1 }))]);
        let classes: Vec<String> = (0..12).map(|k| format!("c{k}")).collect();
        let error = check_classes(&params, &classes).unwrap_err();
        assert_eq!(error.code(), "train.unknown_class");
        assert!(error.message().ends_with("c8, c9, …"), "{error}");
        let error = numbers("class_weight", &read(&params["class_weight"]).unwrap(), 2).unwrap_err();
        assert!(error.message().ends_with("have 0, 1"), "{error}");
    }
}
