"""The log on a Kafka cluster. Nothing is created but by `create_topics`."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from stream.transports.kafka import to_records
from stream.transports.log import (
    MAX_ENTRY_BYTES,
    Entry,
    EntryTooLarge,
    LogError,
    LogUnavailable,
    Offsets,
    Partition,
    Record,
    cut_into_batches,
    refuse_too_large,
)

REQUEST_SECONDS = 15
CREATE_SECONDS = 30
POLL_SECONDS = 0.5
READ_RECORDS = 2_000
READ_BYTES = 4_000_000
COMPACTED = {"cleanup.policy": "compact", "segment.bytes": "52428800"}


class KafkaLog:
    """`client` are settings for every aiokafka client, such as security_protocol and sasl_plain_username."""

    def __init__(self, url: str, **client: Any) -> None:
        self._address = url.partition("://")[2]
        self._client = {
            "bootstrap_servers": self._address,
            "request_timeout_ms": REQUEST_SECONDS * 1000,
            **client,
        }
        self._admin: AIOKafkaAdminClient | None = None
        self._producer: AIOKafkaProducer | None = None
        self._asker: AIOKafkaConsumer | None = None
        self._counts: dict[str, int] = {}
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        admin = AIOKafkaAdminClient(**self._client)
        try:
            with self._translating_errors():
                await admin.start()
        except LogError:
            await admin.close()
            raise
        self._admin = admin

    async def stop(self) -> None:
        await self._drop_producer()
        if self._asker is not None:
            await self._asker.stop()
        if self._admin is not None:
            await self._admin.close()
        self._asker = self._admin = None

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None:
        with self._translating_errors():
            present = await self._describe(partitions)
            missing = [
                _new_topic(topic, count, COMPACTED if topic in compacted else {})
                for topic, count in partitions.items()
                if topic not in present
            ]
            if missing:
                await self._create(missing)
                present = await self._until_created(partitions)
        for topic, count in partitions.items():
            if present[topic] != count:
                raise LogError(
                    f"Kafka at {self._address}: topic {topic} has {present[topic]} partitions, expected {count}: "
                    "the number cannot change; use the number it has, or another topic"
                )

    async def partitions(self, topic: str) -> int:
        if topic not in self._counts:
            with self._translating_errors():
                self._counts.update(await self._describe([topic]))
        if topic not in self._counts:
            raise self._missing(topic)
        return self._counts[topic]

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> None:
        if committing:
            raise LogError("Kafka stores no offsets together with records: commit after the append")
        refuse_too_large(batches)
        for topic, partition in batches:
            await self._check(topic, partition)
        try:
            with self._translating_errors():
                producer = await self._started_producer()
                await _all_or_error(
                    self._send(producer, topic, partition, entries)
                    for (topic, partition), entries in batches.items()
                )
        except LogError:
            await self._drop_producer()
            raise

    async def ends(self, topics: Collection[str]) -> Offsets:
        wanted = [TopicPartition(topic, n) for topic in topics for n in range(await self.partitions(topic))]
        with self._translating_errors():
            asker = await self._started_asker()
            ends = await asker.end_offsets(wanted) if wanted else {}
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        wanted = [TopicPartition(topic, n) for topic in topics for n in range(await self.partitions(topic))]
        with self._translating_errors():
            stored = await self._retrying(lambda: self._started_admin.list_consumer_group_offsets(group))
        return {(tp.topic, tp.partition): max(stored[tp].offset, 0) if tp in stored else 0 for tp in wanted}

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncIterator[list[Record]]:
        await self._check(topic, partition)
        if end is None:
            end = (await self.ends([topic]))[topic, partition]
        if start >= end:
            return
        reader = self._consumer(max_partition_fetch_bytes=READ_BYTES)
        try:
            with self._translating_errors():
                await reader.start()
                reader.assign([TopicPartition(topic, partition)])
                reader.seek(TopicPartition(topic, partition), start)
            while start < end:
                records, start = await self._following(reader, TopicPartition(topic, partition), start)
                if records and records[-1].offset >= end:
                    records = [record for record in records if record.offset < end]
                if records:
                    yield records
        finally:
            await reader.stop()

    async def _following(
        self, reader: AIOKafkaConsumer, tp: TopicPartition, position: int
    ) -> tuple[list[Record], int]:
        """The next records and the position after them; a position may move without records."""
        deadline = time.monotonic() + REQUEST_SECONDS
        while time.monotonic() < deadline:
            with self._translating_errors():
                fetched = await reader.getmany(
                    tp, timeout_ms=int(POLL_SECONDS * 1000), max_records=READ_RECORDS
                )
                moved = await reader.position(tp)
            if moved != position:
                return to_records(fetched.get(tp, [])), moved
        raise LogUnavailable(
            f"Kafka at {self._address}: nothing came from {tp.topic}/{tp.partition} for {REQUEST_SECONDS} s; "
            "check that its brokers run"
        )

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, entries: Sequence[Entry]
    ) -> None:
        for run in cut_into_batches(entries):
            batch = producer.create_batch()
            for key, value, headers, timestamp in run:
                batch.append(key=key, value=value, headers=list(headers), timestamp=timestamp)
            batch.close()
            await (await producer.send_batch(batch, topic, partition=partition))

    async def _check(self, topic: str, partition: int) -> None:
        count = await self.partitions(topic)
        if not 0 <= partition < count:
            raise LogError(
                f"Kafka at {self._address}: topic {topic} has no partition {partition}, only {count}"
            )

    @property
    def _started_admin(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            raise LogError(f"Kafka at {self._address}: the log is not open")
        return self._admin

    async def _started_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._client,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=MAX_ENTRY_BYTES,
                    max_request_size=2 * MAX_ENTRY_BYTES,
                )
                await _started(producer)
                self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        """After a failure the producer's sequence numbers may have a hole, which the broker would not forgive."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), timeout=2)

    async def _started_asker(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._asker is None:
                asker = self._consumer()
                await _started(asker)
                self._asker = asker
        return self._asker

    def _consumer(self, **settings: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._client,
            **settings,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )

    async def _describe(self, topics: Collection[str]) -> dict[str, int]:
        """Number of partitions of those topics that exist and have a leader everywhere."""
        described = await self._retrying(lambda: self._started_admin.describe_topics(list(topics)))
        return {
            topic["topic"]: len(topic["partitions"])
            for topic in described
            if topic["error_code"] == 0 and all(part["error_code"] == 0 for part in topic["partitions"])
        }

    async def _create(self, topics: list[NewTopic]) -> None:
        response = await self._retrying(lambda: self._started_admin.create_topics(topics))
        for topic, code, *message in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise for_code(code)(f"cannot create topic {topic}: {message[0] if message else ''}")

    async def _until_created(self, topics: Collection[str]) -> dict[str, int]:
        deadline = time.monotonic() + CREATE_SECONDS
        while not (present := await self._describe(topics)).keys() >= set(topics):
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"topics without a leader: {sorted(set(topics) - present.keys())}")
            await asyncio.sleep(0.1)
        return present

    async def _retrying(self, ask: Any) -> Any:
        """A question may be asked again: brokers elect coordinators and controllers while they start."""
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                return await ask()
            except KafkaError as error:
                if not error.retriable or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        where = f"Kafka at {self._address}"
        try:
            yield
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise EntryTooLarge(
                f"{where}: {error}: send less, or raise the topic's max.message.bytes"
            ) from error
        except UnknownTopicOrPartitionError as error:
            raise LogError(f"{where}: {error}: create the topics first") from error
        except KafkaError as error:
            if error.retriable or isinstance(error, KafkaTimeoutError):
                raise LogUnavailable(self._away(error)) from error
            raise LogError(f"{where}: {error!r}") from error
        except OSError as error:
            raise LogUnavailable(self._away(error)) from error

    def _away(self, error: Exception) -> str:
        return f"Kafka at {self._address} is away ({error!r}): check the address, the credentials and TLS"

    def _missing(self, topic: str) -> LogError:
        return LogError(f"Kafka at {self._address}: topic {topic} does not exist: create the topics first")


def _new_topic(topic: str, partitions: int, settings: Mapping[str, str]) -> NewTopic:
    new = NewTopic(topic, partitions, 1, topic_configs=dict(settings))
    new.replication_factor = -1  # the broker's default, which the constructor does not let pass
    return new


async def _started(client: Any) -> None:
    try:
        await client.start()
    except BaseException:
        await client.stop()
        raise


async def _all_or_error(sending: Any) -> None:
    """Waits for all, also after an error, then raises the first."""
    for result in await asyncio.gather(*sending, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
