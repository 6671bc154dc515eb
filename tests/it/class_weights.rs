//! What classes count: by a word, or by name in a request.

use serde_json::{Value, json};
use vitrine::model::{ModelKind, REGISTRY};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target, Task};
use vitrine::random::Seed;

use crate::cases::{fit, input, is_fitted_here};
use crate::conversation::{Script, file};

/// The models that weigh classes.
fn weighing() -> impl Iterator<Item = &'static ModelKind> {
    let weighs = |kind: &&ModelKind| (kind.docs)().iter().any(|doc| doc.name == "class_weight");
    REGISTRY.iter().filter(weighs).filter(|kind| is_fitted_here(kind))
}

/// After scikit-learn's `check_class_weight_classifiers`: where one class outweighs the others, it is the answer.
#[test]
fn a_class_that_outweighs_the_others_is_answered() {
    let mut random = Seed(3).rng();
    let column = |_| (0..90).map(|row| f64::from(row % 3) + 20.0 * random.uniform()).collect();
    let x = Matrix::from_columns((0..2).map(column).collect());
    for n_classes in [2, 3] {
        let y = Target::Classes { codes: (0..90).map(|row| row % 3 % n_classes as u32).collect(), n_classes };
        for kind in weighing() {
            let few = match kind.kind {
                "gradient_boosting" => json!({ "max_iter": 20, "min_samples_leaf": 20, "max_depth": 2 }),
                "logistic_regression" | "svc" | "mlp" | "rnn" => json!({}),
                "cnn" => json!({ "image_height": 1, "max_iter": 100 }),
                _ => json!({ "min_samples_leaf": 20 }),
            };
            let mut params: ParamMap = serde_json::from_value(few).unwrap();
            params.insert("class_weight".to_owned(), json!({ "0": 1000, "1": 1e-4, "2": 1e-4 }));
            if n_classes == 2 {
                params.insert("class_weight".to_owned(), json!({ "0": 1000, "1": 1e-4 }));
            }
            let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(0))).unwrap();
            let n_first = fitted.predict(&x).codes().iter().filter(|&&code| code == 0).count();
            assert!(n_first > 78, "{}: {n_first} of 90", kind.kind);
        }
    }
}

fn iris(model: Value, folds: Option<usize>) -> Value {
    let split = json!({ "test_fraction": 0, "folds": folds });
    let request = json!({
        "type": "train", "id": "m", "table": "t", "target": "species", "task": "classification",
        "split": split, "model": model,
    });
    Script::new().load("t", file("www/samples/iris.csv")).ask(request).run().json(2)
}

#[test]
fn classes_are_weighed_by_their_names_in_every_fold() {
    // Where rows are drawn, weights of 1 draw others than none does, as in scikit-learn.
    for kind in weighing().filter(|kind| kind.kind != "random_forest") {
        let few = match kind.kind {
            "gradient_boosting" => json!({ "max_iter": 3 }),
            "extra_trees" => json!({ "n_estimators": 3 }),
            _ => json!({}),
        };
        let with = |weight: Value| {
            let mut model = few.clone();
            model["kind"] = kind.kind.into();
            model["class_weight"] = weight;
            model
        };
        let same = iris(with(json!({ "setosa": 1, "virginica": 1.0 })), Some(3));
        let none = iris(with(Value::Null), Some(3));
        // A net's weighted loss is rounded in another place, in 32 bits: what it answers is the same.
        let is_net = ["mlp", "cnn", "rnn"].contains(&kind.kind);
        let of = if is_net { "/metrics/folds/accuracy" } else { "/metrics" };
        assert!(
            same.pointer(of).is_some_and(|metrics| Some(metrics) == none.pointer(of)),
            "{}: {same} {none}",
            kind.kind
        );
        assert_eq!(none["params"]["class_weight"], "none");
        assert_eq!(same["params"]["class_weight"], json!({ "setosa": 1.0, "virginica": 1.0 }));
    }
    // The names of a project are those of the target still.
    let tree = json!({ "kind": "decision_tree", "max_depth": 1, "class_weight": { "virginica": 3 } });
    let root = &iris(tree, None)["structure"]["nodes"][0];
    assert_eq!(root["weighted_n_samples"], 250.0);
}

#[test]
fn a_class_there_is_not_is_named_beside_those_there_are() {
    let model = json!({ "kind": "svc", "class_weight": { "rose": 2 } });
    let error = iris(model.clone(), None);
    assert_eq!(error["code"], "train.unknown_class");
    assert_eq!(error["hint"], "Name the classes as the target does: setosa, versicolor, virginica");
    assert_eq!(error["place"]["field"], "model.class_weight");
    let request = json!({
        "type": "search", "table": "t", "target": "species", "split": { "folds": 3 },
        "models": [model, { "kind": "decision_tree" }],
    });
    let found = Script::new().load("t", file("www/samples/iris.csv")).ask(request).run().json(2);
    assert_eq!(found["candidates"][0]["error"]["code"], "train.unknown_class");
    assert_eq!(found["best"], 1);
}

#[test]
fn a_number_of_a_class_is_none_that_overflows() {
    for weight in [json!({ "setosa": 0 }), json!({ "setosa": 1e10 }), json!({ "setosa": "2" }), json!([1, 2, 3])] {
        let error = iris(json!({ "kind": "decision_tree", "class_weight": weight }), None);
        assert_eq!(error["code"], "train.parameter_out_of_range", "{error}");
    }
    assert_eq!(
        iris(json!({ "kind": "svc", "class_weight": "heavy" }), None)["message"],
        "parameter \"class_weight\" is \"heavy\", but must be \"none\" or \"balanced\", \
         or an object with a number at least 0.000000001 and at most 1000000000 for each class"
    );
}

#[test]
fn a_model_that_cannot_weigh_rows_says_so_beside_one_that_can() {
    let csv = "x,w,y\n1,1,a\n2,1,a\n3,2,b\n4,1,b\n1,1,a\n4,3,b\n";
    let request = json!({
        "type": "search", "table": "t", "target": "y", "split": { "folds": 2 }, "sample_weight": "w",
        "models": [{ "kind": "k_nearest_neighbors" }, { "kind": "decision_tree" }],
    });
    let found = Script::new().load("t", csv).ask(request).run().json(2);
    assert_eq!(found["candidates"][0]["error"]["code"], "train.takes_no_weights");
    assert_eq!((&found["best"], &found["candidates"][1]["score"]), (&json!(1), &json!(1.0)));
}

#[test]
fn numbers_have_no_classes_to_weigh() {
    let y = Target::Values(vec![1.0, 2.0]);
    let params = ParamMap::from([("class_weight".to_owned(), json!({ "0": 2 }))]);
    for kind in weighing().filter(|kind| kind.tasks.contains(&Task::Regression)) {
        let x = Matrix::from_columns(vec![vec![1.0, 2.0]]);
        let error = fit(kind.kind, &params, input(&x, &y, Seed(0))).err().unwrap();
        assert_eq!(error.code(), "train.class_weight_of_numbers");
    }
}
