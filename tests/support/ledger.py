"""The ledger: what a producer was told is safe. It uses a Kafka client that Baton's workers do not use."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.producer.future import FutureRecordMetadata


class Sent(NamedTuple):
    """A record to send; `partition` None leaves the choice to its key. `timestamp` in milliseconds; None: now."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    timestamp: int | None = None


class Ledger:
    """Sends records; `acknowledged` holds those that the broker has acknowledged, by topic, partition and offset."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self.acknowledged: dict[tuple[str, int, int], bytes | None] = {}

    def send(self, records: Iterable[Sent], rate: float | None = None) -> None:
        """Send all, at most `rate` a second, and return when all are acknowledged."""
        producer = KafkaProducer(
            bootstrap_servers=self._broker,
            acks="all",
            enable_idempotence=True,
            linger_ms=50,  # as long as the publisher gathers
            max_request_size=2_000_000,
            delivery_timeout_ms=600_000,
            max_block_ms=600_000,
        )
        under_way: deque[tuple[Sent, FutureRecordMetadata]] = deque()
        try:
            for record in _paced(records, rate):
                future = producer.send(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    partition=record.partition,
                    timestamp_ms=record.timestamp,
                )
                under_way.append((record, future))
                while under_way[0][1].is_done and len(under_way) > 1:
                    self._note(*under_way.popleft())
            for each in under_way:
                self._note(*each)
        finally:
            producer.close()

    def _note(self, record: Sent, future: FutureRecordMetadata) -> None:
        written = future.get(timeout=600)
        self.acknowledged[written.topic, written.partition, written.offset] = record.value


def _paced(records: Iterable[Sent], rate: float | None) -> Iterator[Sent]:
    started = time.monotonic()
    for number, record in enumerate(records):
        if rate is not None:
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        yield record
