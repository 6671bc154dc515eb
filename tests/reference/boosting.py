"""Writes the gradient boosting files: gradient_boosting_regression.json and gradient_boosting_classification.json.

    python -m pip install -r requirements.txt
    python boosting.py

Nothing is random but `held_out`: elsewhere early_stopping is off or looks at the training rows, and no table has 200,000
rows. README.md has the format.
"""

import json

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble._hist_gradient_boosting.binning import _find_binning_thresholds

from generate import FILE_BYTES_MAX, HERE, numeric_data, plain


def save(name, content):
    content = {"made_by": f"boosting.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}", **content}
    text = json.dumps(plain(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
    size_bytes = len(text.encode("utf-8"))
    assert size_bytes < FILE_BYTES_MAX, f"{name} has {size_bytes} bytes"
    (HERE / name).write_text(text, encoding="utf-8")
    print(f"{name}: {size_bytes} bytes")


def told(trees):
    """Which trees are written with all their numbers: the first two and the last."""
    return sorted({0, min(1, len(trees) - 1), len(trees) - 1})


def case(name, key, params, without_class=None):
    data, X, y = numeric_data(key)
    if without_class is not None:
        X, y = X[y != without_class], y[y != without_class]
        data = {**data, "without_class": without_class, "n_rows": len(y)}
    classify = y.dtype.kind in "OUT" or key in ("wine", "breast_cancer")
    if classify:
        y = np.array([str(label) for label in y])
    else:
        y = y.astype(float)
    estimator = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    model = estimator(early_stopping=False, **params).fit(X, y)
    # The losses are only told when it may stop: told to wait longer than there are rounds, it does not.
    waiting = {"early_stopping": True, "validation_fraction": None, "n_iter_no_change": 2_000}
    losses = -estimator(**params, **waiting).fit(X, y).train_score_
    stopping = {"early_stopping": True, "validation_fraction": None, "n_iter_no_change": 3, "tol": 0.01}
    stopped = estimator(**{**params, "max_iter": 100}, **stopping).fit(X, y)
    trees = [tree.nodes for round_ in model._predictors for tree in round_]
    rows = np.arange(0, len(y), max(1, len(y) // 60))
    answers = model.predict_proba(X[rows]) if classify else model.predict(X[rows])
    return {
        "name": name,
        "data": data,
        "params": params,
        "classes": model.classes_ if classify else None,
        "baseline": model._baseline_prediction.ravel(),
        "feature": [np.where(t["is_leaf"] == 1, -1, t["feature_idx"]) for t in trees],
        "n_samples": [t["count"] for t in trees],
        "told": told(trees),
        "threshold": [np.where(trees[i]["is_leaf"] == 1, 0.0, trees[i]["num_threshold"]) for i in told(trees)],
        "value": [trees[i]["value"][trees[i]["is_leaf"] == 1] for i in told(trees)],
        "rows": rows,
        "answers": answers,
        "losses": losses[1:],
        "stopping": {**stopping, "max_iter": 100},
        "n_iter_stopped": stopped.n_iter_,
    }


def regression():
    small = {"max_iter": 30, "max_depth": 3, "learning_rate": 0.3, "l2_regularization": 1.5, "max_bins": 16}
    return [
        case("diabetes, defaults", "diabetes", {}),
        case("diabetes, small trees", "diabetes", {**small, "max_leaf_nodes": 6, "min_samples_leaf": 5}),
        case("diabetes, no limits", "diabetes", {"max_iter": 10, "max_leaf_nodes": None, "min_samples_leaf": 1}),
        case("abalone, defaults", "abalone", {"max_iter": 40}),
        case("abalone, few bins", "abalone", {**small, "max_leaf_nodes": None}),
    ]


def classification():
    strict = {"max_iter": 25, "learning_rate": 0.2, "l2_regularization": 0.5, "max_depth": 4, "max_bins": 32}
    return [
        case("breast cancer, defaults", "breast_cancer", {}),
        case("breast cancer, small trees", "breast_cancer", {**strict, "max_leaf_nodes": 8, "min_samples_leaf": 7}),
        case("iris, defaults", "iris", {"max_iter": 40}),
        case("iris, two classes", "iris", {"max_iter": 50, "min_samples_leaf": 3}, without_class="setosa"),
        case("wine, defaults", "wine", {"max_iter": 60}),
        case("wine, small trees", "wine", {**strict, "max_leaf_nodes": 5, "min_samples_leaf": 4}),
        case("penguins, defaults", "penguins", {"max_iter": 40}),
    ]


def held_out(key):
    """Early stopping on rows that a seed draws: the score of every other row, over ten seeds."""
    data, X, y = numeric_data(key)
    classify = key == "breast_cancer"
    y = np.array([str(label) for label in y]) if classify else y.astype(float)
    estimator = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    params = {"early_stopping": True, "learning_rate": 0.05, "max_iter": 300, "validation_fraction": 0.2}
    fits = [estimator(random_state=seed, **params).fit(X[::2], y[::2]) for seed in range(10)]
    scores = [fit.score(X[1::2], y[1::2]) for fit in fits]
    rounds = [fit.n_iter_ for fit in fits]
    return {
        "name": f"{key}, held out",
        "data": data,
        "params": params,
        "mean": np.mean(scores),
        "deviation": np.std(scores, ddof=1),
        "mean_rounds": np.mean(rounds),
        "deviation_rounds": np.std(rounds, ddof=1),
    }


def bins():
    """Numbers and the thresholds between their bins."""
    rng = np.random.RandomState(0)
    columns = {
        "few": np.array([3.0, 1.0, 0.1, 0.7, 0.1, -2.5]),
        "as many as bins": np.arange(16) / 7.0,
        "one more": np.arange(17) / 7.0,
        "whole shares": np.arange(160) / 3.0,
        "ties": np.round(rng.normal(size=400), 1),
        "skewed": np.round(np.exp(3 * rng.normal(size=333)), 3),
        "nearly constant": np.r_[np.zeros(90), np.arange(1, 40)],
    }
    columns = {name: np.asarray(values, float) for name, values in columns.items()}
    return [
        {"name": name, "max_bins": 16, "x": values, "thresholds": _find_binning_thresholds(values, 16)}
        for name, values in columns.items()
    ]


if __name__ == "__main__":
    save("gradient_boosting_regression.json", {"cases": regression(), "bins": bins(), "held_out": held_out("diabetes")})
    save("gradient_boosting_classification.json", {"cases": classification(), "held_out": held_out("breast_cancer")})
