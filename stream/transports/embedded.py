"""Faust on the embedded log: `faust.App(broker='embedded:///path/to/log.sqlite')`.

One process at a time consumes for a group; it has all partitions of the topics it subscribed to.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

from faust.assignor.client_assignment import ClientAssignment
from faust.transport import base
from faust.types import TP, RecordMetadata

from stream.transports.batches import BatchedConsumer
from stream.transports.log import Entry, LogError, LogUnavailable, Record, partition_for
from stream.transports.sqlite_log import SqliteLog, log_path, membership


class Consumer(BatchedConsumer):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._group = self.app.conf.id
        self._log = SqliteLog(log_path(str(self.transport.url[0])))
        self._membership = membership(self._log.path, self._group)
        self._topics: frozenset[str] = frozenset()
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}
        self._ends: dict[TP, int] = {}

    async def on_start(self) -> None:
        await super().on_start()
        await self._log.start()
        self._membership.open()
        if not self._membership.try_hold():
            raise LogError(
                f"{self._log.path}: another process already consumes for group {self._group}; "
                "end that one, or use Kafka to share the work"
            )

    async def on_shutdown(self) -> None:
        await self._log.stop()
        self._membership.close()
        await super().on_shutdown()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Returns at once: the assignment that follows waits for this call to have returned."""
        self._topics = frozenset(topics)
        await self.rejoin()

    async def rejoin(self) -> None:
        self.add_future(self._reassign(self._topics))

    async def _reassign(self, topics: frozenset[str]) -> None:
        await self.app.topics.maybe_wait_for_subscriptions()
        counts = {topic: await self._log.partitions(topic) for topic in sorted(topics)}
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(set(self._assigned))
        self._assigned = {TP(topic, number) for topic, count in counts.items() for number in range(count)}
        self._positions = dict.fromkeys(self._assigned, 0)
        self.app.assignor._assignment = ClientAssignment(
            actives={topic: list(range(count)) for topic, count in counts.items()}, standbys={}
        )
        self.app.consumer_generation_id += 1
        await self.on_partitions_assigned(set(self._assigned), self.app.consumer_generation_id)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Record]]:
        wanted = sorted(self._assigned if active_partitions is None else self._assigned & active_partitions)
        self._ends.update(await self._current_ends(wanted))
        if all(self._positions[tp] >= self._ends[tp] for tp in wanted):
            await self._log.appended(timeout)
            self._ends.update(await self._current_ends(wanted))
        return {tp: records for tp in wanted if (records := await self._fetch(tp))}

    async def _fetch(self, tp: TP) -> list[Record]:
        position = self._positions[tp]
        if position >= self._ends[tp] or not self.flow_active:
            return []
        records, following = await self._log.fetch(tp.topic, tp.partition, position)
        if self._positions.get(tp) != position:  # sought elsewhere meanwhile
            return []
        self._positions[tp] = following
        return records

    async def _current_ends(self, partitions: Iterable[TP]) -> dict[TP, int]:
        wanted = set(partitions)
        ends = await self._log.ends({tp.topic for tp in wanted})
        return {TP(*partition): end for partition, end in ends.items() if partition in wanted}

    def _fetched_up_to(self) -> dict[TP, int]:
        return dict(self._positions)

    def _records(self, fetched: Any) -> list[Record]:
        return list(fetched)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        try:
            await self._log.commit(self._group, dict(offsets))
        except LogUnavailable as error:
            self.log.warning("Progress not committed, the next commit includes it: %s", error)
            return False
        return True

    async def seek_to_committed(self) -> dict[TP, int]:
        committed = await self._log.committed(self._group, {tp.topic for tp in self._assigned})
        self._positions = {tp: committed[tp] for tp in self._assigned}
        return dict(self._positions)

    async def _seek(self, partition: TP, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    async def position(self, tp: TP) -> int | None:
        return self._positions.get(tp)

    def assignment(self) -> set[TP]:
        return set(self._assigned)

    def highwater(self, tp: TP) -> int:
        return self._ends.get(tp, 0)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        return await self._current_ends(partitions)

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        return dict.fromkeys(partitions, 0)

    def topic_partitions(self, topic: str) -> int | None:
        return sum(tp.topic == topic for tp in self._assigned) or None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        count = self.topic_partitions(topic)
        return partition if partition is not None or count is None else partition_for(key, count)

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def create_topic(self, topic: str, *_: Any, **__: Any) -> None:
        raise LogError(f"topic {topic}: a worker creates nothing; create the topics first")


class Producer(base.Producer):  # type: ignore[misc]
    def __post_init__(self) -> None:
        self._log = SqliteLog(log_path(str(self.transport.url[0])))

    async def on_start(self) -> None:
        await self._log.start()
        await super().on_start()

    async def on_shutdown(self) -> None:
        await self._log.stop()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """The entry is durable when this returns; its offset is not told (-1)."""
        if partition is None:
            partition = partition_for(key, await self._log.partitions(topic))
        milliseconds = None if timestamp is None else int(timestamp * 1000)
        pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
        await self._log.append({(topic, partition): [Entry(key, value, tuple(pairs), milliseconds)]})
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        sent.set_result(RecordMetadata(topic, partition, TP(topic, partition), -1))
        return sent

    async def send_and_wait(self, *arguments: Any, **options: Any) -> RecordMetadata:
        return await (await self.send(*arguments, **options))

    async def flush(self) -> None:
        await self.buffer.flush()

    def key_partition(self, topic: str, key: bytes) -> TP:
        return TP(topic, self.app.consumer.key_partition(topic, key))

    async def create_topic(self, topic: str, *_: Any, **__: Any) -> None:
        raise LogError(f"topic {topic}: a worker creates nothing; create the topics first")

    def supports_headers(self) -> bool:
        return True


class Transport(base.Transport):  # type: ignore[misc]
    Consumer = Consumer
    Producer = Producer
    driver_version = "embedded log 1"
