"""Loading: how far partitions are on their way into memory, for the log and for Prometheus."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stream.metrics import Metrics

EVERY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Progress:
    """Of one partition, by offsets of its changelog. Says where it is every few seconds."""

    def __init__(self, partition: int, start: int, end: int, metrics: Metrics) -> None:
        self._partition = partition
        self._start = self._at = start
        self._end = end
        self._to_go = metrics.rows_to_load.labels(str(partition))
        self._to_go.set(end - start)
        self._said = self._began = time.monotonic()

    def reached(self, offset: int) -> None:
        self._at = offset
        self._to_go.set(max(self._end - offset, 0))
        if (now := time.monotonic()) - self._said >= EVERY_SECONDS:
            self._said = now
            done, total = offset - self._start, self._end - self._start
            logger.warning(
                "partition %d: %d of %d rows loaded, %d %%", self._partition, done, total, 100 * done // total
            )

    def over(self) -> None:
        self._to_go.set(0)
        took = time.monotonic() - self._began
        logger.info("partition %d: %d rows loaded in %.1f s", self._partition, self._at - self._start, took)


class Loading:
    """Of one worker's partitions."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def of(self, partition: int, start: int, end: int) -> Iterator[Progress]:
        """A partition is loaded inside the block, from one offset of its changelog to another."""
        progress = Progress(partition, start, end, self._metrics)
        yield progress
        progress.over()
