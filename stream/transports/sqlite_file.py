"""The embedded log's SQLite file: its schema, its thread, turns between writers, errors.

Any number of processes may have it open. What a transaction wrote is on the disk when it ends (WAL,
synchronous=FULL). Writers take turns through a lock file beside the log: a waiting writer then never spins
inside SQLite, and no two connections ever write or checkpoint at once (SQLite before 3.51.3 may corrupt its
WAL then).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from stream.transports.file_lock import FileLock
from stream.transports.log import LogError, LogUnavailable

SCHEMA_VERSION = 1
LOCK_SECONDS = 15.0

_HOLDERS = """
CREATE TABLE IF NOT EXISTS holders (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;
"""
_SCHEMA = f"""
BEGIN;
CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
);
CREATE TABLE batches (
    partition_id INTEGER NOT NULL REFERENCES partitions,
    next_offset INTEGER NOT NULL,
    records BLOB NOT NULL
);
CREATE UNIQUE INDEX batches_in_order ON batches (partition_id, next_offset);
CREATE TABLE committed (
    consumer_group TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
{_HOLDERS}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

Answer = TypeVar("Answer")


class SqliteFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._seen_version = 0

    async def open(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"log {self.path.name}")
        await self.run(self._open)

    async def close(self) -> None:
        if self._thread is not None:
            await self.run(self._close)
            self._thread.shutdown()
            self._thread = None

    async def run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """Runs `work` in the file's thread; SQLite's errors come as LogError or LogUnavailable."""
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
            advice = "the file is damaged or not a log; restore a backup"
            raise LogError(f"{self.path}: {error}: {advice}") from error
        except OSError as error:
            raise LogUnavailable(f"{self.path}: {error}") from error

    # In the file's own thread from here on.

    @property
    def sql(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LogError(f"{self.path}: the log is not open")
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock.held(LOCK_SECONDS):
            self.sql.execute("BEGIN IMMEDIATE")
            try:
                yield self.sql
                self.sql.execute("COMMIT")
            except BaseException:
                if self.sql.in_transaction:
                    self.sql.execute("ROLLBACK")
                raise

    def changed(self) -> bool:
        """Whether another connection has written since the last call."""
        seen = self._seen_version
        (self._seen_version,) = self.sql.execute("PRAGMA data_version").fetchone()
        return self._seen_version != seen

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.open()
        self._connection = sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        with self._lock.held(LOCK_SECONDS):
            self._prepare(self._connection)

    def _prepare(self, sql: sqlite3.Connection) -> None:
        (version,) = sql.execute("PRAGMA user_version").fetchone()
        if version == 0 and sql.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            sql.execute("PRAGMA page_size = 16384")
            sql.execute("PRAGMA journal_mode = WAL")
            sql.executescript(_SCHEMA)
        elif version != SCHEMA_VERSION:
            raise LogError(
                f"{self.path}: log format {version}, expected {SCHEMA_VERSION}: written by another version "
                "of Baton, or not a log; name another file"
            )
        else:
            sql.execute(_HOLDERS)
        sql.execute("PRAGMA synchronous = FULL")

    def _close(self) -> None:
        if self._connection is not None:
            with self._lock.held(LOCK_SECONDS):
                self._connection.close()
            self._connection = None
        self._lock.close()


def _what_to_do(error_name: str) -> str:
    if "FULL" in error_name:
        return "the disk is full; make room, nothing was lost"
    if "BUSY" in error_name or "LOCKED" in error_name:
        return "another program holds the file; end it"
    if "CANTOPEN" in error_name or "READONLY" in error_name:
        return "check that the folder exists and may be written"
    return "check the disk"
