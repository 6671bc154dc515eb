"""Writes preparation.json. README.md has its format.

    python -m pip install -r requirements.txt
    python preparation.py

Everything is deterministic (mutual information is asked with ten seeds); the same pins give the same bytes.
"""

import numpy as np
import pandas as pd
import sklearn
from generate import FILES, frame
from generate import save as save_any
from sklearn.feature_selection import f_classif, f_regression, mutual_info_classif, mutual_info_regression
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, TargetEncoder



def parts(n_rows, n_most=75):
    rows = np.arange(min(n_rows, n_most))
    return rows[rows % 3 != 0], rows[rows % 3 == 0]


def matrix(values):
    return [[None if pd.isna(x) else float(f"{x:.12g}") for x in row] for row in np.asarray(values, dtype=float)]


def case(key, columns, step, train_rows, test_rows, train, test, **more):
    return {
        "data": {"file": FILES[key][0], "columns": columns},
        "step": step,
        "train_rows": train_rows,
        "test_rows": test_rows,
        "train": matrix(train),
        "test": matrix(test),
        **more,
    }


def along():
    """Steps that follow the rows, with pandas; cells in `gaps` are taken out first, in each column others."""
    cases = []
    for key, columns in [
        ("diabetes", ["bmi", "s5"]),
        ("wine", ["alcohol", "proline"]),
        ("abalone", ["length", "whole_weight"]),
    ]:
        table = frame(key)[columns].astype(float)
        gaps = []
        for at, column in enumerate(columns):
            rows = [row for row in range(75) if row % 7 in (at, at + 1) or row in (40, 41, 42, 43)]
            gaps.append(rows)
            table.loc[rows, column] = np.nan
        train_rows, test_rows = parts(len(table))
        train, test = table.loc[train_rows], table.loc[test_rows]
        median = train.median()
        fills = {
            "forward_fill": lambda part: part.ffill(),
            "linear": lambda part: part.reset_index(drop=True).interpolate(method="linear"),
        }
        for strategy, fill in fills.items():
            step = {"step": "impute", "strategy": strategy}
            made = [fill(part).fillna(median) for part in (train, test)]
            cases.append(case(key, columns, step, train_rows, test_rows, *made, gaps=gaps))
        smooths = [({"method": "moving_average", "window": w}, lambda part, w=w: part.rolling(w, min_periods=1).mean()) for w in (4, 30)]
        smooths += [({"method": "exponential", "alpha": a}, lambda part, a=a: part.ewm(alpha=a).mean()) for a in (0.2,)]
        for params, smooth in smooths:
            step = {"step": "smooth", **params}
            made = [smooth(part) for part in (train, test)]
            # What stays missing before the first number is taken as the training median of what came out.
            made = [part.fillna(made[0].median()) for part in made]
            cases.append(case(key, columns, step, train_rows, test_rows, *made, gaps=gaps))
    return cases


def clips():
    cases = []
    for key, columns in [
        ("diabetes", ["bmi", "s5"]),
        ("wine", ["malic_acid", "proline"]),
        ("breast_cancer", ["mean_area", "mean_concavity"]),
    ]:
        table = frame(key)[columns].astype(float)
        train_rows, test_rows = parts(len(table))
        train, test = table.loc[train_rows], table.loc[test_rows]
        q1, q3 = np.percentile(train, [25, 75], axis=0)
        mean, std = train.to_numpy().mean(axis=0), train.to_numpy().std(axis=0)
        for method, factor, ends in [
            ("iqr", 1.0, lambda f: (q1 - f * (q3 - q1), q3 + f * (q3 - q1))),
            ("z_score", 1.5, lambda f: (mean - f * std, mean + f * std)),
        ]:
            step = {"step": "clip", "method": method, "factor": factor}
            made = [np.clip(part.to_numpy(), *ends(factor)) for part in (train, test)]
            cases.append(case(key, columns, step, train_rows, test_rows, *made))
    return cases


def bins():
    cases = []
    for key, columns in [
        ("diabetes", ["bmi", "s5", "sex"]),
        ("wine", ["malic_acid", "proline", "magnesium"]),
        ("abalone", ["length", "whole_weight", "height"]),
    ]:
        table = frame(key)[columns].astype(float)
        train_rows, test_rows = parts(len(table))
        train, test = table.loc[train_rows], table.loc[test_rows]
        for strategy in ("quantile", "uniform"):
            for n_bins in (2, 5):
                binner = KBinsDiscretizer(n_bins, encode="ordinal", strategy=strategy).fit(train)
                step = {"step": "bin", "n_bins": n_bins, "strategy": strategy}
                made = [binner.transform(part) for part in (train, test)]
                edges = [list(map(float, edges[1:-1])) for edges in binner.bin_edges_]
                cases.append(case(key, columns, step, train_rows, test_rows, *made, edges=edges))
    return cases


def words(table, columns):
    return table[columns].astype(object).where(table[columns].notna(), None)


def rares():
    cases = []
    for key, columns in [("homes", ["户型", "朝向"]), ("penguins", ["island", "species"]), ("abalone", ["sex"])]:
        table = words(frame(key), columns)
        train_rows, test_rows = parts(len(table))
        for min_frequency in (9, 0.15, 1):
            encoder = OneHotEncoder(min_frequency=min_frequency, handle_unknown="infrequent_if_exist")
            encoder.fit(table.loc[train_rows])
            rare = encoder.infrequent_categories_ if min_frequency != 1 else [None] * len(columns)
            step = {"step": "group_rare", "min_frequency": min_frequency}
            rare = [[] if names is None else list(names) for names in rare]
            # scikit-learn puts the rare ones last; ours stand where their name is sorted.
            order = []
            for categories, names in zip(encoder.categories_, rare):
                kept = [name for name in categories if name not in names] + ["rare"] * bool(names)
                order += list(len(order) + np.argsort(np.array(kept, dtype=object)))
            made = [encoder.transform(table.loc[rows]).toarray()[:, order] for rows in (train_rows, test_rows)]
            cases.append(case(key, columns, step, train_rows, test_rows, *made, rare=rare))
    return cases


def targets():
    cases = []
    for key, columns, target, task in [
        ("penguins", ["island", "sex"], "species", "classification"),
        ("penguins", ["island", "species"], "sex", "classification"),
        ("homes", ["区域", "户型", "朝向"], "成交速度", "classification"),
        ("homes", ["区域", "户型", "朝向"], "总价(万元)", "regression"),
        ("abalone", ["sex", "rings"], "whole_weight", "regression"),
        ("diabetes", ["sex", "s4"], "progression", "regression"),
    ]:
        table = frame(key)
        known = table.index[table[target].notna()].to_numpy()
        # Files sorted by the target have all classes among evenly spaced rows.
        known = known[:: max(1, len(known) // 75)]
        train_rows, test_rows = (known[rows] for rows in parts(len(known)))
        X, y = words(table, columns), table[target]
        for smooth in ("auto", 10.0):
            folds = KFold(5) if task == "regression" else StratifiedKFold(5)
            # Left to itself, scikit-learn takes whole numbers for classes.
            kind = "continuous" if task == "regression" else "auto"
            encoder = TargetEncoder(smooth=smooth, cv=folds, target_type=kind)
            train = encoder.fit_transform(X.loc[train_rows], y.loc[train_rows])
            step = {"step": "target_encode", "smooth": smooth, "cv": 5, "shuffle": False}
            cases.append(
                case(key, columns, step, train_rows, test_rows, train, encoder.transform(X.loc[test_rows]), target=target, task=task)
            )
    return cases


def dates():
    texts = ["1969-12-31 23:59", "1970-01-01 00:00", "2000-02-29 12:30", "2023-12-31 23:00", "2024-02-29 06:15", "2024-03-01 00:00"]
    texts += [str(t)[:16] for t in pd.date_range("2021-01-01 03:07", periods=40, freq="17D13h")]
    times = pd.Series(pd.to_datetime(texts)).dt
    started = pd.Series(pd.to_datetime(texts))
    parts_of = {
        "year": times.year,
        "quarter": times.quarter,
        "month": times.month,
        "day": times.day,
        "weekday": times.day_of_week,
        "day_of_year": times.day_of_year,
        "hour": times.hour,
        "minute": times.minute,
        "elapsed_days": (started - started.min()) / pd.Timedelta(days=1),
    }
    return {"texts": texts, "parts": {name: [float(x) for x in part] for name, part in parts_of.items()}}


def selections():
    cases = []
    for key, target, task in [
        ("wine", "class", "classification"),
        ("breast_cancer", "class", "classification"),
        ("diabetes", "progression", "regression"),
        ("abalone", "rings", "regression"),
    ]:
        table = frame(key)
        features = [name for name in table.columns if name != target and pd.api.types.is_numeric_dtype(table[name])]
        rows = np.arange(min(len(table), 600))
        X, y = table.loc[rows, features].to_numpy(float), table.loc[rows, target]
        f, information = (f_classif, mutual_info_classif) if task == "classification" else (f_regression, mutual_info_regression)
        drawn = np.array([information(X, y, random_state=seed) for seed in range(10)])
        threshold = float(np.median(X.var(axis=0)))
        cases.append(
            {
                "data": {"file": FILES[key][0], "columns": features},
                "target": target,
                "task": task,
                "train_rows": rows,
                "threshold": threshold,
                "variances": X.var(axis=0),
                "by_variance": VarianceThreshold(threshold).fit(X).get_support(),
                "f": f(X, y)[0],
                "by_f": SelectKBest(f, k=4).fit(X, y).get_support(),
                "information_mean": drawn.mean(axis=0),
                "information_std": drawn.std(axis=0),
            }
        )
    return cases


def main():
    steps = along() + clips() + bins() + rares() + targets()
    made_by = f"preparation.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}, pandas {pd.__version__}"
    save_any("preparation.json", {"made_by": made_by, "cases": steps, "dates": dates(), "selections": selections()})


if __name__ == "__main__":
    main()
