"""How much of the process's memory an open journey takes, while a live worker holds it.

Resident memory before and after, caches of ingest and whatever malloc keeps included. The journeys come a
thousand at a time, their events mixed, each judged with every batch that touches it. The worker has handled a
thousand before, so that its code and tables are in memory already.
"""

import asyncio
import gc
import os
from pathlib import Path

from tests.bench.orders import by_time
from tests.bench.worker import Worker

JOURNEYS_AT_ONCE = 1_000
BATCH = 2_000


def bytes_a_journey(journeys: int) -> float:
    return asyncio.run(_growth(journeys)) / journeys


async def _growth(journeys: int) -> int:
    worker = Worker(live=True)
    await happen(worker, 0, JOURNEYS_AT_ONCE)
    before = _resident()
    for first in range(JOURNEYS_AT_ONCE, JOURNEYS_AT_ONCE + journeys, JOURNEYS_AT_ONCE):
        await happen(worker, first, min(JOURNEYS_AT_ONCE, JOURNEYS_AT_ONCE + journeys - first))
    return _resident() - before


async def happen(worker: Worker, first: int, journeys: int) -> None:
    """So many journeys from the first on."""
    raw = by_time(journeys, first)
    for start in range(0, len(raw), BATCH):
        await worker.take(raw[start : start + BATCH])


def _resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
