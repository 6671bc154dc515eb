"""Writes lags.json. README.md has its format.

    python -m pip install -r requirements.txt
    python lags.py

Everything is deterministic; the same pins give the same bytes.
"""

import numpy as np
import pandas as pd
from generate import FILES, ROOT, frame
from generate import save as save_any

CASES = [
    ("seattle", ["precipitation", "temp_max", "wind"], 5, 0),
    ("seattle", ["temp_min"], 3, 2),
    ("wine", ["alcohol", "proline"], 4, 1),
    ("abalone", ["length", "whole_weight"], 2, 0),
    ("diabetes", ["bmi"], 1, 0),
    ("diabetes", ["bmi", "s5"], 1, 7),
]


def lagged(part, columns, n_steps, horizon):
    """pandas' shift, and the first row before it."""
    made = {}
    for column in columns:
        for lag in reversed(range(horizon, horizon + n_steps)):
            made[f"{column} t-{lag}" if lag else f"{column} t"] = part[column].shift(lag).fillna(part[column].iloc[0])
    return pd.DataFrame(made)


def main():
    cases = []
    for key, columns, n_steps, horizon in CASES:
        if key == "seattle":
            path = "tests/reference/data/seattle_weather.csv"
            table = pd.read_csv(ROOT / path)
        else:
            path, table = FILES[key][0], frame(key)
        table = table[columns].astype(float)
        # Some rows with gaps between them, and rows that follow each other.
        train_rows = np.arange(60)[np.arange(60) % 5 != 2]
        test_rows = np.arange(60, 85)
        made = [lagged(table.loc[rows].reset_index(drop=True), columns, n_steps, horizon) for rows in (train_rows, test_rows)]
        cases.append(
            {
                "data": {"file": path, "columns": columns},
                "n_steps": n_steps,
                "horizon": horizon,
                "train_rows": train_rows,
                "test_rows": test_rows,
                "names": list(made[0].columns),
                "train": made[0].to_numpy(),
                "test": made[1].to_numpy(),
            }
        )
    save_any("lags.json", {"made_by": f"lags.py, pandas {pd.__version__}, numpy {np.__version__}", "cases": cases})


if __name__ == "__main__":
    main()
