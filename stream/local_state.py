"""Where a worker keeps its partitions' rows on this machine."""

from itertools import count
from pathlib import Path

from stream.rocksdb_memory import RocksMemory
from stream.rocksdb_rows import RocksRows
from stream.transports.file_lock import FileLock
from stream.transports.log import Log


class LocalState:
    """A directory of RocksDBs, one a partition, found again at the next start.

    Several workers may be given the same directory: each takes a part of its own, which is free again when it
    ends, however it does.
    """

    def __init__(self, folder: Path) -> None:
        self._memory = RocksMemory()
        for number in count():
            self._folder = folder / f"worker-{number}"
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self._folder / "lock")
            self._lock.open()
            if self._lock.try_hold():
                break
            self._lock.close()

    def rows(self, log: Log, topic: str, partition: int) -> RocksRows:
        return RocksRows(self._folder / f"{topic}-{partition}", log, topic, partition, self._memory)

    def close(self) -> None:
        """Once all rows are closed."""
        self._lock.close()
