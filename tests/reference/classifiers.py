"""Writes logistic_sparse.json, svc.json and categorical_nb.json. README.md has their format.

    python -m pip install -r requirements.txt
    python classifiers.py

Everything is deterministic but the folds behind scikit-learn's probabilities, which are seeded; the same pins give the same bytes.
"""

import warnings

import numpy as np
import sklearn
from classic import standardised
from generate import FILES, frame, numeric_data
from generate import save as save_any
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import CategoricalNB
from sklearn.preprocessing import KBinsDiscretizer, OrdinalEncoder
from sklearn.svm import SVC

# scikit-learn's own coefficients may be this far (relative to the largest) from the polished ones, which are the minimum
# to the last digits: `saga` goes slowly where features resemble each other.
SCIKIT_LEARN_APART_MAX = 1e-2


def save(name, cases):
    save_any(name, {"made_by": f"classifiers.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}", "cases": cases})


# --- logistic_sparse.json ------------------------------------------------------------------------------------------


def slopes(X, y, weights, coefficients, intercepts):
    """Gradient and curvature of the weighted log-loss in all parameters, output by output, each with its intercept last."""
    A = np.column_stack([X, np.ones(len(X))])
    n_outputs = len(coefficients)
    scores = X @ coefficients.T + intercepts
    if n_outputs == 1:
        p = expit(scores)
        t = (y == 1).astype(float)[:, None]
    else:
        p = softmax(scores, axis=1)
        t = np.eye(n_outputs)[y]
    gradient = ((p - t) * weights[:, None]).T @ A
    blocks = [
        [A.T @ (A * (weights * p[:, k] * ((k == m) - p[:, m]))[:, None]) for m in range(n_outputs)] for k in range(n_outputs)
    ]
    return gradient.ravel(), np.block(blocks)


def polished(X, y, weights, C, l1_ratio, coefficients, intercepts):
    """The exact minimum whose zeros and signs are those given; refuses if that is not the minimum."""
    width = X.shape[1] + 1
    place = np.column_stack([coefficients, intercepts])
    n_outputs = len(place)
    signs = np.sign(coefficients)
    free = np.column_stack([signs != 0, np.ones((n_outputs, 1), bool)]).ravel()
    l1 = np.column_stack([l1_ratio / C * signs, np.zeros((n_outputs, 1))]).ravel()
    l2 = np.column_stack([np.full(coefficients.shape, (1 - l1_ratio) / C), np.zeros((n_outputs, 1))]).ravel()
    for _ in range(20):
        gradient, hessian = slopes(X, y, weights, place[:, :-1], place[:, -1])
        gradient = gradient + l2 * place.ravel() + l1
        step = np.zeros(place.size)
        step[free] = np.linalg.lstsq((hessian + np.diag(l2))[np.ix_(free, free)], gradient[free], rcond=1e-13)[0]
        place = place - step.reshape(place.shape)
    assert np.array_equal(np.sign(place[:, :-1]), signs)
    gradient, _ = slopes(X, y, weights, place[:, :-1], place[:, -1])
    gradient = (gradient + l2 * place.ravel()).reshape(n_outputs, width)
    zero = signs == 0
    assert np.abs(gradient[:, :-1] + l1_ratio / C * signs)[~zero].max(initial=0) < 1e-9
    assert np.abs(gradient[:, :-1])[zero].max(initial=0) <= l1_ratio / C * (1 + 1e-9)
    assert np.abs(gradient[:, -1]).max() < 1e-9
    intercepts = place[:, -1] - (place[:, -1].mean() if n_outputs > 1 else 0.0)
    return place[:, :-1], intercepts


def logistic_sparse():
    cases = []
    for key in ("iris", "penguins", "wine", "breast_cancer"):
        data, X, labels = numeric_data(key)
        classes, y = np.unique(labels.astype(str), return_inverse=True)
        extra, Z = standardised(X)
        for C, l1_ratio, class_weight in (
            (1.0, 1.0, None),
            (0.1, 1.0, None),
            (10.0, 1.0, None),
            (0.5, 1.0, "balanced"),
            (0.5, 0.5, None),
            (1.0, 0.0, "balanced"),
        ):
            if key == "breast_cancer" and C == 10.0:
                # saga has not even found the zeros after 300,000 sweeps.
                continue
            model = LogisticRegression(
                C=C, l1_ratio=l1_ratio, class_weight=class_weight, solver="saga", tol=1e-9, max_iter=300_000, random_state=0
            ).fit(Z, y)
            counts = np.bincount(y)
            weights = (len(y) / (len(counts) * counts))[y] if class_weight else np.ones(len(y))
            given = np.where(np.abs(model.coef_) < 1e-7, 0.0, model.coef_) if l1_ratio else model.coef_
            coefficients, intercepts = polished(Z, y, weights, C, l1_ratio, given, model.intercept_)
            distance = float(np.abs(model.coef_ - coefficients).max() / np.abs(coefficients).max())
            assert distance < SCIKIT_LEARN_APART_MAX, (key, C, l1_ratio, distance)
            rows = np.arange(0, len(y), 10)
            scores = Z[rows] @ coefficients.T + intercepts
            probabilities = softmax(scores, axis=1) if len(classes) > 2 else np.column_stack([expit(-scores), expit(scores)])
            penalty = {1.0: "l1", 0.0: "l2"}.get(l1_ratio, "elasticnet")
            params = {"C": C, "penalty": penalty, "class_weight": class_weight or "none", "tol": 1e-9, "max_iter": 1000}
            if penalty == "elasticnet":
                params["l1_ratio"] = l1_ratio
            cases.append(
                {
                    "name": f"{key}, standardised, {params}",
                    "data": data,
                    **extra,
                    "params": params,
                    "classes": classes,
                    "coefficients": coefficients,
                    "intercepts": intercepts,
                    "scikit_learn_apart": distance,
                    "rows": rows,
                    "probabilities": probabilities,
                }
            )
            print(cases[-1]["name"], int((coefficients == 0).sum()), "zeros", distance)
    save("logistic_sparse.json", cases)


# --- svc.json ------------------------------------------------------------------------------------------------------


def svc():
    cases = []
    for key in ("iris", "penguins", "wine", "breast_cancer"):
        data, X, labels = numeric_data(key)
        labels = labels.astype(str)
        extra, Z = standardised(X)
        held_out = np.arange(0, len(labels), 3)
        learned = np.setdiff1d(np.arange(len(labels)), held_out)
        for raw, params in (
            (False, {"kernel": "rbf", "C": 1.0, "gamma": "scale"}),
            (False, {"kernel": "rbf", "C": 10.0, "gamma": "auto"}),
            (False, {"kernel": "rbf", "C": 0.3, "gamma": 0.2, "class_weight": "balanced"}),
            (False, {"kernel": "linear", "C": 1.0}),
            (False, {"kernel": "linear", "C": 0.05, "class_weight": "balanced"}),
            (True, {"kernel": "rbf", "C": 1.0, "gamma": "scale"}),
        ):
            features = X if raw else Z
            model = SVC(**params, tol=1e-8, decision_function_shape="ovo", cache_size=500)
            model.fit(features[learned], labels[learned])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                calibrated = SVC(**params, probability=True, random_state=0).fit(features[learned], labels[learned])
            case = {
                "name": f"{key}, {'raw' if raw else 'standardised'}, {params}",
                "data": data,
                **({} if raw else extra),
                "params": {**params, "tol": 1e-8},
                "classes": model.classes_,
                "n_support": model.n_support_,
                "intercepts": model.intercept_,
                "decisions": model.decision_function(features[held_out]),
                "predictions": np.searchsorted(model.classes_, model.predict(features[held_out])),
                "log_loss": log_loss(labels[held_out], calibrated.predict_proba(features[held_out])),
            }
            if params["kernel"] == "linear":
                case["coefficients"] = model.coef_
            else:
                # Positions among the rows learned from; with an rbf kernel there is one set of coefficients only.
                case["support"] = model.support_
                case["dual_coefficients"] = model.dual_coef_
            cases.append(case)
    save("svc.json", cases)


# --- categorical_nb.json -------------------------------------------------------------------------------------------


def coded(key, target, n_bins=5):
    """`(description, X, y)`: categories as positions in sorted order, numbers cut at their quantiles."""
    table = frame(key)
    table = table.dropna()
    y = table[target].astype(str).to_numpy()
    columns = []
    for name in table.columns:
        if name == target:
            continue
        cells = table[[name]]
        if cells[name].dtype == float:
            if cells[name].nunique() > 12:
                cut = KBinsDiscretizer(n_bins, encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf")
                columns.append(cut.fit_transform(cells.to_numpy(float)))
            else:
                columns.append(OrdinalEncoder().fit_transform(cells))
        elif cells[name].nunique() <= 40:
            columns.append(OrdinalEncoder().fit_transform(cells.astype(str)))
    # Twelve features tell as much as thirty, in a smaller file.
    X = np.hstack(columns[:12]).astype(int)
    return {"x": X, "y": y}, X, y


def categorical_nb():
    cases = []
    for key, target in (("iris", "species"), ("penguins", "species"), ("wine", "class"), ("breast_cancer", "class"), ("homes", "成交速度")):
        data, X, y = coded(key, target)
        for params in (
            {},
            {"alpha": 0.1},
            {"alpha": 5.0, "fit_prior": False},
            {"min_categories": 15},
        ):
            model = CategoricalNB(**params).fit(X, y)
            rows = np.arange(0, len(y), 5)
            cases.append(
                {
                    "name": f"{key}, {params}",
                    "data": data,
                    "params": params,
                    "classes": model.classes_,
                    "rows": rows,
                    "probabilities": model.predict_proba(X[rows]),
                }
            )
    save("categorical_nb.json", cases)


if __name__ == "__main__":
    logistic_sparse()
    svc()
    categorical_nb()
