"""Writes measures.json. README.md has its format.

    python -m pip install -r requirements.txt
    python measures.py

Everything is deterministic; the same pins give the same bytes.
"""

import warnings

import numpy as np
import sklearn
from classic import regression_data
from generate import numeric_data, save
from sklearn.calibration import calibration_curve
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    matthews_corrcoef,
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    median_absolute_error,
    precision_recall_curve,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    roc_curve,
)
from sklearn.naive_bayes import GaussianNB

N_BINS = 10
N_RESAMPLES = 200
MASK = (1 << 64) - 1


# --- The bootstrap, with Vitrine's own draws ------------------------------------------------------------------------


def mix(bits):
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


def derive(seed, label):
    hashed = 0xCBF29CE484222325
    for byte in label.encode():
        hashed = ((hashed ^ byte) * 0x00000100000001B3) & MASK
    return mix((seed + mix(hashed)) & MASK)


def resamples(n, seed):
    """`N_RESAMPLES` lists of `n` rows, by SplitMix64 and Lemire's multiply-shift."""
    state = derive(seed, "bootstrap")
    rejected_below = (1 << 64) % n
    for _ in range(N_RESAMPLES):
        rows = []
        while len(rows) < n:
            state = (state + 0x9E3779B97F4A7C15) & MASK
            product = mix(state) * n
            if product & MASK >= rejected_below:
                rows.append(product >> 64)
        yield np.array(rows)


def intervals(measure, n, seed):
    drawn = [measure(rows) for rows in resamples(n, seed)]
    out = {}
    for name in drawn[0]:
        values = [values[name] for values in drawn if values[name] is not None]
        enough = len(values) >= (N_RESAMPLES + 1) // 2
        out[name] = np.percentile(values, [2.5, 97.5]).tolist() if enough else None
    return out


# --- Measures --------------------------------------------------------------------------------------------------------


def defined(value):
    return float(value) if np.isfinite(value) else None


def calibration_error(truth, probabilities):
    """scikit-learn has none: ten bins of the answered class's probability, an edge belonging to the bin below."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    bins = np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], confidence)
    right = predicted == truth
    gaps = [abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(N_BINS)]
    return sum(gaps) / len(truth)


def class_measures(truth, probabilities):
    n_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    ranked = [1] if n_classes == 2 else range(n_classes)
    inside = [truth == c for c in ranked]
    scores = [probabilities[:, c] for c in ranked]
    has_rows = all(i.any() for i in inside)
    has_both = has_rows and not any(i.all() for i in inside)
    onehot = np.eye(n_classes)[truth]
    # As scikit-learn's `brier_score_loss`, which refuses where a class is absent; `class_case` compares the two.
    brier = ((probabilities - onehot) ** 2).sum(axis=1).mean() / (2 if n_classes == 2 else 1)
    return {
        "accuracy": float((predicted == truth).mean()),
        "roc_auc": float(np.mean([roc_auc_score(i, s) for i, s in zip(inside, scores)])) if has_both else None,
        "average_precision": float(np.mean([average_precision_score(i, s) for i, s in zip(inside, scores)])) if has_rows else None,
        "matthews_corrcoef": float(matthews_corrcoef(truth, predicted)),
        "brier_score": float(brier),
        "expected_calibration_error": float(calibration_error(truth, probabilities)),
    }


def value_measures(truth, predicted):
    return {
        "r2": defined(r2_score(truth, predicted)) if len(truth) > 1 else None,
        "mae": float(mean_absolute_error(truth, predicted)),
        # scikit-learn divides by 2.2e-16 where the truth is 0.
        "mape": None if (truth == 0).any() else float(mean_absolute_percentage_error(truth, predicted)),
        "median_absolute_error": float(median_absolute_error(truth, predicted)),
        "max_error": float(max_error(truth, predicted)),
    }


def class_curves(inside, scores):
    curves = {}
    if inside.any() and not inside.all():
        fall_out, recall, _ = roc_curve(inside, scores, drop_intermediate=False)
        curves["roc"] = {"area": float(roc_auc_score(inside, scores)), "x": fall_out, "y": recall}
    if inside.any():
        precision, recall, _ = precision_recall_curve(inside, scores)
        curves["precision_recall"] = {"area": float(average_precision_score(inside, scores)), "x": recall[::-1], "y": precision[::-1]}
    for name, strategy in [("calibration", "uniform"), ("calibration_quantile", "quantile")]:
        observed, said = calibration_curve(inside, scores, n_bins=N_BINS, strategy=strategy, pos_label=True)
        curves[name] = {"x": said, "y": observed}
    return curves


def class_case(name, classes, truth, probabilities, with_intervals=True, with_curves=True):
    n_classes = len(classes)
    # What is written is what both sides read.
    probabilities = np.round(probabilities, 12)
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=range(n_classes), zero_division=np.nan
    )
    per_class = [
        {"precision": defined(p), "recall": defined(r), "f1": defined(f), "support": int(s)}
        for p, r, f, s in zip(precision, recall, f1, support)
    ]
    measures = class_measures(truth, probabilities)
    if len(set(truth)) == n_classes:
        own = brier_score_loss(truth, probabilities if n_classes > 2 else probabilities[:, 1])
        assert np.isclose(own, measures["brier_score"], rtol=1e-9), name
    case = {
        "name": name,
        "classes": list(classes),
        "truth": truth,
        "probabilities": probabilities,
        "measures": measures,
        "per_class": per_class,
    }
    if with_curves:
        case["curves"] = [class_curves(truth == c, probabilities[:, c]) for c in range(n_classes)]
    if with_intervals:
        case["seed"] = len(name)
        case["intervals"] = intervals(lambda rows: class_measures(truth[rows], probabilities[rows]), len(truth), case["seed"])
    return case


def value_case(name, truth, predicted, with_intervals=True):
    predicted = np.round(predicted, 9)
    case = {"name": name, "truth": truth, "predicted": predicted, "measures": value_measures(truth, predicted)}
    if with_intervals:
        case["seed"] = len(name)
        case["intervals"] = intervals(lambda rows: value_measures(truth[rows], predicted[rows]), len(truth), case["seed"])
    return case


def classification():
    models = [
        ("iris", GaussianNB()),
        ("wine", RandomForestClassifier(n_estimators=25, random_state=0)),
        ("breast_cancer", LogisticRegression(max_iter=10_000)),
        ("breast_cancer", RandomForestClassifier(n_estimators=10, random_state=0)),
    ]
    for key, model in models:
        _, X, y, classes = class_data(key)
        test = np.arange(len(y)) % 3 == 0
        model.fit(X[~test], y[~test])
        with_intervals = key != "breast_cancer" or isinstance(model, RandomForestClassifier)
        yield class_case(f"{key}, {type(model).__name__}", classes, y[test], model.predict_proba(X[test]), with_intervals)
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    yield class_case("one class among the rows", "ab", np.array([1, 1, 1]), p, False, False)
    yield class_case("one row", "ab", np.array([1]), p[:1], False, False)
    three = np.array([[0.5, 0.5, 0.0], [0.1, 0.6, 0.3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    yield class_case("a class without rows, never answered", "abc", np.array([0, 1, 0, 0]), three, False, False)
    yield class_case("all the same probability", "ab", np.array([0, 1, 1, 0]), np.full((4, 2), 0.5), False)
    edges = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0, 0.0, 0.3])
    yield class_case("on the edges of bins", "ab", np.array([0, 1, 0, 1, 1, 0, 1, 1, 0, 1]), np.column_stack([1 - edges, edges]), False)


def class_data(key):
    data, X, labels = numeric_data(key)
    classes, y = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return data, X, y, classes


def regression():
    for key, target in [("diabetes", None), ("penguins", "body_mass_g"), ("wine", "alcohol")]:
        _, X, y = regression_data(key, target)
        test = np.arange(len(y)) % 3 == 0
        model = RandomForestRegressor(n_estimators=10, random_state=0).fit(X[~test], y[~test])
        yield value_case(key, y[test], model.predict(X[test]))
    yield value_case("a zero among the targets", np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.5, 1.0, 2.5, 3.0]), False)
    yield value_case("negative targets", np.array([-1.0, -2.0, 4.0]), np.array([-1.5, -1.0, 5.0]), False)
    yield value_case("a constant target", np.full(5, 3.25), np.array([3.0, 3.25, 3.5, 3.25, 4.0]), False)
    yield value_case("one row", np.array([2.0]), np.array([2.5]), False)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    made_by = f"measures.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    save("measures.json", {"made_by": made_by, "classification": list(classification()), "regression": list(regression())})
