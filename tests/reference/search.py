"""Writes search.json. README.md has its format.

    python -m pip install -r requirements.txt
    python search.py

Everything is deterministic; the same pins give the same bytes.
"""

import warnings

import numpy as np
import sklearn
from classic import regression_data
from generate import numeric_data, save
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

# scikit-learn's names of our measures; its losses are negative.
CLASSES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "f1_macro": "f1_macro",
    "log_loss": "neg_log_loss",
    "roc_auc": "roc_auc_ovr",
}
NUMBERS = {"r2": "r2", "rmse": "neg_root_mean_squared_error", "mae": "neg_mean_absolute_error"}


# Whole-numbered targets: their sums are exact, so that splits that are equally good are so on both sides.
REGRESSIONS = (("diabetes", None), ("abalone", None), ("wine", "proline"))


def folds():
    cases = []
    rng = np.random.default_rng(0)
    uneven = rng.choice(4, size=57, p=[0.5, 0.3, 0.15, 0.05])
    sorted_classes = np.repeat([1, 0, 2], [20, 21, 9])
    for y in (uneven, sorted_classes, np.array([2, 0, 1, 1, 0, 2, 2])):
        for n_folds in (2, 3, 5):
            for kind, cv in (
                ("k_fold", KFold(n_folds)),
                ("stratified", StratifiedKFold(n_folds)),
                ("time_ordered", TimeSeriesSplit(n_folds)),
            ):
                if kind == "stratified" and n_folds > np.bincount(y).max():
                    continue
                pairs = [{"train": train, "test": test} for train, test in cv.split(np.zeros((len(y), 1)), y)]
                cases.append({"y": y, "n_folds": n_folds, "kind": kind, "folds": pairs})
    return cases


def model(kind, classify, params):
    """The model behind the recipe that the case names."""
    if kind == "decision_tree":
        return (DecisionTreeClassifier if classify else DecisionTreeRegressor)(random_state=0, **params)
    if kind == "ridge":
        return make_pipeline(StandardScaler(), Ridge(solver="svd", **params))
    return make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1_000, **params))


def ours(kind, params):
    """The model as Vitrine is asked for it: the logistic one as exact as scikit-learn's is here."""
    return {"kind": kind, **params, **({"tol": 1e-12, "max_iter": 10_000} if kind == "logistic_regression" else {})}


def splitter(kind, n_folds):
    return {"k_fold": KFold, "stratified": StratifiedKFold, "time_ordered": TimeSeriesSplit}[kind](n_folds)


def cross_validation():
    cases = []

    def add(name, data, X, y, kind, fold_kind, n_folds, params):
        classify = fold_kind == "stratified"
        measures = CLASSES if classify else NUMBERS
        if classify and len(np.unique(y)) == 2:
            measures = {**measures, "roc_auc": "roc_auc"}
        made = cross_validate(
            model(kind, classify, params), X, y, cv=splitter(fold_kind, n_folds), scoring=measures, return_train_score=True
        )
        sign = {ours: -1 if theirs.startswith("neg_") else 1 for ours, theirs in measures.items()}
        cases.append(
            {
                "name": name,
                "data": data,
                "classify": classify,
                "model": ours(kind, params),
                "scale": kind != "decision_tree",
                "split": {"folds": n_folds, "fold_kind": fold_kind},
                "scores": {ours: sign[ours] * made[f"test_{ours}"] for ours in measures},
                "train": {ours: float(np.mean(sign[ours] * made[f"train_{ours}"])) for ours in measures},
            }
        )

    for key in ("iris", "wine", "breast_cancer"):
        data, X, y = numeric_data(key)
        add(key, data, X, y.astype(str), "decision_tree", "stratified", 5, {"max_depth": 3})
        add(key, data, X, y.astype(str), "logistic_regression", "stratified", 5, {"C": 1.0})
    for key, target in REGRESSIONS:
        data, X, y = regression_data(key, target)
        for fold_kind in ("k_fold", "time_ordered"):
            add(key, data, X, y, "decision_tree", fold_kind, 5, {"max_depth": 4})
            add(key, data, X, y, "ridge", fold_kind, 5, {"alpha": 1.0})
    return cases


def grids():
    cases = []

    def add(name, data, X, y, kind, space, scoring, theirs):
        classify = data["target"] not in ("progression", "rings", "proline")
        step = "" if kind == "decision_tree" else {"ridge": "ridge__", "logistic_regression": "logisticregression__"}[kind]
        search = GridSearchCV(
            model(kind, classify, {}),
            {step + param: values for param, values in space.items()},
            cv=splitter("stratified" if classify else "k_fold", 5),
            scoring=theirs,
            return_train_score=True,
        ).fit(X, y)
        made = search.cv_results_
        sign = -1 if theirs.startswith("neg_") else 1
        cases.append(
            {
                "name": f"{name}, {kind}",
                "data": data,
                "classify": classify,
                "model": ours(kind, {}),
                "scale": kind != "decision_tree",
                "space": space,
                "scoring": scoring,
                "params": [{param.split("__")[-1]: value for param, value in row.items()} for row in made["params"]],
                "mean": sign * made["mean_test_score"],
                "std": made["std_test_score"],
                "train": sign * made["mean_train_score"],
                "rank": made["rank_test_score"],
                "best": int(search.best_index_),
            }
        )

    for key in ("iris", "wine", "breast_cancer"):
        data, X, y = numeric_data(key)
        y = y.astype(str)
        tree = {"max_depth": [1, 2, 3, None], "criterion": ["gini", "entropy"], "min_samples_leaf": [1, 5]}
        add(key, data, X, y, "decision_tree", tree, "accuracy", "accuracy")
        add(key, data, X, y, "logistic_regression", {"C": [0.01, 0.1, 1.0, 10.0]}, "log_loss", "neg_log_loss")
    for key, target in REGRESSIONS:
        data, X, y = regression_data(key, target)
        add(key, data, X, y, "ridge", {"alpha": [0.1, 1.0, 10.0, 100.0], "fit_intercept": [True, False]}, "r2", "r2")
        tree = {"max_depth": [2, 4], "min_samples_leaf": [1, 10]}
        add(key, data, X, y, "decision_tree", tree, "rmse", "neg_root_mean_squared_error")
    return cases


def schedules():
    """How many candidates and rows each round of HalvingGridSearchCV has."""
    cases = []
    for n_candidates in (1, 2, 3, 8, 9, 10, 27, 30):
        for n_rows, n_folds, n_classes in ((100, 5, 1), (150, 5, 3), (569, 3, 2), (4177, 5, 1), (20_000, 2, 2)):
            X = np.zeros((n_rows, 1))
            X[:, 0] = np.arange(n_rows)
            y = np.arange(n_rows) % n_classes if n_classes > 1 else np.arange(n_rows, dtype=float)
            # What is fitted does not matter here.
            estimator = DummyClassifier(strategy="constant") if n_classes > 1 else DummyRegressor(strategy="constant")
            grid = {"constant": [0] * n_candidates}
            search = HalvingGridSearchCV(estimator, grid, cv=n_folds, random_state=0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                search.fit(X, y)
            cases.append(
                {
                    "n_candidates": n_candidates,
                    "n_rows": n_rows,
                    "n_folds": n_folds,
                    "n_classes": n_classes,
                    "candidates": search.n_candidates_,
                    "rows": search.n_resources_,
                }
            )
    return cases


if __name__ == "__main__":
    save(
        "search.json",
        {
            "made_by": f"search.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}",
            "folds": folds(),
            "cross_validation": cross_validation(),
            "grids": grids(),
            "halving": schedules(),
        },
    )
