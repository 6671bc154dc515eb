"""Writes k_means.json (with measures of clusters), pca.json and isolation_forest.json. README.md has their format.

    python -m pip install -r requirements.txt
    python unsupervised.py

Everything follows from seeds; the same pins give the same bytes. Data are as in classic.py, the label unused.
"""

import numpy as np
import sklearn
from generate import numeric_data
from generate import save as save_any
from classic import regression_data, standardised
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, roc_auc_score, silhouette_score

SEEDS = range(10)


def data_sets():
    for key in ("iris", "wine", "breast_cancer"):
        data, X, _ = numeric_data(key)
        yield key, data, X
    data, X, _ = regression_data("diabetes")
    yield "diabetes", data, X


def k_means():
    for key, data, X in data_sets():
        extra, Z = standardised(X)
        runs = []
        for params in (
            {"n_clusters": 3},
            {"n_clusters": 8},
            {"n_clusters": 5, "init": "random", "n_init": 1},
            {"n_clusters": 4, "init": "random", "n_init": 10, "max_iter": 4},
        ):
            for seed in SEEDS:
                model = KMeans(random_state=seed, **params).fit(Z)
                run = {"params": {**params, "random_state": seed}, "inertia": model.inertia_, "labels": model.labels_}
                if seed == 0:
                    run["silhouette"] = silhouette_score(Z, model.labels_)
                    run["davies_bouldin"] = davies_bouldin_score(Z, model.labels_)
                    run["calinski_harabasz"] = calinski_harabasz_score(Z, model.labels_)
                runs.append(run)
        yield {"name": key, "data": data, **extra, "runs": runs}


def pca():
    for key, data, X in data_sets():
        extra, Z = standardised(X)
        for name, more, features in ((key, {}, X), (f"{key}, standardised", extra, Z)):
            for params in ({}, {"n_components": 2, "whiten": True}, {"n_components": 0.9}):
                model = PCA(svd_solver="full", **params).fit(features)
                yield {
                    "name": f"{name}, {params}",
                    "data": data,
                    **more,
                    "params": params,
                    "components": model.components_,
                    "explained_variance": model.explained_variance_,
                    "explained_variance_ratio": model.explained_variance_ratio_,
                    "singular_values": model.singular_values_,
                    "values": model.transform(features[:10]),
                }
    # More features than rows: the last direction is of no variance, and is left out.
    data, X, _ = numeric_data("wine")
    wide = X[:8]
    model = PCA(svd_solver="full", n_components=7).fit(wide)
    yield {
        "name": "wide",
        "data": {"x": wide, "y": np.zeros(8)},
        "params": {"n_components": 7},
        "components": model.components_,
        "explained_variance": model.explained_variance_,
        "explained_variance_ratio": model.explained_variance_ratio_,
        "singular_values": model.singular_values_,
        "values": model.transform(wide),
    }


def planted(X, shift):
    """Every 25th row is moved away from the others, and all are rounded to f32, as scikit-learn reads them."""
    is_odd = np.arange(len(X)) % 25 == 0
    signs = np.where((np.arange(len(X))[:, None] + np.arange(X.shape[1])) % 2 == 0, 1.0, -1.0)
    moved = np.where(is_odd[:, None], X + shift * signs, X)
    return moved.astype(np.float32).astype(float), is_odd


def isolation_forest():
    for key, data, X in data_sets():
        shift = 2.5 * X.std(axis=0)
        moved, is_odd = planted(X, shift)
        for params in (
            {},
            {"contamination": 0.05, "max_samples": 64},
            {"max_features": 0.5, "bootstrap": True, "n_estimators": 30},
            {"max_samples": 0.995, "n_estimators": 20},
        ):
            runs = []
            for seed in SEEDS:
                model = IsolationForest(random_state=seed, **params).fit(moved)
                scores = model.score_samples(moved)
                runs.append(
                    {
                        "params": {**params, "random_state": seed},
                        "scores": scores[:40],
                        "offset": model.offset_,
                        "n_outliers": int((model.predict(moved) == -1).sum()),
                        "roc_auc": roc_auc_score(is_odd, -scores),
                    }
                )
            yield {"name": f"{key}, {params}", "data": data, "shift": shift, "runs": runs}


if __name__ == "__main__":
    made_by = f"unsupervised.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    for kind in (k_means, pca, isolation_forest):
        save_any(f"{kind.__name__}.json", {"made_by": made_by, "cases": list(kind())})
