"""The rows of one partition of the state, as its changelog has them: in memory here, on disk in rocksdb_rows.

Both are read through as the actors that routing works on. They follow the changelog: what is read from it is
taken, what is written to it is told.
"""

from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import aclosing
from typing import Protocol

from journeys.actors import CLOSED, DUE, PARTITIONS_OWN, Actors, Root, RowKey, Shared
from journeys.watermarks import Deadlines
from stream.changelog import Rows, row_key
from stream.transports.log import Log, LogError, Record

Content = tuple[RowKey, bytes]
NEAR = 2_000
"""Records of the changelog that are rather read than skipped when closed rows are looked for."""


class PartitionRows(Protocol):
    """`roots`, `forwards` and `closed` are live: routing changes them, and tells by rows what is to become durable.

    `position`: up to where the changelog was taken. `own`: the rows about the partition itself, as they were loaded.
    """

    position: int
    own: dict[RowKey, bytes]

    @property
    def roots(self) -> MutableMapping[str, Root]: ...

    @property
    def forwards(self) -> MutableMapping[str, str]: ...

    @property
    def closed(self) -> Collection[str]: ...

    @property
    def shared(self) -> Shared: ...

    async def begin(self) -> None:
        """Make ready for `take`; what is not of this changelog is dropped."""

    def take(self, records: Sequence[Record]) -> None:
        """Records of the changelog from `position` on."""

    def torn(self) -> Iterator[tuple[str, list[str]]]:
        """The identifiers that are more than one thing, and where each forwards to; after all was taken."""

    def unsure(self) -> Iterator[str]:
        """The roots that announced something of which it is not known that it went out."""

    def passed(self, department: str, mark: int, most: int) -> list[str]:
        """The roots that wait for an instant of the department before its mark, by what was told so far; earliest
        first, at most so many.
        """

    async def call_back(self, identifiers: Collection[str]) -> dict[str, list[Content]]:
        """Of closed roots: what is left of them. They are not closed any more."""

    def wrote(self, rows: Rows, end: int) -> None:
        """The rows were appended, as the last ones before the offset `end`."""

    async def batch_done(self) -> None:
        """All that follows from a batch was told. May be repeated, and must be after LogUnavailable."""

    def spare(self, changed: Iterable[RowKey]) -> None:
        """Memory may be freed, but that of identifiers with rows that are still to be told."""

    def close(self) -> None: ...


RowsOf = Callable[[Log, str, int], PartitionRows]
"""Makes the rows of a partition: of a topic, by its number."""


class MemoryRows:
    """Everything in memory, but of what is closed only where the changelog has it."""

    def __init__(self, log: Log, topic: str, partition: int) -> None:
        self._log = log
        self._topic = topic
        self._partition = partition
        self._actors = Actors()
        self._deadlines = Deadlines(self._due_of)
        self.roots, self.forwards = self._actors.roots, self._actors.forwards
        self.shared = self._actors.shared
        self.closed: dict[str, tuple[tuple[str, int], ...]] = self._actors.closed
        self.own: dict[RowKey, bytes] = {}
        self.position = 0

    async def begin(self) -> None: ...

    def take(self, records: Sequence[Record]) -> None:
        for record in records:
            key = row_key(record.key)
            if key[0] == CLOSED:
                self._close(key, record.value, record.offset)
            elif key[0] in PARTITIONS_OWN:
                if record.value is None:
                    self.own.pop(key, None)
                else:
                    self.own[key] = record.value
            elif record.value is None:
                self._actors.remove(key)
            else:
                self._actors.put(key, record.value)
                if key[0] == DUE:
                    self._deadlines.put(key[1], self._due_of(key[1]))
        self.position = records[-1].offset + 1

    def torn(self) -> Iterator[tuple[str, list[str]]]:
        for identifier in self._actors.torn():
            yield identifier, self._actors.targets(identifier)

    def unsure(self) -> Iterator[str]:
        yield from [identifier for identifier, root in self.roots.items() if root.announced]

    def passed(self, department: str, mark: int, most: int) -> list[str]:
        return self._deadlines.passed(department, mark, most)

    async def call_back(self, identifiers: Collection[str]) -> dict[str, list[Content]]:
        wanted = {offset: identifier for identifier in identifiers for _, offset in self.closed[identifier]}
        found: dict[str, list[Content]] = {identifier: [] for identifier in identifiers}
        for first, last in _runs(sorted(wanted)):
            async for key, value, offset in self._closed_between(first, last + 1):
                if wanted.get(offset) == key[1]:
                    found[key[1]].append((key, value))
        for identifier, rows in found.items():
            if len(rows) < len(self.closed[identifier]):
                raise LogError(
                    f"{self._topic}/{self._partition}: what was closed of {identifier.partition(':')[0]} at "
                    f"{self.closed[identifier]} is not there: another worker wrote there; start this one again"
                )
            del self.closed[identifier]
        return found

    def wrote(self, rows: Rows, end: int) -> None:
        for offset, (key, value) in enumerate(rows, end - len(rows)):
            if key[0] == CLOSED:
                self._close(key, value, offset)
            elif key[0] == DUE and value is not None:
                self._deadlines.put(key[1], self._due_of(key[1]))
        self.position = end

    async def batch_done(self) -> None: ...

    def spare(self, changed: Iterable[RowKey]) -> None: ...

    def close(self) -> None: ...

    def _due_of(self, identifier: str) -> Mapping[str, int]:
        root = self.roots.get(identifier)
        return root.due if root else {}

    def _close(self, key: RowKey, value: bytes | None, offset: int) -> None:
        _, identifier, name = key
        others = [row for row in self.closed.get(identifier, ()) if row[0] != name]
        if value is not None:
            self.closed[identifier] = (*others, (name, offset))
        elif others:
            self.closed[identifier] = tuple(others)
        else:
            self.closed.pop(identifier, None)

    async def _closed_between(self, start: int, end: int) -> AsyncIterator[tuple[RowKey, bytes, int]]:
        async with aclosing(self._log.read(self._topic, self._partition, start, end)) as batches:
            async for records in batches:
                for record in records:
                    key = row_key(record.key)
                    if key[0] == CLOSED and record.value is not None:
                        yield key, record.value, record.offset


def _runs(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that lie near each other."""
    first = last = None
    for offset in offsets:
        if first is None or last is None:
            first = offset
        elif offset - last > NEAR:
            yield first, last
            first = offset
        last = offset
    if first is not None and last is not None:
        yield first, last
