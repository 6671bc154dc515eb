//! Laws that every model of the registry obeys.

use serde_json::Value;
use vitrine::error::Place;
use vitrine::model::{Answers, Array, Fitted, ModelKind, REGISTRY, State};
use vitrine::param::{ParamKind, ParamMap};
use vitrine::preprocess::{Matrix, Target, Task};
use vitrine::random::Seed;
use vitrine::train::{FitInput, Step, block_on};

use crate::cases::{fit, flat, input};

/// Each kind with each of its tasks and each word of its `solver`, so that every way of fitting is held to the laws.
fn every_way() -> Vec<(&'static ModelKind, Task, ParamMap)> {
    let mut ways = Vec::new();
    for kind in REGISTRY {
        let docs = (kind.docs)();
        let solvers = docs.iter().find(|doc| doc.name == "solver").map(|doc| &doc.kind);
        let params: Vec<ParamMap> = match solvers {
            Some(ParamKind::Choice { options }) => {
                options.iter().map(|word| ParamMap::from([("solver".to_owned(), Value::from(*word))])).collect()
            }
            // Few trees are as many laws.
            _ if docs.iter().any(|doc| doc.name == "n_estimators") => {
                vec![ParamMap::from([("n_estimators".to_owned(), Value::from(7))])]
            }
            // The smallest sample here has five rows.
            _ if docs.iter().any(|doc| doc.name == "n_clusters") => {
                vec![ParamMap::from([("n_clusters".to_owned(), Value::from(3))])]
            }
            _ => vec![ParamMap::new()],
        };
        for &task in kind.tasks {
            ways.extend(params.iter().map(|params| (kind, task, params.clone())));
        }
    }
    // All that a net may have at once, deep and small.
    let net = serde_json::json!({
        "hidden_layer_sizes": [8, 6], "activation": "gelu", "solver": "adamw", "batch_norm": true, "dropout": 0.1,
        "l1": 0.01, "learning_rate": "one_cycle", "learning_rate_init": 0.02, "batch_size": 16, "early_stopping": true,
    });
    let net: ParamMap = serde_json::from_value(net).expect("parameters by name");
    for name in ["mlp", "cnn"] {
        let kind = vitrine::model::find(name).expect("it is registered");
        let mut net = net.clone();
        if name == "cnn" {
            let front = serde_json::json!({ "block": "separable", "filters": [3, 2], "kernel_size": 5 });
            net.extend(serde_json::from_value::<ParamMap>(front).expect("parameters by name"));
        }
        ways.extend(kind.tasks.iter().map(|&task| (kind, task, net.clone())));
    }
    // Likewise of cells, some layers of them.
    let net = serde_json::json!({
        "cell": "gru", "n_units": 5, "n_layers": 2, "hidden_units": 4, "dropout": 0.1, "clip_norm": 0.1, "batch_size": 16,
        "learning_rate": "cosine", "max_iter": 20, "early_stopping": true,
    });
    let net: ParamMap = serde_json::from_value(net).expect("parameters by name");
    let rnn = vitrine::model::find("rnn").expect("it is registered");
    ways.extend(rnn.tasks.iter().map(|&task| (rnn, task, net.clone())));
    // Whatever the number of features, they are an image one pixel high.
    for (_, _, params) in ways.iter_mut().filter(|(kind, ..)| kind.kind == "cnn") {
        params.insert("image_height".to_owned(), Value::from(1));
    }
    // A build without tensors has the ways that need none.
    ways.retain(|(kind, _, params)| cfg!(feature = "tensors") || !(kind.uses_tensors)(&(kind.check)(params).unwrap()));
    assert!(ways.len() >= 11);
    ways
}

/// Some rows that can be learned from, but not perfectly.
fn rows(n_rows: usize, n_features: usize, seed: u64) -> Matrix {
    let mut rng = Seed(seed).rng();
    // On a coarse grid, so that values are tied.
    Matrix::from_columns((0..n_features).map(|_| (0..n_rows).map(|_| rng.below(40) as f64 / 10.0).collect()).collect())
}

fn labels(x: &Matrix, task: Task) -> Target {
    let mut rng = Seed(99).rng();
    let mut score = |row: usize| -> f64 {
        x.features().iter().map(|feature| feature[row]).sum::<f64>() + rng.uniform() * x.n_features() as f64
    };
    match task {
        Task::Regression => Target::Values((0..x.n_rows()).map(score).collect()),
        Task::Classification => {
            let middle = 2.5 * x.n_features() as f64;
            let mut codes: Vec<u32> =
                (0..x.n_rows()).map(|row| (score(row) / middle * 1.5).clamp(0.0, 2.0) as u32).collect();
            // Every class occurs.
            codes.iter_mut().zip(0..3).for_each(|(code, class)| *code = class);
            Target::Classes { codes, n_classes: 3 }
        }
        _ => Target::none(),
    }
}

fn sample(task: Task) -> (Matrix, Target) {
    let x = rows(90, 4, 1);
    let y = labels(&x, task);
    (x, y)
}

fn bits(answers: &Answers) -> Vec<u64> {
    flat(answers).iter().map(|x| x.to_bits()).collect()
}

fn describe(kind: &ModelKind, task: Task, params: &ParamMap) -> String {
    format!("{} ({task:?}, {params:?})", kind.kind)
}

#[track_caller]
fn check_sound(name: &str, answers: &Answers, n_rows: usize) {
    assert!(flat(answers).iter().all(|x| x.is_finite()), "{name}: {answers:?}");
    match answers {
        Answers::Values(values) => assert_eq!(values.len(), n_rows, "{name}"),
        Answers::Clusters { codes, distances } => {
            assert_eq!([codes.len(), distances.len()], [n_rows; 2], "{name}");
            assert!(distances.iter().all(|distance| *distance >= 0.0), "{name}");
        }
        Answers::Components { values, n_components } => assert_eq!(values.len(), n_rows * n_components, "{name}"),
        Answers::Scores { scores, .. } => {
            assert_eq!(scores.len(), n_rows, "{name}");
            assert!(scores.iter().all(|score| (-1.0..0.0).contains(score)), "{name}: {scores:?}");
        }
        Answers::Classes { probabilities, n_classes } => {
            assert_eq!(probabilities.len(), n_rows * n_classes, "{name}");
            for row in probabilities.chunks_exact(*n_classes) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{name}: {row:?}");
                assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{name}: {row:?}");
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_the_input_is_untouched() {
    for (kind, task, params) in every_way() {
        let name = describe(kind, task, &params);
        let (x, y) = sample(task);
        let (before_x, before_y) = (x.clone(), y.clone());
        let (first, ..) = fit(kind.kind, &params, input(&x, &y, Seed(3))).unwrap();
        let (second, ..) = fit(kind.kind, &params, input(&x, &y, Seed(3))).unwrap();
        assert_eq!(first.state(), second.state(), "{name}");
        assert_eq!(bits(&first.predict(&x)), bits(&second.predict(&x)), "{name}");
        assert_eq!((x, y), (before_x, before_y), "{name}");
        assert_eq!(first.kind(), kind.kind);
    }
}

#[test]
fn a_row_is_answered_alone_as_among_others() {
    for (kind, task, params) in every_way() {
        let (x, y) = sample(task);
        let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(3))).unwrap();
        let together = fitted.predict(&x);
        check_sound(kind.kind, &together, x.n_rows());
        let alone: Vec<u64> =
            (0..x.n_rows() as u32).flat_map(|row| bits(&fitted.predict(&x.take_rows(&[row])))).collect();
        assert_eq!(alone, bits(&together), "{}", describe(kind, task, &params));
    }
}

#[test]
fn the_order_of_the_rows_does_not_matter_to_exact_fits() {
    for (kind, task, params) in every_way() {
        if (kind.draws_rows)(&(kind.check)(&params).unwrap()) {
            continue;
        }
        let (x, y) = sample(task);
        let mut order: Vec<u32> = (0..x.n_rows() as u32).collect();
        Seed(8).rng().shuffle(&mut order);
        let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(3))).unwrap();
        let (shuffled, ..) =
            fit(kind.kind, &params, input(&x.take_rows(&order), &y.take_rows(&order), Seed(3))).unwrap();
        for (a, b) in flat(&fitted.predict(&x)).iter().zip(flat(&shuffled.predict(&x))) {
            assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "{}: {a} {b}", describe(kind, task, &params));
        }
    }
}

#[test]
fn odd_tables_are_learned_from() {
    for (kind, task, params) in every_way() {
        let wide = rows(5, 30, 2);
        let constant = Matrix::from_columns(vec![vec![7.0; 20], (0..20).map(|i| f64::from(i % 5)).collect()]);
        let cases = [("one feature", rows(30, 1, 3)), ("wide", wide), ("a constant feature", constant)];
        for (what, x) in cases {
            let y = labels(&x, task);
            let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(1))).unwrap();
            assert_eq!(fitted.n_features(), x.n_features());
            check_sound(&format!("{}, {what}", describe(kind, task, &params)), &fitted.predict(&x), x.n_rows());
        }
    }
}

#[test]
fn one_row_and_one_class_are_answered_as_they_are() {
    for (kind, task, params) in every_way().into_iter().filter(|(_, task, _)| task.has_target()) {
        for n_rows in [1, 6] {
            let x = rows(n_rows, 3, 4);
            let y = match task {
                Task::Classification => Target::Classes { codes: vec![0; n_rows], n_classes: 1 },
                _ => Target::Values(vec![42.5; n_rows]),
            };
            let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(1))).unwrap();
            let expected = if task == Task::Classification { 1.0 } else { 42.5 };
            for answer in flat(&fitted.predict(&x)) {
                assert!((answer - expected).abs() < 1e-5, "{}: {answer}", describe(kind, task, &params));
            }
        }
    }
}

/// In the spirit of scikit-learn's `check_fit2d_1sample` and of its checks of clusterers and outlier detectors.
#[test]
fn rows_without_labels_may_be_one_or_all_the_same() {
    for (kind, task, params) in every_way().into_iter().filter(|(_, task, _)| !task.has_target()) {
        let name = describe(kind, task, &params);
        for x in [rows(1, 3, 4), Matrix::from_columns(vec![vec![7.5; 6]; 3])] {
            match fit(kind.kind, &params, input(&x, &Target::none(), Seed(1))) {
                Ok((fitted, ..)) => {
                    let answers = fitted.predict(&x);
                    check_sound(&name, &answers, x.n_rows());
                    let first = flat(&answers)[0];
                    assert!(task != Task::Clustering || first == 0.0, "{name}: a row is where its centre is");
                    // Numbers far beyond those learned from are answered too.
                    let far = Matrix::from_columns(vec![vec![f64::MAX, -f64::MAX]; 3]);
                    check_sound(&name, &fitted.predict(&far), 2);
                }
                Err(error) => assert_eq!(error.code(), "train.fewer_rows_than_clusters", "{name}"),
            }
        }
    }
}

#[test]
fn extreme_numbers_give_an_answer_or_an_error() {
    for (kind, task, params) in every_way() {
        let name = describe(kind, task, &params);
        let mut feature: Vec<f64> = (0..12).map(|i| f64::from(i) * 1e307).collect();
        feature[3] = -f64::MAX;
        let x = Matrix::from_columns(vec![feature, (0..12).map(|i| f64::from(i) * 1e-310).collect()]);
        let y = match task {
            Task::Classification => Target::Classes { codes: (0..12).map(|i| i % 2).collect(), n_classes: 2 },
            Task::Regression => Target::Values((0..12).map(|i| f64::from(i) * 1e300).collect()),
            _ => Target::none(),
        };
        match fit(kind.kind, &params, input(&x, &y, Seed(1))) {
            Ok((fitted, ..)) => {
                assert_eq!(fitted.n_features(), 2, "{name}");
                if !task.has_target() {
                    check_sound(&name, &fitted.predict(&x), 12);
                }
            }
            Err(error) => assert!(error.code().starts_with("train."), "{name}: {error:?}"),
        }
    }
}

#[test]
fn every_parameter_out_of_range_has_its_own_error() {
    for kind in REGISTRY {
        for doc in (kind.docs)() {
            let mut bad = vec![Value::from("no such word"), serde_json::json!([])];
            match &doc.kind {
                ParamKind::Integer { range, nullable }
                | ParamKind::Number { range, nullable }
                | ParamKind::NumberOrWord { range, nullable, .. } => {
                    bad.push(Value::from(if range.min_excluded { range.min } else { range.min - 1.0 }));
                    bad.push(Value::from(range.max * 2.0));
                    bad.push(Value::from(true));
                    if !nullable {
                        bad.push(Value::Null);
                    }
                    if matches!(doc.kind, ParamKind::Integer { .. }) {
                        bad.push(Value::from(range.min + 0.5));
                    }
                }
                ParamKind::Integers { range, most } => {
                    bad.extend([Value::Null, Value::from(1), vec![1; most + 1].into()]);
                    bad.extend([range.min - 1.0, range.max * 2.0, range.min + 0.5].map(|x| vec![x].into()));
                }
                ParamKind::Boolean | ParamKind::Choice { .. } => bad.extend([Value::Null, Value::from(1)]),
                ParamKind::ChoiceOrByClass { range, .. } => {
                    let of_class = |x: f64| serde_json::json!({ "0": x });
                    bad.extend([Value::from(1), of_class(-1.0), of_class(range.max * 2.0)]);
                    bad.push(serde_json::json!({ "0": "heavy" }));
                }
            }
            for value in bad {
                let error = (kind.check)(&ParamMap::from([(doc.name.to_owned(), value.clone())])).unwrap_err();
                assert_eq!(error.code(), "train.parameter_out_of_range", "{}.{} = {value}", kind.kind, doc.name);
                assert_eq!(error.place(), Some(&Place::field(format!("model.{}", doc.name))));
            }
        }
        let error = (kind.check)(&ParamMap::from([("no_such".to_owned(), Value::from(1))])).unwrap_err();
        assert_eq!(error.code(), "train.unknown_parameter");
    }
}

#[test]
fn defaults_are_in_range_and_explained_in_both_languages() {
    for kind in REGISTRY {
        let checked = (kind.check)(&ParamMap::new()).unwrap();
        for doc in (kind.docs)() {
            assert_eq!(checked[doc.name], doc.default, "{}.{}", kind.kind, doc.name);
            assert!(!doc.short.is_empty() && !doc.short_zh.is_empty(), "{}.{}", kind.kind, doc.name);
        }
        for &task in kind.tasks {
            let mut resolved = checked.clone();
            (kind.resolve)(&mut resolved, task);
            // Whether there are enough rows to stop early is known when a fit starts, and told by its rounds.
            resolved.remove("early_stopping");
            assert!(!resolved.values().any(|value| value == "auto"), "{}: {resolved:?}", kind.kind);
            let mut again = (kind.check)(&resolved).unwrap();
            again.remove("early_stopping");
            assert_eq!(again, resolved);
        }
    }
}

#[test]
fn the_wrong_task_is_an_error() {
    for kind in REGISTRY {
        for task in [Task::Classification, Task::Regression] {
            if !kind.tasks.contains(&task) {
                let (x, y) = sample(task);
                let error = (kind.start)(&ParamMap::new(), input(&x, &y, Seed(1))).err().unwrap();
                assert_eq!(error.code(), "train.wrong_task");
            }
        }
    }
}

fn each_fitted(check: impl Fn(&str, &ModelKind, &dyn Fitted, &Matrix)) {
    for (kind, task, params) in every_way() {
        let (x, y) = sample(task);
        let (fitted, ..) = fit(kind.kind, &params, input(&x, &y, Seed(3))).expect("it can be fitted");
        check(&describe(kind, task, &params), kind, fitted.as_ref(), &x);
    }
}

#[test]
fn a_loaded_model_answers_with_the_same_bits() {
    each_fitted(|name, kind, fitted, x| {
        let loaded = (kind.load)(&fitted.state()).unwrap();
        assert_eq!(bits(&loaded.predict(x)), bits(&fitted.predict(x)), "{name}");
        assert_eq!(loaded.state(), fitted.state(), "{name}");
        assert_eq!(loaded.n_features(), fitted.n_features(), "{name}");
    });
}

/// Ways to spoil a saved list.
fn spoiled(array: &Array) -> Vec<Array> {
    match array {
        Array::F64(values) => {
            let mut not_finite = values.clone();
            not_finite[0] = f64::NAN;
            let mut longer = values.clone();
            longer.push(0.0);
            vec![Array::F64(not_finite), Array::F64(longer), Array::F64(Vec::new()), Array::U32(vec![0])]
        }
        Array::F32(values) => {
            let mut not_finite = values.clone();
            not_finite[0] = f32::NAN;
            let mut longer = values.clone();
            longer.push(0.0);
            vec![Array::F32(not_finite), Array::F32(longer), Array::F32(Vec::new()), Array::F64(vec![0.0])]
        }
        Array::U32(values) => {
            let mut longer = values.clone();
            longer.push(1);
            let mut all = vec![Array::U32(longer), Array::U32(Vec::new()), Array::Text(vec!["1".to_owned()])];
            for change in [|x: u32| x.wrapping_add(1), |x: u32| x.wrapping_sub(1), |_| 0, |_| u32::MAX] {
                for at in [0, values.len() - 1] {
                    let mut changed = values.clone();
                    changed[at] = change(changed[at]);
                    all.push(Array::U32(changed));
                }
            }
            all
        }
        Array::Bytes(bytes) => {
            let mut longer = bytes.clone();
            longer.push(1);
            let mut all = vec![Array::Bytes(longer), Array::Bytes(Vec::new()), Array::F32(vec![0.0])];
            all.extend([0, 0x80, 0xff].map(|byte| {
                let mut changed = bytes.clone();
                changed[bytes.len() - 1] = byte;
                Array::Bytes(changed)
            }));
            all
        }
        Array::Text(_) => vec![Array::Text(Vec::new()), Array::F64(Vec::new())],
    }
}

#[test]
fn a_malformed_model_is_an_error_or_answers_but_never_panics() {
    each_fitted(|name, kind, fitted, x| {
        let state = fitted.state();
        assert_eq!((kind.load)(&State::default()).err().unwrap().code(), "export.malformed_model", "{name}");
        for (key, array) in &state.0 {
            let mut without = state.clone();
            without.0.remove(key);
            assert!((kind.load)(&without).is_err(), "{name} without {key}");
            for array in spoiled(array) {
                let mut bad = state.clone();
                bad.0.insert(key.clone(), array);
                match (kind.load)(&bad) {
                    Err(error) => assert_eq!(error.code(), "export.malformed_model", "{name}: {key}"),
                    // Another number in its place may be as good a model, if it reads the same rows.
                    Ok(loaded) if loaded.n_features() == x.n_features() => drop(loaded.predict(x)),
                    Ok(_) => {}
                }
            }
        }
    });
}

fn steps(kind: &ModelKind, params: &ParamMap, input: FitInput, limit: usize) -> Vec<Step> {
    let mut session = (kind.start)(params, input).expect("it can be started");
    let mut steps = Vec::new();
    while steps.len() < limit && steps.last().is_none_or(|step: &Step| step.fraction < 1.0) {
        steps.push(block_on(session.step()).expect("it can be fitted"));
    }
    steps
}

#[test]
fn progress_rises_to_one_and_epochs_count_up() {
    for (kind, task, params) in every_way() {
        let name = describe(kind, task, &params);
        let is_exact = !(kind.uses_tensors)(&(kind.check)(&params).unwrap());
        // Enough for several steps of each stage; where rows are compared with each other, few are many.
        let n_rows = match kind.kind {
            "svc" => 600,
            _ if is_exact => 40_000,
            _ => 1_000,
        };
        let x = rows(n_rows, 6, 5);
        let y = labels(&x, task);
        let steps = steps(kind, &params, input(&x, &y, Seed(1)), usize::MAX);
        assert!(steps.windows(2).all(|pair| pair[0].fraction <= pair[1].fraction), "{name}");
        assert!(steps.iter().rev().skip(1).all(|step| (0.0..1.0).contains(&step.fraction)), "{name}");
        assert_eq!(steps.last().map(|step| step.fraction), Some(1.0), "{name}");
        let numbers: Vec<usize> = steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.number).collect();
        assert!(numbers.iter().zip(1..).all(|(number, expected)| *number == expected), "{name}: {numbers:?}");
        let losses = || steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.train_loss);
        assert!(losses().all(f64::is_finite), "{name}");
        if numbers.len() > 1 {
            assert!(losses().next_back() < losses().next(), "{name}: the loss has not become smaller");
        }
    }
}

#[test]
fn a_fit_can_be_dropped_at_any_step_and_begun_again() {
    for (kind, task, params) in every_way() {
        let (x, y) = sample(task);
        let all = steps(kind, &params, input(&x, &y, Seed(3)), usize::MAX);
        for limit in 0..all.len().min(20) {
            let some = steps(kind, &params, input(&x, &y, Seed(3)), limit);
            assert_eq!(some[..], all[..limit], "{}", describe(kind, task, &params));
        }
    }
}
