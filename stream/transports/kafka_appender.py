"""A hold on Kafka: a producer of transactions, of which the cluster lets only the latest of a name write.

Taking hold aborts what the holder before left open, and readers read only what was committed. This fences by
itself all that is written, of whatever topic; marking every record with an owner and a generation would need
every reader, also those that others write, to drop what an older generation says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownError

from stream.transports.kafka_clients import KafkaClients
from stream.transports.log import (
    Entry,
    Fenced,
    LogError,
    LogUnavailable,
    Offsets,
    Partition,
    cut_into_runs,
)

Batches = Mapping[Partition, Sequence[Entry]]
Runs = Mapping[Partition, Sequence[Sequence[Entry]]]


class KafkaAppender:
    """Each append is a transaction, which the client ends as soon as the cluster lets it, however long that takes.

    When the cluster is away for longer than its transaction timeout, it may give up the transaction and the hold
    with it: Fenced, though nobody else holds the name.
    """

    def __init__(
        self,
        name: str,
        producer: AIOKafkaProducer,
        kafka: KafkaClients,
        check: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self._name = name
        self._producer = producer
        self._kafka = kafka
        self._check = check
        self._under_way: asyncio.Future[Offsets] | None = None
        self._broken: LogError | None = None

    async def append(self, batches: Batches) -> Offsets:
        if self._broken:
            raise self._broken
        runs = cut_into_runs(batches)
        for topic, partition in batches:
            await self._check(topic, partition)
        if self._under_way:
            await self._ended(self._under_way)
        self._under_way = asyncio.ensure_future(self._transaction(runs))
        return await self._ended(self._under_way)

    async def release(self) -> None:
        if self._under_way:
            self._under_way.cancel()  # what it leaves open, the next holder ends
        await self._kafka.drop(self._producer)

    async def _ended(self, transaction: "asyncio.Future[Offsets]") -> Offsets:
        await asyncio.wait({transaction}, timeout=self._kafka.patience)
        if not transaction.done():
            raise self._kafka.away(f"it has not answered yet what {self._name} appends")
        self._under_way = None
        try:
            # A coordinator that is fencing a producer while it ends its transaction fails, and says just that.
            with self._kafka.translating_errors(UnknownError):
                return transaction.result()
        except LogError as error:
            if isinstance(error, LogUnavailable):
                if not self._producer._txn_manager.is_fatal_error():
                    raise
                error = Fenced(f"{error}; the client has given up, and only a new hold can append")
            self._broken = error
            _forget_errors(self._producer)
            raise error

    async def _transaction(self, runs: Runs) -> Offsets:
        await self._producer.begin_transaction()
        try:
            ends = await send_all(self._producer, runs, None)
        except Exception:
            if not self._producer._txn_manager.is_fatal_error():
                await self._producer.abort_transaction()
            raise
        await self._producer.commit_transaction()
        return ends


async def send_all(producer: AIOKafkaProducer, runs: Runs, patience: float | None) -> Offsets:
    """Each run as one record batch. Waits for all, also after an error, then raises the first; `patience` seconds for
    each.
    """
    sending = [_send(producer, to, own, patience) for to, own in runs.items()]
    ends: Offsets = {}
    for to, result in zip(runs, await asyncio.gather(*sending, return_exceptions=True), strict=True):
        if isinstance(result, BaseException):
            raise result
        ends[to] = result
    return ends


async def _send(
    producer: AIOKafkaProducer, to: Partition, runs: Sequence[Sequence[Entry]], patience: float | None
) -> int:
    topic, partition = to
    end = 0
    for run in runs:
        batch = producer.create_batch()
        for key, value, headers, timestamp in run:
            batch.append(key=key, value=value, headers=list(headers), timestamp=timestamp)
        batch.close()
        async with asyncio.timeout(patience):  # a producer that is idempotent never gives up
            written = await (await producer.send_batch(batch, topic, partition=partition))
        end = written.offset + len(run)
    return end


def _forget_errors(producer: AIOKafkaProducer) -> None:
    """What a producer failed with it leaves in futures that nobody asks, too, of which asyncio would complain."""
    waiting = producer._message_accumulator._batches.values()
    left = [batch._drain_waiter for batches in waiting for batch in batches]
    for future in (*left, producer._txn_manager.wait_for_transaction_end()):
        if future.done() and not future.cancelled():
            future.exception()
