"""What is measured. Every measure runs in a process of its own, and gives one figure."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from journeys import messages
from journeys.events import Event
from journeys.fold import Fold
from journeys.identity import IdentityRules, resolve, strength, type_of
from journeys.journey_map import JourneyMap
from journeys.outcome import Outcome
from journeys.reading import EventReader
from journeys.routing import Neighbourhoods
from journeys.sharing import Limits
from stream.transports.log import Entry, open_log
from tests.bench import state
from tests.bench.large import one_event_more
from tests.bench.memory import bytes_a_journey
from tests.bench.orders import EVENTS_A_JOURNEY, MAP, by_journey, by_time, journey_map
from tests.bench.worker import Worker

BATCH = 2_000
EVENTS_A_SECOND = "events/s"
BYTES_A_JOURNEY = "bytes/journey"
SECONDS_A_MILLION = "s/million rows"
SHARE_OF_FOLD = "% of the fold"
MILLISECONDS = "ms of CPU"


class Measure(NamedTuple):
    """`run` takes a number of journeys; `target` is the least, or where `most` is true the most."""

    name: str
    about: str
    unit: str
    target: float | None
    run: Callable[[int], float]
    most: bool = False


def read(journeys: int) -> float:
    reader, raw = EventReader(journey_map(), live=False), by_time(journeys)
    started = time.perf_counter()
    for offset, record in enumerate(raw):
        reader.read(record, ["bench", 0, offset], None)
    return len(raw) / (time.perf_counter() - started)


def route(journeys: int) -> float:
    bench_map = journey_map()
    events = _read(EventReader(bench_map, live=False), by_time(journeys))
    observed = [(event.identifiers[0], messages.observe(event)) for event in events]
    neighbourhoods = _neighbourhoods(bench_map)
    started = time.perf_counter()
    for start in range(0, len(observed), BATCH):
        outcome = Outcome()
        for identifier, message in observed[start : start + BATCH]:
            neighbourhoods.handle(identifier, messages.decode(message), outcome)
        outcome.row_changes()
    return len(observed) / (time.perf_counter() - started)


def fold(journeys: int) -> float:
    bench_map = journey_map()
    judge, reader = Fold(bench_map), EventReader(bench_map, live=False)
    sets = [[event.encode() for event in _read(reader, raw)] for raw in by_journey(journeys)]
    watermarks = dict.fromkeys(bench_map.departments, Event.decode(sets[-1][-1]).time)
    started = time.perf_counter()
    for rows in sets:
        judge(rows, watermarks)
    return journeys * EVENTS_A_JOURNEY / (time.perf_counter() - started)


def identity(journeys: int) -> float:
    """What of the fold's time goes into who is who, both measured in turn, a thousand journeys at a time."""
    bench_map = journey_map()
    judge, rules, reader = Fold(bench_map), IdentityRules.of(bench_map), EventReader(bench_map, live=False)
    sets = [_read(reader, raw) for raw in by_journey(journeys)]
    watermarks = dict.fromkeys(bench_map.departments, sets[-1][-1].time)
    resolving = folding = 0.0
    for start in range(0, len(sets), 1_000):
        some = sets[start : start + 1_000]
        rows = [[event.encode() for event in events] for events in some]
        started = time.perf_counter()
        for events in some:
            resolve(events, rules)
        resolved = time.perf_counter()
        for encoded in rows:
            judge(encoded, watermarks)
        resolving += resolved - started
        folding += time.perf_counter() - resolved
    return 100 * resolving / folding


def agents(journeys: int) -> float:
    return asyncio.run(_agents(by_time(journeys)))


def append(journeys: int) -> float:
    return asyncio.run(_log(by_time(journeys)))[0]


def consume(journeys: int) -> float:
    return asyncio.run(_log(by_time(journeys)))[1]


def replay(journeys: int) -> float:
    """From the start of the command to its end, results written."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        events = Path(folder) / "events.jsonl"
        events.write_bytes(b"".join(raw + b"\n" for raw in by_time(journeys)))
        baton = Path(sys.executable).with_name("baton")
        command = [str(baton), "replay", str(events), "--map", str(MAP), "--out", f"{folder}/out"]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return journeys * EVENTS_A_JOURNEY / (time.perf_counter() - started)


MEASURES = (
    Measure("read", "decode, validate, normalise; one core", EVENTS_A_SECOND, None, read),
    Measure("route", "into neighbourhoods; one core", EVENTS_A_SECOND, None, route),
    Measure("fold", "journeys, handoffs, alerts; one core", EVENTS_A_SECOND, 30_000, fold),
    Measure("identity", "who is who; one core", SHARE_OF_FOLD, 25, identity, most=True),
    Measure("large", "one event more where 5,000 met", MILLISECONDS, 50, one_event_more, most=True),
    Measure("agents", "ingest and stitch, without the log", EVENTS_A_SECOND, None, agents),
    Measure("disk", "the same, state in RocksDB", EVENTS_A_SECOND, None, state.on_disk),
    Measure("append", "to the embedded log", EVENTS_A_SECOND, None, append),
    Measure("consume", "from the embedded log", EVENTS_A_SECOND, None, consume),
    Measure("replay", "the whole command, into SQLite", EVENTS_A_SECOND, 5_000, replay),
    Measure(
        "memory", "an open journey of twelve events", BYTES_A_JOURNEY, 8 * 1024, bytes_a_journey, most=True
    ),
    Measure("closed", "a journey that is over, closed", BYTES_A_JOURNEY, None, state.closed_bytes, most=True),
    Measure("load", "state from the changelog", SECONDS_A_MILLION, None, state.read_back, most=True),
    Measure("fill", "the same, into RocksDB", SECONDS_A_MILLION, None, state.read_back_cold, most=True),
    Measure("warm", "the same, RocksDB has it", SECONDS_A_MILLION, None, state.read_back_warm, most=True),
)
RATIOS = (
    ("disk", "agents"),
    ("replay", "fold"),
    ("replay", "agents"),
    ("replay", "consume"),
    ("agents", "consume"),
)


def _read(reader: EventReader, raw: Sequence[bytes]) -> list[Event]:
    return [reader.read(record, ["bench", 0, offset], None) for offset, record in enumerate(raw)]


def _neighbourhoods(bench_map: JourneyMap) -> Neighbourhoods:
    rules = bench_map.identifiers
    return Neighbourhoods(
        precedes=lambda a, b: strength(a, rules) < strength(b, rules),
        routes=lambda identifier: rules[type_of(identifier)].routes,
        is_mine=lambda identifier: True,
        limits=Limits(rules),
    )


async def _agents(raw: Sequence[bytes]) -> float:
    worker = Worker(live=False)
    started = time.perf_counter()
    for start in range(0, len(raw), BATCH):
        await worker.take(raw[start : start + BATCH])
    await worker.judge()
    return len(raw) / (time.perf_counter() - started)


async def _log(raw: Sequence[bytes]) -> tuple[float, float]:
    """Events appended and events read in a second."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        log = open_log(f"embedded://{folder}/log.sqlite")
        await log.start()
        try:
            await log.create_topics({"bench": 1})
            entries = [Entry(record[:24], record) for record in raw]
            started = time.perf_counter()
            for start in range(0, len(entries), BATCH):
                await log.append({("bench", 0): entries[start : start + BATCH]})
            appended = time.perf_counter()
            count = sum([len(records) async for records in log.read("bench", 0)])
            ended = time.perf_counter()
        finally:
            await log.stop()
    assert count == len(raw)
    return count / (appended - started), count / (ended - appended)
