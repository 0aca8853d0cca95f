"""What one event more costs where 5,000 have met, all of one customer with several hundred orders.

CPU time, so that what else the machine does counts little: the median over twenty events, each a batch of its own.
"""

import asyncio
import statistics
import time

import orjson

from tests.bench.memory import BATCH
from tests.bench.orders import EVENTS_A_JOURNEY, by_time
from tests.bench.worker import Worker

EVENTS, MORE = 5_000, 20


def one_event_more(journeys: int) -> float:
    """Milliseconds, where so many journeys have met, at most those of 5,000 events."""
    events = min(EVENTS, journeys * EVENTS_A_JOURNEY)
    return asyncio.run(
        _one_event_more([_of_one_customer(raw) for raw in by_time(events // EVENTS_A_JOURNEY + 12)], events)
    )


async def _one_event_more(raw: list[bytes], events: int) -> float:
    worker = Worker(live=True)
    for start in range(0, events, BATCH):
        await worker.take(raw[start : min(start + BATCH, events)])
    took = []
    for event in raw[events : events + MORE]:
        started = time.process_time()
        await worker.take([event])
        took.append(time.process_time() - started)
    return statistics.median(took) * 1e3


def _of_one_customer(raw: bytes) -> bytes:
    event = orjson.loads(raw)
    if "crm" in event["data"]:
        event["data"] |= {"crm": "C0000001", "email": "one@example.com"}
    return orjson.dumps(event)
