"""Writes weighed_nets.json: scikit-learn's losses, gradients and training curves of nets whose rows have weights.
README.md has the format.

    python -m pip install torch numpy scikit-learn
    python weighed_nets.py

First weights are the engine's own, as in mlp.py; rows come in their order.
"""

import csv
import json
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlp import FILES, HERE, ROOT, initial

warnings.simplefilter("ignore", ConvergenceWarning)
WEIGHTS = np.array([0.25, 2.0, 1.0, 0.5, 3.0, 1.5, 0.0])


def weights_of(n_rows, n_kinds):
    """No pattern that goes with the classes, which some files are sorted by."""
    return WEIGHTS[(np.arange(n_rows) ** 2 + np.arange(n_rows) // 3) % n_kinds]


class Told:
    """First weights are given, and of each batch the loss without penalties is kept."""

    def _init_coef(self, fan_in, fan_out, dtype):
        return self.given.pop(0).astype(dtype), np.zeros(fan_out, dtype)

    def _backprop(self, X, y, sample_weight, *others):
        squares = sum((coef**2).sum() for coef in self.coefs_)
        loss, *grads = super()._backprop(X, y, sample_weight, *others)
        total = sample_weight.sum()
        self.batches.append((loss * total - 0.5 * self.alpha * squares, total))
        return loss, *grads


class Classifier(Told, MLPClassifier):
    pass


class Regressor(Told, MLPRegressor):
    pass


def estimator(n_classes, weights, **params):
    fitted = (Classifier if n_classes else Regressor)(**params, nesterovs_momentum=False, shuffle=False, early_stopping=False)
    fitted.given, fitted.batches = list(weights), []
    return fitted


def passes():
    cases = []
    draw = np.random.default_rng(11)
    for activation in ("relu", "tanh", "logistic", "identity"):
        for n_classes in (0, 2, 3):
            n_rows, sizes = 12, [4, 5, 3, n_classes if n_classes > 2 else 1]
            shapes = list(zip(sizes, sizes[1:]))
            weights = [draw.normal(0, 0.8, shape).astype(np.float32).astype(float) for shape in shapes]
            biases = [draw.normal(0, 0.3, n_out).astype(np.float32).astype(float) for _, n_out in shapes]
            x = draw.normal(0, 1, (n_rows, 4)).astype(np.float32).astype(float)
            y = draw.normal(0, 1, n_rows).astype(np.float32).astype(float) if n_classes == 0 else np.arange(n_rows) % n_classes
            own = weights_of(n_rows, 7)
            l2 = 0.3 if activation in ("relu", "tanh") else 0.0
            net = estimator(n_classes, weights, hidden_layer_sizes=(5, 3), activation=activation, alpha=l2, max_iter=1)
            # Fitted once for its shapes; what it learned is put back.
            net.fit(x, y, sample_weight=own)
            net.coefs_, net.intercepts_ = weights, biases
            net.batches.clear()
            target = net._label_binarizer.transform(y) if n_classes else y.reshape(-1, 1)
            grads = [np.empty_like(weight) for weight in weights], [np.empty_like(bias) for bias in biases]
            _, *slopes = net._backprop(x, target, own, [x] + [None] * len(shapes), [None] * len(shapes), *grads)
            total, weight = net.batches[0]
            layers = lambda weights, biases: [{"weights": w.flatten().tolist(), "biases": b.tolist()} for w, b in zip(weights, biases)]
            cases.append(
                {
                    "name": f"{activation}, {n_classes} classes",
                    "activation": activation,
                    "n_classes": n_classes,
                    "sample_weight": own.tolist(),
                    "l2": l2,
                    "l1": 0.0,
                    "x": x.tolist(),
                    "y": y.tolist(),
                    "layers": layers(weights, biases),
                    "loss": total / weight,
                    "gradients": layers(*slopes),
                }
            )
    return cases


CURVES = [
    ("breast_cancer", {"solver": "sgd", "hidden_layer_sizes": [12], "activation": "tanh", "learning_rate_init": 0.05}),
    ("wine", {"solver": "adam", "hidden_layer_sizes": [16, 8], "activation": "relu", "learning_rate_init": 0.005, "alpha": 0.5}),
    ("diabetes", {"solver": "adam", "hidden_layer_sizes": [12, 6], "activation": "logistic", "learning_rate_init": 0.01, "alpha": 0.1}),
    # One batch, and rows that count nothing.
    ("breast_cancer", {"solver": "adam", "hidden_layer_sizes": [8], "activation": "relu", "learning_rate_init": 0.01, "batch_size": 569}),
    ("wine", {"solver": "sgd", "hidden_layer_sizes": [10], "activation": "tanh", "learning_rate_init": 0.1, "batch_size": 178}),
    ("diabetes", {"solver": "sgd", "hidden_layer_sizes": [10], "activation": "tanh", "learning_rate_init": 0.1, "batch_size": 442, "alpha": 1.0}),
]


def curves():
    cases = []
    for key, given in CURVES:
        path, target = FILES[key]
        with open(ROOT / path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        features = [name for name in rows[0] if name != target]
        X = np.array([[float(row[name]) for name in features] for row in rows])
        labels = [row[target] for row in rows]
        n_classes = 0 if key == "diabetes" else len(set(labels))
        y = np.array([float(label) for label in labels]) if n_classes == 0 else np.array(labels)
        mean, scale = X.mean(axis=0), X.std(axis=0)
        params = {"max_iter": 20, "batch_size": 32, "alpha": 1e-4, "tol": 0.0, "n_iter_no_change": 1000, **given}
        own = weights_of(len(X), 6 if params["batch_size"] == 32 else 7)
        seed = len(cases) + 1
        # Numbers to be learned are standardised, a weight being a number of rows.
        center = np.average(y, weights=own) if n_classes == 0 else 0.0
        spread = np.sqrt(np.average((y - center) ** 2, weights=own)) if n_classes == 0 else 1.0
        n_outputs = n_classes if n_classes > 2 else 1
        net = estimator(n_classes, initial(params, X.shape[1], n_outputs, seed), **params)
        x = ((X - mean) / scale).astype(np.float32).astype(float)
        net.fit(x, (y - center) / spread if n_classes == 0 else y, sample_weight=own)
        batches = np.array(net.batches).reshape(params["max_iter"], -1, 2).sum(axis=1)
        losses = batches[:, 0] / batches[:, 1] * spread**2
        answers = net.predict(x) * spread + center if n_classes == 0 else net.predict_proba(x)
        print(f"{key} {params['solver']}: {losses[0]:.4f} -> {losses[-1]:.4f}")
        cases.append(
            {
                "name": f"{key}, {params}",
                "data": {"file": path, "features": features, "target": target, "n_rows": len(X)},
                "mean": mean.tolist(),
                "scale": scale.tolist(),
                "n_classes": n_classes,
                "sample_weight": own.tolist(),
                "params": {**params, "shuffle": False, "random_state": seed},
                "losses": losses.tolist(),
                "answers": answers[:40].flatten().tolist(),
            }
        )
    return cases


def main():
    made_by = f"weighed_nets.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    text = json.dumps({"made_by": made_by, "passes": passes(), "curves": curves()}, separators=(",", ":"))
    (HERE / "weighed_nets.json").write_text(text + "\n", encoding="utf-8")
    print(f"weighed_nets.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
