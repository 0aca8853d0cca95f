"""The embedded log: one SQLite file that holds topics, record batches and consumer groups' offsets.

Any number of processes may have it open. What `append` wrote is on the disk when it returns (WAL, synchronous=FULL).
Writers take turns through a lock file of their own beside the log: a waiting writer then never spins inside SQLite,
and no two connections ever write or checkpoint at once (SQLite before 3.51.3 may corrupt its WAL when they do).
All work on the file runs in one thread per `SqliteLog`, so the event loop stays free.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from stream.transports import record_batches
from stream.transports.bell import Bell
from stream.transports.file_lock import FileLock
from stream.transports.log import (
    Entry,
    LogError,
    LogUnavailable,
    Offsets,
    Partition,
    Record,
    refuse_too_large,
)
from stream.transports.log import record_batches as cut

SCHEMA_VERSION = 1
LOCK_SECONDS = 15.0
POLL_SECONDS = 0.05
READ_RECORDS = 2_000
READ_BYTES = 4_000_000

_SCHEMA = f"""
BEGIN;
CREATE TABLE partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
);
CREATE TABLE batches (
    partition_id INTEGER NOT NULL REFERENCES partitions, next_offset INTEGER NOT NULL, records BLOB NOT NULL
);
CREATE UNIQUE INDEX batches_in_order ON batches (partition_id, next_offset);
CREATE TABLE committed (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

Answer = TypeVar("Answer")


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


class SqliteLog:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._bell = Bell(self.path)
        self._lock = FileLock(self.path.with_name(self.path.name + ".lock"))
        self._ids: dict[Partition, int] = {}
        self._counts: dict[str, int] = {}
        self._seen_version = 0
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None

    async def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"log {self.path.name}")
        await self._run(self._open)
        self._bell.listen()

    async def stop(self) -> None:
        if self._thread is not None:
            self._bell.close()
            await self._run(self._close)
            self._thread.shutdown()
            self._thread = None

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None:
        await self._run(self._create_topics, dict(partitions))

    async def partitions(self, topic: str) -> int:
        return await self._run(self._partitions, topic)

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> None:
        refuse_too_large(batches)
        await self._run(self._append, batches, committing or {})
        self._bell.ring()

    async def ends(self, topics: Collection[str]) -> Offsets:
        return await self._run(self._ends, topics)

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        return await self._run(self._committed, group, topics)

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Stores the next offsets the group is to read."""
        await self._run(self._append, {}, {(group, *partition): at for partition, at in offsets.items()})

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncIterator[list[Record]]:
        if end is None:
            end = (await self.ends([topic]))[topic, partition]
        while start < end:
            records, start = await self.fetch(topic, partition, start)
            if records and records[-1].offset >= end:
                records = [record for record in records if record.offset < end]
            if records:
                yield records

    async def fetch(self, topic: str, partition: int, start: int) -> tuple[list[Record], int]:
        """Whole record batches from `start` on, at least one if there is any, and the next offset to fetch from."""
        return await self._run(self._fetch, topic, partition, start)

    async def appended(self, timeout: float) -> None:
        """Waits until something may have been appended since the last call, by any process; at most `timeout` s."""
        deadline = time.monotonic() + timeout
        while not await self._bell.rang(min(POLL_SECONDS, deadline - time.monotonic())):
            if await self._run(self._changed) or time.monotonic() >= deadline:
                return

    # In the log's own thread from here on.

    async def _run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        if self._thread is None:
            raise LogError(f"{self.path}: the log is not open")
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._translating_errors, work, *arguments
        )

    def _translating_errors(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        try:
            return work(*arguments)
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", "")
            raise LogUnavailable(f"{self.path}: {error} ({name}): {_what_to_do(name)}") from error
        except sqlite3.DatabaseError as error:
            raise LogError(f"{self.path}: {error}: the file is damaged or not a log; restore a backup") from error
        except OSError as error:
            raise LogUnavailable(f"{self.path}: {error}") from error

    @property
    def _sql(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.open()
        self._connection = sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        with self._turn():
            version = self._sql.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not self._sql.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._sql.execute("PRAGMA page_size = 16384")
                self._sql.execute("PRAGMA journal_mode = WAL")
                self._sql.executescript(_SCHEMA)
            elif version != SCHEMA_VERSION:
                raise LogError(
                    f"{self.path}: log format {version}, expected {SCHEMA_VERSION}: written by another version of "
                    "Baton, or not a log; name another file"
                )
        self._sql.execute("PRAGMA synchronous = FULL")

    def _close(self) -> None:
        if self._connection is not None:
            with self._turn():
                self._connection.close()
            self._connection = None
        self._lock.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock.held(LOCK_SECONDS):
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn():
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise

    def _create_topics(self, partitions: Mapping[str, int]) -> None:
        with self._transaction():
            for topic, wanted in partitions.items():
                count = self._count(topic)
                if count and count != wanted:
                    raise LogError(
                        f"{self.path}: topic {topic} has {count} partitions, expected {wanted}: "
                        "the number cannot change; use the number it has, or another log"
                    )
                if not count:
                    self._sql.executemany(
                        "INSERT INTO partitions (topic, partition) VALUES (?, ?)",
                        [(topic, partition) for partition in range(wanted)],
                    )

    def _count(self, topic: str) -> int:
        return int(self._sql.execute("SELECT count(*) FROM partitions WHERE topic = ?", (topic,)).fetchone()[0])

    def _partitions(self, topic: str) -> int:
        if topic not in self._counts:
            count = self._count(topic)
            if not count:
                raise LogError(f"{self.path}: topic {topic} does not exist: create the topics first")
            self._counts[topic] = count
        return self._counts[topic]

    def _id(self, partition: Partition) -> int:
        if partition not in self._ids:
            topic, number = partition
            row = self._sql.execute(
                "SELECT id FROM partitions WHERE topic = ? AND partition = ?", (topic, number)
            ).fetchone()
            if row is None:
                count = self._partitions(topic)
                raise LogError(f"{self.path}: topic {topic} has no partition {number}, only {count}")
            self._ids[partition] = int(row[0])
        return self._ids[partition]

    def _append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int],
    ) -> None:
        now = time.time_ns() // 1_000_000
        encoded = [
            (self._id(partition), [(record_batches.encode(run, now), len(run)) for run in cut(entries)])
            for partition, entries in batches.items()
            if entries
        ]
        with self._transaction():
            for partition_id, runs in encoded:
                self._write(partition_id, runs)
            self._sql.executemany(
                "INSERT INTO committed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
                [(*consumer, next_offset) for consumer, next_offset in committing.items()],
            )

    def _write(self, partition_id: int, runs: Sequence[tuple[bytearray, int]]) -> None:
        (next_offset,) = self._sql.execute(
            "SELECT next_offset FROM partitions WHERE id = ?", (partition_id,)
        ).fetchone()
        for batch, length in runs:
            record_batches.place(batch, next_offset)
            next_offset += length
            self._sql.execute("INSERT INTO batches VALUES (?, ?, ?)", (partition_id, next_offset, batch))
        self._sql.execute("UPDATE partitions SET next_offset = ? WHERE id = ?", (next_offset, partition_id))

    def _ends(self, topics: Collection[str]) -> Offsets:
        ends: Offsets = {}
        for topic in topics:
            self._partitions(topic)
            for partition, next_offset in self._sql.execute(
                "SELECT partition, next_offset FROM partitions WHERE topic = ?", (topic,)
            ):
                ends[topic, partition] = next_offset
        return ends

    def _committed(self, group: str, topics: Collection[str]) -> Offsets:
        committed = {(topic, number): 0 for topic in topics for number in range(self._partitions(topic))}
        for topic, partition, next_offset in self._sql.execute(
            "SELECT topic, partition, next_offset FROM committed WHERE consumer_group = ?", (group,)
        ):
            if (topic, partition) in committed:
                committed[topic, partition] = next_offset
        return committed

    def _fetch(self, topic: str, partition: int, start: int) -> tuple[list[Record], int]:
        records: list[Record] = []
        size = 0
        where = f"{self.path}: topic {topic}, partition {partition}"
        rows = self._sql.execute(
            "SELECT next_offset, records FROM batches WHERE partition_id = ? AND next_offset > ? ORDER BY next_offset",
            (self._id((topic, partition)), start),
        )
        for next_offset, batch in rows:
            decoded = record_batches.decode(batch, where, next_offset)
            records += [record for record in decoded if record.offset >= start] if decoded[0].offset < start else decoded
            start, size = next_offset, size + len(batch)
            if len(records) >= READ_RECORDS or size >= READ_BYTES:
                break
        rows.close()
        return records, start

    def _changed(self) -> bool:
        """Whether another connection has written since the last call."""
        (version,) = self._sql.execute("PRAGMA data_version").fetchone()
        changed = version != self._seen_version
        self._seen_version = version
        return bool(changed)


def _what_to_do(error_name: str) -> str:
    if "FULL" in error_name:
        return "the disk is full; make room, nothing was lost"
    if "BUSY" in error_name or "LOCKED" in error_name:
        return "another program holds the file; end it"
    if "CANTOPEN" in error_name or "READONLY" in error_name:
        return "check that the folder exists and may be written"
    return "check the disk"
