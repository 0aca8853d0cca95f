"""Ingest: raw records become observations, keyed by the strongest identifier; what cannot be used, dead
letters.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from journeys import messages
from journeys.errors import InvalidEvent
from journeys.events import Event, id_reused
from journeys.journey_map import Department
from journeys.reading import EventReader
from journeys.routing import address
from journeys.silence import HEARTBEAT, home, spans_of
from stream.content import content
from stream.dead_letters import dead_letter
from stream.metrics import Metrics
from stream.seen import Seen
from stream.sending import Sender, until_available
from stream.topics import Topics
from stream.transports.log import Entry, Log, Partition, Record, partition_for


class Ingest:
    """Reads batches of one worker's source partitions.

    Drops nothing: every record becomes one entry, here or there.
    """

    def __init__(
        self,
        reader: EventReader,
        log: Log,
        sender: Sender,
        topics: Topics,
        metrics: Metrics,
        timeless: bool,
        now: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """`timeless`: records have no time of receipt that means anything, as in a replay of files. `now`: µs since
        1970.
        """
        self._reader = reader
        self._log = log
        self._sender = sender
        self._topics = topics
        self._metrics = metrics
        self._timeless = timeless
        self._now = now
        self._seen: dict[Partition, Seen] = {}
        self.heard: dict[str, int] = {}
        self.positions: dict[Partition, int] = {}

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Partitions were taken away: what they brought is read back when they come again."""
        for partition in partitions:
            self._seen.pop(partition, None)

    async def handle(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Returns when everything that follows from the records is durable."""
        seen = self._seen.get((topic, partition)) or await self._assigned(topic, partition)
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        signs: defaultdict[Department, list[int]] = defaultdict(list)
        for record in records:
            try:
                event = self._event(topic, partition, record, seen)
            except InvalidEvent as error:
                self._metrics.dead_letters.labels(error.reason).inc()
                entries[self._topics.dead_letters].append(dead_letter(error, topic, partition, record))
                continue
            if (department := self._reader.department_of(event)) and department.silent_after is not None:
                signs[department].append(event.time)
            if event.type == HEARTBEAT:
                continue
            self._metrics.identifiers_dropped.inc(event.dropped)
            to = address(event, self._topics.journey_map.routes)
            entries[self._topics.observations].append(Entry(to.encode(), messages.observe(event)))
        for department, times in signs.items():
            name = department.name
            self.heard[name] = max(*times, self.heard.get(name, times[0]))
            spans = spans_of(times, department.silent_after or 0)
            entries[self._topics.observations].append(Entry(home(name).encode(), messages.heard(name, spans)))
        if news := seen.news():
            entries[self._topics.seen].append(Entry(_name(topic, partition), news))
        await self._sender.send_all(entries)
        self._metrics.events.labels(topic).inc(len(records))
        self.positions[topic, partition] = records[-1].offset + 1

    def _event(self, topic: str, partition: int, record: Record, seen: Seen) -> Event:
        received_at = None if self._timeless else record.received_at
        origin = [topic, partition, record.offset]
        event = self._reader.read(content(record), origin, received_at, self._now())
        if seen.is_reused(event):
            raise id_reused(event)
        return event

    async def _assigned(self, topic: str, partition: int) -> Seen:
        name = _name(topic, partition)
        home = partition_for(name, await self._sender.partitions(self._topics.seen))
        seen = await until_available(lambda: self._learned(name, home))
        self._seen[topic, partition] = seen
        return seen

    async def _learned(self, name: bytes, home: int) -> Seen:
        seen = Seen()
        async for records in self._log.read(self._topics.seen, home):
            for record in records:
                if record.key == name:
                    seen.learn(record.value or b"")
        return seen


def _name(topic: str, partition: int) -> bytes:
    return f"{topic}/{partition}".encode()
