"""What a worker's state costs: on disk, in memory once it is over, and to read back after a restart."""

import asyncio
import gc
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from journeys.journey_map import JourneyMap
from journeys.rounds import FOREVER
from stream.partition_rows import MemoryRows, PartitionRows, RowsOf
from stream.rocksdb_memory import RocksMemory
from stream.rocksdb_rows import RocksRows
from stream.transports.log import Entry, Log, Offsets, Partition
from stream.transports.sqlite_log import SqliteLog
from tests.bench.memory import BATCH, happen
from tests.bench.orders import MAP, by_time, journey_map
from tests.bench.worker import END, Nowhere, Worker

STATE = "baton.state"
MOST_CLOSED = 10_000


def closed_bytes(journeys: int) -> float:
    """What is left of a journey in memory that is over and was closed; ingest's part is not counted."""
    return asyncio.run(_closed(min(journeys, MOST_CLOSED)))


async def _closed(journeys: int) -> float:
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        async with _changelog(Path(folder) / "log.sqlite", journeys, over=True) as (log, _):
            rows = MemoryRows(log, STATE, 0)
            tracemalloc.start()
            await _load(rows, log)
            for name in ("", *journey_map().departments):
                assert rows.passed(name, FOREVER, journeys) == []
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert (len(rows.closed), len(rows.roots)) == (journeys, 0)
    return held / journeys


def _soon_over() -> JourneyMap:
    """The benchmark's map, but a journey is over when the line is activated or cannot be, and calls are not judged."""
    text = MAP.read_text().partition("\ncontacts:")[0]
    for wanted, instead in (
        ("    ends: shop.order_closed\n", "    cancels: activation.failed\n"),
        ("        fails_on: activation.failed\n", ""),
        ("      closing: {from: shop.order_placed, to: shop.order_closed, within: 90d}\n", ""),
    ):
        assert wanted in text
        text = text.replace(wanted, instead)
    return JourneyMap.parse("keep_closed: 1h\n" + text)


def on_disk(journeys: int) -> float:
    """Events in a second through ingest and stitch, the rows in a RocksDB."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        return asyncio.run(_through(by_time(journeys), _in(Path(folder))))


async def _through(raw: Sequence[bytes], rows_of: RowsOf) -> float:
    worker = Worker(live=False, rows_of=rows_of)
    started = time.perf_counter()
    for start in range(0, len(raw), BATCH):
        await worker.take(raw[start : start + BATCH])
    await worker.judge()
    took = time.perf_counter() - started
    await worker.close()
    return len(raw) / took


def read_back(journeys: int) -> float:
    """Seconds for a million rows of a changelog, into memory."""
    return asyncio.run(_read_back(journeys, lambda _: MemoryRows, warm=False))


def read_back_cold(journeys: int) -> float:
    """The same into a RocksDB that is empty."""
    return asyncio.run(_read_back(journeys, _in, warm=False))


def read_back_warm(journeys: int) -> float:
    """The same when the RocksDB has them already."""
    return asyncio.run(_read_back(journeys, _in, warm=True))


async def _read_back(journeys: int, kept_in: Callable[[Path], RowsOf], warm: bool) -> float:
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        rows_of = kept_in(Path(folder))
        async with _changelog(Path(folder) / "log.sqlite", journeys) as (log, count):
            if warm:
                rows = rows_of(log, STATE, 0)
                await _load(rows, log)
                await rows.batch_done()
                rows.close()
            started = time.perf_counter()
            rows = rows_of(log, STATE, 0)
            await _load(rows, log)
            took = time.perf_counter() - started
            rows.close()
    return took / count * 1e6


async def _load(rows: PartitionRows, log: Log) -> None:
    await rows.begin()
    async for records in log.read(STATE, 0, rows.position):
        rows.take(records)
    assert not list(rows.torn())
    list(rows.unsure())


@asynccontextmanager
async def _changelog(path: Path, journeys: int, over: bool = False) -> AsyncIterator[tuple[Log, int]]:
    """What so many open journeys leave, or journeys that were closed, and how many rows that is."""
    log = SqliteLog(path)
    await log.start()
    await log.create_topics({STATE: 1})
    worker = Worker(live=True, log=_Kept(log), bench_map=_soon_over() if over else None)
    await happen(worker, 0, journeys)
    if over:
        await worker.time_passes(END)
    yield log, (await log.ends([STATE]))[STATE, 0]
    await log.stop()


class _Kept(Nowhere):
    """Keeps the state."""

    def __init__(self, log: SqliteLog) -> None:
        super().__init__()
        self._log = log

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> Offsets:
        ends = await super().append(batches, committing)
        if rows := batches.get((STATE, 0)):
            ends |= await self._log.append({(STATE, 0): rows})
        return ends


def _in(folder: Path) -> RowsOf:
    return lambda log, topic, partition: RocksRows(folder / "rows", log, topic, partition, RocksMemory())
