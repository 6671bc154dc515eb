"""Writes ridge.json, lasso.json, elastic_net.json, k_nearest_neighbors.json and naive_bayes.json. README.md has their format.

    python -m pip install -r requirements.txt
    python classic.py

Everything is deterministic; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from generate import FILES, frame, numeric_data
from generate import save as save_any
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

import pandas as pd

# scikit-learn's own answers may be this far (relative to the largest number) from the polished ones.
SCIKIT_LEARN_APART_MAX = 1e-6


def save(name, cases):
    save_any(name, {"made_by": f"classic.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}", "cases": cases})


def regression_data(key, target=None):
    """`(description, X, y)` with a numeric column as target; rows with a missing cell dropped."""
    path, own_target = FILES[key]
    target = target or own_target
    table = frame(key)
    features = [c for c in table.columns if c != target and pd.api.types.is_numeric_dtype(table[c])]
    table = table.dropna(subset=features + [target])
    data = {"file": path, "features": features, "target": target, "n_rows": len(table)}
    return data, table[features].to_numpy(float), table[target].to_numpy(float)


def standardised(X):
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return {"mean": mean, "scale": scale}, (X - mean) / scale


def apart(given, expected):
    return float(np.abs(np.asarray(given) - np.asarray(expected)).max() / np.abs(expected).max())


REGRESSIONS = [("diabetes", None), ("abalone", None), ("penguins", "body_mass_g"), ("wine", "alcohol")]


# --- ridge.json ----------------------------------------------------------------------------------------------------


def ridge():
    cases = []

    def add(name, extra, data, X, y, **params):
        model = Ridge(solver="svd", **params).fit(X, y)
        cases.append(
            {
                "name": f"{name}, {params}",
                "data": data,
                **extra,
                "params": params,
                "coefficients": model.coef_,
                "intercept": model.intercept_,
                "predictions": model.predict(X)[:20],
            }
        )

    for key, target in REGRESSIONS:
        data, X, y = regression_data(key, target)
        for alpha in (1e-3, 1.0, 100.0):
            add(key, {}, data, X, y, alpha=alpha)
        extra, Z = standardised(X)
        add(f"{key}, standardised", extra, data, Z, y, alpha=1.0)
        add(f"{key}, standardised", extra, data, Z, y, alpha=10.0, fit_intercept=False)
    # More features than rows, and features that repeat each other.
    X = np.array([[1.0, 2.0, 3.0, 0.5], [2.0, -1.0, 0.0, 1.5], [0.0, 1.0, 4.0, -2.0]])
    y = np.array([1.0, -2.0, 5.0])
    for fit_intercept in (True, False):
        add("wide", {}, {"x": X, "y": y}, X, y, alpha=0.5, fit_intercept=fit_intercept)
    X = np.column_stack([X[:, 0], X[:, 0], [3.0, 3.0, 3.0]])
    add("repeated and constant", {}, {"x": X, "y": y}, X, y, alpha=1.0)
    save("ridge.json", cases)


# --- lasso.json, elastic_net.json ----------------------------------------------------------------------------------


def minimum(X, y, coefficients, alpha, l1_ratio, fit_intercept):
    """The exact minimum whose zeros and signs are those of `coefficients`; refuses if that is not the minimum."""
    n = len(y)
    l1, l2 = alpha * l1_ratio * n, alpha * (1 - l1_ratio) * n
    x_mean, y_mean = (X.mean(axis=0), y.mean()) if fit_intercept else (np.zeros(X.shape[1]), 0.0)
    Xc, yc = X - x_mean, y - y_mean
    active = np.flatnonzero(coefficients)
    polished = np.zeros(X.shape[1])
    A = Xc[:, active]
    # The normal equations, by QR of the rows with the penalty below them.
    rows = np.vstack([A, np.sqrt(l2) * np.eye(len(active))])
    q, r = np.linalg.qr(rows)
    signs = np.sign(coefficients[active])
    right = q[:n].T @ yc - np.linalg.solve(r.T, l1 * signs)
    polished[active] = np.linalg.solve(r, right)
    assert np.array_equal(np.sign(polished[active]), signs)
    slope = Xc.T @ (yc - Xc @ polished) - l2 * polished
    assert (np.abs(slope) <= l1 * (1 + 1e-9) + 1e-9).all()
    return polished, y_mean - x_mean @ polished


def coordinate_descent():
    lasso, elastic_net = [], []

    def add(cases, name, extra, data, X, y, **params):
        tight = {"tol": 1e-13, "max_iter": 1_000_000}
        model = (Lasso if cases is lasso else ElasticNet)(**params, **tight).fit(X, y)
        l1_ratio = params.get("l1_ratio", 1.0)
        coefficients, intercept = minimum(X, y, model.coef_, params["alpha"], l1_ratio, params.get("fit_intercept", True))
        distance = apart([*model.coef_, model.intercept_], [*coefficients, intercept])
        assert distance < SCIKIT_LEARN_APART_MAX, (name, params, distance)
        cases.append(
            {
                "name": f"{name}, {params}",
                "data": data,
                **extra,
                "params": {**params, "tol": 1e-12, "max_iter": 1_000_000},
                "coefficients": coefficients,
                "intercept": intercept,
                "scikit_learn_apart": distance,
                "predictions": (X @ coefficients + intercept)[:20],
            }
        )

    def add_as_it_is(cases, name, extra, data, X, y, **params):
        """scikit-learn's own answer at its own tolerance: the sweeps end where its sweeps end."""
        model = (Lasso if cases is lasso else ElasticNet)(**params).fit(X, y)
        cases.append(
            {
                "name": f"{name}, {params}, as it is",
                "data": data,
                **extra,
                "params": params,
                "coefficients": model.coef_,
                "intercept": model.intercept_,
                "n_iter": model.n_iter_,
                "predictions": model.predict(X)[:20],
            }
        )

    for key, target in REGRESSIONS:
        data, X, y = regression_data(key, target)
        extra, Z = standardised(X)
        spread = y.std()
        alpha = float(f"{0.05 * spread:.3g}")
        add_as_it_is(lasso, f"{key}, standardised", extra, data, Z, y, alpha=alpha)
        add_as_it_is(elastic_net, f"{key}, standardised", extra, data, Z, y, alpha=alpha)
        add_as_it_is(elastic_net, key, {}, data, X, y, alpha=alpha, l1_ratio=0.8)
        for share in (0.01, 0.1, 0.5):
            alpha = float(f"{share * spread:.3g}")
            add(lasso, f"{key}, standardised", extra, data, Z, y, alpha=alpha)
            add(elastic_net, f"{key}, standardised", extra, data, Z, y, alpha=alpha, l1_ratio=0.5)
        alpha = float(f"{0.05 * spread:.3g}")
        add(elastic_net, f"{key}, standardised", extra, data, Z, y, alpha=alpha, l1_ratio=0.9)
        add(lasso, f"{key}, standardised", extra, data, Z, y, alpha=alpha, fit_intercept=False)
        add(elastic_net, f"{key}, standardised", extra, data, Z, y, alpha=alpha, l1_ratio=0.2, fit_intercept=False)
    data, X, y = regression_data("diabetes")
    add(lasso, "diabetes", {}, data, X, y, alpha=1.0)
    add(elastic_net, "diabetes", {}, data, X, y, alpha=1.0, l1_ratio=0.5)
    save("lasso.json", lasso)
    save("elastic_net.json", elastic_net)


# --- k_nearest_neighbors.json --------------------------------------------------------------------------------------


def distances(a, b, p):
    difference = np.abs(a[:, None, :] - b[None, :, :])
    return difference.sum(axis=2) if p == 1 else np.sqrt((difference**2).sum(axis=2))


def k_nearest_neighbors():
    """Every third row is asked about, the others are learned from. Rows whose farthest neighbour is tied with the next
    are left out: which of the two is taken is nobody's rule in scikit-learn."""
    cases = []

    def add(name, extra, data, X, y, classify, **params):
        asked = np.arange(0, len(y), 3 if len(y) < 1000 else 25)
        learned = np.setdiff1d(np.arange(len(y)), np.arange(0, len(y), 3))
        ordered = np.sort(distances(X[asked], X[learned], params["p"]), axis=1)
        k = params["n_neighbors"]
        asked = asked[ordered[:, k] - ordered[:, k - 1] > 1e-9 * ordered[:, k]]
        assert len(asked) > 25, (name, params, len(asked))
        model = (KNeighborsClassifier if classify else KNeighborsRegressor)(algorithm="kd_tree", **params)
        model.fit(X[learned], y[learned])
        case = {"name": f"{name}, {params}", "data": data, **extra, "params": params, "asked": asked}
        if classify:
            case["classes"] = model.classes_
            case["probabilities"] = model.predict_proba(X[asked])
        else:
            case["predictions"] = model.predict(X[asked])
        cases.append(case)

    for classify, keys in ((True, [("iris", None), ("penguins", None), ("wine", None), ("breast_cancer", None)]), (False, REGRESSIONS)):
        for key, target in keys:
            data, X, y = numeric_data(key) if classify else regression_data(key, target)
            y = y.astype(str) if classify else y
            extra, Z = standardised(X)
            for params in (
                {"n_neighbors": 5, "weights": "uniform", "p": 2},
                {"n_neighbors": 1, "weights": "uniform", "p": 2},
                {"n_neighbors": 12, "weights": "distance", "p": 2},
                {"n_neighbors": 7, "weights": "distance", "p": 1},
            ):
                add(f"{key}, standardised", extra, data, Z, y, classify, **params)
            if key in ("wine", "abalone"):
                add(key, {}, data, X, y, classify, n_neighbors=5, weights="distance", p=2)
    save("k_nearest_neighbors.json", cases)


# --- naive_bayes.json ----------------------------------------------------------------------------------------------


def naive_bayes():
    cases = []
    for key in ("iris", "penguins", "wine", "breast_cancer"):
        data, X, y = numeric_data(key)
        y = y.astype(str)
        extra, Z = standardised(X)
        for name, more, features in ((key, {}, X), (f"{key}, standardised", extra, Z)):
            for params in ({"var_smoothing": 1e-9}, {"var_smoothing": 0.1}):
                model = GaussianNB(**params).fit(features, y)
                rows = np.arange(0, len(y), 5)
                cases.append(
                    {
                        "name": f"{name}, {params}",
                        "data": data,
                        **more,
                        "params": params,
                        "classes": model.classes_,
                        "means": model.theta_,
                        "variances": model.var_,
                        "rows": rows,
                        "probabilities": model.predict_proba(features[rows]),
                    }
                )
    save("naive_bayes.json", cases)


if __name__ == "__main__":
    ridge()
    coordinate_descent()
    k_nearest_neighbors()
    naive_bayes()
