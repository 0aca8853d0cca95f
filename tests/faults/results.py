"""What the faults at full length and the soak came to, kept in RESULTS.md: a row for each test, its latest run."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench.report import machine

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = "| fault | outcome | minutes | seed | when (UTC) | seen |\n| --- | --- | --- | --- | --- | --- |\n"
ABOUT = """# Results of the faults and the soak

Written by `make faults` and `make soak`: the latest run of each at full length, against a real Kafka. Passed means
that journeys, customers, alerts and dead letters were, byte for byte after sorting, those of one worker that nobody
disturbed (tests/support/verifier.py computes them from the raw topics).
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One test's run; `seen` is what it recorded with pytest's `record_property`."""

    fault: str
    outcome: str
    minutes: str
    seed: str
    when: str
    seen: str

    @classmethod
    def of(cls, report: pytest.TestReport, seed: int) -> "Row":
        name, _, given = report.location[2].partition("[")
        fault = name.removeprefix("test_").replace("_", " ")
        seen = "; ".join(f"{name}: {value}" for name, value in report.user_properties)
        return cls(
            f"{fault} ({given.rstrip(']')})" if given else fault,
            report.outcome,
            f"{report.duration / 60:.1f}",
            str(seed),
            f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
            seen,
        )

    def __str__(self) -> str:
        cells = self.fault, self.outcome, self.minutes, self.seed, self.when, self.seen
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def keep(rows: list[Row], file: Path = FILE) -> None:
    """Put the rows into the file, in the place of earlier ones of the same tests."""
    kept = {row.fault: row for row in (*_rows(file), *rows)}
    lines = "\n".join(str(kept[fault]) for fault in sorted(kept))
    about = "\n".join(
        f"- {name}: {value}" for name, value in machine().items() if name in ("cpu", "software")
    )
    file.write_text(f"{ABOUT}\n{about}\n\n{HEAD}{lines}\n")


def _rows(file: Path) -> list[Row]:
    if not file.exists():
        return []
    lines = re.findall(r"^\| (.+) \|$", file.read_text(), flags=re.M)[2:]
    return [Row(*(cell.strip() for cell in line.split("|"))) for line in lines]
