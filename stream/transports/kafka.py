"""Faust on Kafka, in batches: `faust.App(broker='kafka://host:port')`.

Under this name in the entry points it takes the place of Faust's own driver, whose client, group membership
and rebalancing it keeps. Records of aborted transactions are not delivered.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.client import CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code
from aiokafka.protocol.group import HeartbeatRequest
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.transports.batches import BatchedConsumer
from stream.transports.kafka_address import client_settings
from stream.transports.kafka_clients import GUIDE, RIGHTS
from stream.transports.log import LogError, Record

LEAVE_SECONDS = 3.0
FETCH_WAIT_MILLISECONDS = 50
"""How long a broker may hold back the answer to a fetch: for so long a partition that was read meanwhile, and is not
part of that fetch, waits for the next one. Faust's 1,500 held up what follows from one partition in another.
"""


def faust_settings(url: str) -> dict[str, Any]:
    """The settings of a `faust.App` for a cluster's address."""
    client = client_settings(url)
    settings: dict[str, Any] = {"broker": ";".join(f"kafka://{host}" for host in client["bootstrap_servers"])}
    if "sasl_mechanism" in client:
        settings["broker_credentials"] = SASLCredentials(
            username=client["sasl_plain_username"],
            password=client["sasl_plain_password"],
            ssl_context=client.get("ssl_context"),
            mechanism=client["sasl_mechanism"],
        )
    elif "ssl_context" in client:
        settings["broker_credentials"] = SSLCredentials(client["ssl_context"])
    return settings


def to_records(fetched: Sequence[ConsumerRecord]) -> list[Record]:
    return [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in fetched]


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    fetched_up_to: Mapping[TP, int] = MappingProxyType({})

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MILLISECONDS
        return consumer

    async def _fetch_records(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **options: Any
    ) -> dict[TP, list[ConsumerRecord]]:
        fetched: dict[TP, list[ConsumerRecord]] = await super()._fetch_records(
            consumer, active_partitions, **options
        )
        self.fetched_up_to = _positions(consumer, active_partitions)
        return fetched

    async def rejoin(self) -> None:
        await self.call_thread(self._request_rejoin)

    async def _request_rejoin(self) -> None:
        self._consumer._coordinator.request_rejoin()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """LogError for a missing topic or a group that may not be joined: aiokafka would wait in silence."""
        await self.call_thread(self._refuse_missing, frozenset(topics))
        await self.call_thread(self._refuse_forbidden)
        await super().subscribe(topics)

    async def _refuse_missing(self, topics: frozenset[str]) -> None:
        cluster = await self._consumer._client.fetch_all_metadata()
        for topic in sorted(topics - cluster.topics()):
            raise LogError(f"{self._where}: topic {topic} does not exist: create the topics first")

    async def _refuse_forbidden(self) -> None:
        """A heartbeat of nobody asks for the right to join, and joins nothing."""
        client, group = self._consumer._client, self._consumer._group_id
        try:
            node = await client.coordinator_lookup(CoordinationType.GROUP, group)
            answer = await client.send(node, HeartbeatRequest(group, -1, ""))
            error: type[BaseException] = for_code(answer.error_code)
        except KafkaError as failed:
            error = type(failed)
        if error is GroupAuthorizationFailedError:
            raise LogError(f"{self._where}: {RIGHTS[error]}; {GUIDE} ({group})")

    @property
    def _where(self) -> str:
        return f"Kafka at {', '.join(driver.server_list(self.transport.url, self.transport.default_port))}"

    async def on_thread_stop(self) -> None:
        """Who is joining the group would wait for all others before it stops; here it gives up and goes."""
        stopping = asyncio.ensure_future(super().on_thread_stop())
        await asyncio.wait({stopping}, timeout=LEAVE_SECONDS)
        if not stopping.done():
            self._consumer._coordinator._coordination_task.cancel()
            await asyncio.wait({stopping})
            await self._consumer._client.close()


def _positions(consumer: AIOKafkaConsumer, partitions: Iterable[TP]) -> dict[TP, int]:
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    states = {tp: assignment.state_value(tp) for tp in partitions if assignment and tp in assignment.tps}
    return {tp: state.position for tp, state in states.items() if state and state.has_valid_position}


class Consumer(BatchedConsumer, driver.Consumer):  # type: ignore[misc]
    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _records(self, fetched: Sequence[ConsumerRecord]) -> list[Record]:
        return to_records(fetched)

    def _fetched_up_to(self) -> Mapping[TP, int]:
        up_to: Mapping[TP, int] = self._thread.fetched_up_to
        return up_to

    async def rejoin(self) -> None:
        await self._thread.rejoin()


class Transport(driver.Transport):  # type: ignore[misc]
    Consumer = Consumer
