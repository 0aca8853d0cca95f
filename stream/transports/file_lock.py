"""A lock between processes that the kernel frees when its holder dies, however it dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stream.transports.log import LogUnavailable

_PAUSE_SECONDS = 0.001


class FileLock:
    """Of all `FileLock`s on one path, in any process, at most one is held. Not for use by several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def open(self) -> None:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def try_hold(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_held(self) -> bool:
        """Whether a process holds it now; for a lock that is not open."""
        if not self.path.exists():
            return False
        self.open()
        try:
            return not self.try_hold()
        finally:
            self.close()

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Waits at most `timeout` seconds; LogUnavailable when another still holds it then."""
        deadline = time.monotonic() + timeout
        while not self.try_hold():
            if time.monotonic() > deadline:
                raise LogUnavailable(f"{self.path}: another process holds it for {timeout:g} s; end that one")
            time.sleep(_PAUSE_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
