"""The spool: events on disk that Kafka does not have yet, in order.

One file, appended to. Each append is one frame, checked by a CRC and synced before it counts, so only the
last frame can be torn, and only if nobody was told that it is kept. How far Kafka has taken them is a frame
too: when that is lost in a crash, events are sent again, never skipped. The file is replaced by what is
left of it, at once, when most of it has been taken.
"""

import logging
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from stream.transports.file_lock import FileLock
from stream.transports.log import Entry, LogError

logger = logging.getLogger(__name__)

EVENTS, TAKEN = b"E", b"T"
_HEAD = struct.Struct(">4scII")
_MAGIC = b"BTN1"
_OFFSET = struct.Struct(">Q")
_COMPACT_BYTES = 1_000_000


class Letter(NamedTuple):
    """An entry and the topic it is for."""

    topic: str
    entry: Entry


class SpoolFull(LogError):
    """The spool takes no more; nothing of this call was kept."""


class SpoolDamaged(LogError):
    """The spool can't be read, though events in it were acknowledged."""


class Spool:
    """The spool in a directory of its own, held by one process. `limit`: bytes that may wait.

    Not for use by several threads at once, but that `first` may run beside `append`.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        """SpoolDamaged, or LogError when another process holds it or the disk refuses."""
        self.path = directory / "events.spool"
        self._partial = directory / "events.part"
        self._limit = limit
        self._lock = FileLock(directory / "lock")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock.open()
            if not self._lock.try_hold():
                self._lock.close()
                raise LogError(f"{directory}: another process publishes with this spool: give each its own")
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _sync_directory(directory)
        except OSError as error:
            raise LogError(
                f"{directory}: {error.strerror}: the spool needs a directory to write to"
            ) from error
        self._start, self._end = self._recovered()
        os.ftruncate(self._file, self._end)

    def close(self) -> None:
        os.close(self._file)
        self._lock.close()

    @property
    def waiting(self) -> int:
        """Bytes that Kafka has not taken."""
        return self._end - self._start

    @property
    def end(self) -> int:
        """Where the next append begins; valid until the next `drop`."""
        return self._end

    def append(self, letters: Sequence[Letter]) -> None:
        """All of them are on disk when it returns; after SpoolFull none is."""
        frame = _frame(EVENTS, orjson.dumps([_plain(letter) for letter in letters]))
        if self.waiting + len(frame) > self._limit:
            raise SpoolFull(
                f"{self.path} holds {self.waiting:,} bytes that Kafka has not taken, its limit is {self._limit:,}: "
                "get Kafka back, or allow the spool more"
            )
        try:
            _write(self._file, frame, self._end)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise SpoolFull(f"{self.path}: {error.strerror}: make room on its disk") from error
        self._end += len(frame)

    def first(self, size: int) -> tuple[list[Letter], int]:
        """The oldest letters, about `size` bytes of them (at least one append's), and where they end."""
        letters: list[Letter] = []
        position = self._start
        for kind, content, end in self._frames(self._start, self._end):
            if kind == EVENTS:
                if letters and end - self._start > size:
                    break
                letters += [_letter(plain) for plain in orjson.loads(content)]
            position = end
        return letters, position

    def drop(self, end: int) -> None:
        """Forget what comes before `end`: Kafka has it."""
        self._start = end
        try:
            if self._start >= max(_COMPACT_BYTES, self.waiting) or not self.waiting:
                rest = self._copy_of_rest()
            else:
                frame = _frame(TAKEN, _OFFSET.pack(end))
                _write(self._file, frame, self._end)
                self._end += len(frame)
                return
        except OSError as error:
            logger.warning("%s: %s: after a crash some events would be sent again", self.path, error.strerror)
            return
        self._replace(rest)

    def _copy_of_rest(self) -> int:
        partial = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            for position in range(self._start, self._end, _COMPACT_BYTES):
                content = os.pread(self._file, min(_COMPACT_BYTES, self._end - position), position)
                _write(partial, content, position - self._start)
            os.fsync(partial)
        except OSError:
            os.close(partial)
            raise
        return partial

    def _replace(self, file: int) -> None:
        self._partial.rename(self.path)
        os.close(self._file)
        self._file, self._start, self._end = file, 0, self.waiting
        _sync_directory(self.path.parent)

    def _recovered(self) -> tuple[int, int]:
        """Where the first untaken frame starts, and where the last whole one ends."""
        start = end = 0
        size = os.fstat(self._file).st_size
        for kind, content, frame_end in self._frames(0, size):
            end = frame_end
            if kind == TAKEN:
                (start,) = _OFFSET.unpack(content)
        if end < size and (later := self._whole_frame_after(end, size)) is not None:
            raise SpoolDamaged(
                f"{self.path}: damaged at byte {end:,}, with whole events from byte {later:,} on: keep a copy, "
                f"and check the disk; to go on without the events between, move the file away"
            )
        return start, end

    def _frames(self, position: int, end: int) -> Iterator[tuple[bytes, bytes, int]]:
        """(kind, content, where it ends) of the whole frames from a position on, until one is not whole."""
        while (head := os.pread(self._file, _HEAD.size, position)) and len(head) == _HEAD.size:
            magic, kind, length, crc = _HEAD.unpack(head)
            position += _HEAD.size + length
            if magic != _MAGIC or position > end:
                return
            content = os.pread(self._file, length, position - length)
            if zlib.crc32(kind + content) != crc:
                return
            yield kind, content, position

    def _whole_frame_after(self, position: int, size: int) -> int | None:
        rest = os.pread(self._file, size - position, position)
        found = rest.find(_MAGIC, 1)
        while found >= 0:
            if next(self._frames(position + found, size), None):
                return position + found
            found = rest.find(_MAGIC, found + 1)
        return None


def _write(file: int, content: bytes, position: int) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(file, content[written:], position + written)


def _frame(kind: bytes, content: bytes) -> bytes:
    return _HEAD.pack(_MAGIC, kind, len(content), zlib.crc32(kind + content)) + content


def _plain(letter: Letter) -> list[object]:
    key, value, headers, timestamp = letter.entry
    named = [[name, _text(content)] for name, content in headers]
    return [letter.topic, _text(key), _text(value), named, timestamp]


def _letter(plain: list[object]) -> Letter:
    topic, key, value, headers, timestamp = plain
    named = tuple((name, _bytes(content)) for name, content in headers)  # type: ignore[attr-defined]
    return Letter(topic, Entry(_bytes(key), _bytes(value), named, timestamp))  # type: ignore[arg-type]


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("latin-1")


def _bytes(text: object) -> bytes | None:
    return text.encode("latin-1") if isinstance(text, str) else None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
