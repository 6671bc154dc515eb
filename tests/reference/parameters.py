"""Writes parameters.json: answers of models with parameters that the files of their families do not have: distances of
any power, given priors, forests whose trees draw some of the rows. README.md has its format.

    python -m pip install -r requirements.txt
    python parameters.py

Everything is seeded; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from classic import REGRESSIONS, regression_data, standardised
from forests import MODELS, rows_of
from generate import numeric_data, save, significant
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from trees import weights

CLASSES = ("iris", "wine", "breast_cancer")


def answers(model, X, classify):
    return significant(model.predict_proba(X) if classify else model.predict(X))


def neighbours():
    """As in classic.py: every third row is asked about, rows with tied neighbours are left out."""
    cases = []
    for key, target in [(key, None) for key in CLASSES] + list(REGRESSIONS):
        classify = key in CLASSES and target is None
        data, X, y = numeric_data(key) if classify else regression_data(key, target)
        y = y.astype(str) if classify else y
        extra, Z = standardised(X)
        for params in ({"n_neighbors": 5, "p": 3}, {"n_neighbors": 8, "weights": "distance", "p": 1.5}):
            asked = np.arange(0, len(y), 3 if len(y) < 1000 else 25)
            learned = np.setdiff1d(np.arange(len(y)), np.arange(0, len(y), 3))
            apart = np.abs(Z[asked][:, None, :] - Z[learned][None, :, :])
            ordered = np.sort((apart ** params["p"]).sum(axis=2), axis=1)
            k = params["n_neighbors"]
            asked = asked[ordered[:, k] - ordered[:, k - 1] > 1e-9 * ordered[:, k]]
            model = (KNeighborsClassifier if classify else KNeighborsRegressor)(algorithm="brute", **params)
            model.fit(Z[learned], y[learned])
            case = {"name": f"{key}, {params}", "kind": "k_nearest_neighbors", "classify": classify, "data": data, **extra}
            cases.append({**case, "params": params, "learned": learned, "asked": asked, "answers": answers(model, Z[asked], classify)})
    return cases


def priors():
    cases = []
    for key in CLASSES:
        data, X, y = numeric_data(key)
        y = y.astype(str)
        n = len(np.unique(y))
        for given in (np.full(n, 1 / n), np.arange(1, n + 1) / np.arange(1, n + 1).sum()):
            model = GaussianNB(priors=given).fit(X, y)
            asked = np.arange(0, len(y), 5)
            # Vitrine's models take classes by their number.
            params = {"priors": "equal" if given[0] == given[-1] else {str(code): x for code, x in enumerate(given)}}
            case = {"name": f"{key}, {params}", "kind": "naive_bayes", "classify": True, "data": data, "params": params}
            cases.append({**case, "learned": np.arange(len(y)), "asked": asked, "answers": answers(model, X[asked], True)})
    return cases


def forests():
    cases = []
    for kind, models in MODELS.items():
        for key in ("iris", "breast_cancer", "diabetes"):
            classify = key in CLASSES
            data, X, y = rows_of(key)
            for params, rule in (
                ({"max_samples": 0.5}, None),
                ({"max_samples": 60, "oob_score": True}, None),
                ({"max_samples": 0.3}, "quarters"),
            ):
                params = {"n_estimators": 12, "bootstrap": True, "random_state": 3, **params}
                model = models[0 if classify else 1](**params).fit(X, y, sample_weight=weights(len(y), rule))
                asked = np.arange(0, len(y), 7)
                case = {"name": f"{key}, {params}", "kind": kind, "classify": classify, "data": data, "params": params}
                case |= {"weights": rule, "learned": np.arange(len(y)), "asked": asked, "answers": answers(model, X[asked], classify)}
                if params.get("oob_score"):
                    case["oob_score"] = model.oob_score_
                cases.append(case)
    return cases


if __name__ == "__main__":
    made_by = f"parameters.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    save("parameters.json", {"made_by": made_by, "cases": neighbours() + priors() + forests()})
