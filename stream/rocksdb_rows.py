"""The rows of one partition in a RocksDB on this machine: for state larger than memory, and warm after a restart.

Every batch is one write, together with the offset of the changelog that it goes up to. So whenever the process
dies, what is here is what some prefix of the changelog comes to, and only the rest is read when it starts again. What
is here counts for nothing by itself: what is damaged, of another changelog, or was not written to for longer than the
changelog keeps tombstones is discarded and filled anew.

In memory are the actors that were used last, and those whose rows are not written yet.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path

import orjson
from rocksdict import WriteBatch

from journeys.actors import CLOSED, PARTITIONS_OWN, Root, RowKey
from stream.changelog import SEPARATOR, Rows, row_key
from stream.map_version import MAP_ROW, MadeUnder, first_named
from stream.partition_rows import Content
from stream.rocksdb_actors import Actor, Closed, Forwards, Roots, Shared
from stream.rocksdb_deadlines import RocksDeadlines
from stream.rocksdb_file import (
    OWN,
    ROW,
    TAKEN,
    VERSION,
    WHERE,
    RocksFile,
    named,
    new_batch,
    own_row_at,
    put_row,
    row_at,
    rows_of,
)
from stream.rocksdb_memory import RocksMemory
from stream.transports.log import Log, Record

logger = logging.getLogger(__name__)


class RocksRows:
    """`folder` is this one's alone, and a part of `memory`, from here to `close`."""

    def __init__(self, folder: Path, log: Log, topic: str, partition: int, memory: RocksMemory) -> None:
        self.folder = folder
        self.own: dict[RowKey, bytes] = {}
        self.position = 0
        self._file = RocksFile(folder, memory)
        self._log = log
        self._topic = topic
        self._partition = partition
        self._memory = memory
        self._spare_beyond = 0
        self._actors: OrderedDict[str, Actor] = OrderedDict()
        self._unwritten: list[tuple[RowKey, bytes | None]] = []
        self._has_taken = True
        self._deadlines = RocksDeadlines(self._file, self._due_of)
        self.roots: MutableMapping[str, Root] = Roots(self)
        self.forwards: MutableMapping[str, str] = Forwards(self)
        self.closed: Collection[str] = Closed(self)
        self.shared = Shared(self)
        memory.join()

    async def begin(self) -> None:
        where = self._file.get(WHERE)
        if where is None:
            return
        self.position, written_at, *version = orjson.loads(where)
        self.own = {own_row_at(place): value for place, value in self._file.scan(OWN)}
        if why := await self._why_useless(written_at, version):
            logger.warning("%s is discarded and filled from %s again: %s", self.folder, self._topic, why)
            self._file.discard()
            self.position, self.own = 0, {}

    async def _why_useless(self, written_at: int, version: list[int]) -> str | None:
        if version != [VERSION]:
            return "another version of Baton wrote it"
        end = (await self._log.ends([self._topic]))[self._topic, self._partition]
        kept = await self._log.tombstones_kept(self._topic)
        named = await first_named(self._log, self._topic, self._partition)
        row = self.own.get(MAP_ROW)
        if row is None or named is None or not named.changelog:
            return "it does not say of which changelog it is"
        if MadeUnder.decode(row).changelog != named.changelog or self.position > end:
            return "it is of another changelog"
        if _now() - written_at > kept:
            return f"nothing was written to it for longer than {kept / 3_600_000:g} hours, as tombstones are kept"
        return None

    def take(self, records: Sequence[Record]) -> None:
        self._has_taken = True
        batch = new_batch()
        rows = [(row_key(record.key), record.value) for record in records]
        self._put(batch, rows)
        for identifier in _identifiers(rows):
            batch.put(TAKEN + identifier.encode(), b"")
            batch.put(named(identifier), b"")
        for key, value in rows:
            if key[0] not in PARTITIONS_OWN:
                continue
            if value is None:
                self.own.pop(key, None)
            else:
                self.own[key] = value
        self.position = records[-1].offset + 1
        self._write(batch)

    def torn(self) -> Iterator[tuple[str, list[str]]]:
        for identifier in self._taken():
            actor = self.look_at(identifier)
            if actor.is_torn:
                self._actors[identifier] = actor
                yield identifier, list(actor.targets)

    def unsure(self) -> Iterator[str]:
        for identifier in self._taken():
            root = self.look_at(identifier).root
            if root is not None and root.announced:
                yield identifier

    def passed(self, department: str, mark: int, most: int) -> list[str]:
        return self._deadlines.passed(department, mark, most)

    async def call_back(self, identifiers: Collection[str]) -> dict[str, list[Content]]:
        found = {}
        for identifier in identifiers:
            rows = self._file.scan(rows_of(identifier, CLOSED))
            found[identifier] = [(row_at(place), value) for place, value in rows]
            self.at(identifier).closed = False
        return found

    def wrote(self, rows: Rows, end: int) -> None:
        for key, value in rows:
            if key[0] == CLOSED and value is not None:
                self.at(key[1]).closed = True
        self._unwritten += rows
        self.position = end

    async def batch_done(self) -> None:
        batch = new_batch()
        self._deadlines.remove_outdated(batch)
        self._put(batch, self._unwritten)
        unnamed = self._unnamed()
        for identifier in unnamed:
            batch.put(named(identifier), b"")
        if self._has_taken:  # each range that is deleted slows down what is read later
            batch.delete_range(TAKEN, TAKEN + b"\xff")
            self._has_taken = False
        self._write(batch)
        self._deadlines.removed()
        for identifier in unnamed:
            if actor := self._actors.get(identifier):
                actor.is_named = True
        self._unwritten = []
        self._spare_beyond = 0
        self.spare(())

    def spare(self, changed: Iterable[RowKey]) -> None:
        most = self._memory.actors_each
        if len(self._actors) <= max(most, self._spare_beyond):
            return
        too_many = len(self._actors) - most
        needed = {key[1] for key, _ in self._unwritten}.union(key[1] for key in changed)
        for identifier, actor in list(self._actors.items()):
            if identifier not in needed and not actor.is_without_rows:
                del self._actors[identifier]
                too_many -= 1
                if too_many <= -most // 4:
                    break
        # What could not go now is not looked through again for each few that come.
        self._spare_beyond = len(self._actors) + most // 4

    @property
    def in_memory(self) -> int:
        """How many actors."""
        return len(self._actors)

    def close(self) -> None:
        self._file.close()
        self._memory.leave()

    def at(self, identifier: str) -> Actor:
        """What lies at an identifier, live."""
        actor = self._actors.get(identifier)
        if actor is None:
            actor = self._actors[identifier] = self._read(identifier)
        else:
            self._actors.move_to_end(identifier)
        return actor

    def look_at(self, identifier: str) -> Actor:
        """The same, not to be changed."""
        return self._actors.get(identifier) or self._read(identifier)

    def _read(self, identifier: str) -> Actor:
        actor = Actor()
        if self._file.get(named(identifier)) is None:
            return actor
        actor.is_named = True
        prefix = rows_of(identifier)
        for place, value in self._file.scan(prefix):
            kind, _, detail = place[len(prefix) :].decode().partition(SEPARATOR)
            actor.put(kind, detail, value)
        return actor

    def _put(self, batch: WriteBatch, rows: Rows) -> None:
        for key, value in rows:
            put_row(batch, key, value)
        self._deadlines.put(batch, rows)

    def _write(self, batch: WriteBatch) -> None:
        batch.put(WHERE, orjson.dumps((self.position, _now(), VERSION)))
        self._file.write(batch)

    def _unnamed(self) -> list[str]:
        """The identifiers of which the first rows are to be written."""
        written = _identifiers(self._unwritten)
        return [each for each in written if not ((actor := self._actors.get(each)) and actor.is_named)]

    def _due_of(self, identifier: str) -> Mapping[str, int]:
        root = self.look_at(identifier).root
        return root.due if root else {}

    def _taken(self) -> Iterator[str]:
        for place, _ in self._file.scan(TAKEN):
            yield place[1:].decode()

    def identifiers(self) -> Iterator[str]:
        """Of all actors: of those in memory, then the others."""
        here = set(self._actors)
        yield from here
        before = None
        for place, _ in self._file.scan(ROW):
            identifier = row_at(place)[1]
            if identifier != before and identifier not in here:
                yield identifier
            before = identifier


def _identifiers(rows: Rows) -> set[str]:
    """That rows are of; not those about the partition."""
    return {key[1] for key, _ in rows if key[0] not in PARTITIONS_OWN}


def _now() -> int:
    return time.time_ns() // 1_000_000
