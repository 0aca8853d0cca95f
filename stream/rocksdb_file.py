"""The RocksDB that a partition's rows are kept in: how it is opened, and what its keys are.

Rows lie by identifier, so that all of an actor's are read at once.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from rocksdict import DBCompressionType, Options, Rdict, ReadOptions, WriteBatch

from journeys.actors import PARTITIONS_OWN, RowKey
from stream.changelog import SEPARATOR
from stream.rocksdb_memory import RocksMemory
from stream.transports.log import LogError, LogUnavailable

MEMTABLE_BYTES = 16 << 20
ROW, OWN, DEADLINE, NAMED, TAKEN, WHERE = b"r", b"o", b"d", b"n", b"t", b"w"
"""What keys begin with: rows by identifier; rows about the partition; deadlines by instant; identifiers that rows were
ever here of, to be looked up where rows would have to be searched for; those of rows that were read back since the
last batch; up to where the changelog is here."""

VERSION = 2
"""Of all this: what an older Baton laid otherwise is not read."""

_FULL, _HELD = "No space left", "lock hold"
_NO_DAMAGE = (_FULL, _HELD, "While lock file", "Permission denied")
_CUT = SEPARATOR.encode()
_INSTANT = "%020d"

logger = logging.getLogger(__name__)


class RocksFile:
    """Open from the start; what is damaged, or was found to be when it was last open, is discarded then.

    Every method raises LogUnavailable when the disk is full, LogError when something else is wrong with it.
    """

    def __init__(self, folder: Path, memory: RocksMemory) -> None:
        self.folder = folder
        self._memory = memory
        self._damaged = folder.with_name(f"{folder.name}.damaged")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if self._damaged.exists():
                raise LogError(self._damaged.read_text())
            self._db = self._open()
        except Exception as error:
            if any(sign in str(error) for sign in _NO_DAMAGE):
                raise self._failed(error) from error
            logger.warning("%s: %s: it is discarded, and filled from the log again", folder, error)
            self._db = self._open_anew()

    def discard(self) -> None:
        """Everything in it is gone."""
        self._db.close()
        self._db = self._open_anew()

    def get(self, key: bytes) -> bytes | None:
        try:
            value = self._db.get(key)
        except Exception as error:
            raise self._failed(error) from error
        return None if value is None else bytes(value)

    def scan(self, start: bytes, end: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """What has keys from `start` to before `end`; without an end, all that begin with `start`."""
        try:
            until = ReadOptions()
            # Without a bound, RocksDB goes on behind the end past all that was removed there, to find what is not.
            until.set_iterate_upper_bound(start + b"\xff" if end is None else end)
            found = self._db.iter(until)
            found.seek(start)
            while found.valid():
                yield found.key(), found.value()
                found.next()
            found.status()
        except LogError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def write(self, batch: WriteBatch) -> None:
        """All or nothing, and there again if the process dies. If the machine does, the last ones may be missing."""
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failed(error) from error

    def close(self) -> None:
        self._db.close()

    def _open(self) -> Rdict:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(MEMTABLE_BYTES)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_keep_log_file_num(1)
        self._memory.limit(options)
        return Rdict(str(self.folder), options)

    def _open_anew(self) -> Rdict:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self._damaged.unlink(missing_ok=True)
        return self._open()

    def _failed(self, error: Exception) -> LogError:
        if _FULL in str(error):
            return LogUnavailable(f"{self.folder}: {error}: make room")
        if _HELD in str(error):
            return LogError(f"{self.folder}: {error}: end the process that holds it")
        self._damaged.write_text(str(error))
        return LogError(f"{self.folder}: {error}: start the worker again; it fills it from the log")


def new_batch() -> WriteBatch:
    return WriteBatch(raw_mode=True)


def put_row(batch: WriteBatch, key: RowKey, value: bytes | None) -> None:
    """The row; None: removed."""
    kind, identifier, detail = key
    if kind in PARTITIONS_OWN:
        place = OWN + SEPARATOR.join(key).encode()
    else:
        place = ROW + SEPARATOR.join((identifier, kind, detail)).encode()
    if value is None:
        batch.delete(place)
    else:
        batch.put(place, value)


def rows_of(identifier: str, kind: str | None = None) -> bytes:
    """What the keys of an identifier's rows begin with, of one kind or all."""
    return ROW + identifier.encode() + _CUT + (kind.encode() + _CUT if kind else b"")


def named(identifier: str) -> bytes:
    return NAMED + identifier.encode()


def row_at(place: bytes) -> RowKey:
    identifier, kind, detail = place[1:].decode().split(SEPARATOR)
    return kind, identifier, detail


def own_row_at(place: bytes) -> RowKey:
    kind, name, detail = place[1:].decode().split(SEPARATOR)
    return kind, name, detail


def deadline(department: str, instant: int, identifier: str = "") -> bytes:
    return DEADLINE + SEPARATOR.join((department, _INSTANT % instant, identifier)).encode()


def deadline_at(place: bytes) -> tuple[int, str]:
    """Instant and identifier."""
    _, instant, identifier = place.decode().split(SEPARATOR)
    return int(instant), identifier
