"""Makes data/seattle_weather.csv, and nothing else.

    npm install --prefix FOLDER vega-datasets@3.2.1
    python seattle.py FOLDER

Its source and licence are in data/LICENCES.md.
"""

import csv
import sys
from pathlib import Path

from samples import DATA, write


def main():
    source = Path(sys.argv[1]) / "node_modules" / "vega-datasets" / "data" / "seattle-weather.csv"
    header, *rows = csv.reader(source.read_text(encoding="utf-8").splitlines())
    assert header == ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"]
    # Two of the four years are enough for a window, and half the size.
    rows = [row for row in rows if row[0] < "2014"]
    write(DATA / "seattle_weather.csv", header, rows)


if __name__ == "__main__":
    main()
