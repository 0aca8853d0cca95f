"""Sending to the log: entries gathered by partition, and tried again while the log is away."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from stream.transports.log import Entry, Log, LogUnavailable, Partition, partition_for

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Batches = defaultdict[Partition, list[Entry]]
FIRST_WAIT, LONGEST_WAIT = 0.1, 10.0


class Sender:
    """Appends entries and returns when they are durable. While the log is away it tries again, for ever, with back-off.

    An entry goes to the partition of its key unless one is named.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._partitions: dict[str, int] = {}

    async def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions[topic] = await until_available(lambda: self._log.partitions(topic))
        return self._partitions[topic]

    async def send(self, topic: str, entries: list[Entry]) -> None:
        """All entries, each to the partition of its key."""
        await self.send_all({topic: entries})

    async def send_all(self, entries: Mapping[str, list[Entry]]) -> None:
        """Entries by topic, each to the partition of its key."""
        batches: Batches = defaultdict(list)
        for topic, own in entries.items():
            await self.distribute(topic, own, batches)
        await self.append(batches)

    async def distribute(self, topic: str, entries: Iterable[Entry], batches: Batches) -> None:
        """Put entries, each for the partition of its key, after what the batches hold already."""
        count = await self.partitions(topic)
        for entry in entries:
            batches[topic, partition_for(entry.key, count)].append(entry)

    async def append(self, batches: Batches) -> None:
        if batches:
            await until_available(lambda: self._log.append(batches))


def by_topic(addressed: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    """Entries, each with its topic, as `send_all` takes them."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for topic, entry in addressed:
        found[topic].append(entry)
    return found


async def until_available(
    action: Callable[[], Awaitable[Result]], away: type[Exception] = LogUnavailable
) -> Result:
    """The result of `action`, tried again with back-off while it raises `away`."""
    wait = FIRST_WAIT
    while True:
        try:
            return await action()
        except away as error:
            logger.warning("trying again in %.1f s: %s", wait, error)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
