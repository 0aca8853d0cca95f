"""Workers that stitch on a real embedded log, one a partition, and die, or fall asleep, at any append."""

import random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from journeys import messages
from journeys.events import Event
from journeys.journey_map import JourneyMap
from journeys.routing import address
from journeys.silence import home, spans_of
from stream.memories import Memories
from stream.metrics import Metrics
from stream.partition_rows import MemoryRows, RowsOf
from stream.sending import Sender
from stream.stitch import Stitch
from stream.topics import Topics
from stream.transports.log import Entry, Fenced, Offsets, Partition, Record, partition_for
from stream.transports.sqlite_log import SqliteAppender, SqliteLog

Document = dict[str, Any]


class Crash(Exception):
    """The worker dies here, or is as good as dead."""


class MortalAppender:
    """A worker dies at some appends: before them, or once they are durable; or falls asleep just before them."""

    def __init__(self, log: "MortalLog", appender: SqliteAppender) -> None:
        self._log = log
        self._appender = appender

    async def append(self, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        fate = self._log.fate()
        if fate == "asleep":
            self._log.asleep.append((self._appender, batches))
        if fate in ("dead before", "asleep"):
            raise Crash
        ends = await self._appender.append(batches)
        if fate == "dead after":
            raise Crash
        return ends

    async def release(self) -> None:
        await self._appender.release()


class MortalLog(SqliteLog):
    """A log at whose appends workers die, by chance.

    `lives_for`: one dies exactly when so many more appends are durable, and else never. `falls_asleep`: one
    does at the next append. `asleep`: the appends that they are about to make, and do not know that others have
    taken their places.
    """

    def __init__(self, path: Path, chance: random.Random, deaths: float) -> None:
        super().__init__(path)
        self._chance = chance
        self.deaths = deaths
        self.lives_for: int | None = None
        self.falls_asleep = False
        self.asleep: list[tuple[SqliteAppender, Mapping[Partition, Sequence[Entry]]]] = []

    async def hold(self, name: str) -> MortalAppender:  # type: ignore[override]
        return MortalAppender(self, await super().hold(name))

    def fate(self) -> str:
        if self.falls_asleep:
            self.falls_asleep = False
            return "asleep"
        if self.lives_for is not None:
            self.lives_for -= 1
            return "" if self.lives_for else "dead after"
        if self._chance.random() >= self.deaths:
            return ""
        return self._chance.choice(("dead before", "dead after", "asleep"))

    async def wake_one(self) -> bool:
        """Somebody who fell asleep goes on as if nothing had happened; whether anything came of it."""
        appender, batches = self.asleep.pop(self._chance.randrange(len(self.asleep)))
        try:
            await appender.append(batches)
        except Fenced:
            return False
        return True


class Stitching:
    """Live workers, one for each partition of observations, on one log; `seconds` is what their clocks show."""

    def __init__(
        self,
        journey_map: JourneyMap,
        path: Path,
        count: int,
        chance: random.Random,
        deaths: float = 0.0,
        rows_of: RowsOf = MemoryRows,
    ) -> None:
        self._map = journey_map
        self.count = count
        self._chance = chance
        self._rows_of = rows_of
        self.topics = Topics(journey_map)
        self.metrics = Metrics()
        self.log = MortalLog(path, chance, deaths)
        self.seconds = 0.0
        self._workers = [self._worker() for _ in range(count)]
        self._positions = [0] * count
        self._finished = [0] * count
        self._committed = [0] * count
        self._assigned: set[int] = set()

    async def __aenter__(self) -> "Stitching":
        await self.log.start()
        await self.log.create_topics(self.topics.partitions(self.count), self.topics.compacted)
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            await worker.holding.release_all()
        await self.log.stop()

    async def restart(self, partition: int) -> None:
        await self._workers[partition].holding.release_all()
        self._workers[partition] = self._worker()
        self._assigned.discard(partition)
        self._positions[partition] = self._finished[partition] = self._committed[partition]

    async def restart_all(self) -> None:
        for partition in range(self.count):
            self._committed[partition] = self._finished[partition]
            await self.restart(partition)

    async def observe(self, *events: Event) -> None:
        """As ingest does."""
        for event in events:
            to = address(event, self._map.routes)
            await self._append(partition_for(to.encode(), self.count), to, messages.observe(event))

    async def hear(self, department: str, *times: int) -> None:
        """As ingest does for events of a department that may be silent only for so long."""
        at = home(department)
        spans = spans_of(times, self._map.departments[department].silent_after or 0)
        await self._append(partition_for(at.encode(), self.count), at, messages.heard(department, spans))

    async def seen_up_to(
        self, time: int, departments: Collection[str] = (), heard: Mapping[str, int] | None = None
    ) -> None:
        """Every source partition of the departments (all, if none is named) has been read up to the time."""
        last = heard or {}
        reports = [(name, "source", 1, time, last.get(name)) for name in departments or self._map.departments]
        for partition in range(self.count):
            await self._append(partition, None, messages.watermarks(reports))

    async def told_to_judge(self, as_of: int) -> None:
        for partition in range(self.count):
            await self._append(partition, None, messages.judge(as_of, {}))

    async def step(self) -> bool:
        """Some worker that has something to read handles a batch, or dies; False: nobody has."""
        ends = await self.log.ends([self.topics.observations])
        behind = [p for p in range(self.count) if self._positions[p] < ends[self.topics.observations, p]]
        if not behind:
            return False
        partition = self._chance.choice(behind)
        await self.take(partition, self._chance.randint(1, 12))
        if self._chance.random() < 0.5:
            self._committed[partition] = self._finished[partition]
        return True

    async def take(self, partition: int, most: int = 1000, puts_off: bool | None = None) -> None:
        """One worker handles its next records as one batch, or dies; where more follow, it may leave the judging to
        the batch with those.
        """
        start = self._positions[partition]
        records, _ = await self.log.fetch(self.topics.observations, partition, start)
        if not records:
            return
        batch = records[:most]
        puts_off = self._chance.random() < 0.5 if puts_off is None else puts_off
        is_followed = len(batch) < len(records) and puts_off
        try:
            is_done = await self._handle(partition, batch, is_followed)
        except Crash:
            await self.restart(partition)
        else:
            self._positions[partition] = batch[-1].offset + 1
            if is_done:
                self._finished[partition] = self._positions[partition]

    async def settle(self) -> None:
        """Until every worker has read all there is."""
        while await self.step():
            pass

    async def published(self, kind: str) -> dict[str, Document]:
        """The latest document of each id in a topic: journeys, customers or alerts."""
        topic = getattr(self.topics, kind)
        latest: dict[str, Document | None] = {}
        for partition in range(self.count):
            async for records in self.log.read(topic, partition):
                for record in records:
                    document = orjson.loads(record.value) if record.value is not None else None
                    latest[(record.key or b"").decode()] = document
        return {id: document for id, document in latest.items() if document is not None}

    async def alerts(self) -> dict[str, str]:
        """Kind → status of the alerts published; for scenarios with one alert of a kind."""
        return {alert["kind"]: alert["status"] for alert in (await self.published("alerts")).values()}

    def counted(self, metric: str, **labels: str) -> float:
        """What all workers together counted since the start."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0

    def _worker(self) -> Stitch:
        sender = Sender(self.log)
        return Stitch(
            self._map,
            self.log,
            sender,
            self.topics,
            self.metrics,
            True,
            self._rows_of,
            lambda: self.seconds,
            Memories(large=3),
        )

    async def _handle(self, partition: int, batch: Sequence[Record], is_followed: bool) -> bool:
        worker = self._workers[partition]
        if partition not in self._assigned:
            worker.holding.take([partition])
            self._assigned.add(partition)
        return await worker.handle(partition, batch, is_followed)

    async def _append(self, partition: int, address: str | None, message: bytes) -> None:
        key = None if address is None else address.encode()
        await SqliteLog.append(self.log, {(self.topics.observations, partition): [Entry(key, message)]})
