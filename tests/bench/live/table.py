"""The whole of it, live on Kafka, as a table."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.live.latency import Latencies, latencies
from tests.bench.live.peak import peak, recovery
from tests.bench.live.place import PARTITIONS, Overdue, broker
from tests.support.kafka import Broker

TITLE = "The whole of it, live on Kafka"
HEAD = ("what", "figure", "lowest to highest", "target")
ROUNDS, JOURNEYS, SECONDS = 3, 10_000, 60.0
QUICK_ROUNDS, QUICK_JOURNEYS, QUICK_SECONDS = 1, 50, 3.0
HOW = f"""\
Identities over six types, watermarks, twelve events a journey, {PARTITIONS} partitions, broker and workers on one
machine, which is busy with the publisher and the API meanwhile. A worker is two processes, three with the database.
Peak: all events are there before the worker starts. Latency: at half of the peak with the database, from the time at
which an event was to be published, which happens fifty times a second; a missing handoff's from when its watermark may
pass the deadline at the earliest, and only where that is under load."""


class Row(NamedTuple):
    """`runs`: what the figure is the median of."""

    what: str
    figure: float
    unit: str
    runs: Sequence[float] = ()
    target: str = ""

    def cells(self) -> tuple[str, ...]:
        spread = f"{min(self.runs):,.0f} to {max(self.runs):,.0f}" if len(self.runs) > 1 else ""
        return self.what, f"{self.figure:,.{0 if self.figure >= 10 else 2}f} {self.unit}", spread, self.target


def measure(quick: bool, update: Callable[[str], None]) -> list[Row]:
    """The rows; what took far too long is none, and said instead."""
    rounds, journeys, seconds = (
        (QUICK_ROUNDS, QUICK_JOURNEYS, QUICK_SECONDS) if quick else (ROUNDS, JOURNEYS, SECONDS)
    )
    rows: list[Row] = []
    with broker() as at:
        try:
            for row in _rows(at, rounds, journeys, seconds, update):
                rows.append(row)
        except Overdue as error:
            rows.append(Row(str(error), float("nan"), ""))
    return rows


def _rows(
    at: Broker, rounds: int, journeys: int, seconds: float, update: Callable[[str], None]
) -> Iterator[Row]:
    update("one worker without the database")
    alone = [peak(at, journeys, 1, ("ingest", "stitch")) for _ in range(rounds)]
    yield _median(
        "events of one worker, without the database", [run.events_a_second for run in alone], "≥ 10,000"
    )
    yield Row("messages for each event, watermarks and tokens included", alone[0].messages, "")
    update("one worker with the database")
    whole = [peak(at, journeys, 1, ("ingest", "stitch", "project")) for _ in range(rounds)]
    yield _median(
        "events of one worker, into the read model (SQLite)", [r.events_a_second for r in whole], "≥ 6,000"
    )
    update("two workers")
    two = peak(at, journeys, 2, ("ingest", "stitch"))
    same = sum(two.results.get(id) == value for id, value in alone[0].results.items())
    known = len(alone[0].results.keys() | two.results.keys())
    yield Row(
        "documents of two workers equal to those of one, byte for byte",
        100 * same / known,
        "%",
        target="100 %",
    )
    update("coming back")
    yield Row("until a worker with an empty disk goes on, per million events", recovery(at, journeys), "s")
    rate = statistics.median(run.events_a_second for run in whole) / 2
    update(f"latency at {rate:,.0f} events/s")
    yield Row("half of the peak, at which latency is measured", rate, "events/s")
    yield from _latency_rows(latencies(at, rate, seconds))


def _latency_rows(found: Latencies) -> Iterator[Row]:
    for what, values in found.items():
        if len(values) > 1:
            p50, p99 = (statistics.quantiles(values, n=100, method="inclusive")[n - 1] for n in (50, 99))
            yield Row(f"{what}, median of {len(values):,}", p50, "ms")
            yield Row(f"{what}, 99th percentile", p99, "ms", target="≤ 1,000" if "alert" in what else "")


def _median(what: str, runs: list[float], target: str) -> Row:
    return Row(what, statistics.median(runs), "events/s", runs, target)


def as_markdown(rows: list[Row], machine: dict[str, str]) -> str:
    lines = [HOW, "", *(f"- {name}: {value}" for name, value in machine.items()), ""]
    table = (HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows))
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in table)]) + "\n"


def show(rows: list[Row], console: Console) -> None:
    table = Table(title=TITLE)
    for name in HEAD:
        table.add_column(name, justify="left" if name == HEAD[0] else "right")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
