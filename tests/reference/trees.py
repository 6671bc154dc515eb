"""Writes missing_and_weighted_trees.json and pruned_trees.json: trees and forests on rows with missing cells and
weights, and pruned trees, that Vitrine's engine must agree with. README.md has their format.

    python -m pip install -r requirements.txt
    python trees.py

Everything is seeded; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from forests import CLASSES, rows_of
from generate import save, significant

MODELS = {
    "decision_tree": (DecisionTreeClassifier, DecisionTreeRegressor),
    "random_forest": (RandomForestClassifier, RandomForestRegressor),
    "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor),
}


def holes(X, rule):
    """The rows with some cells missing; a rule is a name, so that a test can make the same holes."""
    X = X.copy()
    rows, columns = np.indices(X.shape)
    if rule == "scattered":
        X[(rows * 31 + columns * 17) % 9 == 0] = np.nan
    elif rule == "telling":
        # The rows are sorted by class, or close to it: what is missing tells something.
        X[: len(X) // 3, 1] = np.nan
        X[(rows * 7 + columns) % 5 == 0] = np.nan
    return X


def weights(n, rule):
    # Quarters add up without rounding; some are 0.
    return (np.arange(n) * 37 % 8) / 4 if rule == "quarters" else None


def tree_arrays(tree):
    leaf = tree.children_left == -1
    number = lambda x: None if np.isinf(x) else float(f"{x:.9g}")
    return {
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": np.where(leaf, -1, tree.feature),
        "threshold": [number(x) for x in np.where(leaf, 0.0, tree.threshold)],
        "missing_left": np.where(leaf, -1, tree.missing_go_to_left.astype(int)),
        "weight": significant(tree.weighted_n_node_samples),
    }


def case(kind, key, hole, weight=None, **params):
    data, X, y = rows_of(key)
    classify = key in CLASSES
    if kind != "decision_tree":
        params = {"n_estimators": 3, **params}
    params = {"random_state": 0, **params}
    model = MODELS[kind][0 if classify else 1](**params).fit(holes(X, hole), y, sample_weight=weights(len(X), weight))
    trees = [model] if kind == "decision_tree" else model.estimators_
    some = np.arange(0, len(X), max(1, len(X) // 40))
    # Rows with other holes than those learned from.
    asked = holes(X, "scattered" if hole != "scattered" else "telling")[some]
    words = [kind, key, hole or "no holes", weight or "no weights"]
    words += [f"{name}={value}" for name, value in params.items()]
    return {
        "name": ", ".join(words),
        "kind": kind,
        "data": data,
        "holes": hole,
        "weights": weight,
        "params": params,
        "trees": [tree_arrays(member.tree_) for member in trees],
        "rows": some,
        "answers": significant(model.predict_proba(asked) if classify else model.predict(asked)),
        "importances": significant(model.feature_importances_),
        "oob_score": getattr(model, "oob_score_", None),
    }


def pruning_case(key, weight=None, **params):
    """The pruning path, and what scikit-learn's refits with each of its alphas score; every fourth row is held back."""
    data, X, y = rows_of(key)
    held_back = np.arange(len(X)) % 4 == 3
    kind = MODELS["decision_tree"][0 if key in CLASSES else 1]
    params = {"random_state": 0, **params}
    w = None if weight is None else weights(len(X), weight)[~held_back]
    learned, tested = (X[~held_back], y[~held_back]), (X[held_back], y[held_back])
    path = kind(**params).cost_complexity_pruning_path(*learned, sample_weight=w)
    points = []
    for alpha in path.ccp_alphas:
        model = kind(**params, ccp_alpha=max(alpha, 0.0)).fit(*learned, sample_weight=w)
        points.append([model.get_n_leaves(), model.get_depth(), model.score(*learned), model.score(*tested)])
    chosen = float(f"{path.ccp_alphas[2 * len(points) // 3]:.3g}")
    model = kind(**params, ccp_alpha=chosen).fit(*learned, sample_weight=w)
    columns = list(zip(*points))
    return {
        "name": f"{key}, {weight or 'no weights'}",
        "data": data,
        "weights": weight,
        "params": params,
        "ccp_alphas": path.ccp_alphas,
        "impurities": path.impurities,
        "n_leaves": columns[0],
        "depths": columns[1],
        "train": columns[2],
        "test": columns[3],
        "chosen": chosen,
        "tree": tree_arrays(model.tree_),
    }


def write():
    small = {"max_depth": 6, "min_samples_leaf": 2}
    cases = [
        # Missing cells.
        case("decision_tree", "iris", "scattered"),
        case("decision_tree", "iris", "telling", criterion="entropy"),
        case("decision_tree", "penguins", "telling", max_leaf_nodes=12),
        case("decision_tree", "wine", "telling", splitter="random", random_state=4),
        case("decision_tree", "breast_cancer", "scattered", min_samples_leaf=3),
        case("decision_tree", "breast_cancer", "telling", max_features=5, random_state=2),
        case("decision_tree", "diabetes", "scattered", **small),
        case("decision_tree", "diabetes", "telling", splitter="random", **small),
        case("decision_tree", "abalone", "telling", max_depth=5, min_samples_leaf=10),
        # None to learn from: where would a missing one go?
        case("decision_tree", "iris", None),
        case("decision_tree", "diabetes", None, max_depth=4),
        # Weights.
        case("decision_tree", "iris", None, "quarters"),
        case("decision_tree", "penguins", "scattered", "quarters", criterion="entropy", max_depth=5),
        case("decision_tree", "wine", "telling", "quarters", min_samples_leaf=3),
        case("decision_tree", "breast_cancer", None, "quarters", max_leaf_nodes=9),
        case("decision_tree", "diabetes", None, "quarters", **small),
        case("decision_tree", "abalone", "scattered", "quarters", max_depth=4, min_impurity_decrease=0.01),
        case("decision_tree", "iris", "telling", class_weight="balanced", max_depth=4),
        case("decision_tree", "penguins", None, class_weight="balanced", min_samples_leaf=4),
        case("decision_tree", "breast_cancer", None, "quarters", class_weight="balanced", max_depth=4),
    ]
    for kind in ("random_forest", "extra_trees"):
        bag = {"bootstrap": True}
        cases += [
            case(kind, "penguins", "telling", **small),
            case(kind, "breast_cancer", "scattered", min_samples_leaf=3, **bag),
            case(kind, "diabetes", "telling", **small),
            case(kind, "wine", None, "quarters", **bag),
            case(kind, "wine", "scattered", "quarters", bootstrap=False),
            case(kind, "diabetes", "scattered", "quarters", **bag, oob_score=True, n_estimators=60, max_depth=2),
            case(kind, "diabetes", None, "quarters", **small, bootstrap=False),
            case(kind, "penguins", None, class_weight="balanced", oob_score=True, n_estimators=20, max_depth=3, **bag),
            case(kind, "iris", "telling", class_weight="balanced", bootstrap=False, max_depth=4),
            case(kind, "breast_cancer", None, ccp_alpha=0.02),
        ]
    made_by = f"trees.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    save("missing_and_weighted_trees.json", {"made_by": made_by, "cases": cases})
    pruned = [
        pruning_case("iris"),
        pruning_case("penguins", criterion="entropy"),
        pruning_case("breast_cancer", "quarters"),
        pruning_case("wine", max_leaf_nodes=9),
        pruning_case("diabetes", min_samples_leaf=5),
        pruning_case("abalone", "quarters", min_samples_leaf=20),
    ]
    save("pruned_trees.json", {"made_by": made_by, "cases": pruned})


if __name__ == "__main__":
    write()
