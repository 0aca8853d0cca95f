"""Faust on Kafka, in batches: `faust.App(broker='kafka://host:port')`.

Under this name in the entry points it takes the place of Faust's own driver, whose client, group membership
and rebalancing it keeps. Records of aborted transactions are not delivered.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.transport.drivers import aiokafka as driver

from stream.transports.batches import BatchedConsumer
from stream.transports.log import LogError, Record

LEAVE_SECONDS = 3.0


def to_records(fetched: Sequence[ConsumerRecord]) -> list[Record]:
    return [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in fetched]


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def subscribe(self, topics: Iterable[str]) -> None:
        """LogError for a topic that is missing: aiokafka would wait for it in silence."""
        await self.call_thread(self._refuse_missing, frozenset(topics))
        await super().subscribe(topics)

    async def _refuse_missing(self, topics: frozenset[str]) -> None:
        cluster = await self._consumer._client.fetch_all_metadata()
        for topic in sorted(topics - cluster.topics()):
            address = ", ".join(driver.server_list(self.transport.url, self.transport.default_port))
            raise LogError(f"Kafka at {address}: topic {topic} does not exist: create the topics first")

    async def on_thread_stop(self) -> None:
        """Who is joining the group would wait for all others before it stops; here it gives up and goes."""
        stopping = asyncio.ensure_future(super().on_thread_stop())
        await asyncio.wait({stopping}, timeout=LEAVE_SECONDS)
        if not stopping.done():
            self._consumer._coordinator._coordination_task.cancel()
            await asyncio.wait({stopping})
            await self._consumer._client.close()


class Consumer(BatchedConsumer, driver.Consumer):  # type: ignore[misc]
    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _records(self, fetched: Sequence[ConsumerRecord]) -> list[Record]:
        return to_records(fetched)


class Transport(driver.Transport):  # type: ignore[misc]
    Consumer = Consumer
