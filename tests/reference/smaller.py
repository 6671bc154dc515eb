"""Writes smaller.json and smaller_torch.safetensors, and checks the files that the engine wrote. README.md has the format.

    python -m pip install torch numpy safetensors
    python smaller.py

First weights and the order of the rows are the engine's own, as in mlp.py.
"""

import csv
import json

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn.utils import prune

from mlp import DEFAULTS, FILES, HERE, ROOT, Net, Rng, at, derive, initial, layers_of, loss_of, optimizer, penalty

BLOCK = 32


# --- eight bits ----------------------------------------------------------------------------------------------------


def groups(n_inputs, n_outputs, scheme):
    """The scale of each weight, by number."""
    inputs, outputs = np.meshgrid(np.arange(n_inputs), np.arange(n_outputs), indexing="ij")
    return {"per_tensor": inputs * 0, "per_channel": outputs, "per_block": inputs // BLOCK * n_outputs + outputs}[scheme]


def rounded(weights, scheme):
    of = groups(*weights.shape, scheme)
    scales = np.array([np.abs(weights[of == group]).max() for group in range(of.max() + 1)], dtype=np.float32) / np.float32(127)
    wide = scales.astype(np.float64)[of]
    # torch.round rounds half to even.
    quotients = torch.from_numpy(np.divide(weights.astype(np.float64), wide, out=np.zeros_like(wide), where=wide > 0))
    codes = torch.round(quotients).numpy()
    if scheme == "per_channel":
        # PyTorch's own kernel multiplies by 1 / scale in f32: the same but for quotients that are halves up to rounding.
        own = torch.quantize_per_channel(torch.from_numpy(weights), torch.from_numpy(wide[0]), torch.zeros(len(wide[0])), 1, torch.qint8)
        assert np.abs(own.int_repr().numpy() - codes)[scales[of] > 0].max() <= 1
        assert (own.int_repr().numpy() != codes)[scales[of] > 0].mean() < 0.01
    values = (codes * wide).astype(np.float32)
    return {"scheme": scheme, "codes": codes.astype(int).flatten().tolist(), "scales": scales.tolist(), "weights": values.flatten().tolist()}


def eight_bits():
    draw = np.random.default_rng(11)
    # The largest is 127, so that the scale is 1 and every other weight lies between two codes, or on one.
    halves = np.concatenate([[127.0], np.arange(-31, 32) / 2]).astype(np.float32).reshape(32, 2)
    wide = draw.normal(0, 1, (75, 6)).astype(np.float32)
    wide[:, 3] *= 1e-3
    wide[:, 4] = 0
    wide[40:, 5] *= 100
    cases = []
    for name, weights in (("halves", halves), ("wide", wide), ("one", draw.normal(0, 1, (1, 1)).astype(np.float32))):
        for scheme in ("per_tensor", "per_channel", "per_block"):
            cases.append({"name": f"{name}, {scheme}", "shape": list(weights.shape), "given": weights.flatten().tolist(), **rounded(weights, scheme)})
    return cases


# --- pruned, and fitted on -----------------------------------------------------------------------------------------

TUNED = [
    ("breast_cancer", 0.8, {"solver": "adam", "hidden_layer_sizes": [16, 8], "learning_rate_init": 0.003}),
    ("wine", 0.5, {"solver": "sgd", "hidden_layer_sizes": [10, 10], "activation": "tanh", "batch_norm": True, "learning_rate_init": 0.02}),
    ("diabetes", 0.7, {"solver": "adam", "hidden_layer_sizes": [12, 6], "activation": "gelu", "alpha": 0.5, "learning_rate_init": 0.005}),
]


def sixteen_bits():
    """Numbers and the bits of the nearest of 16 bits; NumPy makes infinity of what is too large, which a weight must not be."""
    draw = np.random.default_rng(12)
    wide = draw.normal(0, 1, 200) * 10.0 ** draw.integers(-9, 5, 200)
    # Halfway between neighbours, and next to that on either side.
    ties = (np.arange(-20, 20) + 0.5) * 2.0**-24
    ties = np.concatenate([ties, 1 + (np.arange(8) + 0.5) * 2.0**-10]).astype(np.float32)
    given = np.concatenate([wide, ties, np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf))]).astype(np.float32)
    halves = np.clip(given, -65504, 65504).astype(np.float16)
    return {"given": [float(x) for x in given], "bits": halves.view(np.uint16).tolist()}


def descend(net, x, target, n_classes, params, seed, masks):
    """The losses of some epochs of an optimiser that begins anew; masks are applied after each of its steps."""
    step, size, losses = optimizer(net, params), params["batch_size"], []
    net.train()
    for epoch in range(params["max_iter"]):
        order = list(range(len(x)))
        Rng(at(derive(seed, "batches"), epoch)).shuffle(order)
        total = 0.0
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            loss = loss_of(net(x[rows]), target[rows], n_classes, None)
            step.zero_grad()
            (loss + penalty(net, params["alpha"], params["l1"]) / len(rows)).backward()
            step.step()
            with torch.no_grad():
                for linear, mask in zip(net.linears, masks):
                    linear.weight.mul_(mask)
            total += loss.item() * len(rows)
        losses.append(total / len(x))
    return losses


def tuned():
    cases = []
    for key, sparsity, given in TUNED:
        path, label = FILES[key]
        with open(ROOT / path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        features = [name for name in rows[0] if name != label]
        X = np.array([[float(row[name]) for name in features] for row in rows])
        mean, scale = X.mean(axis=0), X.std(axis=0)
        if key == "diabetes":
            y, n_classes = np.array([float(row[label]) for row in rows]), 0
            y = ((y - y.mean()) / y.std()).astype(np.float32)
        else:
            names = sorted({row[label] for row in rows})
            y, n_classes = np.array([names.index(row[label]) for row in rows]), len(names)
        params = {**DEFAULTS, "max_iter": 10, "batch_size": 32, **given}
        seed = 20 + len(cases)
        n_outputs = n_classes if n_classes > 2 else 1
        net = Net(initial(params, X.shape[1], n_outputs, seed), params["activation"], params["batch_norm"])
        x = torch.from_numpy(((X - mean) / scale).astype(np.float32))
        target = torch.from_numpy(y)
        descend(net, x, target, n_classes, params, seed, [torch.ones_like(linear.weight) for linear in net.linears])
        given_layers = layers_of(net, lambda tensor: tensor.detach())
        prune.global_unstructured([(linear, "weight") for linear in net.linears], prune.L1Unstructured, amount=sparsity)
        masks = [linear.weight_mask.clone() for linear in net.linears]
        for linear in net.linears:
            prune.remove(linear, "weight")
        pruned = layers_of(net, lambda tensor: tensor.detach())
        results = []
        for dtype in (torch.float32, torch.float64):
            # A copy, of which each type descends by itself.
            one = Net([linear.weight.detach().T.numpy().copy() for linear in net.linears], params["activation"], params["batch_norm"])
            one.load_state_dict(net.state_dict())
            one.to(dtype)
            wide = target.to(dtype) if n_classes == 0 else target
            losses = descend(one, x.to(dtype), wide, n_classes, params, seed, [mask.to(dtype) for mask in masks])
            one.eval()
            results.append((np.array(losses), one(x.to(dtype)).detach().double().numpy()))
        (losses, scores), (exact_losses, exact_scores) = results
        apart = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in ((losses, exact_losses), (scores, exact_scores))]
        print(f"{key}: {exact_losses[0]:.4f} -> {exact_losses[-1]:.4f}, apart {apart}")
        cases.append(
            {
                "name": key,
                "data": {"file": path, "features": features, "target": label, "n_rows": len(X)},
                "mean": mean.tolist(),
                "scale": scale.tolist(),
                "n_classes": n_classes,
                "sparsity": sparsity,
                "seed": seed,
                "params": params,
                "given": given_layers,
                "pruned": pruned,
                "losses": exact_losses.tolist(),
                "scores": exact_scores[:40].flatten().tolist(),
                "f32_apart": apart,
            }
        )
    return cases


# --- safetensors ---------------------------------------------------------------------------------------------------


class Module(torch.nn.Module):
    """The module whose state an exported file is."""

    def __init__(self):
        super().__init__()
        self.front = torch.nn.ModuleList([torch.nn.Embedding(4, 2)])
        self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)])
        self.norms = torch.nn.ModuleList([torch.nn.BatchNorm1d(5)])

    def forward(self, x):
        # Numbers first, and the vectors of categories behind them.
        x = torch.cat([x[:, [0, 2]], self.front[0](x[:, 1].long())], dim=1)
        return self.layers[1](torch.tanh(self.norms[0](self.layers[0](x))))


def tensors():
    torch.manual_seed(5)
    module = Module()
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(torch.randn_like(tensor).abs() * 0.3)
    save_file(module.state_dict(), HERE / "smaller_torch.safetensors")
    x = torch.cat([torch.randn(8, 1), (torch.arange(8) % 4).unsqueeze(1).float(), torch.randn(8, 1)], dim=1).double()
    scores = module.double().eval()(x).detach()
    return {"x": x.flatten().tolist(), "scores": scores.flatten().tolist()}


def check(case):
    """The engine's own files are read by the package, and are the same net."""
    x = torch.tensor(case["x"], dtype=torch.float64).reshape(8, 3)
    given = torch.tensor(case["scores"], dtype=torch.float64).reshape(8, 3)
    for name, apart in (("smaller_vitrine", 1e-12), ("smaller_int8", 0.1)):
        path = HERE / f"{name}.safetensors"
        if not path.exists():
            print(f"{path.name}: not there; VITRINE_BLESS=1 cargo test --test it reference_smaller writes it")
            continue
        state = load_file(path)
        with safe_open(path, "pt") as file:
            print(path.name, file.metadata())
        scales = {key: state.pop(key) for key in list(state) if key.endswith("_scale")}
        for key, scale in scales.items():
            codes = state[key.removesuffix("_scale")]
            assert codes.dtype == torch.int8
            state[key.removesuffix("_scale")] = codes.double() * scale.double()
        module = Module()
        assert all(key.endswith("num_batches_tracked") for key in module.load_state_dict(state, strict=False).missing_keys)
        assert not module.load_state_dict(state, strict=False).unexpected_keys
        found = module.double().eval()(x).detach()
        assert (found - given).abs().max() <= apart, (found - given).abs().max()


if __name__ == "__main__":
    reference = {"eight_bits": eight_bits(), "sixteen_bits": sixteen_bits(), "tuned": tuned(), "safetensors": tensors()}
    (HERE / "smaller.json").write_text(json.dumps(reference, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
    check(reference["safetensors"])
