"""The real ingest and stitch on a log that keeps nothing: what they cost by themselves."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

from journeys import messages
from journeys.instants import parse_instant
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from stream.ingest import Ingest
from stream.metrics import Metrics
from stream.partition_rows import MemoryRows, PartitionRows, RowsOf
from stream.sending import Sender
from stream.stitch import Stitch
from stream.topics import Topics
from stream.transports.log import Entry, Log, Offsets, Partition, Record
from tests.bench.orders import journey_map

END = parse_instant("2026-02-15T00:00:00Z")


class Nowhere:
    """A log of one partition a topic that passes on what is appended to one of them, and forgets the rest."""

    def __init__(self, passed_on: str = "baton.observations") -> None:
        self._passed_on = passed_on
        self._entries: list[Entry] = []
        self._next_offset = 0

    def take(self) -> list[Record]:
        entries, self._entries = self._entries, []
        start, self._next_offset = self._next_offset, self._next_offset + len(entries)
        return [Record(start + n, 0, entry.key, entry.value) for n, entry in enumerate(entries)]

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None: ...

    async def partitions(self, topic: str) -> int:
        return 1

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> Offsets:
        for (topic, _), entries in batches.items():
            if topic == self._passed_on:
                self._entries += entries
        return dict.fromkeys(batches, 0)

    async def hold(self, name: str) -> "Nowhere":
        return self

    async def release(self) -> None: ...

    async def ends(self, topics: Collection[str]) -> Offsets:
        return {(topic, 0): 0 for topic in topics}

    async def tombstones_kept(self, topic: str) -> int:
        return 0

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        return {(topic, 0): 0 for topic in topics}

    async def in_use(self, groups: Collection[str]) -> list[str]:
        return []

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None: ...

    async def discard(self, topics: Collection[str], groups: Collection[str]) -> None: ...

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        nothing: list[list[Record]] = []
        for records in nothing:
            yield records


class Worker:
    """`live`: judge the neighbourhoods that a batch touched, else all of them when told."""

    def __init__(
        self,
        live: bool,
        rows_of: RowsOf = MemoryRows,
        bench_map: JourneyMap | None = None,
        log: Nowhere | None = None,
    ) -> None:
        self._map = bench_map = bench_map or journey_map()
        topics = Topics(bench_map)
        self._log = log or Nowhere()
        sender, metrics = Sender(self._log), Metrics()
        self._stitch = Stitch(bench_map, self._log, sender, topics, metrics, live, self._kept(rows_of))
        reader = EventReader(bench_map, live=False)
        self._ingest = Ingest(reader, self._log, sender, topics, metrics, timeless=True)
        self._stitch.holding.take([0])
        self._read = 0

    async def take(self, raw: Sequence[bytes]) -> None:
        """One batch of CloudEvents, from ingest through stitch."""
        records = [Record(self._read + n, 0, None, event) for n, event in enumerate(raw)]
        self._read += len(raw)
        await self._ingest.handle("bench.events", 0, records)
        await self._stitch.handle(0, self._log.take())

    async def judge(self) -> None:
        """Judge everything as of the end of the bench's time."""
        await self._stitch.handle(0, [Record(self._read, 0, None, messages.judge(END, {}))])

    async def time_passes(self, up_to: int) -> None:
        """All departments have been read up to an instant; what may be closed then is."""
        reports = [(name, "source", 1, up_to, None) for name in self._map.departments]
        before = -1
        while before != self.closed:
            before = self.closed
            await self._stitch.handle(0, [Record(self._read, 0, None, messages.watermarks(reports))])

    @property
    def closed(self) -> int:
        """How many neighbourhoods are."""
        return sum(len(rows.closed) for rows in self._rows)

    async def close(self) -> None:
        await self._stitch.holding.release_all()

    def _kept(self, rows_of: RowsOf) -> RowsOf:
        def made(log: Log, topic: str, partition: int) -> PartitionRows:
            self._rows.append(rows_of(log, topic, partition))
            return self._rows[-1]

        self._rows: list[PartitionRows] = []
        return made
