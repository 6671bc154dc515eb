"""Makes the CSV files of www/samples/ and tests/reference/data/, and nothing else.

    python -m pip install -r requirements.txt
    npm install --prefix FOLDER vega-datasets@3.2.1 ydf-training@0.0.1
    python samples.py FOLDER

The sources and licences of what it writes are in www/samples/LICENCES.md and tests/reference/data/LICENCES.md.
"""

import csv
import io
import json
import random
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "www" / "samples"
DATA = HERE / "data"


def write(path, header, rows):
    """Comma, LF, quotes only where needed, missing cells empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8"))
    print(f"{path.name}: {len(rows)} rows, {len(header)} columns, {path.stat().st_size} bytes")


def number(value):
    """The shortest text that reads back as the same number; whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(float(value))


def iris():
    data = load_iris()
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    # One decimal in every cell, as Fisher printed them.
    rows = [[f"{x:.1f}" for x in row] + [data.target_names[y]] for row, y in zip(data.data, data.target)]
    write(SAMPLES / "iris.csv", header, rows)


def penguins(npm):
    source = npm / "node_modules" / "vega-datasets" / "data" / "penguins.json"
    names = {
        "Species": "species",
        "Island": "island",
        "Beak Length (mm)": "bill_length_mm",
        "Beak Depth (mm)": "bill_depth_mm",
        "Flipper Length (mm)": "flipper_length_mm",
        "Body Mass (g)": "body_mass_g",
        "Sex": "sex",
    }

    def cell(value):
        # The field sheet's "." means that the sex was not determined.
        if value is None or value == ".":
            return ""
        return value if isinstance(value, str) else number(value)

    records = json.loads(source.read_text(encoding="utf-8"))
    write(SAMPLES / "penguins.csv", list(names.values()), [[cell(r[k]) for k in names] for r in records])


def abalone(npm):
    source = npm / "node_modules" / "ydf-training" / "test" / "abalone.csv"
    header, *rows = csv.reader(source.read_text(encoding="utf-8").splitlines())
    assert header == ["Type", "LongestShell", "Diameter", "Height", "WholeWeight", "ShuckedWeight", "VisceraWeight", "ShellWeight", "Rings"]
    named = ["sex", "length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight", "shell_weight", "rings"]
    write(SAMPLES / "abalone.csv", named, rows)


def secondhand_homes():
    """300 invented homes: no real listing, place or person is behind any row."""
    rng = random.Random(20_240_601)
    header = ["房源编号", "区域", "户型", "面积(平方米)", "楼层", "朝向", "装修", "建成年份", "距地铁(米)", "有电梯", "挂牌日期", "总价(万元)", "成交速度"]
    districts = {"城东": 3.1, "城西": 2.6, "城南": 2.2, "城北": 1.9, "新区": 2.8}  # 万元 per 平方米
    floors = {"低楼层": -0.02, "中楼层": 0.02, "高楼层": 0.0}
    facings = {"南": 0.04, "南北": 0.06, "东": 0.0, "西": -0.02, "北": -0.05}
    fittings = {"毛坯": -0.06, "简装": 0.0, "精装": 0.08}
    rows = []
    for index in range(300):
        district = rng.choices(list(districts), weights=[5, 6, 7, 6, 4])[0]
        rooms = rng.choices([1, 2, 3, 4], weights=[3, 8, 9, 3])[0]
        halls = 1 if rooms < 3 else rng.choice([1, 2])
        area = round(max(28.0, rng.gauss(22 + 27 * rooms + 6 * halls, 9.0)), 1)
        floor = rng.choice(list(floors))
        facing = rng.choices(list(facings), weights=[8, 6, 3, 2, 2])[0]
        fitting = rng.choices(list(fittings), weights=[2, 5, 5])[0]
        built = rng.randint(1992, 2021)
        metro = int(round(min(5200.0, 120 + rng.expovariate(1 / 900)), -1))
        lift = built >= 2008 or rng.random() < 0.25
        listed = f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        per_square_metre = districts[district] * (1 + floors[floor] + facings[facing] + fittings[fitting])
        per_square_metre *= 1 + 0.006 * (built - 2005) - 0.00005 * metro + (0.03 if lift else 0.0)
        asked = 1 + rng.gauss(0, 0.07)  # how far the owner asks beside the going rate
        price = round(area * per_square_metre * asked, 1)
        eagerness = 3 * (asked - 1) + 0.0004 * metro - 0.02 * (built - 2005) + rng.gauss(0, 0.12)
        speed = "快" if eagerness < 0.25 else "中" if eagerness < 0.55 else "慢"
        row = [f"{index + 1:05d}", district, f"{rooms}室{halls}厅", f"{area:.1f}", floor, facing, fitting, str(built), str(metro), "是" if lift else "否", listed, f"{price:.1f}", speed]
        for column, share in ((3, 0.02), (6, 0.06), (7, 0.05), (8, 0.04)):
            if rng.random() < share:
                row[column] = ""
        rows.append(row)
    write(SAMPLES / "secondhand_homes_zh.csv", header, rows)


def reference_only():
    data = load_diabetes(scaled=False)
    rows = [[number(x) for x in row] + [number(y)] for row, y in zip(data.data, data.target)]
    write(DATA / "diabetes.csv", [*data.feature_names, "progression"], rows)
    data = load_digits()
    rows = [[number(x) for x in row] + [str(y)] for row, y in zip(data.data, data.target)]
    write(DATA / "digits.csv", [*data.feature_names, "digit"], rows)
    for name, data in (("wine", load_wine()), ("breast_cancer", load_breast_cancer())):
        header = [feature.replace(" ", "_").replace("/", "_per_") for feature in data.feature_names] + ["class"]
        rows = [[number(x) for x in row] + [data.target_names[y]] for row, y in zip(data.data, data.target)]
        write(DATA / f"{name}.csv", header, rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    iris()
    penguins(folder)
    abalone(folder)
    secondhand_homes()
    reference_only()
