"""Writes random_forest.json and extra_trees.json: forests that Vitrine's engine must agree
with. README.md has their format.

    python -m pip install -r requirements.txt
    python forests.py

Everything is seeded; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from generate import numeric_data, save, significant

MODELS = {
    "random_forest": (RandomForestClassifier, RandomForestRegressor),
    "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor),
}
CLASSES = ("iris", "penguins", "wine", "breast_cancer")
N_SEEDS = 10


def rows_of(key):
    data, X, y = numeric_data(key)
    y = y.astype(float) if key in ("diabetes", "abalone") else y.astype(str)
    return data, X, y


def tree_arrays(tree):
    """One tree in depth-first order; a row counts as often as it was drawn."""
    leaf = tree.children_left == -1
    return {
        "right": tree.children_right,
        "feature": np.where(leaf, -1, tree.feature),
        "threshold": [float(f"{x:.9g}") for x in np.where(leaf, 0.0, tree.threshold)],
        "n_samples": tree.weighted_n_node_samples.round().astype(int),
    }


def forest_case(kind, key, label, **params):
    data, X, y = rows_of(key)
    classify = key in CLASSES
    model = MODELS[kind][0 if classify else 1](**params).fit(X, y)
    case = {"name": f"{key}, {label}", "data": data, "params": params, "max_features": model.max_features}
    case["trees"] = [tree_arrays(member.tree_) for member in model.estimators_]
    some = np.arange(0, len(X), max(1, len(X) // 40))
    case["rows"] = some
    answers = model.predict_proba(X[some]) if classify else model.predict(X[some])
    case["answers"] = significant(answers)
    case["importances"] = significant(model.feature_importances_)
    if params.get("oob_score"):
        case["oob_score"] = model.oob_score_
    return case


def score_case(kind, key, **params):
    """Test scores over ten seeds; every fourth row is held back."""
    data, X, y = rows_of(key)
    classify = key in CLASSES
    held_back = np.arange(len(X)) % 4 == 3
    scores = []
    for seed in range(N_SEEDS):
        model = MODELS[kind][0 if classify else 1](**params, random_state=seed)
        scores.append(model.fit(X[~held_back], y[~held_back]).score(X[held_back], y[held_back]))
    mean, std = float(np.mean(scores)), float(np.std(scores, ddof=1))
    print(f"{kind} on {key}: {mean:.4f} ± {std:.4f}")
    return {
        "name": f"{key}, {'accuracy' if classify else 'R²'}",
        "data": data,
        "params": params,
        "scores": scores,
        "mean": mean,
        "std": std,
    }


def write(kind):
    def case(key, label, **params):
        return forest_case(kind, key, label, **{"n_estimators": 4, "random_state": 0, **params})

    cases = [
        case("iris", "default settings", n_estimators=10),
        case("penguins", "entropy, seed 3", criterion="entropy", random_state=3),
        case("wine", "log2, at least 3 rows in a leaf", max_features="log2", min_samples_leaf=3, bootstrap=True),
        case("breast_cancer", "scored out of bag", n_estimators=40, max_depth=4, bootstrap=True, oob_score=True),
        case("breast_cancer", "no bootstrap, half of the features", bootstrap=False, max_features=0.5),
        case("diabetes", "default settings"),
        case("diabetes", "scored out of bag", n_estimators=40, max_depth=3, bootstrap=True, oob_score=True),
        case("diabetes", "at least 20 rows to split, 3 features", min_samples_split=20, max_features=3, random_state=7),
        case("abalone", "depth 7, a share of the rows in a leaf", max_depth=7, min_samples_leaf=0.002, bootstrap=True),
    ]
    scores = [score_case(kind, key, n_estimators=50) for key in ("iris", "wine", "breast_cancer", "diabetes")]
    made_by = f"forests.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    save(f"{kind}.json", {"made_by": made_by, "cases": cases, "scores": scores})


if __name__ == "__main__":
    for kind in MODELS:
        write(kind)
