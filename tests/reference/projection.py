"""Writes projection.json. README.md has its format.

    python -m pip install -r requirements.txt
    python projection.py

Everything is a closed form; the same pins give the same bytes.
"""

import numpy as np
import sklearn
from generate import FILES, numeric_data, save, significant
from classic import regression_data
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, StandardScaler

FILES["digits"] = ("tests/reference/data/digits.csv", "digit")

N_PLACED = 60
RESOLUTION = 5
MARGIN = 0.05

STANDARD = [{"step": "scale", "columns": "numeric", "method": "standard"}]
MIN_MAX = [{"step": "scale", "columns": "numeric", "method": "min_max"}]

# Key, whether its target is a number, recipe, model, what the plane's numbers are seen through.
CASES = [
    ("iris", False, [], {"kind": "decision_tree"}, StandardScaler),
    ("iris", False, MIN_MAX, {"kind": "k_nearest_neighbors"}, MinMaxScaler),
    ("wine", False, STANDARD, {"kind": "logistic_regression"}, StandardScaler),
    ("breast_cancer", False, [], {"kind": "random_forest", "n_estimators": 5}, StandardScaler),
    ("diabetes", True, [], {"kind": "random_forest", "n_estimators": 5}, StandardScaler),
    ("diabetes", True, STANDARD, {"kind": "ridge"}, StandardScaler),
    ("digits", False, [], {"kind": "decision_tree"}, StandardScaler),
    ("digits", False, MIN_MAX, {"kind": "naive_bayes"}, MinMaxScaler),
]


def case(key, is_number, recipe, model, scaler):
    data, X, _ = regression_data(key) if is_number else numeric_data(key)
    scale = scaler().fit(X)
    seen = scale.transform(X)
    pca = PCA(n_components=2, svd_solver="full").fit(seen)
    values = pca.transform(seen)
    low, high = values.min(axis=0), values.max(axis=0)
    reach = (high - low) * MARGIN
    across, upwards = (np.linspace(low[k] - reach[k], high[k] + reach[k], RESOLUTION) for k in (0, 1))
    grid = np.array([[a, b] for b in upwards for a in across])
    return {
        "name": f"{key}, {model['kind']}",
        "task": "regression" if is_number else "classification",
        "data": data,
        "recipe": recipe,
        "model": model,
        "resolution": RESOLUTION,
        "is_standardised": not recipe,
        "shares": pca.explained_variance_ratio_,
        "loadings": [[float(c) for c in component[np.argsort(-np.abs(component), kind="stable")][:5]] for component in pca.components_],
        "points": significant(values[:N_PLACED]),
        "x_values": across,
        "y_values": upwards,
        "rows": [significant(row, 16) for row in scale.inverse_transform(pca.inverse_transform(grid))],
    }


if __name__ == "__main__":
    made_by = f"projection.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    save("projection.json", {"made_by": made_by, "cases": [case(*each) for each in CASES]})
