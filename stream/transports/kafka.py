"""Faust on Kafka, in batches: `faust.App(broker='kafka://host:port')`.

Under this name in the entry points it takes the place of Faust's own driver, whose client, group membership and
rebalancing it keeps. Records of aborted transactions are not delivered.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.transport.drivers import aiokafka as driver

from stream.transports.batches import BatchedConsumer
from stream.transports.log import Record


def to_records(fetched: Sequence[ConsumerRecord]) -> list[Record]:
    return [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in fetched]


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class Consumer(BatchedConsumer, driver.Consumer):  # type: ignore[misc]
    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _records(self, fetched: Sequence[ConsumerRecord]) -> list[Record]:
        return to_records(fetched)


class Transport(driver.Transport):  # type: ignore[misc]
    Consumer = Consumer
