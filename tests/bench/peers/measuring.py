"""What is measured of a peer's run, from outside: events a second until all they came to is durable, and verified.

The clock starts when the program says that its warm-up is handled, so that starting it does not count. It stops
when the broker shows that all is durable: the group's committed offsets are the ends of the input, its changelog
having been written by then (Faust's, which is not awaited, is waited for); and where alerts are due, the last of
them can be read. A program that keeps its offsets elsewhere ends by itself when all is durable, and then the
clock stops. Who has handled the last event is told to end, so that no commit interval is waited for; but Baton
worker is left as it is, and its clock, which tells that a deadline has passed, is part of the figure.
"""

import asyncio
import pickle
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient

from journeys.journey_map import JourneyMap
from stream.topics import Topics
from stream.transports.log import Log
from tests.bench.peers.orders import PARTITIONS
from tests.bench.peers.peer import HERE, JOB, STATE, Peer
from tests.bench.peers.program import LOOK_SECONDS, DoesNotCount, Input, TooFast, Word, started

MAP = HERE / "baton" / "map.yaml"
ORDER = re.compile(rb"[AZ]-\d{7}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens; `group` and `folder` are its own."""

    broker: str
    log: Log
    group: str
    folder: Path


async def state(peer: Peer, given: Input, place: Place) -> float:
    """The stateful loop: every order's number of events must be in the changelog."""
    changelog = peer.changelog(place.group, given.topic)
    if peer.is_ours:
        await place.log.create_topics({changelog: PARTITIONS}, compacted=[changelog])
    with started(peer, STATE, given, place.broker, place.group, changelog, place.folder) as program:
        warm, handled = await program.said("warm"), await program.said("all")
        end = handled.at
        if peer.keeps_offsets:
            end = await program.ended()
        elif changelog:
            program.tell_to_end()
            end = await _when(lambda: _is_committed(place, given.topic))
        if peer.is_slow:
            end = await _when(lambda: _has(place.log, changelog, given.orders.size))
    if peer.keeps_offsets or changelog:
        counts = await _counts(place.log, changelog) if changelog else _recovered(place.folder)
        wrong = sum(counts.get(order) != count for order, count in given.orders.counts.items())
        if wrong:
            raise DoesNotCount(f"its state is wrong of {wrong:,} of {len(given.orders.counts):,} orders")
    return _rate(warm, handled, end)


async def job(peer: Peer, given: Input, place: Place) -> float:
    """The job itself: there must be one alert of each order that one is due for, and no other."""
    topic = f"{place.group}-alerts"
    if peer.is_ours:
        topics = Topics(JourneyMap.parse(MAP.read_text(), MAP.name))
        place, topic = replace(place, group=topics.group("stitch")), topics.alerts
        await _as_new(place.log, topics)
    else:
        create(place.broker, topic)
    due = given.orders.missing
    async with _read_as_they_come(place.broker, topic) as alerts:
        with started(peer, JOB, given, place.broker, place.group, topic, place.folder) as program:
            warm, handled = await program.said("warm"), await program.said("all")
            if peer.keeps_offsets:
                end = await program.ended()
            elif peer.is_ours:
                end = await _when(lambda: alerts.are(due))
            else:
                program.tell_to_end()
                end = await _when(lambda: _is_committed(place, given.topic))
            end = max(end, await _when(lambda: alerts.are(due)))
        await alerts.read()
    if alerts.orders != Counter(due):
        raise DoesNotCount(f"{alerts.orders.total():,} alerts instead of {len(due):,}")
    return _rate(warm, handled, end)


class Alerts:
    """How many alerts of each order have come."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.orders: Counter[str] = Counter()

    async def read(self) -> None:
        while fetched := await self._consumer.getmany(timeout_ms=10):
            for records in fetched.values():
                self.orders.update(order_of(record.value) for record in records)

    async def are(self, due: frozenset[str]) -> bool:
        """All have come that are due, or more."""
        await self.read()
        return self.orders.keys() >= due


@asynccontextmanager
async def _read_as_they_come(broker: str, topic: str) -> AsyncIterator[Alerts]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        yield Alerts(consumer)
    finally:
        await consumer.stop()


def create(broker: str, topic: str) -> None:
    """A topic that keeps what happened long ago."""
    admin = KafkaAdminClient(bootstrap_servers=broker)
    try:
        shape = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {"retention.ms": "-1"}}
        admin.create_topics({topic: shape}, wait_for_metadata=True)
    finally:
        admin.close()


def order_of(text: bytes) -> str:
    """The order that a key or an alert names first."""
    found = ORDER.search(text)
    return found[0].decode() if found else ""


async def _when(true: Callable[[], Awaitable[bool]]) -> float:
    while not await true():
        await asyncio.sleep(LOOK_SECONDS)
    return time.time()


async def _is_committed(place: Place, topic: str) -> bool:
    return await place.log.committed(place.group, [topic]) == await place.log.ends([topic])


async def _has(log: Log, topic: str, records: int) -> bool:
    return sum((await log.ends([topic])).values()) >= records


async def _counts(log: Log, changelog: str) -> dict[str, int]:
    """What a changelog says of every order."""
    counts: dict[str, int] = {}
    for partition in range(PARTITIONS):
        async for records in log.read(changelog, partition):
            for record in records:
                if record.value and (order := order_of(record.key or b"")):
                    counts[order] = orjson.loads(record.value)["count"]
    return counts


def _recovered(folder: Path) -> dict[str, int]:
    """What Bytewax's recovery store says of every order; it may be read, for it was written here."""
    with sqlite3.connect(folder / "recovery" / "part-0.sqlite3") as store:
        rows = store.execute("SELECT state_key, ser_change FROM snaps ORDER BY snap_epoch")
        return {
            key: pickle.loads(kept)["count"] for key, kept in rows if kept and ORDER.fullmatch(key.encode())
        }


async def _as_new(log: Log, topics: Topics) -> None:
    """An installation's topics, empty; its source and what it has is the input."""
    counts = topics.partitions(PARTITIONS)
    await log.create_topics(counts, compacted=topics.compacted)
    own = [topic for topic in counts if topic not in topics.sources]
    await log.discard(own, [topics.group("ingest"), topics.group("stitch")])


def _rate(warm: Word, handled: Word, end: float) -> float:
    if handled.events == warm.events:
        raise TooFast("it took in everything at once, warm-up and all")
    return (handled.events - warm.events) / (end - warm.at)
