"""`make bench`: what is measured, in rounds, each measure in a process of its own; the medians as a table.

Memory does not vary, and is measured once."""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from tests.bench.measures import MEASURES, Measure
from tests.bench.report import WIDTH, Figure, Report, machine

RESULTS = Path(__file__).with_name("RESULTS.md")
TIMED = [measure for measure in MEASURES if not measure.most]
ROUNDS, JOURNEYS, OPEN_JOURNEYS = 3, 8_334, 100_000
QUICK_ROUNDS, QUICK_JOURNEYS = 1, 200


def main() -> None:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, once: shows that it runs, no more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE, too")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    asked = parser.parse_args()
    before = machine()
    report = Report(before, _figures(asked.quick))
    report.show(Console(width=WIDTH, soft_wrap=True))
    if asked.json:
        asked.json.write_bytes(report.as_json())
    if asked.write:
        RESULTS.write_text(report.as_markdown())


def _figures(quick: bool) -> list[Figure]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    runs: dict[str, list[float]] = {measure.name: [] for measure in MEASURES}
    console = Console(stderr=True)
    with console.status("") as status:
        for nth in range(1, rounds + 1):
            for measure in MEASURES if nth == 1 else TIMED:
                status.update(f"round {nth} of {rounds}: {measure.name}")
                runs[measure.name].append(_run_alone(measure, quick))
    return [
        Figure(measure, statistics.median(runs[measure.name]), runs[measure.name]) for measure in MEASURES
    ]


def _run_alone(measure: Measure, quick: bool) -> float:
    journeys = QUICK_JOURNEYS if quick else OPEN_JOURNEYS if measure.most else JOURNEYS
    command = [sys.executable, "-m", "tests.bench.alone", measure.name, str(journeys)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
