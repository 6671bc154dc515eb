"""Writes mlp.json: PyTorch's losses, gradients and training curves for the model `mlp`. README.md has the format.

    python -m pip install torch numpy
    python mlp.py

First weights, the order of the rows and what dropout leaves out are the engine's own (src/random.rs and
src/train/net/random.rs, repeated here), so that both train the same net on the same batches.
"""

import csv
import json
import math
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MASK = (1 << 64) - 1

torch.set_num_threads(1)


# --- the engine's randomness ---------------------------------------------------------------------------------------


def mix(bits):
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


def derive(seed, label):
    hash = 0xCBF29CE484222325
    for byte in label.encode():
        hash = ((hash ^ byte) * 0x00000100000001B3) & MASK
    return mix((seed + mix(hash)) & MASK)


class Rng:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        return mix(self.state)

    def below(self, n):
        threshold = (1 << 64) % n
        while True:
            product = self.next() * n
            if product & MASK >= threshold:
                return product >> 64

    def uniform(self):
        return (self.next() >> 11) / (1 << 53)

    def shuffle(self, items):
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


def at(seed, number):
    return derive((seed + number) & MASK, "number")


def initial(params, n_inputs, n_outputs, seed):
    rng = Rng(derive(seed, "weights"))
    sizes = [n_inputs, *params["hidden_layer_sizes"], n_outputs]
    weights = []
    for idx, (n_in, n_out) in enumerate(zip(sizes, sizes[1:])):
        is_bent = idx + 2 < len(sizes) and params["activation"] in ("relu", "gelu")
        bound = math.sqrt(6 / (n_in if is_bent else n_in + n_out))
        values = [(rng.uniform() * 2 - 1) * bound for _ in range(n_in * n_out)]
        weights.append(np.array(values).astype(np.float32).reshape(n_in, n_out))
    return weights


# --- the net in PyTorch --------------------------------------------------------------------------------------------

ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "logistic": torch.nn.Sigmoid,
    "gelu": torch.nn.GELU,
    "identity": torch.nn.Identity,
}


class Net(torch.nn.Module):
    def __init__(self, weights, activation, batch_norm):
        super().__init__()
        self.linears = torch.nn.ModuleList()
        self.norms = torch.nn.ModuleList()
        self.activation = ACTIVATIONS[activation]()
        for idx, weight in enumerate(weights):
            n_in, n_out = weight.shape
            linear = torch.nn.Linear(n_in, n_out)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.copy()))
                linear.bias.zero_()
            self.linears.append(linear)
            if batch_norm and idx + 1 < len(weights):
                self.norms.append(torch.nn.BatchNorm1d(n_out))

    def forward(self, x, masks=()):
        for idx, linear in enumerate(self.linears):
            x = linear(x)
            if idx < len(self.norms):
                x = self.norms[idx](x)
            if idx + 1 < len(self.linears):
                x = self.activation(x)
                if masks:
                    x = x * masks[idx]
        return x


def loss_of(scores, y, n_classes, class_weights):
    if n_classes == 0:
        return 0.5 * torch.nn.functional.mse_loss(scores[:, 0], y)
    if n_classes == 2:
        losses = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], y.to(scores.dtype), reduction="none")
        weights = torch.ones_like(losses) if class_weights is None else class_weights[y]
        return (losses * weights).sum() / weights.sum()
    return torch.nn.functional.cross_entropy(scores, y, weight=class_weights)


def penalty(net, l2, l1):
    squares = sum((linear.weight**2).sum() for linear in net.linears)
    sizes = sum(linear.weight.abs().sum() for linear in net.linears)
    return 0.5 * l2 * squares + l1 * sizes


def layers_of(net, of):
    layers = []
    for idx, linear in enumerate(net.linears):
        layer = {"weights": of(linear.weight).T.flatten().tolist(), "biases": of(linear.bias).tolist()}
        if idx < len(net.norms):
            norm = net.norms[idx]
            layer["norm"] = [of(norm.weight).tolist(), of(norm.bias).tolist(), norm.running_mean.tolist(), norm.running_var.tolist()]
        layers.append(layer)
    return layers


# --- losses and gradients from given weights -----------------------------------------------------------------------


def passes():
    """In f64 from f32 numbers: what exact arithmetic gives."""
    cases = []
    draw = np.random.default_rng(7)
    for activation in ACTIVATIONS:
        for n_classes in (0, 2, 3):
            for batch_norm in (False, True):
                weighted = batch_norm and n_classes > 0
                n_rows, n_inputs, n_outputs = 12, 4, n_classes if n_classes > 2 else 1
                sizes = [n_inputs, 5, 3, n_outputs]
                shapes = list(zip(sizes, sizes[1:]))
                net = Net([draw.normal(0, 0.8, shape).astype(np.float32) for shape in shapes], activation, batch_norm)
                with torch.no_grad():
                    for linear in net.linears:
                        linear.bias.copy_(torch.from_numpy(draw.normal(0, 0.3, linear.bias.shape).astype(np.float32)))
                    for norm in net.norms:
                        for tensor, mean in ((norm.weight, 1), (norm.bias, 0), (norm.running_mean, 0), (norm.running_var, 1)):
                            tensor.copy_(torch.from_numpy((mean + draw.normal(0, 0.2, tensor.shape)).astype(np.float32)))
                net.double()
                x = draw.normal(0, 1, (n_rows, n_inputs)).astype(np.float32).astype(float)
                y = draw.normal(0, 1, n_rows).astype(np.float32).astype(float) if n_classes == 0 else np.arange(n_rows) % n_classes
                class_weights = [0.5, 2.0, 1.25][:n_classes] if weighted else []
                l2, l1 = (0.3, 0.05) if batch_norm else (0.0, 0.0)
                given = layers_of(net, lambda tensor: tensor.detach())
                net.eval()
                scores = net(torch.from_numpy(x)).detach().flatten().tolist()
                net.train()
                tensor = torch.tensor(class_weights, dtype=torch.float64) if weighted else None
                loss = loss_of(net(torch.from_numpy(x)), torch.from_numpy(y), n_classes, tensor)
                (loss + penalty(net, l2, l1) / n_rows).backward()
                cases.append(
                    {
                        "name": f"{activation}, {n_classes} classes{', batch norm' if batch_norm else ''}",
                        "activation": activation,
                        "sizes": sizes,
                        "n_classes": n_classes,
                        "class_weights": class_weights,
                        "l2": l2,
                        "l1": l1,
                        "x": x.tolist(),
                        "y": y.tolist(),
                        "layers": given,
                        "scores": scores,
                        "loss": loss.item(),
                        "gradients": layers_of(net, lambda tensor: tensor.grad),
                    }
                )
    return cases


# --- training curves -----------------------------------------------------------------------------------------------

FILES = {
    "breast_cancer": ("tests/reference/data/breast_cancer.csv", "class"),
    "wine": ("tests/reference/data/wine.csv", "class"),
    "diabetes": ("tests/reference/data/diabetes.csv", "progression"),
}

# What is not named here is the model's default.
DEFAULTS = {"activation": "relu", "batch_norm": False, "dropout": 0.0, "alpha": 1e-4, "l1": 0.0, "momentum": 0.9, "class_weight": "none"}

CURVES = [
    ("breast_cancer", {"solver": "adam", "hidden_layer_sizes": [16, 8], "learning_rate_init": 0.003}),
    ("breast_cancer", {"solver": "sgd", "hidden_layer_sizes": [12], "activation": "tanh", "learning_rate_init": 0.05, "learning_rate": "step", "class_weight": "balanced"}),
    ("wine", {"solver": "adamw", "hidden_layer_sizes": [16, 8], "activation": "gelu", "alpha": 0.1, "learning_rate_init": 0.005, "learning_rate": "cosine"}),
    ("wine", {"solver": "sgd", "hidden_layer_sizes": [10, 10], "activation": "relu", "batch_norm": True, "l1": 0.01, "learning_rate_init": 0.02, "learning_rate": "one_cycle"}),
    ("wine", {"solver": "adam", "hidden_layer_sizes": [24], "dropout": 0.25, "learning_rate_init": 0.01}),
    ("diabetes", {"solver": "rmsprop", "hidden_layer_sizes": [16], "activation": "logistic", "learning_rate_init": 0.003}),
    ("diabetes", {"solver": "adam", "hidden_layer_sizes": [12, 6], "activation": "tanh", "alpha": 0.5, "learning_rate_init": 0.005, "learning_rate": "one_cycle"}),
]


def optimizer(net, params):
    rate = params["learning_rate_init"]
    weights = [linear.weight for linear in net.linears]
    others = [p for p in net.parameters() if all(p is not weight for weight in weights)]
    groups = [{"params": weights}, {"params": others}]
    match params["solver"]:
        case "adam":
            return torch.optim.Adam(groups, lr=rate)
        case "adamw":
            groups[0]["weight_decay"] = params["alpha"]
            groups[1]["weight_decay"] = 0.0
            return torch.optim.AdamW(groups, lr=rate)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=params["momentum"])


def train(X, y, n_classes, given, dtype, seed):
    params = {**DEFAULTS, **given}
    n_rows, n_outputs = len(X), n_classes if n_classes > 2 else 1
    net = Net(initial(params, X.shape[1], n_outputs, seed), params["activation"], params["batch_norm"]).to(dtype)
    x = torch.from_numpy(X.astype(np.float32)).to(dtype)
    mean, deviation = (y.mean(), y.std()) if n_classes == 0 else (0.0, 1.0)
    target = torch.from_numpy(((y - mean) / deviation).astype(np.float32)).to(dtype) if n_classes == 0 else torch.from_numpy(y)
    class_weights = None
    if params["class_weight"] == "balanced":
        class_weights = torch.tensor([n_rows / (n_classes * (y == c).sum()) for c in range(n_classes)]).to(torch.float32).to(dtype)
    step = optimizer(net, params)
    n_epochs, size = params["max_iter"], params["batch_size"]
    n_batches = -(-n_rows // size)
    per_batch = None
    match params.get("learning_rate", "constant"):
        case "constant":
            per_epoch = None
        case "step":
            per_epoch = torch.optim.lr_scheduler.MultiStepLR(step, [n_epochs // 2, n_epochs * 3 // 4], 0.1)
        case "cosine":
            per_epoch = torch.optim.lr_scheduler.CosineAnnealingLR(step, n_epochs)
        case "one_cycle":
            per_epoch = None
            per_batch = torch.optim.lr_scheduler.OneCycleLR(
                step, params["learning_rate_init"], total_steps=n_epochs * n_batches, cycle_momentum=False
            )
    losses, done = [], 0
    for epoch in range(n_epochs):
        order = list(range(n_rows))
        Rng(at(derive(seed, "batches"), epoch)).shuffle(order)
        total, weight = 0.0, 0.0
        for start in range(0, n_rows, size):
            rows = order[start : start + size]
            masks = []
            if params["dropout"] > 0:
                rng = Rng(at(derive(seed, "dropout"), done))
                kept = np.float32(1 / (1 - params["dropout"]))
                for n_units in params["hidden_layer_sizes"]:
                    drawn = [0.0 if rng.uniform() < params["dropout"] else kept for _ in range(len(rows) * n_units)]
                    masks.append(torch.tensor(drawn, dtype=dtype).reshape(len(rows), n_units))
            loss = loss_of(net(x[rows], masks), target[rows], n_classes, class_weights)
            l2 = 0.0 if params["solver"] == "adamw" else params["alpha"]
            step.zero_grad()
            (loss + penalty(net, l2, params["l1"]) / len(rows)).backward()
            step.step()
            if per_batch:
                per_batch.step()
            counts = len(rows) if class_weights is None else float(class_weights[target[rows]].sum())
            total, weight, done = total + loss.item() * counts, weight + counts, done + 1
        if per_epoch:
            per_epoch.step()
        losses.append(total / weight * deviation**2)
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
    for key, given in CURVES:
        path, target = FILES[key]
        with open(ROOT / path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        features = [name for name in rows[0] if name != target]
        X = np.array([[float(row[name]) for name in features] for row in rows])
        labels = [row[target] for row in rows]
        if key == "diabetes":
            y, n_classes = np.array([float(label) for label in labels]), 0
        else:
            names = sorted(set(labels))
            y, n_classes = np.array([names.index(label) for label in labels]), len(names)
        mean, scale = X.mean(axis=0), X.std(axis=0)
        params = {"max_iter": 20, "batch_size": 32, "tol": 0.0, "n_iter_no_change": 1000, **given}
        seed = len(cases) + 1
        losses, answers = train((X - mean) / scale, y, n_classes, params, torch.float32, seed)
        exact_losses, exact_answers = train((X - mean) / scale, y, n_classes, params, torch.float64, seed)
        # How far f32 is from exact, by PyTorch itself: the measure for what the engine's f32 may be off.
        apart = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in ((losses, exact_losses), (answers, exact_answers))]
        print(f"{key} {params['solver']}: {losses[0]:.4f} -> {losses[-1]:.4f}, apart {apart}")
        cases.append(
            {
                "name": f"{key}, {params}",
                "data": {"file": path, "features": features, "target": target, "n_rows": len(X)},
                "mean": mean.tolist(),
                "scale": scale.tolist(),
                "n_classes": n_classes,
                "params": {**params, "random_state": seed},
                "losses": exact_losses.tolist(),
                "answers": exact_answers[:40].flatten().tolist(),
                "f32_apart": apart,
            }
        )
    return cases


def main():
    made_by = f"mlp.py, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}"
    text = json.dumps({"made_by": made_by, "passes": passes(), "curves": curves()}, separators=(",", ":"))
    (HERE / "mlp.json").write_text(text + "\n", encoding="utf-8")
    print(f"mlp.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
