"""Writes the JSON files beside it: the numbers that Vitrine's engine must agree with. README.md has their format.

    python -m pip install -r requirements.txt
    python generate.py

Everything is seeded; the same pins give the same bytes.
"""

import json
import math
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from scipy.special import expit, softmax
from sklearn import metrics
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILE_BYTES_MAX = 300_000

FILES = {
    "iris": ("www/samples/iris.csv", "species"),
    "penguins": ("www/samples/penguins.csv", "species"),
    "abalone": ("www/samples/abalone.csv", "rings"),
    "homes": ("www/samples/secondhand_homes_zh.csv", None),
    "diabetes": ("tests/reference/data/diabetes.csv", "progression"),
    "wine": ("tests/reference/data/wine.csv", "class"),
    "breast_cancer": ("tests/reference/data/breast_cancer.csv", "class"),
}


# --- reading and writing -------------------------------------------------------------------------------------------


def plain(value):
    """Numpy to JSON; a number that is not finite becomes null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def save(name, content):
    content = {"made_by": f"generate.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}", **content}
    text = json.dumps(plain(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
    size_bytes = len(text.encode("utf-8"))
    assert size_bytes < FILE_BYTES_MAX, f"{name} has {size_bytes} bytes"
    (HERE / name).write_text(text, encoding="utf-8")
    print(f"{name}: {size_bytes} bytes")


def frame(key):
    """A CSV as data frame, each number the nearest double; what has leading zeros stays text."""
    table = pd.read_csv(ROOT / FILES[key][0], dtype=object, keep_default_na=False).replace("", np.nan)
    for column in table.columns:
        cells = table[column].dropna()
        if cells.str.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?").all():
            table[column] = [float(cell) for cell in table[column]]
    return table


def numeric_data(key):
    """`(description, X, y)`: the numeric columns without the target, rows with a missing cell in one of them dropped."""
    table = frame(key)
    path, target = FILES[key]
    features = [c for c in table.columns if c != target and pd.api.types.is_numeric_dtype(table[c])]
    table = table.dropna(subset=features + [target])
    data = {"file": path, "features": features, "target": target, "n_rows": len(table)}
    return data, table[features].to_numpy(float), table[target].to_numpy()


def significant(values, digits=13):
    """Floats cut to enough digits for a relative tolerance of 1e-12."""
    return [float(f"{x:.{digits}g}") for x in np.asarray(values, float).ravel()]


# --- random_state.json ---------------------------------------------------------------------------------------------


def random_state():
    cases = []
    for seed in [0, 1, 2, 3, 4, 5, 42]:
        ints = np.random.RandomState(seed)
        floats = np.random.RandomState(seed)
        words = np.random.RandomState(seed)
        cases.append(
            {
                "seed": seed,
                # The first of these seeds the tree's feature draws.
                "randint_0_2147483647": [ints.randint(0, 2147483647) for _ in range(5)],
                "random_sample": floats.random_sample(5),
                "first_words": words.randint(0, 2**32, size=5, dtype=np.uint32),
            }
        )

    # scikit-learn's xorshift stand-in for rand_r (sklearn/utils/_random.pxd), seeded as the splitter seeds it.
    def our_rand_r(state):
        state = state or 1
        state ^= (state << 13) & 0xFFFF_FFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFF_FFFF
        return state, state % 2147483648

    for case in cases:
        state, draws = case["randint_0_2147483647"][0], []
        for _ in range(5):
            state, draw = our_rand_r(state)
            draws.append(draw)
        case["rand_r"] = draws
    save("random_state.json", {"cases": cases})


# --- decision_tree_*.json ------------------------------------------------------------------------------------------


def tree_case(name, data, X, y, params, leaves=True, predictions=True):
    classify = y.dtype.kind in "OUT"
    model = (DecisionTreeClassifier if classify else DecisionTreeRegressor)(**params).fit(X, y)
    tree = model.tree_
    leaf = tree.children_left == -1
    case = {
        "name": name,
        "data": data,
        "params": params,
        "n_nodes": tree.node_count,
        "depth": model.get_depth(),
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": np.where(leaf, -1, tree.feature),
        "threshold": np.where(leaf, 0.0, tree.threshold),
        "n_samples": tree.n_node_samples,
        "impurity": significant(tree.impurity),
    }
    if classify:
        counts = tree.value[:, 0, :] * tree.n_node_samples[:, None]
        assert np.allclose(counts, counts.round(), atol=1e-6)
        case["classes"] = model.classes_
        case["counts"] = counts.round().astype(int)
        if predictions:
            case["predictions"] = np.searchsorted(model.classes_, model.predict(X))
    else:
        case["value"] = significant(tree.value[:, 0, 0])
        assert np.array_equal(model.predict(X), tree.value[model.apply(X), 0, 0])
    if leaves:
        case["leaf"] = model.apply(X)
    case["importances"] = significant(model.feature_importances_)
    return case


def decision_tree():
    classification, regression = [], []

    def add(cases, key, label, seeds=(0,), **params):
        data, X, y = numeric_data(key)
        y = y.astype(str) if cases is classification else y.astype(float)
        for seed in seeds:
            cases.append(tree_case(f"{key}, {label}, random_state {seed}", data, X, y, {**params, "random_state": seed}))

    seeds = (0, 1, 2, 3)
    add(classification, "iris", "gini, max_depth 3", (*seeds, 42), criterion="gini", max_depth=3)
    add(classification, "iris", "gini, full", seeds, criterion="gini")
    add(classification, "iris", "entropy, full", seeds, criterion="entropy")
    add(classification, "iris", "log_loss, max_depth 2", criterion="log_loss", max_depth=2)
    add(classification, "iris", "max_leaf_nodes 5", (0, 1), max_leaf_nodes=5)
    add(classification, "iris", "ccp_alpha 0.02", (0, 1), ccp_alpha=0.02)
    add(classification, "iris", "max_features sqrt", seeds, max_features="sqrt")
    add(classification, "penguins", "gini, max_depth 3", seeds, criterion="gini", max_depth=3)
    add(classification, "penguins", "gini, full", seeds, criterion="gini")
    add(classification, "penguins", "entropy, full", (0, 1), criterion="entropy")
    add(classification, "penguins", "min_samples_split 20", (0, 1), min_samples_split=20)
    add(classification, "penguins", "min_samples_split 0.1", min_samples_split=0.1)
    add(classification, "penguins", "min_samples_leaf 10", (0, 1), min_samples_leaf=10)
    add(classification, "penguins", "min_impurity_decrease 0.01", (0, 1), min_impurity_decrease=0.01)
    add(classification, "penguins", "max_leaf_nodes 8, entropy", (0, 1), max_leaf_nodes=8, criterion="entropy")
    add(classification, "wine", "gini, full", seeds, criterion="gini")
    add(classification, "wine", "entropy, max_depth 4", seeds, criterion="entropy", max_depth=4)
    add(classification, "breast_cancer", "gini, full", seeds, criterion="gini")
    add(classification, "breast_cancer", "entropy, min_samples_leaf 3", (0, 1), criterion="entropy", min_samples_leaf=3)
    add(classification, "breast_cancer", "ccp_alpha 0.005", (0, 1), ccp_alpha=0.005)
    add(classification, "breast_cancer", "max_features 5", (0, 1), max_features=5)
    add(classification, "breast_cancer", "max_leaf_nodes 12", (0, 1), max_leaf_nodes=12)

    add(regression, "diabetes", "max_depth 3", seeds, max_depth=3)
    add(regression, "diabetes", "full", (0, 1))
    add(regression, "diabetes", "min_samples_leaf 5", (0, 1), min_samples_leaf=5)
    add(regression, "diabetes", "min_samples_split 40", (0, 1), min_samples_split=40)
    add(regression, "diabetes", "max_leaf_nodes 15", (0, 1), max_leaf_nodes=15)
    add(regression, "diabetes", "min_impurity_decrease 20", (0, 1), min_impurity_decrease=20.0)
    add(regression, "diabetes", "ccp_alpha 50", (0, 1), ccp_alpha=50.0)
    add(regression, "diabetes", "max_features sqrt, max_depth 5", (0, 1), max_features="sqrt", max_depth=5)
    add(regression, "abalone", "max_depth 6", (0, 1), max_depth=6)

    # Deep on many rows: nodes only, to keep the file small.
    data, X, y = numeric_data("abalone")
    params = {"min_samples_leaf": 7, "random_state": 2}
    regression.append(tree_case("abalone, min_samples_leaf 7, random_state 2", data, X, y.astype(float), params, leaves=False))

    # Small shapes, written out: equal columns, a constant column, XOR, equal rows of two classes, one row.
    tiny = {
        "equal columns": ([[0, 0, 5], [1, 1, 5], [2, 2, 5], [3, 3, 5]], ["a", "a", "b", "b"]),
        "xor": ([[0, 0], [0, 1], [1, 0], [1, 1]], ["a", "b", "b", "a"]),
        "equal rows, two classes": ([[1, 2], [1, 2], [3, 4], [3, 4]], ["a", "b", "a", "b"]),
        "one class": ([[1], [2], [3]], ["a", "a", "a"]),
        "one row": ([[1.5, -2.5]], ["a"]),
        "constant columns": ([[7, 7], [7, 7], [7, 7]], ["a", "b", "b"]),
        "negative and huge": ([[-1e30], [-1.0], [0.0], [1e-30], [1.0], [1e30]], ["a", "b", "a", "b", "a", "b"]),
        "closer than 1e-7": ([[0.5], [0.5 + 1e-8], [0.5 + 2e-7], [1.0]], ["a", "b", "a", "b"]),
    }
    for name, (rows, labels) in tiny.items():
        X = np.array(rows, float)
        for seed in (0, 1):
            data = {"x": X, "y": labels}
            classification.append(tree_case(f"{name}, random_state {seed}", data, X, np.array(labels), {"random_state": seed}))
    X = np.array([[1, 4], [2, 3], [3, 2], [4, 1]], float)
    for name, y in {"a line": [1, 2, 3, 4], "constant target": [5, 5, 5, 5], "a step": [0, 0, 10, 10]}.items():
        for seed in (0, 1):
            data = {"x": X, "y": y}
            regression.append(tree_case(f"{name}, random_state {seed}", data, X, np.array(y, float), {"random_state": seed}))

    save("decision_tree_classification.json", {"cases": classification})
    save("decision_tree_regression.json", {"cases": regression})


# --- linear_regression.json ----------------------------------------------------------------------------------------

# J. W. Longley (1967), "An appraisal of least squares programs for the electronic computer from the point of view of
# the user", JASA 62, 819-841; the certified values are from NIST's Statistical Reference Datasets.
LONGLEY = {
    "features": ["x1", "x2", "x3", "x4", "x5", "x6"],
    "y": [60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761, 66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551],
    "x": [
        [83.0, 234289, 2356, 1590, 107608, 1947],
        [88.5, 259426, 2325, 1456, 108632, 1948],
        [88.2, 258054, 3682, 1616, 109773, 1949],
        [89.5, 284599, 3351, 1650, 110929, 1950],
        [96.2, 328975, 2099, 3099, 112075, 1951],
        [98.1, 346999, 1932, 3594, 113270, 1952],
        [99.0, 365385, 1870, 3547, 115094, 1953],
        [100.0, 363112, 3578, 3350, 116219, 1954],
        [101.2, 397469, 2904, 3048, 117388, 1955],
        [104.6, 419180, 2822, 2857, 118734, 1956],
        [108.4, 442769, 2936, 2798, 120445, 1957],
        [110.8, 444546, 4681, 2637, 121950, 1958],
        [112.6, 482704, 3813, 2552, 123366, 1959],
        [114.2, 502601, 3931, 2514, 125368, 1960],
        [115.7, 518173, 4806, 2572, 127852, 1961],
        [116.9, 554894, 4007, 2827, 130081, 1962],
    ],
    "certified": {
        "intercept": -3482258.63459582,
        "coefficients": [15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359, -0.511041056535807e-01, 1829.15146461355],
        "intercept_standard_error": 890420.383607373,
        "standard_errors": [84.9149257747669, 0.334910077722432e-01, 0.488399681651699, 0.214274163161675, 0.226073200069370, 455.478499142212],
        "residual_standard_deviation": 304.854073561965,
        "r2": 0.995479004577296,
    },
}


def check_longley():
    """Solves the normal equations in rational numbers and holds the certified digits against them."""
    X = [[Fraction(1)] + [Fraction(str(v)) for v in row] for row in LONGLEY["x"]]
    y = [Fraction(v) for v in LONGLEY["y"]]
    n = len(X[0])
    system = [[sum(r[i] * r[j] for r in X) for j in range(n)] + [Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    for i in range(n):
        pivot = system[i][i]
        system[i] = [v / pivot for v in system[i]]
        for k in range(n):
            if k != i:
                system[k] = [a - system[k][i] * b for a, b in zip(system[k], system[i])]
    inverse = [row[n:] for row in system]
    moments = [sum(r[i] * t for r, t in zip(X, y)) for i in range(n)]
    beta = [sum(a * b for a, b in zip(row, moments)) for row in inverse]
    residuals = sum((t - sum(a * b for a, b in zip(r, beta))) ** 2 for r, t in zip(X, y))
    variance = residuals / (len(X) - n)
    certified = LONGLEY["certified"]
    wanted = [certified["intercept"], *certified["coefficients"]]
    errors = [certified["intercept_standard_error"], *certified["standard_errors"]]
    for i in range(n):
        assert math.isclose(float(beta[i]), wanted[i], rel_tol=1e-13), (i, float(beta[i]), wanted[i])
        assert math.isclose(math.sqrt(float(variance * inverse[i][i])), errors[i], rel_tol=1e-13)
    mean = sum(y) / len(y)
    assert math.isclose(float(1 - residuals / sum((t - mean) ** 2 for t in y)), certified["r2"], rel_tol=1e-13)
    assert math.isclose(math.sqrt(float(variance)), certified["residual_standard_deviation"], rel_tol=1e-13)


def linear_case(name, data, X, y, **params):
    model = LinearRegression(**params).fit(X, y)
    predictions = model.predict(X)
    return {
        "name": name,
        "data": data,
        "params": params,
        "rank": model.rank_,
        "coefficients": model.coef_,
        "intercept": model.intercept_,
        "predictions": predictions[:20],
        "r2": metrics.r2_score(y, predictions) if len(y) > 1 else None,
        "rmse": metrics.root_mean_squared_error(y, predictions),
        "mae": metrics.mean_absolute_error(y, predictions),
    }


def linear_regression():
    cases = []
    for key in ("diabetes", "abalone"):
        data, X, y = numeric_data(key)
        cases.append(linear_case(key, data, X, y.astype(float)))
        cases.append(linear_case(f"{key}, no intercept", data, X, y.astype(float), fit_intercept=False))

    rng = np.random.RandomState(7)

    def written(X, y):
        return {"x": X, "y": y}

    # More features than rows: of all exact fits the one with the smallest coefficients (of the centred problem).
    X = rng.randint(-9, 10, size=(6, 10)).astype(float)
    y = rng.randint(-20, 21, size=6).astype(float)
    cases.append(linear_case("more features than rows", written(X, y), X, y))
    # Collinear: the third column is the sum of the first two, the fourth twice the first, the fifth constant.
    a, b = rng.randint(-9, 10, size=(2, 12)).astype(float)
    X = np.column_stack([a, b, a + b, 2 * a, np.full(12, 3.0)])
    y = 2 * a - b + rng.randint(-2, 3, size=12)
    cases.append(linear_case("collinear", written(X, y), X, y))
    # The same smallest-norm answers by a decomposition with a stated cut-off, so that rank is not a matter of luck.
    for case in cases[-2:]:
        X, y = np.array(case["data"]["x"]), np.array(case["data"]["y"])
        minimal = np.linalg.pinv(X - X.mean(0), rcond=1e-10) @ (y - y.mean())
        assert np.allclose(minimal, case["coefficients"], rtol=0, atol=1e-12), case["name"]
    # One row, one feature, a constant target.
    X = np.array([[2.0, 3.0]])
    cases.append(linear_case("one row", written(X, [5.0]), X, np.array([5.0])))
    X = np.arange(5.0)[:, None]
    cases.append(linear_case("constant target", written(X, [4.0] * 5), X, np.full(5, 4.0)))
    cases.append(linear_case("an exact line", written(X, 1 + 2 * X[:, 0]), X, 1 + 2 * X[:, 0]))

    check_longley()
    save("linear_regression.json", {"cases": cases, "longley": LONGLEY})


# --- logistic_regression.json --------------------------------------------------------------------------------------


def logistic_gradient(X, onehot, W, b, C):
    """Gradient of C · Σ log-loss + ½‖W‖² for softmax, the intercepts free."""
    residual = softmax(X @ W.T + b, axis=1) - onehot
    return C * residual.T @ X + W, C * residual.sum(0)


def binary_gradient(X, t, w, b, C):
    residual = expit(X @ w + b) - t
    return C * X.T @ residual + w, C * residual.sum()


def polished(X, y, classes, C, coef, intercept):
    """A few of our own Newton steps from scikit-learn's answer, until the gradient is at rounding level."""
    n, p = X.shape
    A = np.column_stack([X, np.ones(n)])
    k = 1 if len(classes) == 2 else len(classes)
    theta = np.column_stack([coef, intercept])
    ridge = np.append(np.ones(p), 0.0)
    onehot = (y[:, None] == classes[None, :]).astype(float)

    def gradient(theta):
        if k == 1:
            gw, gb = binary_gradient(X, onehot[:, 1], theta[0, :-1], theta[0, -1], C)
            return np.append(gw, gb)[None, :]
        gw, gb = logistic_gradient(X, onehot, theta[:, :-1], theta[:, -1], C)
        return np.column_stack([gw, gb])

    for _ in range(20):
        g = gradient(theta)
        if k == 1:
            P = expit(A @ theta[0])
            H = C * (A * (P * (1 - P))[:, None]).T @ A + np.diag(ridge)
        else:
            P = softmax(A @ theta.T, axis=1)
            H = np.zeros((k * (p + 1), k * (p + 1)))
            for i in range(k):
                for j in range(k):
                    w = P[:, i] * ((i == j) - P[:, j])
                    block = C * (A * w[:, None]).T @ A + (i == j) * np.diag(ridge)
                    H[i * (p + 1) : (i + 1) * (p + 1), j * (p + 1) : (j + 1) * (p + 1)] = block
            # A constant added to all intercepts changes nothing: pin their sum.
            ones = np.tile(np.append(np.zeros(p), 1.0), k)
            H += C * np.outer(ones, ones)
        theta = theta - np.linalg.solve(H, g.ravel()).reshape(theta.shape)
    if k > 1:
        theta[:, -1] -= theta[:, -1].mean()
    return theta[:, :-1], theta[:, -1], np.abs(gradient(theta)).max()


def logistic_case(name, data, X, y, C):
    raw = X
    mean, scale = None, None
    if data.get("standardised"):
        mean, scale = X.mean(0), X.std(0)
        X = (X - mean) / scale
    best = None
    for solver in ("newton-cholesky", "lbfgs"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression(C=C, tol=1e-12, solver=solver, max_iter=100_000).fit(X, y)
        coef, intercept, gradient = polished(X, y, model.classes_, C, model.coef_, model.intercept_)
        theirs = model.intercept_ - (model.intercept_.mean() if len(model.classes_) > 2 else 0.0)
        apart = max(np.abs(coef - model.coef_).max() / np.abs(coef).max(), np.abs(intercept - theirs).max() / np.abs(intercept).max())
        if best is None or apart < best[0]:
            best = (apart, solver, coef, intercept, gradient, model)
    apart, solver, coef, intercept, gradient, model = best
    assert gradient < 1e-9 * max(1.0, C), (name, gradient)
    assert apart < 1e-6, (name, solver, apart)
    logits = X @ coef.T + intercept
    probabilities = softmax(logits, axis=1) if len(model.classes_) > 2 else np.column_stack([expit(-logits), expit(logits)])
    rows = list(range(0, len(X), max(1, len(X) // 15)))[:15]
    predicted = model.classes_[probabilities.argmax(1)]
    print(f"  {name}: {solver} apart {apart:.1e}, gradient {gradient:.1e}")
    case = {
        "name": name,
        "data": data,
        "params": {"C": C},
        "classes": model.classes_,
        "coefficients": coef,
        "intercept": intercept,
        "gradient_max": float(f"{gradient:.1e}"),
        "scikit_learn_apart": float(f"{apart:.1e}"),
        "rows": rows,
        "probabilities": probabilities[rows],
        "accuracy": metrics.accuracy_score(y, predicted),
        "log_loss": metrics.log_loss(y, probabilities, labels=model.classes_),
    }
    if mean is not None:
        case["mean"], case["scale"] = mean, scale
        # The same model for raw columns.
        case["raw_coefficients"] = coef / scale
        case["raw_intercept"] = intercept - (coef / scale) @ mean
        assert np.allclose(raw @ (coef / scale).T + case["raw_intercept"], logits, rtol=1e-8, atol=1e-8)
    return case


def logistic_regression():
    cases = []
    for key, standardised in (("iris", False), ("iris", True), ("breast_cancer", True), ("penguins", True)):
        for C in (0.1, 1.0, 100.0):
            data, X, y = numeric_data(key)
            data = {**data, "standardised": standardised}
            name = f"{key}{', standardised' if standardised else ''}, C {C:g}"
            cases.append(logistic_case(name, data, X, y.astype(str), C))
    # Two classes on raw columns, and separable data that only the penalty holds back.
    data, X, y = numeric_data("iris")
    keep = y != "setosa"
    cases.append(logistic_case("iris without setosa, C 1", {**data, "without_class": "setosa", "n_rows": int(keep.sum())}, X[keep], y[keep].astype(str), 1.0))
    X = np.array([[0.0], [1.0], [3.0], [4.0]])
    y = np.array(["no", "no", "yes", "yes"])
    cases.append(logistic_case("separable, C 1", {"x": X, "y": y}, X, y, 1.0))
    save("logistic_regression.json", {"cases": cases})


# --- preprocess.json -----------------------------------------------------------------------------------------------


def preprocess():
    cases = []

    def add(step, data, train, test, fitted, fit_result, test_result, **params):
        cases.append({"step": step, "params": params, "data": data, "train_rows": train, "test_rows": test, "fitted": fitted, "train": fit_result, "test": test_result})

    def cells(table):
        return [[None if pd.isna(v) else v for v in row] for row in table.to_numpy(object)]

    penguins, abalone = frame("penguins"), frame("abalone")
    train, test = list(range(3, 336, 7)), [0, 24, 50, 100, 151, 200, 251, 271, 300, 330, 339, 340]
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    names = ["species", "island", "sex"]
    data = {"file": FILES["penguins"][0], "columns": numbers}
    fit, apply = penguins.iloc[train][numbers], penguins.iloc[test][numbers]
    assert fit.isna().any().any() and apply.isna().any().any(), "both parts need a missing cell"

    for strategy, more in (("mean", {}), ("median", {}), ("most_frequent", {}), ("constant", {"fill_value": -1.5})):
        step = SimpleImputer(strategy=strategy, **more).fit(fit.to_numpy(float))
        add("impute", data, train, test, {"fill": step.statistics_}, step.transform(fit.to_numpy(float)), step.transform(apply.to_numpy(float)), strategy=strategy, **more)
    text = {"file": FILES["penguins"][0], "columns": names}
    for strategy, more in (("most_frequent", {}), ("constant", {"fill_value": "unknown"})):
        fit_names, apply_names = penguins.iloc[train][names].astype(object), penguins.iloc[test][names].astype(object)
        step = SimpleImputer(strategy=strategy, missing_values=np.nan, **more).fit(fit_names)
        add("impute", text, train, test, {"fill": list(step.statistics_)}, step.transform(fit_names), step.transform(apply_names), strategy=strategy, **more)

    # Scalers leave missing cells missing, learn from the present ones.
    scalers = {
        "min_max": (MinMaxScaler(), lambda s: {"min": s.data_min_, "max": s.data_max_, "scale": s.data_range_}),
        "standard": (StandardScaler(), lambda s: {"mean": s.mean_, "scale": s.scale_}),
        "robust": (RobustScaler(), lambda s: {"median": s.center_, "iqr": s.scale_}),
        "max_abs": (MaxAbsScaler(), lambda s: {"max_abs": s.max_abs_}),
    }
    shells = ["length", "height", "whole_weight", "rings"]
    shell_train, shell_test = list(range(0, 4177, 97)), list(range(50, 4177, 291))
    edge = pd.DataFrame({"constant": [4.0] * 6, "zero": [0.0] * 6, "sign": [-3.0, -1.0, 0.0, 1.0, 2.0, 10.0], "nearly_constant_iqr": [5.0, 5.0, 5.0, 5.0, 5.0, 9.0]})
    for method, (step, fitted) in scalers.items():
        for source, columns, tr, te, where in (
            (penguins, numbers, train, test, {"file": FILES["penguins"][0], "columns": numbers}),
            (abalone, shells, shell_train, shell_test, {"file": FILES["abalone"][0], "columns": shells}),
            (edge, list(edge.columns), [0, 1, 2, 3, 4, 5], [0, 5], {"columns": list(edge.columns), "x": edge.to_numpy()}),
        ):
            a, b = source.iloc[tr][columns].to_numpy(float), source.iloc[te][columns].to_numpy(float)
            step.fit(a)
            add("scale", where, tr, te, fitted(step), step.transform(a), step.transform(b), method=method)

    # Encoders, on rows without missing names; the test part has one unseen island.
    complete = penguins.dropna(subset=names)
    fit_names = complete[names].iloc[:200:9]  # Adelie alone and a Chinstrap or two: Gentoo is unseen
    unseen = complete[names].iloc[5:333:41]
    tr, te = fit_names.index.tolist(), unseen.index.tolist()
    assert not set(unseen["species"]) <= set(fit_names["species"])
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(fit_names)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(fit_names)
    where = {"file": FILES["penguins"][0], "columns": names}
    add("encode", where, tr, te, {"categories": [list(c) for c in one_hot.categories_], "feature_names": list(one_hot.get_feature_names_out())}, one_hot.transform(fit_names).astype(int), one_hot.transform(unseen).astype(int), method="one_hot", handle_unknown="ignore")
    add("encode", where, tr, te, {"categories": [list(c) for c in ordinal.categories_]}, ordinal.transform(fit_names).astype(int), ordinal.transform(unseen).astype(int), method="ordinal", unseen_is=-1)

    a, b = abalone.iloc[shell_train][shells].to_numpy(float), abalone.iloc[shell_test][shells].to_numpy(float)
    where = {"file": FILES["abalone"][0], "columns": shells}
    add("log1p", where, shell_train, shell_test, {}, np.log1p(a), np.log1p(b))
    for degree, interaction_only in ((2, False), (2, True), (3, False), (3, True)):
        step = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=False).fit(a)
        few = shell_train[:8], shell_test[:4]
        add("polynomial", where, *few, {"feature_names": list(step.get_feature_names_out(shells)), "powers": step.powers_}, step.transform(a[:8]), step.transform(b[:4]), degree=degree, interaction_only=interaction_only)
    for lower, upper in ((0.05, 0.95), (0.0, 0.5)):
        low, high = np.quantile(a, [lower, upper], axis=0)
        add("clip", where, shell_train, shell_test, {"low": low, "high": high}, np.clip(a, low, high), np.clip(b, low, high), lower_quantile=lower, upper_quantile=upper)
    save("preprocess.json", {"cases": cases})


# --- metrics.json --------------------------------------------------------------------------------------------------


def classification_case(name, classes, truth, probabilities, predicted=None):
    """`truth` and `predicted` are positions in `classes`. What scikit-learn refuses or warns about is null."""
    truth, probabilities = np.array(truth), np.array(probabilities, float)
    predicted = probabilities.argmax(1) if predicted is None else np.array(predicted)
    labels = np.arange(len(classes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if len(classes) == 2:
                auc = metrics.roc_auc_score(truth, probabilities[:, 1])
            else:
                auc = metrics.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro", labels=labels)
        except (ValueError, Warning):
            auc = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        present = np.unique(np.concatenate([truth, predicted]))
        return {
            "name": name,
            "classes": classes,
            "truth": truth,
            "predicted": predicted,
            "probabilities": probabilities,
            "accuracy": metrics.accuracy_score(truth, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
            "f1_macro": metrics.f1_score(truth, predicted, average="macro", labels=present, zero_division=0),
            "f1_macro_all_classes": metrics.f1_score(truth, predicted, average="macro", labels=labels, zero_division=0),
            "log_loss": metrics.log_loss(truth, probabilities, labels=labels) if len(classes) > 1 else None,
            "roc_auc": auc,
            "confusion": metrics.confusion_matrix(truth, predicted, labels=labels),
        }


def regression_case(name, truth, predicted):
    truth, predicted = np.array(truth, float), np.array(predicted, float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        r2 = metrics.r2_score(truth, predicted)
    return {
        "name": name,
        "truth": truth,
        "predicted": predicted,
        "r2": r2,
        "rmse": metrics.root_mean_squared_error(truth, predicted),
        "mae": metrics.mean_absolute_error(truth, predicted),
    }


def metric_values():
    rng = np.random.RandomState(11)

    def scored(truth, n_classes, strength):
        logits = rng.normal(size=(len(truth), n_classes))
        logits[np.arange(len(truth)), truth] += strength
        return softmax(logits, axis=1).round(4) + 0.0

    def normalised(p):
        return p / p.sum(1, keepdims=True)

    binary, three = rng.randint(0, 2, 60), rng.choice(3, 90, p=[0.6, 0.3, 0.1])
    ties = np.array([[0.5, 0.5], [0.5, 0.5], [0.25, 0.75], [0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])
    classification = [
        classification_case("two classes", ["a", "b"], binary, normalised(scored(binary, 2, 1.0))),
        classification_case("three classes, unbalanced", ["a", "b", "c"], three, normalised(scored(three, 3, 1.2))),
        classification_case("all right", ["a", "b"], [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.0, 1.0], [1.0, 0.0]]),
        classification_case("all wrong and certain", ["a", "b"], [0, 1], [[0.0, 1.0], [1.0, 0.0]]),
        classification_case("tied scores", ["a", "b"], [0, 1, 1, 0, 0, 1], ties),
        classification_case("a class never predicted", ["a", "b", "c"], [0, 1, 2, 0, 1, 2], normalised(np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2], [0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.6, 0.2]]))),
        classification_case("a class absent from the truth", ["a", "b", "c"], [0, 1, 1, 0], normalised(np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.7, 0.2, 0.1]]))),
        classification_case("one class in the truth", ["a", "b"], [1, 1, 1], [[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]]),
        classification_case("one row", ["a", "b"], [0], [[0.75, 0.25]]),
    ]
    truth = rng.normal(20, 5, 50).round(3)
    regression = [
        regression_case("noisy", truth, (truth + rng.normal(0, 2, 50)).round(3)),
        regression_case("exact", truth[:5], truth[:5]),
        regression_case("the mean", [1, 2, 3, 6], [3, 3, 3, 3]),
        regression_case("worse than the mean", [1, 2, 3], [3, 2, 1]),
        regression_case("constant truth, exact", [4, 4, 4], [4, 4, 4]),
        regression_case("constant truth, missed", [4, 4, 4], [4, 5, 3]),
        regression_case("one row", [4], [5]),
        regression_case("large offset", [1e9 + 1, 1e9 + 2, 1e9 + 4], [1e9 + 1.5, 1e9 + 2, 1e9 + 3]),
    ]
    save("metrics.json", {"classification": classification, "regression": regression})


# --- quantiles.json ------------------------------------------------------------------------------------------------


def quantile_case(name, data, values):
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    q1, median, q3 = np.percentile(values, [25, 50, 75], method="linear")
    return {
        "name": name,
        "data": data,
        "n": len(values),
        "n_distinct": len(np.unique(values)),
        "mean": values.mean(),
        "std_population": values.std(ddof=0),
        "std": values.std(ddof=1) if len(values) > 1 else None,
        "min": values.min(),
        "q1": q1,
        "median": median,
        "q3": q3,
        "max": values.max(),
    }


def quantiles():
    cases = []
    for key in ("iris", "penguins", "abalone", "homes"):
        table = frame(key)
        for column in table.columns:
            if pd.api.types.is_numeric_dtype(table[column]):
                described = table[column].describe()
                case = quantile_case(f"{key}, {column}", {"file": FILES[key][0], "column": column}, table[column])
                assert np.allclose([case["std"], case["q1"], case["q3"]], described[["std", "25%", "75%"]], rtol=1e-12)
                cases.append({**case, "n_missing": int(table[column].isna().sum())})
    for name, values in {
        "one value": [5],
        "two values": [1, 2],
        "three values": [3, 1, 2],
        "four values": [1, 2, 3, 4],
        "constant": [7, 7, 7, 7],
        "large offset": [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16],
        "negative zero": [-0.0, 0.0, 1.0],
        "far apart": [-1e300, 0.0, 1e-300, 1e300],
    }.items():
        with np.errstate(over="ignore"):
            cases.append({**quantile_case(name, {"x": values}, values), "n_missing": 0})
    save("quantiles.json", {"cases": cases})


if __name__ == "__main__":
    random_state()
    decision_tree()
    linear_regression()
    logistic_regression()
    preprocess()
    metric_values()
    quantiles()
