"""Writes cnn.json: PyTorch's losses, gradients and training curves for the model `cnn`. README.md has the format.

    python -m pip install torch numpy
    python cnn.py

Beside the convolutions all is as in mlp.py: the same randomness, dense layers, losses and optimisers.
"""

import csv
import json
import math

import numpy as np
import torch

import mlp

HERE = mlp.HERE


# --- the net in PyTorch --------------------------------------------------------------------------------------------


def stages(plan):
    """Convolutions one after the other: inputs, outputs, kernel size, whether channel by channel, whether pooled."""
    height, width, n_inputs = plan["height"], plan["width"], plan["channels"]
    each = []
    for filters, is_separable in plan["blocks"]:
        is_pooled = min(height, width) >= 2
        if is_separable:
            each.append((n_inputs, n_inputs, plan["kernel_size"], True, False))
        each.append((n_inputs, filters, 1 if is_separable else plan["kernel_size"], False, is_pooled))
        n_inputs = filters
        if is_pooled:
            height, width = height // 2, width // 2
    return each, height * width * n_inputs


def to_torch(weights, kernel_size):
    """From `(rows · columns · inputs) × outputs` to PyTorch's outputs × inputs × rows × columns."""
    n_taps, n_outputs = weights.shape
    return torch.as_tensor(weights).reshape(kernel_size, kernel_size, -1, n_outputs).permute(3, 2, 0, 1)


def from_torch(weights):
    return weights.permute(2, 3, 1, 0).flatten().tolist()


class Net(torch.nn.Module):
    def __init__(self, plan, filters, weights, activation, batch_norm):
        super().__init__()
        self.plan, self.stages = plan, stages(plan)[0]
        self.activation = mlp.ACTIVATIONS[activation]()
        self.convolutions, self.norms = torch.nn.ModuleList(), torch.nn.ModuleList()
        for (n_inputs, n_outputs, size, by_channel, _), values in zip(self.stages, filters):
            convolution = torch.nn.Conv2d(n_inputs, n_outputs, size, padding="same", groups=n_inputs if by_channel else 1)
            with torch.no_grad():
                convolution.weight.copy_(to_torch(values, size))
                convolution.bias.zero_()
            self.convolutions.append(convolution)
            if batch_norm:
                self.norms.append(torch.nn.BatchNorm2d(n_outputs))
        self.dense = mlp.Net(weights, activation, batch_norm)

    @property
    def linears(self):
        """Whatever has weights that penalties hold back."""
        return [*self.convolutions, *self.dense.linears]

    def forward(self, x):
        plan = self.plan
        x = (x - plan["mean"]) / plan["deviation"]
        x = x.reshape(-1, plan["height"], plan["width"], plan["channels"]).permute(0, 3, 1, 2)
        for idx, (*_, is_pooled) in enumerate(self.stages):
            x = self.convolutions[idx](x)
            if self.norms:
                x = self.norms[idx](x)
            x = self.activation(x)
            if is_pooled:
                x = torch.nn.functional.max_pool2d(x, 2)
        return self.dense(x.permute(0, 2, 3, 1).flatten(1))


def front_of(net, of):
    """What is learned, one list per tensor, and what is kept besides."""
    learned, running = [], []
    for idx, convolution in enumerate(net.convolutions):
        learned += [from_torch(of(convolution.weight)), of(convolution.bias).tolist()]
        if net.norms:
            norm = net.norms[idx]
            learned += [of(norm.weight).tolist(), of(norm.bias).tolist()]
            running += [norm.running_mean.tolist(), norm.running_var.tolist()]
    return {"learned": learned, "running": running}


# --- losses and gradients from given weights -----------------------------------------------------------------------

SEPARABLE, PLAIN = True, False

# Height, width, channels, kernel size, blocks, activation, batch norm, classes.
PASSES = [
    (5, 7, 1, 3, [(3, PLAIN), (4, PLAIN)], "relu", False, 3),
    (5, 7, 3, 3, [(3, PLAIN), (4, PLAIN)], "tanh", True, 2),
    (5, 7, 3, 3, [(4, SEPARABLE), (3, SEPARABLE)], "relu", True, 3),
    (5, 7, 1, 3, [(3, SEPARABLE), (4, SEPARABLE)], "tanh", False, 0),
    (6, 4, 1, 5, [(3, PLAIN), (2, PLAIN)], "tanh", True, 0),
    (7, 5, 3, 5, [(3, PLAIN), (4, SEPARABLE)], "relu", False, 2),
    (4, 6, 2, 5, [(3, SEPARABLE), (2, PLAIN)], "gelu", True, 3),
    (5, 7, 1, 3, [(3, PLAIN), (2, SEPARABLE)], "logistic", False, 3),
    (1, 6, 2, 3, [(3, PLAIN), (2, SEPARABLE)], "gelu", False, 3),
]


def short(value):
    """Twelve digits of each number: more than f32 could be held to."""
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [short(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def passes():
    """In f64 from numbers that f32 holds exactly: what exact arithmetic gives."""
    draw = np.random.default_rng(11)

    def grid(size, scale, steps=256, around=0.0):
        return np.round((around + draw.normal(0, scale, size)) * steps) / steps

    cases = []
    for height, width, channels, kernel_size, blocks, activation, batch_norm, n_classes in PASSES:
        plan = {"height": height, "width": width, "channels": channels, "kernel_size": kernel_size, "blocks": blocks}
        plan |= {"mean": 0.25, "deviation": 0.75}
        each, n_features = stages(plan)
        n_rows, sizes = 6, [n_features, 5, n_classes if n_classes > 2 else 1]
        filters = [grid((size * size * (1 if by_channel else n_in), n_out), 0.5) for n_in, n_out, size, by_channel, _ in each]
        net = Net(plan, filters, [grid(shape, 0.5) for shape in zip(sizes, sizes[1:])], activation, batch_norm).double()
        with torch.no_grad():
            for linear in net.linears:
                linear.bias.copy_(torch.from_numpy(grid(linear.bias.shape, 0.25)))
            for norm in [*net.norms, *net.dense.norms]:
                for tensor, around in ((norm.weight, 1), (norm.bias, 0), (norm.running_mean, 0), (norm.running_var, 1)):
                    tensor.copy_(torch.from_numpy(grid(tensor.shape, 0.2, around=around)))
        x = grid((n_rows, height * width * channels), 1, 64)
        # Half of an image is blank: its pixels are tied, and the first of them is handed on.
        x[0, x.shape[1] // 2 :] = 0
        y = grid(n_rows, 1) if n_classes == 0 else np.arange(n_rows) % n_classes
        l2, l1 = (0.3, 0.05) if batch_norm else (0.0, 0.0)
        given, layers = front_of(net, lambda tensor: tensor.detach()), mlp.layers_of(net.dense, lambda tensor: tensor.detach())
        net.eval()
        scores = net(torch.from_numpy(x)).detach().flatten().tolist()
        net.train()
        loss = mlp.loss_of(net(torch.from_numpy(x)), torch.from_numpy(y), n_classes, None)
        (loss + mlp.penalty(net, l2, l1) / n_rows).backward()
        kinds = "+".join("separable" if is_separable else "plain" for _, is_separable in blocks)
        case = {
            "name": f"{height}×{width}×{channels}, {kinds} of {kernel_size}, {activation}{', batch norm' if batch_norm else ''}",
            "plan": plan,
            "activation": activation,
            "batch_norm": batch_norm,
            "n_classes": n_classes,
            "l2": l2,
            "l1": l1,
            "sizes": sizes,
            "x": x.tolist(),
            "y": y.tolist(),
            "front": given,
            "layers": layers,
            "scores": scores,
            "loss": loss.item(),
            "front_gradients": front_of(net, lambda tensor: tensor.grad),
            "gradients": mlp.layers_of(net.dense, lambda tensor: tensor.grad),
        }
        cases.append(short(case))
    return cases


# --- training curves -----------------------------------------------------------------------------------------------

N_ROWS = 240

CURVES = [
    {"block": "plain", "filters": [4, 6], "kernel_size": 3, "activation": "relu", "batch_norm": False, "solver": "adam", "learning_rate_init": 0.003, "alpha": 1e-4},
    {"block": "separable", "filters": [4, 6], "kernel_size": 5, "activation": "gelu", "batch_norm": True, "solver": "sgd", "learning_rate_init": 0.02, "alpha": 0.5},
    {"block": "separable", "filters": [4, 5, 3], "kernel_size": 3, "activation": "tanh", "batch_norm": False, "solver": "adamw", "learning_rate_init": 0.005, "alpha": 0.1},
]


def initial_filters(plan, activation, seed):
    rng = mlp.Rng(mlp.derive(seed, "front"))
    filters = []
    for n_inputs, n_outputs, size, by_channel, _ in stages(plan)[0]:
        n_taps = size * size * (1 if by_channel else n_inputs)
        n_readers = size * size * (1 if by_channel else n_outputs)
        bound = math.sqrt(6 / (n_taps if activation in ("relu", "gelu") else n_taps + n_readers))
        values = [(rng.uniform() * 2 - 1) * bound for _ in range(n_taps * n_outputs)]
        filters.append(np.array(values).astype(np.float32).reshape(n_taps, n_outputs))
    return filters


def train(X, y, params, dtype, seed):
    plan = {"height": 8, "width": 8, "channels": 1, "kernel_size": params["kernel_size"]}
    plan["blocks"] = [(n, idx > 0 and params["block"] == "separable") for idx, n in enumerate(params["filters"])]
    plan |= {"mean": float(np.float32(X.mean())), "deviation": float(np.float32(X.std()))}
    filters = initial_filters(plan, params["activation"], seed)
    weights = mlp.initial(params, stages(plan)[1], 10, seed)
    net = Net(plan, filters, weights, params["activation"], params["batch_norm"]).to(dtype)
    x, target = torch.from_numpy(X.astype(np.float32)).to(dtype), torch.from_numpy(y)
    step = mlp.optimizer(net, params)
    l2 = 0.0 if params["solver"] == "adamw" else params["alpha"]
    losses = []
    for epoch in range(params["max_iter"]):
        order = list(range(len(X)))
        mlp.Rng(mlp.at(mlp.derive(seed, "batches"), epoch)).shuffle(order)
        total = 0.0
        for start in range(0, len(X), params["batch_size"]):
            rows = order[start : start + params["batch_size"]]
            loss = mlp.loss_of(net(x[rows]), target[rows], 10, None)
            step.zero_grad()
            (loss + mlp.penalty(net, l2, 0.0) / len(rows)).backward()
            step.step()
            total += loss.item() * len(rows)
        losses.append(total / len(X))
    net.eval()
    with torch.no_grad():
        return np.array(losses), torch.softmax(net(x), dim=1).double().numpy()


def curves():
    path = "tests/reference/data/digits.csv"
    with open(mlp.ROOT / path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    n_all, rows = len(rows), rows[:N_ROWS]
    features = [name for name in rows[0] if name != "digit"]
    X = np.array([[float(row[name]) for name in features] for row in rows])
    y = np.array([int(row["digit"]) for row in rows])
    cases = []
    for given in CURVES:
        params = {"hidden_layer_sizes": [12], "learning_rate": "constant", "momentum": 0.9, "max_iter": 8, "batch_size": 32}
        params |= {"tol": 0.0, "n_iter_no_change": 1000, **given}
        seed = len(cases) + 1
        losses, answers = train(X, y, params, torch.float32, seed)
        exact_losses, exact_answers = train(X, y, params, torch.float64, seed)
        # How far f32 is from exact, by PyTorch itself: the measure for what the engine's f32 may be off.
        apart = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in ((losses, exact_losses), (answers, exact_answers))]
        print(f"{params['block']} {params['solver']}: {losses[0]:.4f} -> {losses[-1]:.4f}, apart {apart}")
        case = {
            "name": f"digits, {params}",
            "data": {"file": path, "features": features, "target": "digit", "n_rows": n_all},
            "n_learned": N_ROWS,
            "params": {**params, "random_state": seed},
            "losses": exact_losses.tolist(),
            "answers": exact_answers[:12].flatten().tolist(),
            "f32_apart": apart,
        }
        cases.append(short(case))
    return cases


def main():
    made_by = f"cnn.py, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}"
    text = json.dumps({"made_by": made_by, "passes": passes(), "curves": curves()}, separators=(",", ":"))
    (HERE / "cnn.json").write_text(text + "\n", encoding="utf-8")
    print(f"cnn.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
