"""Compaction keeps the embedded log small while it is in use: old records go, offsets stay.

Of a compacted topic the latest record of each key stays; a tombstone goes in a later compaction, once it is a
day old and every group has read it. A trimmed topic loses what one group has read. All is done in small
transactions, so that appends wait for milliseconds; a crash between any two of them loses nothing, for a
record only goes when a later one of its key is in the log. What becomes free in the file is used again.

How far a partition is compacted is kept as the offset of a group that nobody consumes as.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from stream.transports import record_batches
from stream.transports.log import LogError, Partition, Record
from stream.transports.sqlite_file import SqliteFile
from stream.transports.sqlite_log import COMMIT, TOMBSTONE_MILLISECONDS, membership

EVERY_SECONDS = 600.0
PAUSE_SECONDS = 0.01
BATCHES_AT_ONCE = 1_000
COMPACTED = "baton-compacted"
FOREVER = 1 << 62

logger = logging.getLogger(__name__)

Keys = dict[bytes, int]


class Sizes(NamedTuple):
    """`piece`: bytes rewritten in one transaction · `keys`: kept in memory · `dirt`: bytes worth a compaction."""

    piece: int = 256_000
    keys: int = 100_000
    dirt: int = 256_000


class Batch(NamedTuple):
    """A stored record batch. `end`: the next offset after it."""

    end: int
    size: int


class Section(NamedTuple):
    """The latest offset of each key in what was appended since a partition was compacted up to `start`."""

    start: int
    end: int
    latest: Keys


class Compaction:
    """Of one embedded log: `compacted` topics, and `trimmed` topics, each with the group that reads it."""

    def __init__(
        self, path: Path, compacted: Collection[str], trimmed: Mapping[str, str], sizes: Sizes | None = None
    ) -> None:
        self._file = SqliteFile(path)
        self._turn = membership(path, COMPACTED)
        self._compacted = compacted
        self._trimmed = trimmed
        self._sizes = sizes or Sizes()

    async def run_forever(self) -> None:
        """At once and then every ten minutes; what keeps it from its work is logged, for nothing depends on it."""
        while True:
            try:
                await self.run(time.time_ns() // 1_000_000)
            except LogError as error:
                logger.warning("the log is not compacted, trying again later: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    async def run(self, now: int) -> None:
        """Once; nothing if another process is at it. `now` in milliseconds since 1970."""
        self._turn.open()
        try:
            if self._turn.try_hold():
                await self._file.open()
                for topic, group in self._trimmed.items():
                    for partition in await self._file.run(self._partitions, topic):
                        await self._trim(partition, group)
                for topic in self._compacted:
                    for partition in await self._file.run(self._partitions, topic):
                        await self._compact(partition, now)
        finally:
            await self._file.close()
            self._turn.close()

    async def _trim(self, partition: Partition, group: str) -> None:
        end = await self._file.run(self._committed, group, partition)
        async for piece in self._pieces(partition, 0, end):
            await self._file.run(self._replace, partition, piece, [])

    async def _compact(self, partition: Partition, now: int) -> None:
        while await self._file.run(self._is_dirty, partition):
            section = await self._section(partition)
            tombstones_to = min(section.start, await self._file.run(self._read_by_all, partition))
            until = now - TOMBSTONE_MILLISECONDS
            async for piece in self._pieces(partition, 0, section.end):
                await self._file.run(self._clean, partition, piece, section.latest, tombstones_to, until)
            await self._file.run(self._commit, partition, section.end)

    async def _section(self, partition: Partition) -> Section:
        start = end = await self._file.run(self._committed, COMPACTED, partition)
        latest: Keys = {}
        async with aclosing(self._pieces(partition, start, FOREVER)) as pieces:
            async for piece in pieces:
                for record in await self._file.run(self._records, partition, piece):
                    if record.key is not None:
                        latest[record.key] = record.offset
                end = piece[-1].end
                if len(latest) >= self._sizes.keys:
                    break
        return Section(start, end, latest)

    async def _pieces(self, partition: Partition, start: int, end: int) -> AsyncGenerator[list[Batch], None]:
        """Runs of neighbours of about a piece's size, with a pause after each; a larger batch is one of its own."""
        while batches := await self._file.run(self._batches, partition, start, end):
            start = batches[-1].end
            piece: list[Batch] = []
            size = 0
            for batch in batches:
                if piece and size + batch.size > self._sizes.piece:
                    yield piece
                    await asyncio.sleep(PAUSE_SECONDS)
                    piece, size = [], 0
                piece.append(batch)
                size += batch.size
            yield piece
            await asyncio.sleep(PAUSE_SECONDS)

    # In the file's own thread from here on.

    def _partitions(self, topic: str) -> list[Partition]:
        query = "SELECT topic, partition FROM partitions WHERE topic = ? ORDER BY partition"
        return [(name, number) for name, number in self._file.sql.execute(query, (topic,))]

    def _id(self, partition: Partition) -> int:
        query = "SELECT id FROM partitions WHERE topic = ? AND partition = ?"
        return int(self._file.sql.execute(query, partition).fetchone()[0])

    def _committed(self, group: str, partition: Partition) -> int:
        query = "SELECT next_offset FROM committed WHERE consumer_group = ? AND topic = ? AND partition = ?"
        row = self._file.sql.execute(query, (group, *partition)).fetchone()
        return int(row[0]) if row else 0

    def _read_by_all(self, partition: Partition) -> int:
        """Up to where every group has read that ever read the partition."""
        query = (
            "SELECT min(next_offset) FROM committed WHERE topic = ? AND partition = ? AND consumer_group != ?"
        )
        (least,) = self._file.sql.execute(query, (*partition, COMPACTED)).fetchone()
        return int(least) if least is not None else FOREVER

    def _batches(self, partition: Partition, start: int, end: int) -> list[Batch]:
        query = """
            SELECT next_offset, length(records) FROM batches
            WHERE partition_id = ? AND next_offset > ? AND next_offset <= ? ORDER BY next_offset LIMIT ?
        """
        bounds = (self._id(partition), start, end, BATCHES_AT_ONCE)
        return [Batch(*row) for row in self._file.sql.execute(query, bounds)]

    def _is_dirty(self, partition: Partition) -> bool:
        """Whether compacting pays: about half of the partition came since the last time."""
        query = """
            SELECT coalesce(sum(length(records)) FILTER (WHERE next_offset > ?2), 0),
                coalesce(sum(length(records)) FILTER (WHERE next_offset <= ?2), 0)
            FROM batches WHERE partition_id = ?1
        """
        start = self._committed(COMPACTED, partition)
        dirty, clean = self._file.sql.execute(query, (self._id(partition), start)).fetchone()
        return bool(dirty >= max(clean, self._sizes.dirt))

    def _records(self, partition: Partition, piece: Iterable[Batch]) -> list[Record]:
        found: list[Record] = []
        where = f"{self._file.path}: topic {partition[0]}, partition {partition[1]}"
        query = "SELECT records FROM batches WHERE partition_id = ? AND next_offset = ?"
        partition_id = self._id(partition)
        for batch in piece:
            row = self._file.sql.execute(query, (partition_id, batch.end)).fetchone()
            if row is None:
                raise LogError(f"{where}: records were discarded meanwhile")
            found += record_batches.decode(row[0], where, batch.end)
        return found

    def _clean(
        self,
        partition: Partition,
        piece: list[Batch],
        latest: Keys,
        tombstones_to: int,
        tombstones_until: int,
    ) -> None:
        """Keep of a piece what is the latest of its key, as one batch."""

        def stays(record: Record) -> bool:
            if record.key is None:
                return True
            if latest.get(record.key, record.offset) > record.offset:
                return False
            is_new = record.offset >= tombstones_to or record.timestamp > tombstones_until
            return record.value is not None or is_new

        records = self._records(partition, piece)
        kept = [record for record in records if stays(record)]
        if len(kept) < len(records) or len(piece) > 1:
            self._replace(partition, piece, kept)

    def _replace(self, partition: Partition, piece: list[Batch], records: list[Record]) -> None:
        partition_id = self._id(partition)
        with self._file.transaction() as sql:
            for batch in piece:
                gone = sql.execute(
                    "DELETE FROM batches WHERE partition_id = ? AND next_offset = ?",
                    (partition_id, batch.end),
                )
                if gone.rowcount != 1:
                    raise LogError(f"{self._file.path}: records of {partition[0]} were discarded meanwhile")
            if records:
                merged = record_batches.encode_again(records)
                sql.execute(
                    "INSERT INTO batches VALUES (?, ?, ?)", (partition_id, records[-1].offset + 1, merged)
                )

    def _commit(self, partition: Partition, end: int) -> None:
        with self._file.transaction() as sql:
            sql.execute(COMMIT, (COMPACTED, *partition, end))
