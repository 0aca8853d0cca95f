"""The clock of a live worker: tells every stitch partition up to when each source partition has been read.

A partition read to its end is up to date (now, less the department's allowed delay), so that a quiet one
holds nobody back; one that lags keeps its watermark, so that a slow feed does not look like a missing
handoff.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection

from journeys import messages
from journeys.journey_map import JourneyMap
from stream.ingest import Ingest
from stream.sending import Batches, Sender, until_available
from stream.topics import Topics
from stream.transports.log import Entry, Log, Partition

TICK_SECONDS = 1.0


class Clock:
    """Sends the watermarks of the source partitions that this worker holds."""

    def __init__(
        self, journey_map: JourneyMap, log: Log, sender: Sender, topics: Topics, ingest: Ingest
    ) -> None:
        self._map = journey_map
        self._log = log
        self._sender = sender
        self._topics = topics
        self._ingest = ingest

    async def tick(self, now: int, held: Collection[Partition]) -> None:
        """`now` in microseconds. Sends nothing for partitions that are behind."""
        sources = sorted({topic for topic, _ in held})
        ends = await until_available(lambda: self._log.ends(sources))
        committed = await until_available(lambda: self._log.committed(self._topics.group("stitch"), sources))
        reports: list[messages.Report] = []
        for department in self._map.departments.values():
            topic = self._topics.prefix + department.topic
            for partition in sorted(p for t, p in held if t == topic):
                tp = (topic, partition)
                if max(self._ingest.positions.get(tp, 0), committed[tp]) >= ends[tp]:
                    count = await self._sender.partitions(topic)
                    up_to = now - department.allowed_delay
                    heard = self._ingest.heard.get(department.name)
                    reports.append((department.name, f"{topic}/{partition}", count, up_to, heard))
        if reports:
            batches: Batches = defaultdict(list)
            for partition in range(await self._sender.partitions(self._topics.observations)):
                batches[self._topics.observations, partition].append(
                    Entry(None, messages.watermarks(reports))
                )
            await self._sender.append(batches)

    async def run(self, held: Callable[[], Collection[Partition]]) -> None:
        while True:
            await self.tick(time.time_ns() // 1000, held())
            await asyncio.sleep(TICK_SECONDS)
