"""The clock of a live worker: tells every stitch partition up to when each source partition has been read.

What was published by an instant has been read once all is read that the source partition held then. So the
clock asks where the partitions end, again and again, and reports the latest instant of which reading has
passed the end, less the department's allowed delay. A quiet partition is always up to date and holds nobody
back; one that is read without ever coming to its end still moves on; one that lags keeps its watermark, so
that a slow feed does not look like a missing handoff. Nothing rests on the records' own timestamps.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from journeys import messages
from journeys.instants import SECOND
from journeys.journey_map import JourneyMap
from journeys.judgement import LONG_AGO
from stream.ingest import Ingest
from stream.metrics import Metrics
from stream.sending import Batches, Sender, until_available
from stream.topics import Topics
from stream.transports.log import Entry, Log, Partition

logger = logging.getLogger(__name__)

TICK_SECONDS, IDLE_TICK_SECONDS = 0.2, 1.0
IDLE_AFTER = 10 * SECOND
STANDS_AFTER = 2 * SECOND
STUCK_AFTER = 60 * SECOND
MOST_INSTANTS = 64


class Reading:
    """How far a source partition has been read.

    `up_to`: the latest instant of which all that the partition held then has been read; None: not known yet.
    """

    def __init__(self) -> None:
        self.up_to: int | None = None
        self.position = 0
        self._moved_at = LONG_AGO
        self._ends: list[tuple[int, int]] = []

    def ended_at(self, instant: int, end: int) -> None:
        """The next offset to be written was `end`, at the instant or later."""
        self._ends.append((instant, end))
        if len(self._ends) > MOST_INSTANTS:
            self._ends = self._ends[::2]

    def has_come_to(self, position: int, now: int) -> None:
        """All below the offset has been read, and what follows from it is durable."""
        if position > self.position:
            self.position, self._moved_at = position, now
        while self._ends and self._ends[0][1] <= self.position:
            self.up_to = self._ends.pop(0)[0]

    def behind(self, now: int) -> int:
        """For how long something has been there that is not read yet."""
        return now - self._ends[0][0] if self._ends else 0

    def stands(self, now: int) -> bool:
        """Whether it is behind, and nothing of it was read lately."""
        return bool(self._ends) and now - self._moved_at > STANDS_AFTER

    def was_active(self, now: int) -> bool:
        return now - self._moved_at < IDLE_AFTER


class Clock:
    """Sends the watermarks of the source partitions that this worker holds."""

    def __init__(
        self,
        journey_map: JourneyMap,
        log: Log,
        sender: Sender,
        topics: Topics,
        ingest: Ingest,
        metrics: Metrics,
    ) -> None:
        self._map = journey_map
        self._log = log
        self._sender = sender
        self._topics = topics
        self._ingest = ingest
        self._metrics = metrics
        self._readings: dict[Partition, Reading] = {}
        self._warned: dict[Partition, int] = {}

    async def run(self, held: Callable[[], Collection[Partition]]) -> None:
        while True:
            now = time.time_ns() // 1000
            await self.tick(now, held())
            is_active = any(reading.was_active(now) for reading in self._readings.values())
            await asyncio.sleep(TICK_SECONDS if is_active else IDLE_TICK_SECONDS)

    async def tick(self, now: int, held: Collection[Partition]) -> None:
        """`now` in microseconds, not later than the call. Sends nothing for partitions that did not move on."""
        ends = await until_available(lambda: self._log.ends(sorted({topic for topic, _ in held})))
        self._readings = {tp: self._readings.get(tp) or Reading() for tp in sorted(held)}
        before = {tp: reading.up_to for tp, reading in self._readings.items()}
        for tp, reading in self._readings.items():
            reading.ended_at(now, ends[tp])
            reading.has_come_to(self._ingest.positions.get(tp, 0), now)
        await self._look_again([tp for tp, reading in self._readings.items() if reading.stands(now)], now)
        await self._report(
            {tp: reading.up_to for tp, reading in self._readings.items() if reading.up_to != before[tp]}
        )
        self._watch(now)

    async def _look_again(self, standing: Sequence[Partition], now: int) -> None:
        """What stands may have been read by others before, or lack no record but the end of a transaction."""
        if not standing:
            return
        group, topics = self._topics.group("ingest"), {topic for topic, _ in standing}
        committed = await until_available(lambda: self._log.committed(group, topics))
        for tp in standing:
            self._readings[tp].has_come_to(committed[tp], now)

    async def _report(self, moved: Mapping[Partition, int | None]) -> None:
        reports: list[messages.Report] = []
        for department in self._map.departments.values():
            topic = self._topics.prefix + department.topic
            heard = self._ingest.heard.get(department.name)
            for (source, partition), instant in moved.items():
                if source == topic and instant is not None:
                    count = await self._sender.partitions(topic)
                    up_to = instant - department.allowed_delay
                    reports.append((department.name, f"{topic}/{partition}", count, up_to, heard))
        if reports:
            batches: Batches = defaultdict(list)
            for partition in range(await self._sender.partitions(self._topics.observations)):
                batches[self._topics.observations, partition].append(
                    Entry(None, messages.watermarks(reports))
                )
            await self._sender.append(batches)

    def _watch(self, now: int) -> None:
        """Tell how far behind each source partition is: it withholds every verdict on its department."""
        self._metrics.source_behind.clear()
        for (topic, partition), reading in self._readings.items():
            behind = reading.behind(now)
            self._metrics.source_behind.labels(topic, str(partition)).set(behind / SECOND)
            if behind > STUCK_AFTER and now - self._warned.get((topic, partition), 0) > STUCK_AFTER:
                self._warned[topic, partition] = now
                logger.warning(
                    "%s/%d is read up to offset %d, and that is %d s behind: nothing its department owes is judged",
                    topic,
                    partition,
                    reading.position,
                    behind // SECOND,
                )
