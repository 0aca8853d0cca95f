"""Where the real public data for acceptance tests lies: beside the project, never in it."""

import csv
import gzip
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def data(folder: str) -> Path:
    """The data set's folder; skips the test where the data is not beside the project."""
    if not (DATA / folder).is_dir():
        pytest.skip(f"real data not found: put the folder shared/data/{folder} beside the project")
    return DATA / folder


def rows(folder: str, table: str) -> list[dict[str, str]]:
    """The rows of one of a data set's tables."""
    with gzip.open(data(folder) / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))
