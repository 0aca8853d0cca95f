"""Departments' feeds read by a real ingest and clock, one partition more slowly than another, at a time of our own."""

import random
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from journeys.instants import HOUR
from journeys.reading import EventReader
from stream.clock import Clock
from stream.ingest import Ingest
from stream.metrics import Metrics
from stream.publishing import address
from stream.sending import Sender
from stream.transports.log import Entry, Partition, partition_for
from tests.support.stitching import Stitching

READS, LAGS, STITCHES, TICKS, RESTARTS = 0.3, 0.01, 3, 0.3, 0.004
MOST_HOURS_BEHIND = 8


class Feeds:
    """What departments publish reaches stitching workers; each source partition has as many partitions as they."""

    def __init__(self, stitching: Stitching, partitions: int, chance: random.Random) -> None:
        self._stitching = stitching
        self._count = partitions
        self._chance = chance
        self.sources = [(topic, n) for topic in stitching.topics.sources for n in range(partitions)]
        self._stands_until: dict[Partition, int] = {}
        self._positions = dict.fromkeys(self.sources, 0)
        self.restart()

    def restart(self) -> None:
        """Reading goes on where it was committed, with nothing remembered but what is in the log."""
        log, topics, metrics = self._stitching.log, self._stitching.topics, Metrics()
        sender, reader = Sender(log), EventReader(topics.journey_map, live=True)
        self._ingest = Ingest(reader, log, sender, topics, metrics, timeless=False)
        self._clock = Clock(topics.journey_map, log, sender, topics, self._ingest, metrics)

    async def live_through(self, published: Iterable[tuple[int, bytes]]) -> int:
        """Each event is published at its instant; all goes on, or stands, by chance. Gives the last instant."""
        now = 0
        for now, raw in published:
            if self._happens(TICKS):
                await self._clock.tick(now - 1, self.sources)
            await self._publish(raw, now)
            for tp in self.sources:
                if self._happens(LAGS):
                    self._stands_until[tp] = now + self._chance.randint(1, MOST_HOURS_BEHIND) * HOUR
                if self._happens(READS) and self._stands_until.get(tp, 0) <= now:
                    await self._read(tp, self._chance.randint(1, 20))
            for _ in range(self._chance.randint(0, STITCHES)):
                await self._stitching.step()
            if self._happens(RESTARTS):
                await self._stitching.log.commit(self._stitching.topics.group("ingest"), self._positions)
                await self._stitching.restart_all()
                self.restart()
        return now

    async def settle(self, now: int) -> None:
        """All is read and stitched, and time has come to `now`."""
        for tp in self.sources:
            await self._read(tp, 10_000)
        await self._clock.tick(now, self.sources)
        await self._stitching.settle()

    async def records(self, *topics: str) -> list[Any]:
        """All that topics hold, or else all that was published, as the verifier wants it."""
        return [
            SimpleNamespace(topic=topic, partition=n, **record._asdict())
            for topic in topics or self._stitching.topics.sources
            for n in range(self._count)
            async for records in self._stitching.log.read(topic, n)
            for record in records
        ]

    async def _publish(self, raw: bytes, at: int) -> None:
        topic, entry = address(raw, self._stitching.topics, "")
        tp = topic, partition_for(entry.key, self._count)
        await self._stitching.log.append({tp: [Entry(entry.key, raw, entry.headers, at // 1000)]})

    async def _read(self, tp: Partition, most: int) -> None:
        records, _ = await self._stitching.log.fetch(*tp, self._positions[tp])
        for start in range(0, len(some := records[:most]), 2_000):
            await self._ingest.handle(*tp, some[start : start + 2_000])
            self._positions[tp] = some[-1].offset + 1

    def _happens(self, likelihood: float) -> bool:
        return self._chance.random() < likelihood
