"""The benchmark itself runs, at small sizes; how fast is no test's business."""

import subprocess
import sys
from pathlib import Path

import orjson

from journeys.reading import EventReader
from tests.bench.measures import MEASURES, RATIOS
from tests.bench.orders import by_journey, by_time, journey_map

PROJECT = Path(__file__).parents[2]


def test_the_benchmark_gives_a_figure_for_every_measure(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench", "alone", "--quick", "--json", str(kept)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = orjson.loads(kept.read_bytes())
    assert list(report["figures"]) == [measure.name for measure in MEASURES]
    assert all(run > 0 for figure in report["figures"].values() for run in figure["runs"])
    assert len(report["ratios"]) == len(RATIOS)
    assert all(f"│ {measure.name} " in done.stdout for measure in MEASURES)


def test_it_plays_journeys_of_twelve_events_over_six_identifier_types() -> None:
    bench_map = journey_map()
    reader = EventReader(bench_map, live=False)
    for raw in by_journey(40):
        events = [reader.read(record, ["bench", 0, 0], None) for record in raw]
        named = {identifier.partition(":")[0] for event in events for identifier in event.identifiers}
        assert len({event.key for event in events}) == 12
        assert named == set(bench_map.identifiers)
    assert sorted(by_time(40)) == sorted(record for raw in by_journey(40) for record in raw)
