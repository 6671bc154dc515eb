"""Times scikit-learn's trees on one thread and prints JSON: `python sklearn_bench.py TREE.csv [REPEATS]`.

The CSV is the one the browser reads: columns f0 … f19, label, value. Only `fit` is timed, the best of the repeats counts.
"""

import json
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import sklearn
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

path, repeats = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
with open(path, encoding="utf-8") as lines:
    header = next(lines).strip().split(",")
    rows = [line.rstrip("\n").split(",") for line in lines]
features = [i for i, name in enumerate(header) if name.startswith("f")]
X = np.array([[float(row[i]) for i in features] for row in rows])
labels = np.array([row[header.index("label")] for row in rows])
values = np.array([float(row[header.index("value")]) for row in rows])

CASES = {
    "classification_full": (DecisionTreeClassifier, labels, {}),
    "classification_depth_10": (DecisionTreeClassifier, labels, {"max_depth": 10}),
    "regression_full": (DecisionTreeRegressor, values, {}),
}
result = {"version": sklearn.__version__, "n_rows": len(X), "n_features": X.shape[1], "cases": {}}
for name, (model_class, target, params) in CASES.items():
    best_ms = float("inf")
    for _ in range(repeats):
        model = model_class(random_state=0, **params)
        start = time.perf_counter()
        model.fit(X, target)
        best_ms = min(best_ms, 1000 * (time.perf_counter() - start))
    result["cases"][name] = {"fit_ms": best_ms, "n_nodes": model.tree_.node_count, "depth": model.get_depth()}
print(json.dumps(result))
