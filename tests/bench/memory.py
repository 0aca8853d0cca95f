"""How much of the process's memory an open journey takes, while a live worker holds it.

Resident memory before and after, caches of ingest and whatever malloc keeps included; the worker has handled
some journeys before, so that its code and tables are in memory already.
"""

import asyncio
import gc
import os
from pathlib import Path

from tests.bench.orders import by_journey
from tests.bench.worker import Worker

WARM_UP = 500
JOURNEYS_A_BATCH = 160


def bytes_a_journey(journeys: int) -> float:
    return asyncio.run(_growth(journeys)) / journeys


async def _growth(journeys: int) -> int:
    worker = Worker(live=True)
    batch: list[bytes] = []
    before = 0
    for number, events in enumerate(by_journey(WARM_UP + journeys), start=1):
        batch += events
        if number % JOURNEYS_A_BATCH == 0 or number in (WARM_UP, WARM_UP + journeys):
            await worker.take(batch)
            batch = []
        if number == WARM_UP:
            before = _resident()
    return _resident() - before


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
