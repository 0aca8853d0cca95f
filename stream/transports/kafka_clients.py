"""The connections a `KafkaLog` needs, each opened when it is first used, and Kafka's errors in the log's terms."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
)

from stream.transports.log import MAX_ENTRY_BYTES, EntryTooLarge, LogError, LogUnavailable

CLOSE_SECONDS = 2.0
PAUSE_SECONDS = 0.2

Answer = TypeVar("Answer")


class KafkaClients:
    """After `patience` seconds without an answer Kafka counts as away."""

    def __init__(self, address: str, patience: float, settings: dict[str, Any]) -> None:
        self.where = f"Kafka at {address}"
        self.patience = patience
        self._settings = {
            "bootstrap_servers": address,
            "request_timeout_ms": int(patience * 1000),
            **settings,
        }
        self._admin: AIOKafkaAdminClient | None = None
        self._producer: AIOKafkaProducer | None = None
        self._asker: AIOKafkaConsumer | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        admin = AIOKafkaAdminClient(**self._settings)
        try:
            with self.translating_errors():
                await admin.start()
        except LogError:
            await admin.close()
            raise
        self._admin = admin

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)
        if self._asker is not None:
            await self._asker.stop()
        if self._admin is not None:
            await self._admin.close()
        self._asker = self._admin = None

    @property
    def admin(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            raise LogError(f"{self.where}: the log is not open")
        return self._admin

    async def producer(self) -> AIOKafkaProducer:
        async with self._opening:
            if self._producer is None:
                self._producer = await _started(
                    AIOKafkaProducer(
                        **self._settings,
                        acks="all",
                        enable_idempotence=True,
                        max_batch_size=MAX_ENTRY_BYTES,
                        max_request_size=2 * MAX_ENTRY_BYTES,
                    )
                )
        return self._producer

    async def drop(self, producer: AIOKafkaProducer) -> None:
        """Ends a producer that failed, without flushing: it would write its batch when all has moved on."""
        if self._producer is producer:
            self._producer = None
        await _close(producer)

    async def drop_producer(self) -> None:
        """What a producer knows of a topic is wrong once the topic was created anew."""
        if self._producer is not None:
            await self.drop(self._producer)

    async def asker(self) -> AIOKafkaConsumer:
        """A consumer of no partition, for questions."""
        async with self._opening:
            if self._asker is None:
                self._asker = await _started(self.consumer())
        return self._asker

    def consumer(self, **settings: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._settings,
            **settings,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )

    async def retrying(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """A question may be asked again: brokers elect coordinators and controllers while they start."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return await ask()
            except KafkaError as error:
                if not error.retriable or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)

    @contextmanager
    def translating_errors(self) -> Iterator[None]:
        try:
            yield
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            advice = "send less, or raise the topic's max.message.bytes"
            raise EntryTooLarge(f"{self.where}: {error}: {advice}") from error
        except UnknownTopicOrPartitionError as error:
            raise LogError(f"{self.where}: {error}: create the topics first") from error
        except KafkaError as error:
            if error.retriable or isinstance(error, KafkaTimeoutError):
                raise self.away(error) from error
            raise LogError(f"{self.where}: {error!r}") from error
        except OSError as error:  # a TimeoutError is one
            raise self.away(error) from error

    def away(self, reason: object) -> LogUnavailable:
        return LogUnavailable(
            f"{self.where} is away ({reason!r}): check the address, the credentials and TLS"
        )


async def _started(client: Any) -> Any:
    try:
        await client.start()
    except BaseException:
        await client.stop()
        raise
    return client


async def _close(producer: AIOKafkaProducer) -> None:
    """Several calls may end one producer at once: what one of them cancels must not cancel the others."""
    for end in (producer._sender.close, producer.stop):
        ending = asyncio.ensure_future(end())
        await asyncio.wait({ending}, timeout=CLOSE_SECONDS)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
