"""The embedded log: topics, record batches and consumer groups' offsets in one SQLite file."""

import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from stream.transports import record_batches
from stream.transports.bell import Bell
from stream.transports.file_lock import FileLock
from stream.transports.log import (
    Entry,
    Fenced,
    GroupInUse,
    LogError,
    Offsets,
    Partition,
    Record,
    cut_into_runs,
)
from stream.transports.sqlite_file import SqliteFile

POLL_SECONDS = 0.05
FETCH_RECORDS = 2_000
FETCH_BYTES = 4_000_000
TOMBSTONE_MILLISECONDS = 86_400_000

COMMIT = (
    "INSERT INTO committed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset"
)
_HOLD = """
INSERT INTO holders VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch
"""
_FETCH = """
SELECT next_offset, records FROM batches WHERE partition_id = ? AND next_offset > ? ORDER BY next_offset
"""
_DELETE_RECORDS = """
DELETE FROM batches WHERE partition_id IN (SELECT id FROM partitions WHERE topic = ?)
"""


def log_path(url: str) -> Path:
    """The absolute path that `embedded:///absolute/path` or `embedded://relative/path` names."""
    scheme, _, path = url.partition(":")
    path = path.removeprefix("//")
    if scheme != "embedded" or not path:
        raise LogError(f"{url}: expected embedded:///path/to/log.sqlite")
    return Path(unquote(path)).absolute()


def log_url(path: Path) -> str:
    """The embedded log's URL in the form that survives Faust's parsing, whatever characters the path has."""
    return f"embedded://{quote(str(path.absolute()))}"


def membership(path: Path, group: str) -> FileLock:
    """The lock that the process holds that consumes as the group."""
    return FileLock(path.with_name(f"{path.name}.{group}.lock"))


class Holder(NamedTuple):
    """Of several holders of a name the one of the highest epoch is the latest."""

    name: str
    epoch: int


class SqliteAppender:
    """Checks in the transaction of each append that it is the latest holder of its name."""

    def __init__(self, log: "SqliteLog", holder: Holder) -> None:
        self._log = log
        self._holder = holder

    async def append(self, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        return await self._log.append_as(self._holder, batches)

    async def release(self) -> None:
        """Nothing is to be freed."""


class SqliteLog:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._file = SqliteFile(self.path)
        self._bell = Bell(self.path)
        self._ids: dict[Partition, int] = {}
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        await self._file.open()
        self._bell.listen()

    async def stop(self) -> None:
        self._bell.close()
        await self._file.close()

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None:
        await self._file.run(self._create_topics, dict(partitions))

    async def partitions(self, topic: str) -> int:
        return await self._file.run(self._partitions, topic)

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> Offsets:
        runs = cut_into_runs(batches)
        ends = await self._file.run(self._append, runs, committing or {}, None)
        self._bell.ring()
        return ends

    async def hold(self, name: str) -> "SqliteAppender":
        return SqliteAppender(self, Holder(name, await self._file.run(self._take_hold, name)))

    async def append_as(self, holder: Holder, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        """Fenced when the name has another holder by now."""
        ends = await self._file.run(self._append, cut_into_runs(batches), {}, holder)
        self._bell.ring()
        return ends

    async def ends(self, topics: Collection[str]) -> Offsets:
        return await self._file.run(self._ends, topics)

    async def tombstones_kept(self, topic: str) -> int:
        return TOMBSTONE_MILLISECONDS

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        return await self._file.run(self._committed, group, topics)

    async def in_use(self, groups: Collection[str]) -> list[str]:
        return [group for group in groups if membership(self.path, group).is_held()]

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        await self._file.run(self._commit, group, dict(offsets))

    async def discard(self, topics: Collection[str], groups: Collection[str]) -> None:
        if busy := await self.in_use(groups):
            raise GroupInUse(f"{self.path}: group {busy[0]} has members: end those workers first")
        await self._file.run(self._discard, list(topics), list(groups))

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        if end is None:
            end = (await self.ends([topic]))[topic, partition]
        while start < end:
            records, start = await self.fetch(topic, partition, start)
            if records and records[-1].offset >= end:
                records = [record for record in records if record.offset < end]
            if records:
                yield records

    async def fetch(self, topic: str, partition: int, start: int) -> tuple[list[Record], int]:
        """The records from `start` to the end of some record batch, and the offset after them.

        At least one batch if there is any, else no records and the partition's end."""
        return await self._file.run(self._fetch, topic, partition, start)

    async def appended(self, timeout: float) -> None:
        """Waits until something may have been appended since the last call, at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not await self._bell.rang(min(POLL_SECONDS, deadline - time.monotonic())):
            if await self._file.run(self._file.changed) or time.monotonic() >= deadline:
                return

    # In the file's own thread from here on.

    def _create_topics(self, partitions: Mapping[str, int]) -> None:
        with self._file.transaction() as sql:
            for topic, wanted in partitions.items():
                count = self._count(topic)
                if count and count != wanted:
                    raise LogError(
                        f"{self.path}: topic {topic} has {count} partitions, expected {wanted}: "
                        "the number cannot change; use the number it has, or another log"
                    )
                sql.executemany(
                    "INSERT INTO partitions (topic, partition) VALUES (?, ?)",
                    [(topic, partition) for partition in range(count, wanted)],
                )

    def _count(self, topic: str) -> int:
        (count,) = self._file.sql.execute(
            "SELECT count(*) FROM partitions WHERE topic = ?", (topic,)
        ).fetchone()
        return int(count)

    def _partitions(self, topic: str) -> int:
        if topic not in self._counts:
            count = self._count(topic)
            if not count:
                raise LogError(f"{self.path}: topic {topic} does not exist: create the topics first")
            self._counts[topic] = count
        return self._counts[topic]

    def _id(self, partition: Partition) -> int:
        if partition not in self._ids:
            row = self._file.sql.execute(
                "SELECT id FROM partitions WHERE topic = ? AND partition = ?", partition
            ).fetchone()
            if row is None:
                topic, number = partition
                count = self._partitions(topic)
                raise LogError(f"{self.path}: topic {topic} has no partition {number}, only {count}")
            self._ids[partition] = int(row[0])
        return self._ids[partition]

    def _append(
        self,
        runs: Mapping[Partition, Sequence[Sequence[Entry]]],
        committing: Mapping[tuple[str, str, int], int],
        holder: Holder | None,
    ) -> Offsets:
        now = time.time_ns() // 1_000_000
        encoded = [
            (partition, self._id(partition), record_batches.encode(run, now), len(run))
            for partition, own in runs.items()
            for run in own
        ]
        with self._file.transaction() as sql:
            if holder is not None:
                self._refuse_fenced(holder)
            ends = {
                partition: self._write(partition_id, batch, length)
                for partition, partition_id, batch, length in encoded
            }
            sql.executemany(COMMIT, [(*consumer, at) for consumer, at in committing.items()])
        return ends

    def _take_hold(self, name: str) -> int:
        with self._file.transaction() as sql:
            (epoch,) = sql.execute(_HOLD, (name,)).fetchone()
        return int(epoch)

    def _refuse_fenced(self, holder: Holder) -> None:
        query = "SELECT epoch FROM holders WHERE name = ?"
        (epoch,) = self._file.sql.execute(query, (holder.name,)).fetchone()
        if epoch != holder.epoch:
            raise Fenced(f"{self.path}: somebody else has taken hold of {holder.name}; nothing was written")

    def _write(self, partition_id: int, batch: bytearray, length: int) -> int:
        sql = self._file.sql
        (next_offset,) = sql.execute(
            "UPDATE partitions SET next_offset = next_offset + ? WHERE id = ? RETURNING next_offset",
            (length, partition_id),
        ).fetchone()
        record_batches.place(batch, next_offset - length)
        sql.execute("INSERT INTO batches VALUES (?, ?, ?)", (partition_id, next_offset, batch))
        return int(next_offset)

    def _commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        for partition in offsets:
            self._id(partition)
        with self._file.transaction() as sql:
            sql.executemany(COMMIT, [(group, *partition, at) for partition, at in offsets.items()])

    def _discard(self, topics: Sequence[str], groups: Sequence[str]) -> None:
        for topic in topics:
            self._partitions(topic)
        with self._file.transaction() as sql:
            for topic in topics:
                sql.execute(_DELETE_RECORDS, (topic,))
                sql.execute("UPDATE partitions SET next_offset = 0 WHERE topic = ?", (topic,))
                sql.execute("DELETE FROM committed WHERE topic = ?", (topic,))
            sql.executemany("DELETE FROM committed WHERE consumer_group = ?", [(group,) for group in groups])

    def _ends(self, topics: Collection[str]) -> Offsets:
        ends: Offsets = {}
        for topic in topics:
            self._partitions(topic)
            for partition, next_offset in self._file.sql.execute(
                "SELECT partition, next_offset FROM partitions WHERE topic = ?", (topic,)
            ):
                ends[topic, partition] = next_offset
        return ends

    def _end(self, topic: str, partition: int) -> int:
        query = "SELECT next_offset FROM partitions WHERE id = ?"
        (end,) = self._file.sql.execute(query, (self._id((topic, partition)),)).fetchone()
        return int(end)

    def _committed(self, group: str, topics: Collection[str]) -> Offsets:
        committed = {(topic, number): 0 for topic in topics for number in range(self._partitions(topic))}
        for topic, partition, next_offset in self._file.sql.execute(
            "SELECT topic, partition, next_offset FROM committed WHERE consumer_group = ?", (group,)
        ):
            if (topic, partition) in committed:
                committed[topic, partition] = next_offset
        return committed

    def _fetch(self, topic: str, partition: int, start: int) -> tuple[list[Record], int]:
        records: list[Record] = []
        size, following = 0, start
        end = self._end(topic, partition)
        where = f"{self.path}: topic {topic}, partition {partition}"
        rows = self._file.sql.execute(_FETCH, (self._id((topic, partition)), start))
        for following, batch in rows:
            records += record_batches.decode(batch, where, following)
            size += len(batch)
            if len(records) >= FETCH_RECORDS or size >= FETCH_BYTES:
                break
        else:
            following = max(following, end)
        rows.close()
        if records and records[0].offset < start:
            records = [record for record in records if record.offset >= start]
        return records, following
