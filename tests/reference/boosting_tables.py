"""Writes gradient_boosting_tables.json: boosting on tables as they are, with missing cells, categories and weights.

    python -m pip install -r requirements.txt
    python boosting_tables.py

Nothing is random: early_stopping is off, and no table has 200,000 rows. README.md has the format.
"""

import csv

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from boosting import save, told
from generate import HERE

SAMPLES = HERE.parent.parent / "www" / "samples"


def table(path, target, features, categories=(), step=1):
    """Numbers, categories as positions in sorted order; missing cells are NaN. Rows without a target are left out."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[target]][::step]
    columns = []
    for name in features:
        cells = [row[name] for row in rows]
        known = sorted({cell for cell in cells if cell})
        value = known.index if name in categories else float
        columns.append([value(cell) if cell else np.nan for cell in cells])
    X = np.array(columns, float).T
    return X, np.array([row[target] for row in rows]), [features.index(name) for name in categories]


def with_holes(X, columns):
    """Every seventh cell or so of some columns is missing, mostly where the number is large."""
    X = X.copy()
    for nth, column in enumerate(columns):
        large = X[:, column] > np.nanmedian(X[:, column])
        rows = np.arange(len(X))
        X[(rows * (nth + 3) % 7 == 0) & large, column] = np.nan
        X[rows * (nth + 5) % 31 == 0, column] = np.nan
    return X


def weights(n_rows):
    """From 0 to 2 in steps of a half."""
    return np.arange(n_rows) * 7 % 5 / 2.0


def case(name, X, y, categories, params, sample_weight=None):
    classify = y.dtype.kind in "OUT"
    estimator = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    model = estimator(early_stopping=False, categorical_features=categories or None, **params)
    model.fit(X, y, sample_weight=sample_weight)
    waiting = {"early_stopping": True, "validation_fraction": None, "n_iter_no_change": 2_000}
    again = estimator(categorical_features=categories or None, **params, **waiting)
    losses = -again.fit(X, y, sample_weight=sample_weight).train_score_
    # scikit-learn puts categories first.
    order = categories + [feature for feature in range(X.shape[1]) if feature not in categories]
    trees = [tree for round_ in model._predictors for tree in round_]
    # Some rows as they are, some with one cell missing where training had none, or of a category nobody has seen.
    asked = X[:: max(1, len(y) // 40)].copy()
    for row in range(0, len(asked), 3):
        asked[row, row % X.shape[1]] = np.nan
    for nth, feature in enumerate(categories):
        asked[nth + 1 :: 5, feature] = -1

    def sides(tree):
        """The nodes that ask for a category, and the categories that go left there."""
        nodes = tree.nodes
        is_asked = (nodes["is_categorical"] == 1) & (nodes["is_leaf"] == 0)
        words = tree.raw_left_cat_bitsets
        found = lambda node: [code for code in range(256) if words[node["bitset_idx"]][code // 32] >> (code % 32) & 1]
        return [[idx, found(nodes[idx])] for idx in np.flatnonzero(is_asked)]

    def thresholds(nodes):
        """null at a leaf, at a question for categories, and where only missing cells go right."""
        has = (nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0) & np.isfinite(nodes["num_threshold"])
        return [threshold if has else None for threshold, has in zip(nodes["num_threshold"], has)]

    def features(nodes):
        return [-1 if node["is_leaf"] else order[node["feature_idx"]] for node in nodes]

    return {
        "name": name,
        "table": name.split(",")[0],
        "params": params,
        "sample_weight": sample_weight,
        "baseline": model._baseline_prediction.ravel(),
        "feature": [features(tree.nodes) for tree in trees],
        "n_samples": [tree.nodes["count"] for tree in trees],
        "sides": [sides(tree) for tree in trees],
        "told": told(trees),
        "threshold": [thresholds(trees[i].nodes) for i in told(trees)],
        "value": [trees[i].nodes["value"][trees[i].nodes["is_leaf"] == 1] for i in told(trees)],
        "asked": asked,
        "answers": model.predict_proba(asked) if classify else model.predict(asked),
        "losses": losses[1:],
    }


def cases():
    birds = ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
    penguins = table(SAMPLES / "penguins.csv", "species", birds, ["island", "sex"])
    sex = table(SAMPLES / "penguins.csv", "sex", ["species", *birds[:5]], ["species", "island"])
    shells = ["sex", "length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight", "shell_weight"]
    X, y, categories = table(SAMPLES / "abalone.csv", "rings", shells, ["sex"], step=5)
    abalone = X, y.astype(float), categories
    homes = ["区域", "户型", "面积(平方米)", "楼层", "朝向", "装修", "建成年份", "距地铁(米)"]
    X, y, categories = table(SAMPLES / "secondhand_homes_zh.csv", "总价(万元)", homes, ["区域", "户型", "楼层", "朝向", "装修"])
    homes = X, y.astype(float), categories
    with open(HERE / "data" / "breast_cancer.csv", encoding="utf-8") as file:
        names = file.readline().strip().split(",")[:12]
    X, y, _ = table(HERE / "data" / "breast_cancer.csv", "class", names)
    cells = with_holes(X, [0, 2, 5, 7]), y, []
    X, y, categories = abalone
    abalone = with_holes(X, [1, 4, 7]), y, categories
    few = {"max_iter": 15}
    small = {"max_iter": 15, "learning_rate": 0.3, "max_leaf_nodes": 6, "min_samples_leaf": 5, "max_bins": 32}
    tables = {"penguins": penguins, "penguins' sex": sex, "breast cancer": cells, "abalone": abalone, "homes": homes}
    tables = {name: {"x": x, "y": y, "categories": categories} for name, (x, y, categories) in tables.items()}
    return tables, [
        case("penguins", *penguins, {**few, "min_samples_leaf": 5}),
        case("penguins, weighted", *penguins, {**few, "min_samples_leaf": 5}, weights(len(penguins[1]))),
        case("penguins, balanced", *penguins, {**few, "class_weight": "balanced"}, weights(len(penguins[1]))),
        case("penguins' sex", *sex, {**small, "l2_regularization": 0.5}),
        case("penguins' sex, balanced", *sex, {**small, "class_weight": "balanced"}),
        case("breast cancer", *cells, few),
        case("breast cancer, weighted", *cells, {**few, "max_bins": 20}, weights(len(cells[1]))),
        case("abalone", *abalone, {**few, "max_bins": 64}),
        case("abalone, weighted", *abalone, {**few, "max_bins": 64}, weights(len(y))),
        case("homes", *homes, small),
        case("homes, weighted", *homes, {**small, "max_leaf_nodes": 12}, weights(len(homes[1]))),
    ]


if __name__ == "__main__":
    tables, all_cases = cases()
    save("gradient_boosting_tables.json", {"tables": tables, "cases": all_cases})
