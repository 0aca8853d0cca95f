"""The connections a `KafkaLog` needs, each opened when it is first used, and Kafka's errors in the log's terms."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    KafkaError,
    KafkaStorageError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
)

from stream.transports.kafka_greeting import greet
from stream.transports.log import MAX_ENTRY_BYTES, EntryTooLarge, Fenced, LogError, LogUnavailable

CLOSE_SECONDS = 2.0
PAUSE_SECONDS = 0.2
TRANSACTION_SECONDS = 60.0
"""How long a dead holder's last append may keep readers waiting, if nobody takes hold of its name."""

_HOLD_LOST = (
    ProducerFenced,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)

GUIDE = "deploy/KAFKA.md names the rights that each user needs"
RIGHTS: dict[type[KafkaError], str] = {
    TopicAuthorizationFailedError: "this user may not do that with the topic: grant READ or WRITE on it",
    GroupAuthorizationFailedError: "this user may not consume as the group: grant READ on it",
    TransactionalIdAuthorizationFailed: "this user may not hold the transactional id: grant WRITE on it",
    ClusterAuthorizationFailedError: "this user may not write idempotently: grant IDEMPOTENT_WRITE on the cluster",
}
_BROKERS: dict[type[KafkaError], str] = {
    KafkaStorageError: "the disk of a broker is full or broken: make room in its log.dirs, or replace it",
    NotEnoughReplicasError: "fewer replicas are in sync than min.insync.replicas: start the brokers that are away",
}

Answer = TypeVar("Answer")


class KafkaClients:
    """After `patience` seconds without an answer Kafka counts as away."""

    def __init__(self, where: str, patience: float, settings: dict[str, Any]) -> None:
        self.where = where
        self.patience = patience
        self._settings = {"request_timeout_ms": int(patience * 1000), **settings}
        self._admin: AIOKafkaAdminClient | None = None
        self._producer: AIOKafkaProducer | None = None
        self._holders: set[AIOKafkaProducer] = set()
        self._asker: AIOKafkaConsumer | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        await greet(self.where, self._settings)
        admin = AIOKafkaAdminClient(**self._settings)
        try:
            with self.translating_errors():
                await admin.start()
        except LogError:
            await admin.close()
            raise
        self._admin = admin

    async def close(self) -> None:
        producers = [*self._holders, *([self._producer] if self._producer else [])]
        await asyncio.gather(*(self.drop(producer) for producer in producers))
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
                self._producer = await self._new_producer(enable_idempotence=True)
        return self._producer

    async def producer_of(self, name: str) -> AIOKafkaProducer:
        """A producer of transactions, the only one of that name that the cluster lets write from now on."""
        try:
            async with asyncio.timeout(self.patience):
                producer = await self._new_producer(
                    transactional_id=name, transaction_timeout_ms=int(TRANSACTION_SECONDS * 1000)
                )
        except TimeoutError as error:
            raise self.away(
                f"it lets nobody take hold of {name}; with fewer than three brokers set "
                "transaction.state.log.replication.factor and transaction.state.log.min.isr"
            ) from error
        self._holders.add(producer)
        return producer

    async def _new_producer(self, **settings: Any) -> AIOKafkaProducer:
        return await _started(
            AIOKafkaProducer(
                **self._settings,
                **settings,
                acks="all",
                max_batch_size=MAX_ENTRY_BYTES,
                max_request_size=2 * MAX_ENTRY_BYTES,
            )
        )

    async def drop(self, producer: AIOKafkaProducer) -> None:
        """Ends a producer that failed, without flushing: it would write its batch when all has moved on."""
        if self._producer is producer:
            self._producer = None
        self._holders.discard(producer)
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
    def translating_errors(self, *hold_lost: type[KafkaError]) -> Iterator[None]:
        """`hold_lost`: errors that mean so inside, besides those that always do."""
        try:
            yield
        except (KafkaError, OSError) as error:  # a TimeoutError is an OSError
            raise self._in_our_terms(_cause(error), hold_lost) from error

    def _in_our_terms(self, error: BaseException, hold_lost: tuple[type[KafkaError], ...]) -> LogError:
        if isinstance(error, (MessageSizeTooLargeError, RecordListTooLargeError)):
            return EntryTooLarge(f"{self.where}: {error}: send less, or raise the topic's max.message.bytes")
        if isinstance(error, UnknownTopicOrPartitionError):
            return LogError(f"{self.where}: {error}: create the topics first")
        if isinstance(error, tuple(RIGHTS)):
            return LogError(f"{self.where}: {RIGHTS[type(error)]}; {GUIDE} ({error})")
        if isinstance(error, tuple(_BROKERS)):
            return LogUnavailable(f"{self.where} takes nothing now: {_BROKERS[type(error)]}")
        if isinstance(error, _HOLD_LOST + hold_lost):
            return Fenced(
                f"{self.where}: the hold is lost: somebody else took it, or the cluster gave it up "
                f"({type(error).__name__})"
            )
        if isinstance(error, (OSError, KafkaTimeoutError)) or getattr(error, "retriable", False):
            return self.away(error)
        return LogError(f"{self.where}: {error!r}")

    def away(self, reason: object) -> LogUnavailable:
        return LogUnavailable(
            f"{self.where} is away ({reason!r}): check the address, the credentials and TLS"
        )


def _cause(error: BaseException) -> BaseException:
    """What went wrong at first: aiokafka wraps it in an error that tells nothing, and may do so twice."""
    while type(error) is KafkaError and isinstance(error.__cause__, (KafkaError, OSError)):
        error = error.__cause__
    return error


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
        _give_up(producer)


def _give_up(producer: AIOKafkaProducer) -> None:
    """Nobody sends what is left: who waits for it, as `stop` does in a task that it leaves behind, need not."""
    waiting = producer._message_accumulator
    for batch in [
        *waiting._pending_batches,
        *(batch for queue in waiting._batches.values() for batch in queue),
    ]:
        batch.future.cancel()
