"""Ingest: raw records become observations, keyed by the strongest identifier; what cannot be used, dead
letters.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from journeys import messages
from journeys.errors import InvalidEvent
from journeys.reading import EventReader
from stream.content import content
from stream.dead_letters import dead_letter
from stream.metrics import Metrics
from stream.sending import Batches, Sender
from stream.topics import Topics
from stream.transports.log import Entry, Record, partition_for


class Ingest:
    """Reads batches of one worker's source partitions.

    Drops nothing: every record becomes one entry, here or there.
    """

    def __init__(
        self,
        reader: EventReader,
        routes: Callable[[str], bool],
        sender: Sender,
        topics: Topics,
        metrics: Metrics,
        timeless: bool,
    ) -> None:
        """`timeless`: records have no time of receipt that means anything, as in a replay of files."""
        self._reader = reader
        self._routes = routes
        self._sender = sender
        self._topics = topics
        self._metrics = metrics
        self._timeless = timeless
        self.positions: dict[tuple[str, int], int] = {}

    async def handle(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Returns when everything that follows from the records is durable."""
        observations = self._topics.observations
        count = await self._sender.partitions(observations)
        letters = await self._sender.partitions(self._topics.dead_letters)
        batches: Batches = defaultdict(list)
        for record in records:
            try:
                received_at = None if self._timeless else record.timestamp * 1000
                event = self._reader.read(content(record), [topic, partition, record.offset], received_at)
            except InvalidEvent as error:
                self._metrics.dead_letters.labels(error.reason).inc()
                entry = dead_letter(error, topic, partition, record)
                batches[self._topics.dead_letters, partition_for(entry.key, letters)].append(entry)
                continue
            if event.dropped:
                self._metrics.identifiers_dropped.inc(event.dropped)
            address = next(
                (i for i in event.identifiers if self._routes(i)), f"event:{event.identity}"
            ).encode()
            batches[observations, partition_for(address, count)].append(
                Entry(address, messages.observe(event))
            )
        await self._sender.append(batches)
        self._metrics.events.labels(topic).inc(len(records))
        self.positions[topic, partition] = records[-1].offset + 1
