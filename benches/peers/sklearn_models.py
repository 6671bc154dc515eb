"""Times scikit-learn's forests and boosting on one thread and prints JSON.

`python sklearn_models.py abalone TRAIN.csv TEST.csv` or `python sklearn_models.py large TREE.csv REPEATS`.
"""

import json
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor


def columns_of(path):
    with open(path, encoding="utf-8") as lines:
        names = next(lines).strip().split(",")
        rows = [line.rstrip("\n").split(",") for line in lines]
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def numbers(columns, names):
    return np.array([[float(cell) for cell in columns[name]] for name in names]).T


def fitted(make, x, y, repeats):
    best = float("inf")
    for _ in range(repeats):
        model = make()
        start = time.perf_counter()
        model.fit(x, y)
        best = min(best, 1000 * (time.perf_counter() - start))
    return model, best


def answered(model, x, repeats):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        model.predict(x)
        best = min(best, 1000 * (time.perf_counter() - start))
    return best


def abalone(train_path, test_path):
    train, test = columns_of(train_path), columns_of(test_path)
    names = [name for name in train if name not in ("sex", "rings")]
    sexes = sorted(set(train["sex"]))

    def encoded(columns):
        dummies = np.array([[float(cell == sex) for sex in sexes] for cell in columns["sex"]])
        return np.hstack([dummies, numbers(columns, names)])

    x, y = encoded(train), np.array(train["rings"], dtype=float)
    test_x, test_y = encoded(test), np.array(test["rings"], dtype=float)
    models = {
        "random_forest": lambda: RandomForestRegressor(n_estimators=300, random_state=0, n_jobs=1),
        "boosting": lambda: HistGradientBoostingRegressor(max_iter=45, random_state=0),
    }
    result = {}
    for name, make in models.items():
        model, fit_ms = fitted(make, x, y, 1 if name == "random_forest" else 3)
        result[name] = {"fit_ms": fit_ms, "rmse": float(np.sqrt(np.mean((model.predict(test_x) - test_y) ** 2)))}
    return result


def large(path, repeats):
    columns = columns_of(path)
    x = numbers(columns, [name for name in columns if name.startswith("f")])
    values, labels = np.array(columns["value"], dtype=float), np.array(columns["label"])
    cases = {
        "boosting": (lambda: HistGradientBoostingRegressor(max_iter=100, early_stopping=False), values),
        "boosting_classes": (lambda: HistGradientBoostingClassifier(max_iter=100, early_stopping=False), labels),
        "random_forest": (lambda: RandomForestRegressor(n_estimators=100, max_depth=10, random_state=0, n_jobs=1), values),
    }
    result = {}
    for name, (make, y) in cases.items():
        model, fit_ms = fitted(make, x, y, 1 if name == "random_forest" else repeats)
        result[name] = {"fit_ms": fit_ms, "predict_ms": answered(model, x, repeats)}
    return result


if __name__ == "__main__":
    print(json.dumps(abalone(*sys.argv[2:4]) if sys.argv[1] == "abalone" else large(sys.argv[2], int(sys.argv[3]))))
