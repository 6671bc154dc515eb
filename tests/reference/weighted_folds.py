"""Writes weighted_folds.json: scores of folds whose fits weigh rows, classes by name, or both. README.md has its format.

    python -m pip install -r requirements.txt
    python weighted_folds.py

Everything is seeded; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from classic import regression_data
from generate import numeric_data, save
from search import CLASSES, NUMBERS, REGRESSIONS
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from trees import weights

MODELS = {
    "decision_tree": (DecisionTreeClassifier, DecisionTreeRegressor, {"max_depth": 3}),
    "random_forest": (RandomForestClassifier, RandomForestRegressor, {"n_estimators": 5, "max_depth": 4}),
    "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor, {"n_estimators": 5, "max_depth": 4}),
    "gradient_boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor, {"max_iter": 5}),
}
GIVEN = (3.0, 0.5)


def case(name, data, X, y, kind, weighted, by_class):
    classify = y.dtype.kind in "OU"
    measures = CLASSES if classify else NUMBERS
    if classify and len(np.unique(y)) == 2:
        measures = {**measures, "roc_auc": "roc_auc"}
    # The third class, where there is one, is left out and counts once.
    params = {"class_weight": dict(zip(sorted(set(y)), GIVEN))} if by_class else {}
    step = ""
    if kind == "logistic_regression":
        model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1_000, **params))
        params, step = {**params, "tol": 1e-12, "max_iter": 10_000}, "logisticregression__"
    else:
        own = MODELS[kind][2]
        params = {**params, **own}
        theirs = dict(params)
        if by_class and kind == "gradient_boosting":
            # scikit-learn 1.9's boosting looks its classes up by number.
            theirs["class_weight"] = dict(enumerate(GIVEN))
        model = MODELS[kind][0 if classify else 1](random_state=0, **theirs)
    rule = "quarters" if weighted else None
    fit_params = {f"{step}sample_weight": weights(len(y), rule)} if weighted else {}
    folds = (StratifiedKFold if classify else KFold)(4)
    made = cross_validate(model, X, y, cv=folds, scoring=measures, params=fit_params, return_train_score=True)
    sign = {ours: -1 if theirs.startswith("neg_") else 1 for ours, theirs in measures.items()}
    return {
        "name": name,
        "data": data,
        "classify": classify,
        "model": {"kind": kind, **params},
        "scale": kind == "logistic_regression",
        "weights": rule,
        "scores": {ours: sign[ours] * made[f"test_{ours}"] for ours in measures},
        "train": {ours: float(np.mean(sign[ours] * made[f"train_{ours}"])) for ours in measures},
    }


if __name__ == "__main__":
    cases = []
    for key in ("iris", "wine", "breast_cancer"):
        data, X, y = numeric_data(key)
        cases += [case(key, data, X, y.astype(object), kind, True, True) for kind in (*MODELS, "logistic_regression")]
        for kind in ("decision_tree", "logistic_regression"):
            cases += [case(key, data, X, y.astype(object), kind, weighted, not weighted) for weighted in (True, False)]
    for key, target in REGRESSIONS:
        data, X, y = regression_data(key, target)
        # Abalone's forests would take long, and are no other than those of the others.
        kinds = ("decision_tree", "gradient_boosting") if key == "abalone" else MODELS
        cases += [case(key, data, X, y, kind, True, False) for kind in kinds]
    save("weighted_folds.json", {"made_by": f"weighted_folds.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}", "cases": cases})
