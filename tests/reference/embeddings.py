"""Writes embeddings.json: PyTorch's losses, gradients and training curves of the model `mlp` with `embedding_dim`.
README.md has the format.

    python -m pip install torch numpy
    python embeddings.py

First weights and the order of the rows are the engine's own, as mlp.py repeats them.
"""

import csv
import json
import math

import numpy as np
import torch

import mlp
from mlp import HERE, ROOT, Rng, at, derive, initial, layers_of, loss_of


class Net(mlp.Net):
    """Behind the numbers of a row stand the vectors of its categories; a code that is none has the vector of zeros."""

    def __init__(self, vectors, categories, weights, activation, batch_norm):
        super().__init__(weights, activation, batch_norm)
        self.categories = categories
        self.vectors = torch.nn.ModuleList()
        for given in vectors:
            n_codes, dim = given.shape
            embedding = torch.nn.Embedding(n_codes + 1, dim, padding_idx=n_codes)
            with torch.no_grad():
                embedding.weight[:n_codes] = torch.from_numpy(given)
            self.vectors.append(embedding)

    def forward(self, x):
        others = [at for at in range(x.shape[1]) if at not in self.categories]
        parts = [x[:, others]] if others else []
        for feature, embedding in zip(self.categories, self.vectors):
            code, n_codes = x[:, feature].long(), embedding.num_embeddings - 1
            parts.append(embedding(torch.where((code >= 0) & (code < n_codes), code, n_codes)))
        return super().forward(torch.cat(parts, dim=1))

    def weights(self):
        """The row that stands for codes that are none is no weight."""
        return [embedding.weight[:-1] for embedding in self.vectors] + [linear.weight for linear in self.linears]


def vectors_of(net, of):
    return [of(embedding.weight)[:-1].flatten().tolist() for embedding in net.vectors]


def penalty(net, l2, l1):
    return 0.5 * l2 * sum((w**2).sum() for w in net.weights()) + l1 * sum(w.abs().sum() for w in net.weights())


def passes():
    """In f64 from f32 numbers: what exact arithmetic gives."""
    cases = []
    draw = np.random.default_rng(13)
    for activation in ("relu", "tanh"):
        for n_classes in (0, 2, 3):
            for batch_norm in (False, True):
                # Without batch norm every feature is a category.
                n_inputs, categories = (5, {1: 3, 4: 4}) if batch_norm else (2, {0: 4, 1: 2})
                n_rows, dim = 12, 3 if batch_norm else 2
                sizes = [n_inputs + len(categories) * (dim - 1), 5, 3, n_classes if n_classes > 2 else 1]
                vectors = [draw.normal(0, 0.8, (n_codes, dim)).astype(np.float32) for n_codes in categories.values()]
                weights = [draw.normal(0, 0.8, shape).astype(np.float32) for shape in zip(sizes, sizes[1:])]
                net = Net(vectors, list(categories), weights, activation, batch_norm)
                with torch.no_grad():
                    for linear in net.linears:
                        linear.bias.copy_(torch.from_numpy(draw.normal(0, 0.3, linear.bias.shape).astype(np.float32)))
                net.double()
                x = draw.normal(0, 1, (n_rows, n_inputs)).astype(np.float32).astype(float)
                for feature, n_codes in categories.items():
                    # The last code is of no row, and one row has a code that is none.
                    x[:, feature] = draw.integers(0, n_codes - 1, n_rows)
                x[5, list(categories)[0]] = -1
                y = draw.normal(0, 1, n_rows).astype(np.float32).astype(float) if n_classes == 0 else np.arange(n_rows) % n_classes
                l2, l1 = (0.3, 0.05) if batch_norm else (0.0, 0.0)
                front, layers = vectors_of(net, lambda p: p.detach()), layers_of(net, lambda p: p.detach())
                net.eval()
                scores = net(torch.from_numpy(x)).detach().flatten().tolist()
                net.train()
                loss = loss_of(net(torch.from_numpy(x)), torch.from_numpy(y), n_classes, None)
                (loss + penalty(net, l2, l1) / n_rows).backward()
                cases.append(
                    {
                        "name": f"{activation}, {n_classes} classes{', batch norm' if batch_norm else ''}",
                        "activation": activation,
                        "n_inputs": n_inputs,
                        "dim": dim,
                        "categories": list(categories.items()),
                        "n_classes": n_classes,
                        "l2": l2,
                        "l1": l1,
                        "x": x.tolist(),
                        "y": y.tolist(),
                        "front": front,
                        "layers": layers,
                        "scores": scores,
                        "loss": loss.item(),
                        "front_gradients": vectors_of(net, lambda p: p.grad),
                        "gradients": layers_of(net, lambda p: p.grad),
                    }
                )
    return cases


# --- training curves -----------------------------------------------------------------------------------------------

FILES = {
    "abalone": ("www/samples/abalone.csv", 1000),
    "penguins": ("www/samples/penguins.csv", None),
    "weather": ("tests/reference/data/seattle_weather.csv", 730),
}

CURVES = [
    ("abalone", "rings", ["sex"], ["length", "height", "whole_weight", "shell_weight"], {"solver": "adam", "hidden_layer_sizes": [12], "embedding_dim": 2, "learning_rate_init": 0.005}),
    ("penguins", "species", ["island", "sex"], ["bill_length_mm", "body_mass_g"], {"solver": "sgd", "hidden_layer_sizes": [10, 6], "embedding_dim": 3, "activation": "tanh", "learning_rate_init": 0.05}),
    ("penguins", "sex", ["species", "island"], ["bill_depth_mm", "body_mass_g"], {"solver": "sgd", "hidden_layer_sizes": [8], "embedding_dim": 4, "batch_norm": True, "l1": 0.01, "learning_rate_init": 0.02}),
    ("weather", "temp_max", ["weather"], ["precipitation", "wind"], {"solver": "adamw", "hidden_layer_sizes": [16], "embedding_dim": 5, "alpha": 0.1, "activation": "gelu", "learning_rate_init": 0.005}),
]

DEFAULTS = {"activation": "relu", "batch_norm": False, "alpha": 1e-4, "l1": 0.0, "momentum": 0.9}


def table(key, target, features):
    path, n_rows = FILES[key]
    with open(ROOT / path, encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if all(row[name] for name in [*features, target])]
    return path, rows[:n_rows]


def codes(rows, name):
    names = sorted({row[name] for row in rows})
    return np.array([names.index(row[name]) for row in rows]), len(names)


def train(X, y, n_classes, categories, given, dtype, seed):
    params = {**DEFAULTS, **given}
    n_rows, dim = len(X), params["embedding_dim"]
    rng, bound = Rng(derive(seed, "front")), math.sqrt(3)
    drawn = lambda n_codes: np.array([(rng.uniform() * 2 - 1) * bound for _ in range(n_codes * dim)])
    vectors = [drawn(n_codes).astype(np.float32).reshape(n_codes, dim) for _, n_codes in categories]
    n_features = X.shape[1] + len(categories) * (dim - 1)
    weights = initial(params, n_features, n_classes if n_classes > 2 else 1, seed)
    net = Net(vectors, [feature for feature, _ in categories], weights, params["activation"], params["batch_norm"]).to(dtype)
    x = torch.from_numpy(X.astype(np.float32)).to(dtype)
    mean, deviation = (y.mean(), y.std()) if n_classes == 0 else (0.0, 1.0)
    target = torch.from_numpy(((y - mean) / deviation).astype(np.float32)).to(dtype) if n_classes == 0 else torch.from_numpy(y)
    weights = [p.weight for p in [*net.vectors, *net.linears]]
    others = [p for p in net.parameters() if all(p is not weight for weight in weights)]
    rate, decay = params["learning_rate_init"], params["alpha"]
    match params["solver"]:
        case "adam":
            step = torch.optim.Adam(net.parameters(), lr=rate)
        case "adamw":
            step = torch.optim.AdamW([{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}], lr=rate)
        case "sgd":
            step = torch.optim.SGD(net.parameters(), lr=rate, momentum=params["momentum"])
    losses, size = [], params["batch_size"]
    for epoch in range(params["max_iter"]):
        order, total = list(range(n_rows)), 0.0
        Rng(at(derive(seed, "batches"), epoch)).shuffle(order)
        for start in range(0, n_rows, size):
            rows = order[start : start + size]
            loss = loss_of(net(x[rows]), target[rows], n_classes, None)
            step.zero_grad()
            l2 = 0.0 if params["solver"] == "adamw" else decay
            (loss + penalty(net, l2, params["l1"]) / len(rows)).backward()
            step.step()
            total += loss.item() * len(rows)
        losses.append(total / n_rows * deviation**2)
    net.eval()
    with torch.no_grad():
        scores = net(x)
        if n_classes == 0:
            answers = scores * deviation + mean
        elif n_classes == 2:
            answers = torch.cat([torch.sigmoid(-scores), torch.sigmoid(scores)], dim=1)
        else:
            answers = torch.softmax(scores, dim=1)
    return np.array(losses), answers.double().numpy()


def curves():
    cases = []
    for key, target, categorical, numeric, given in CURVES:
        path, rows = table(key, target, categorical + numeric)
        # Categories stand between numbers.
        features = [numeric[0], *categorical, *numeric[1:]]
        columns, categories, mean, scale = [], [], [], []
        for idx, name in enumerate(features):
            if name in categorical:
                column, n_codes = codes(rows, name)
                categories.append((idx, n_codes))
                mean, scale = [*mean, 0.0], [*scale, 1.0]
            else:
                column = np.array([float(row[name]) for row in rows])
                mean, scale = [*mean, column.mean()], [*scale, column.std()]
            columns.append((column - mean[-1]) / scale[-1])
        X = np.stack(columns, axis=1)
        is_number = target in ("rings", "temp_max")
        y, n_classes = (np.array([float(row[target]) for row in rows]), 0) if is_number else codes(rows, target)
        params = {"max_iter": 15, "batch_size": 32, "tol": 0.0, "n_iter_no_change": 1000, **given}
        seed = len(cases) + 1
        losses, answers = train(X, y, n_classes, categories, params, torch.float32, seed)
        exact_losses, exact_answers = train(X, y, n_classes, categories, params, torch.float64, seed)
        apart = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in ((losses, exact_losses), (answers, exact_answers))]
        print(f"{key} {params['solver']}: {losses[0]:.4f} -> {losses[-1]:.4f}, apart {apart}")
        cases.append(
            {
                "name": f"{key}, {params}",
                "file": path,
                "features": features,
                "categorical": categorical,
                "target": target,
                "n_rows": len(rows),
                "mean": mean,
                "scale": scale,
                "n_classes": n_classes,
                "params": {**params, "random_state": seed},
                "losses": exact_losses.tolist(),
                "answers": exact_answers[:40].flatten().tolist(),
                "f32_apart": apart,
            }
        )
    return cases


def main():
    made_by = f"embeddings.py, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}"
    text = json.dumps({"made_by": made_by, "passes": passes(), "curves": curves()}, separators=(",", ":"))
    (HERE / "embeddings.json").write_text(text + "\n", encoding="utf-8")
    print(f"embeddings.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
