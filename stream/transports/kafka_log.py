"""The log on a Kafka cluster. Nothing is created but by `create_topics`."""

import time
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.transports.kafka import to_records
from stream.transports.kafka_address import client_settings, where
from stream.transports.kafka_admin import COMPACTED, KafkaAdmin, Shape
from stream.transports.kafka_appender import KafkaAppender, send_all
from stream.transports.kafka_clients import KafkaClients
from stream.transports.log import (
    Entry,
    LogError,
    Offsets,
    Partition,
    Record,
    cut_into_runs,
)

PATIENCE_SECONDS = 30.0
POLL_MILLISECONDS = 500
FETCH_RECORDS = 2_000
FETCH_BYTES = 4_000_000


class KafkaLog:
    """`settings` are for every aiokafka client, besides those that the address holds.

    After `patience` seconds without an answer a call raises LogUnavailable; `append` counts them anew for each
    record batch. A batch may then still be written, but none is once the call has returned."""

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS, **settings: Any) -> None:
        self._kafka = KafkaClients(where(url), patience, client_settings(url) | settings)
        self._admin = KafkaAdmin(self._kafka)
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        await self._kafka.open()

    async def stop(self) -> None:
        await self._kafka.close()

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None:
        with self._kafka.translating_errors():
            present = await self._admin.counts(partitions)
            missing = {
                topic: Shape(count, -1, COMPACTED if topic in compacted else {})
                for topic, count in partitions.items()
                if topic not in present
            }
            if missing:
                await self._admin.create(missing)
                present = await self._admin.counts(partitions)
        for topic, count in partitions.items():
            if present[topic] != count:
                raise LogError(
                    f"{self._kafka.where}: topic {topic} has {present[topic]} partitions, expected {count}: "
                    "the number cannot change; use the number it has, or another topic"
                )

    async def partitions(self, topic: str) -> int:
        if topic not in self._counts:
            with self._kafka.translating_errors():
                self._counts.update(await self._admin.counts([topic]))
        if topic not in self._counts:
            raise LogError(f"{self._kafka.where}: topic {topic} does not exist: create the topics first")
        return self._counts[topic]

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> Offsets:
        if committing:
            raise LogError("Kafka stores no offsets together with records: commit after the append")
        runs = cut_into_runs(batches)
        for topic, partition in batches:
            await self._check(topic, partition)
        with self._kafka.translating_errors():
            producer = await self._kafka.producer()
        try:
            with self._kafka.translating_errors():
                return await send_all(producer, runs, self._kafka.patience)
        except LogError:
            await self._kafka.drop(producer)
            raise

    async def hold(self, name: str) -> KafkaAppender:
        with self._kafka.translating_errors():
            producer = await self._kafka.producer_of(name)
        return KafkaAppender(name, producer, self._kafka, self._check)

    async def ends(self, topics: Collection[str]) -> Offsets:
        wanted = await self._partitions_of(topics)
        with self._kafka.translating_errors():
            asker = await self._kafka.asker()
            ends = await asker.end_offsets(wanted) if wanted else {}
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def tombstones_kept(self, topic: str) -> int:
        with self._kafka.translating_errors():
            return int(await self._admin.setting(topic, "delete.retention.ms"))

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        wanted = await self._partitions_of(topics)
        admin = self._kafka.admin
        with self._kafka.translating_errors():
            stored = await self._kafka.retrying(lambda: admin.list_consumer_group_offsets(group))
        return {(tp.topic, tp.partition): max(stored[tp].offset, 0) if tp in stored else 0 for tp in wanted}

    async def in_use(self, groups: Collection[str]) -> list[str]:
        with self._kafka.translating_errors():
            return [group for group in groups if await self._admin.has_members(group)]

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        for topic, partition in offsets:
            await self._check(topic, partition)
        with self._kafka.translating_errors():
            await self._admin.commit(group, offsets)

    async def discard(self, topics: Collection[str], groups: Collection[str]) -> None:
        with self._kafka.translating_errors():
            shapes = await self._admin.shapes(topics)
            for group in groups:
                await self._admin.delete_group(group)
            if shapes:
                await self._kafka.drop_producer()
                await self._admin.delete(topics)
                await self._admin.create(shapes)

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        await self._check(topic, partition)
        if end is None:
            end = (await self.ends([topic]))[topic, partition]
        if start >= end:
            return
        tp = TopicPartition(topic, partition)
        reader = self._kafka.consumer(max_partition_fetch_bytes=FETCH_BYTES)
        try:
            with self._kafka.translating_errors():
                await reader.start()
            reader.assign([tp])
            reader.seek(tp, start)
            while start < end:
                records, start = await self._following(reader, tp, start)
                if records and records[-1].offset >= end:
                    records = [record for record in records if record.offset < end]
                if records:
                    yield records
        finally:
            await reader.stop()

    async def _following(
        self, reader: AIOKafkaConsumer, tp: TopicPartition, position: int
    ) -> tuple[list[Record], int]:
        """The next records and the position after them, which may move without records, too."""
        deadline = time.monotonic() + self._kafka.patience
        while time.monotonic() < deadline:
            with self._kafka.translating_errors():
                fetched = await reader.getmany(tp, timeout_ms=POLL_MILLISECONDS, max_records=FETCH_RECORDS)
                moved = await reader.position(tp)
            if moved != position:
                return to_records(fetched.get(tp, [])), moved
        raise self._kafka.away(f"nothing came from {tp.topic}/{tp.partition}")

    async def _partitions_of(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, n) for topic in topics for n in range(await self.partitions(topic))]

    async def _check(self, topic: str, partition: int) -> None:
        count = await self.partitions(topic)
        if not 0 <= partition < count:
            raise LogError(f"{self._kafka.where}: topic {topic} has no partition {partition}, only {count}")
