"""Outgoing: all that one partition of `observations` sends, gathered, and appended at once under its name.

Whatever a partition sends (messages, tokens, rows, documents, dead letters) goes through the appender of the
worker that holds it. So a worker that is paused, and wakes up when another has taken over, can add nothing to
what that one has loaded, and nothing after it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from journeys.actors import RowKey
from stream.changelog import Rows, Told, changelog_entries
from stream.sending import Batches, Sender, until_available
from stream.transports.log import Appender, Entry, Partition


class Outgoing:
    """`changelog`: the partition that its rows go to, of which `told` is told once they are durable."""

    def __init__(self, sender: Sender, appender: Appender, changelog: Partition, told: Told) -> None:
        self._sender = sender
        self._appender = appender
        self._changelog = changelog
        self._told = told
        self._batches: Batches = defaultdict(list)
        self._rows: list[tuple[RowKey, bytes | None]] = []
        self._under_way: asyncio.Future[None] | None = None
        self._under_way_rows: Rows = []

    async def add(self, topic: str, entries: Iterable[Entry]) -> None:
        """Entries, each for the partition of its key, after those that were added before."""
        await self._sender.distribute(topic, entries, self._batches)

    def add_to(self, to: Partition, entry: Entry) -> None:
        self._batches[to].append(entry)

    def keep(self, rows: Rows) -> None:
        """Rows (None: removed) in their order."""
        if rows:
            self._batches[self._changelog] += changelog_entries(rows)
            self._rows += rows

    @property
    def untold(self) -> Iterator[RowKey]:
        """The rows that were added and are not known to be durable."""
        return (key for key, _ in chain(self._rows, self._under_way_rows))

    async def send(self) -> None:
        """Begin to append all that was added, in one append that is there or not, and wait only for the one before.

        Fenced, of that one; while the log is away it tries again, for ever.
        """
        await self._arrived()
        batches, self._batches = self._batches, defaultdict(list)
        if batches:
            self._under_way_rows, self._rows = self._rows, []
            self._under_way = asyncio.ensure_future(self._append(batches, self._under_way_rows))

    async def flush(self) -> None:
        """The same, and wait for it, too."""
        await self.send()
        await self._arrived()

    async def release(self) -> None:
        if self._under_way:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)
        await self._appender.release()

    async def _arrived(self) -> None:
        if self._under_way:
            await self._under_way
            self._under_way, self._under_way_rows = None, []

    async def _append(self, batches: Batches, rows: Rows) -> None:
        ends = await until_available(lambda: self._appender.append(batches))
        if rows:
            self._told.wrote(rows, ends[self._changelog])
