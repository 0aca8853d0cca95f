"""Holding: the partitions of `observations` that this worker takes hold of when they are assigned to it.

Hold first, then load: from the moment of the hold on, no worker that had the partition before can add a row,
a message or a document, however long it was paused. So what is loaded is all there is, and all that follows
comes from here. It is taken at the assignment, not with the first batch, for it also ends what the worker
before may have left open, which nobody can read beyond.

A name that only one process may hold was chosen over marking every record with an owner and a generation:
the log itself refuses what is stale, of whatever topic, so neither the rules for loading nor any reader
of the documents has to know of it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from journeys.identity import strength
from journeys.journey_map import JourneyMap
from journeys.sharing import Limits
from stream.loading import Loading
from stream.memories import Memories
from stream.metrics import Metrics
from stream.outgoing import Outgoing
from stream.partition_rows import RowsOf
from stream.sending import Sender, until_available
from stream.sizes import Sizes
from stream.state import PartitionState
from stream.topics import Topics
from stream.transports.log import Log, partition_for
from stream.unjudged import Unjudged


@dataclass(slots=True)
class Held:
    """A partition's state, the only way anything leaves it, and what is not judged yet."""

    state: PartitionState
    outgoing: Outgoing
    unjudged: Unjudged

    async def release(self) -> None:
        self.state.rows.close()
        self.state.sizes.forget()
        await self.outgoing.release()


class Holding:
    """One worker's partitions, each from its assignment until it is taken away."""

    def __init__(
        self,
        journey_map: JourneyMap,
        log: Log,
        sender: Sender,
        topics: Topics,
        metrics: Metrics,
        rows_of: RowsOf,
        memories: Memories,
    ) -> None:
        self._map = journey_map
        self._log = log
        self._sender = sender
        self._topics = topics
        self._rows_of = rows_of
        self._memories = memories
        self._metrics = metrics
        self._loading = Loading(metrics)
        self._limits = Limits(journey_map.identifiers)
        self._held: dict[int, asyncio.Future[Held]] = {}
        metrics.partitions_loading.set_function(self._count_loading)

    def take(self, partitions: Iterable[int]) -> "list[asyncio.Future[Held]]":
        """Begin to take hold of the partitions and to load them; each future fails as that fails."""
        taken = {partition: asyncio.ensure_future(self._take(partition)) for partition in partitions}
        self._held |= taken
        return list(taken.values())

    async def of(self, partition: int) -> Held:
        """A partition that was taken, as soon as it is loaded."""
        return await self._held[partition]

    async def release(self, partitions: Iterable[int]) -> None:
        """Partitions were taken away: their state is read back when they come again."""
        gone = set(partitions)
        self._memories.forget(gone)
        leaving = [self._held.pop(partition) for partition in gone if partition in self._held]
        for taking in leaving:
            taking.cancel()
        loaded = await asyncio.gather(*leaving, return_exceptions=True)
        await asyncio.gather(*(held.release() for held in loaded if isinstance(held, Held)))

    async def release_all(self) -> None:
        await self.release(list(self._held))

    def _count_loading(self) -> int:
        return sum(not taking.done() for taking in list(self._held.values()))

    async def _take(self, partition: int) -> Held:
        name = f"{self._topics.observations}/{partition}"
        appender = await until_available(lambda: self._log.hold(name))
        state = await self._new_state(partition)
        held = Held(
            state,
            Outgoing(self._sender, appender, (self._topics.state, partition), state.rows),
            Unjudged(state.marks),
        )
        try:
            mending = await until_available(lambda: state.load(self._log, self._topics.state, self._loading))
        except BaseException:
            await held.release()
            raise
        held.unjudged = Unjudged(dict(state.marks), mending, is_first=True)
        return held

    async def _new_state(self, partition: int) -> PartitionState:
        count = await self._sender.partitions(self._topics.observations)
        rules = self._map.identifiers
        return PartitionState(
            partition,
            count,
            self._map,
            precedes=lambda a, b: strength(a, rules) < strength(b, rules),
            routes=self._map.routes,
            is_mine=lambda identifier: count == 1 or partition_for(identifier.encode(), count) == partition,
            limits=self._limits,
            rows=self._rows_of(self._log, self._topics.state, partition),
            sizes=Sizes(partition, self._metrics),
        )
