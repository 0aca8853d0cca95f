"""The deadlines of one partition in its RocksDB, by instant: what waits until when for a department's watermark."""

from collections.abc import Callable, Mapping

import orjson
from rocksdict import WriteBatch

from journeys.actors import DUE
from stream.changelog import Rows
from stream.rocksdb_file import RocksFile, deadline, deadline_at


class RocksDeadlines:
    """What was put before counts no more, which is found out when it passes: `due_of` gives what counts.

    The file is not searched before the first instant that something may wait for. There is nothing there but what was
    removed, and RocksDB would go through all of it each time.
    """

    def __init__(self, file: RocksFile, due_of: Callable[[str], Mapping[str, int]]) -> None:
        self._file = file
        self._due_of = due_of
        self._first: dict[str, int] = {}
        self._outdated: list[bytes] = []

    def passed(self, department: str, mark: int, most: int) -> list[str]:
        """The identifiers with an instant before the department's mark, earliest first; at most so many."""
        first = self._first.get(department, 0)
        passed: dict[str, int] = {}
        for place, _ in self._file.scan(deadline(department, first), deadline(department, max(mark, first))):
            instant, identifier = deadline_at(place)
            if self._due_of(identifier).get(department) != instant:
                self._outdated.append(place)
                continue
            passed[identifier] = instant
            if len(passed) >= most:
                break
        self._first[department] = min(passed.values(), default=max(mark, first))
        return list(passed)

    def put(self, batch: WriteBatch, rows: Rows) -> None:
        """Those of the rows, which go into the file with them."""
        for (kind, identifier, _), value in rows:
            if kind == DUE and value is not None:
                for department, instant in orjson.loads(value).items():
                    batch.put(deadline(department, instant, identifier), b"")
                    if instant < self._first.get(department, 0):
                        self._first[department] = instant

    def remove_outdated(self, batch: WriteBatch) -> None:
        for place in self._outdated:
            batch.delete(place)

    def removed(self) -> None:
        """What was outdated is in the file no more."""
        self._outdated = []
