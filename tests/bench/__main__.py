"""`make bench`: what is measured, in rounds, each measure in a process of its own; the medians as tables.

Memory does not vary, and is measured once.
`make bench ARGS=alone` measures nothing on Kafka; `ARGS=live` the whole on Kafka, `ARGS=peers` the peers."""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from tests.bench.live import table as live
from tests.bench.measures import MEASURES, MILLISECONDS, SHARE_OF_FOLD, Measure
from tests.bench.peers import table
from tests.bench.peers.compare import compare
from tests.bench.report import WIDTH, Figure, Report, machine
from tests.bench.sections import keep_first, keep_section

RESULTS = Path(__file__).with_name("RESULTS.md")
TIMED = [measure for measure in MEASURES if not measure.most or measure.unit in (SHARE_OF_FOLD, MILLISECONDS)]
ROUNDS, JOURNEYS, OPEN_JOURNEYS = 3, 8_334, 100_000
QUICK_ROUNDS, QUICK_JOURNEYS = 1, 200


def main() -> None:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, or only these")
    parser.add_argument("--quick", action="store_true", help="small sizes, once: shows that it runs, no more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE, too")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    asked = parser.parse_args()
    document: dict[str, object] = {}
    for part in asked.parts or PARTS:
        document |= PARTS[part](asked.quick, asked.write)
    if asked.json:
        asked.json.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _alone(quick: bool, write: bool) -> dict[str, object]:
    before = machine()
    report = Report(before, _figures(quick))
    report.show(Console(width=WIDTH, soft_wrap=True))
    if write:
        keep_first(RESULTS, report.as_markdown())
    return report.document()


def _peers(quick: bool, write: bool) -> dict[str, object]:
    before, errors = machine(), Console(stderr=True)
    try:
        with errors.status("") as status:
            results = compare(quick, status.update)
    except pytest.skip.Exception as missing:
        errors.print(f"no comparison with the peers, for want of {missing}")
        return {"peers": str(missing)}
    table.show(results, Console(width=WIDTH, soft_wrap=True))
    if write:
        keep_section(RESULTS, "Side by side with its peers", table.as_markdown(results, before))
    return {"peers": table.document(results)}


def _live(quick: bool, write: bool) -> dict[str, object]:
    before, errors = machine(), Console(stderr=True)
    try:
        with errors.status("") as status:
            rows = live.measure(quick, status.update)
    except pytest.skip.Exception as missing:
        errors.print(f"nothing live on Kafka, for want of {missing}")
        return {"live": str(missing)}
    live.show(rows, Console(width=WIDTH, soft_wrap=True))
    if write:
        keep_section(RESULTS, live.TITLE, live.as_markdown(rows, before))
    return {"live": {row.what: {"figure": row.figure, "unit": row.unit, "runs": row.runs} for row in rows}}


PARTS = {"alone": _alone, "live": _live, "peers": _peers}


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
    journeys = QUICK_JOURNEYS if quick else OPEN_JOURNEYS if measure not in TIMED else JOURNEYS
    command = [sys.executable, "-m", "tests.bench.alone", measure.name, str(journeys)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
