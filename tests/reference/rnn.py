"""Writes rnn.json: PyTorch's losses, gradients and training curves for the model `rnn`. README.md has the format.

    python -m pip install torch numpy
    python rnn.py

First weights and the order of the rows are the engine's own, as mlp.py repeats them.
"""

import csv
import json
import math

import numpy as np
import torch
from mlp import HERE, ROOT, Rng, at, derive, initial, loss_of

CELLS = {"lstm": (torch.nn.LSTM, 4), "gru": (torch.nn.GRU, 3)}


class Net(torch.nn.Module):
    """Cells, and dense layers that read what they hold after the last step."""

    def __init__(self, cell, sizes, weights, biases):
        super().__init__()
        n_steps, n_columns, n_units, n_layers = sizes
        self.n_steps, self.n_columns = n_steps, n_columns
        self.cells = CELLS[cell][0](n_columns, n_units, n_layers, batch_first=True)
        self.linears = torch.nn.ModuleList()
        for weight, bias in zip(weights, biases):
            linear = torch.nn.Linear(*weight.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.copy()))
                linear.bias.copy_(torch.from_numpy(bias))
            self.linears.append(linear)

    def fronts(self):
        """The cells' tensors in the engine's order: of each layer two weights, turned round, and two intercepts."""
        names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        return [getattr(self.cells, f"{name}_l{layer}") for layer in range(self.cells.num_layers) for name in names]

    def weights(self):
        return [p for p in self.fronts() if p.dim() == 2] + [linear.weight for linear in self.linears]

    def forward(self, x):
        # Side by side are the steps of one column.
        steps = x.reshape(len(x), self.n_columns, self.n_steps).transpose(1, 2)
        x = self.cells(steps)[0][:, -1]
        for idx, linear in enumerate(self.linears):
            x = linear(x)
            if idx + 1 < len(self.linears):
                x = torch.tanh(x)
        return x


def front_of(net, of):
    return [(of(p).T if p.dim() == 2 else of(p)).flatten().tolist() for p in net.fronts()]


def layers_of(net, of):
    return [{"weights": of(l.weight).T.flatten().tolist(), "biases": of(l.bias).tolist()} for l in net.linears]


def penalty(net, l2, l1):
    return 0.5 * l2 * sum((w**2).sum() for w in net.weights()) + l1 * sum(w.abs().sum() for w in net.weights())


def passes():
    """In f64 from f32 numbers: what exact arithmetic gives."""
    cases = []
    draw = np.random.default_rng(11)
    for cell in CELLS:
        for n_layers in (1, 2):
            for n_classes in (0, 2, 3):
                n_rows, n_steps, n_columns, n_units = 7, 5, 3, 4
                hidden = [3] if n_layers == 2 else []
                sizes = [n_units, *hidden, n_classes if n_classes > 2 else 1]
                shapes = list(zip(sizes, sizes[1:]))
                weights = [draw.normal(0, 0.8, shape).astype(np.float32) for shape in shapes]
                biases = [draw.normal(0, 0.3, shape[1]).astype(np.float32) for shape in shapes]
                net = Net(cell, (n_steps, n_columns, n_units, n_layers), weights, biases)
                with torch.no_grad():
                    for p in net.fronts():
                        p.copy_(torch.from_numpy(draw.normal(0, 0.7, p.shape).astype(np.float32)))
                net.double()
                x = draw.normal(0, 1, (n_rows, n_columns * n_steps)).astype(np.float32).astype(float)
                y = draw.normal(0, 1, n_rows).astype(np.float32).astype(float) if n_classes == 0 else np.arange(n_rows) % n_classes
                l2, l1 = (0.3, 0.05) if n_layers == 2 else (0.0, 0.0)
                front, layers = front_of(net, lambda p: p.detach()), layers_of(net, lambda p: p.detach())
                scores = net(torch.from_numpy(x))
                loss = loss_of(scores, torch.from_numpy(y), n_classes, None)
                (loss + penalty(net, l2, l1) / n_rows).backward()
                cases.append(
                    {
                        "name": f"{cell}, {n_layers} layers, {n_classes} classes",
                        "cell": cell,
                        "sizes": [n_steps, n_columns, n_units, n_layers],
                        "n_classes": n_classes,
                        "l2": l2,
                        "l1": l1,
                        "x": x.tolist(),
                        "y": y.tolist(),
                        "front": front,
                        "layers": layers,
                        "scores": scores.detach().flatten().tolist(),
                        "loss": loss.item(),
                        "front_gradients": front_of(net, lambda p: p.grad),
                        "gradients": layers_of(net, lambda p: p.grad),
                    }
                )
    return cases


# --- training curves -----------------------------------------------------------------------------------------------

FILE = "tests/reference/data/seattle_weather.csv"
COLUMNS = ["precipitation", "temp_max", "temp_min", "wind"]
N_ROWS = 360

CURVES = [
    ("temp_max", {"cell": "lstm", "n_units": 8, "solver": "adam", "learning_rate_init": 0.01, "clip_norm": 0.5}),
    ("temp_max", {"cell": "gru", "n_units": 6, "n_layers": 2, "solver": "sgd", "learning_rate_init": 0.05, "clip_norm": 0.2}),
    ("weather", {"cell": "gru", "n_units": 8, "solver": "adam", "learning_rate_init": 0.01, "clip_norm": 0.0}),
]


def windows(table, n_steps, horizon):
    """Column after column, oldest first; the first row stands for those before it."""
    rows = np.arange(len(table))
    lags = range(horizon + n_steps - 1, horizon - 1, -1)
    return np.stack([table[np.maximum(rows - lag, 0), c] for c in range(table.shape[1]) for lag in lags], axis=1)


def begun(cell, sizes, n_outputs, seed):
    n_steps, n_columns, n_units, n_layers = sizes
    weights = initial({"hidden_layer_sizes": [], "activation": "relu"}, n_units, n_outputs, seed)
    net = Net(cell, sizes, weights, [np.zeros(n_outputs, np.float32)])
    rng, bound = Rng(derive(seed, "front")), 1 / math.sqrt(n_units)
    with torch.no_grad():
        for p in net.fronts():
            drawn = np.array([(rng.uniform() * 2 - 1) * bound for _ in range(p.numel())]).astype(np.float32)
            p.copy_(torch.from_numpy(drawn.reshape(p.shape[1], p.shape[0]).T.copy() if p.dim() == 2 else drawn))
    return net


def train(X, y, n_classes, params, sizes, dtype, seed):
    n_rows, n_outputs = len(X), n_classes if n_classes > 2 else 1
    net = begun(params["cell"], sizes, n_outputs, seed).to(dtype)
    x = torch.from_numpy(X.astype(np.float32)).to(dtype)
    mean, deviation = (y.mean(), y.std()) if n_classes == 0 else (0.0, 1.0)
    target = torch.from_numpy(((y - mean) / deviation).astype(np.float32)).to(dtype) if n_classes == 0 else torch.from_numpy(y)
    adam = params["solver"] == "adam"
    rate = params["learning_rate_init"]
    step = torch.optim.Adam(net.parameters(), lr=rate) if adam else torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    losses, n_clipped, n_batches = [], 0, 0
    for epoch in range(params["max_iter"]):
        order = list(range(n_rows))
        Rng(at(derive(seed, "batches"), epoch)).shuffle(order)
        total = 0.0
        for start in range(0, n_rows, params["batch_size"]):
            rows = order[start : start + params["batch_size"]]
            loss = loss_of(net(x[rows]), target[rows], n_classes, None)
            step.zero_grad()
            (loss + penalty(net, params["alpha"], 0.0) / len(rows)).backward()
            if params["clip_norm"] > 0:
                length = torch.nn.utils.clip_grad_norm_(net.parameters(), params["clip_norm"])
                n_clipped, n_batches = n_clipped + int(length > params["clip_norm"]), n_batches + 1
            step.step()
            total += loss.item() * len(rows)
        losses.append(total / n_rows * deviation**2)
    with torch.no_grad():
        scores = net(x)
        answers = scores * deviation + mean if n_classes == 0 else torch.softmax(scores, dim=1)
    return np.array(losses), answers.double().numpy(), (n_clipped, n_batches)


def curves():
    with open(ROOT / FILE, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:N_ROWS]
    table = np.array([[float(row[name]) for name in COLUMNS] for row in rows])
    mean, scale = table.mean(axis=0), table.std(axis=0)
    cases = []
    for target, given in CURVES:
        params = {"max_iter": 12, "batch_size": 32, "tol": 0.0, "n_iter_no_change": 1000, "alpha": 1e-4, "n_layers": 1, **given}
        # The day before tells of the next one.
        n_steps, horizon = 6, 1 if target == "temp_max" else 0
        X = windows((table - mean) / scale, n_steps, horizon)
        if target == "temp_max":
            y, n_classes = table[:, COLUMNS.index(target)], 0
        else:
            names = sorted({row[target] for row in rows})
            y, n_classes = np.array([names.index(row[target]) for row in rows]), len(names)
        sizes = (n_steps, len(COLUMNS), params["n_units"], params["n_layers"])
        seed = len(cases) + 1
        losses, answers, _ = train(X, y, n_classes, params, sizes, torch.float32, seed)
        exact_losses, exact_answers, clipped = train(X, y, n_classes, params, sizes, torch.float64, seed)
        # How far f32 is from exact, by PyTorch itself: the measure for what the engine's f32 may be off.
        apart = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in ((losses, exact_losses), (answers, exact_answers))]
        print(f"{target} {params['cell']}: {exact_losses[0]:.4f} -> {exact_losses[-1]:.4f}, clipped {clipped}, apart {apart}")
        cases.append(
            {
                "name": f"{target}, {params}",
                "target": target,
                "n_classes": n_classes,
                "lags": {"n_steps": n_steps, "horizon": horizon},
                "params": {**params, "random_state": seed},
                "losses": exact_losses.tolist(),
                "answers": exact_answers[:40].flatten().tolist(),
                "f32_apart": apart,
            }
        )
    return {"file": FILE, "columns": COLUMNS, "n_rows": N_ROWS, "mean": mean.tolist(), "scale": scale.tolist(), "cases": cases}


def main():
    made_by = f"rnn.py, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}"
    text = json.dumps({"made_by": made_by, "passes": passes(), "curves": curves()}, separators=(",", ":"))
    (HERE / "rnn.json").write_text(text + "\n", encoding="utf-8")
    print(f"rnn.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
