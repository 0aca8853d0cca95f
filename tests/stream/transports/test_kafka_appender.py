"""What only holders on Kafka have to stand."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    ProducerFenced,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownError,
)
from aiokafka.protocol.transaction import EndTxnRequest, EndTxnResponse_v0

from stream.transports.kafka_appender import KafkaAppender
from stream.transports.kafka_clients import KafkaClients
from stream.transports.kafka_log import KafkaLog
from stream.transports.log import Entry, Fenced, LogError, LogUnavailable
from tests.support.kafka import Broker


@pytest.fixture
async def log(kafka: Broker):  # type: ignore[no-untyped-def]
    log = KafkaLog(kafka.url, patience=3)
    await log.start()
    yield log
    await log.stop()


async def values(log: KafkaLog, topic: str) -> list[bytes | None]:
    return [record.value async for batch in log.read(topic, 0) for record in batch]


async def test_what_the_holder_before_left_open_is_never_read_and_holds_nobody_up(
    log: KafkaLog, kafka: Broker
) -> None:
    await log.create_topics({"left-open": 1})
    dead = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id="holder")
    await dead.start()
    await dead.begin_transaction()
    await dead.send_and_wait("left-open", b"never")
    await log.append({("left-open", 0): [Entry(b"k", b"behind it")]})
    assert await values(log, "left-open") == []

    appender = await log.hold("holder")
    assert await values(log, "left-open") == [b"behind it"]
    await appender.append({("left-open", 0): [Entry(b"k", b"mine")]})
    with pytest.raises(Exception, match="newer producer"):
        await dead.commit_transaction()
    await dead.stop()
    await log.hold("holder")
    assert await values(log, "left-open") == [b"behind it", b"mine"]


class Coordinator:
    """Closes the connection when asked for the coordinator, as a network does that resets connections."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._client = producer.client
        producer._sender._coordinators.clear()

    @contextmanager
    def away(self) -> Iterator[None]:
        lookup, self._client.coordinator_lookup = self._client.coordinator_lookup, self._lookup
        yield
        self._client.coordinator_lookup = lookup

    async def _lookup(self, *_: Any) -> int:
        raise KafkaConnectionError("Connection closed")


async def only_a_new_hold_appends(
    log: KafkaLog, topic: str, appender: KafkaAppender, failing: AbstractContextManager[None], why: str
) -> None:
    """Of a topic that is empty, held under its own name."""
    with failing:
        for _ in range(2):
            with pytest.raises(Fenced, match=why):
                await appender.append({(topic, 0): [Entry(b"k", b"never")]})
    anew = await log.hold(topic)
    await anew.append({(topic, 0): [Entry(b"k", b"after")]})
    assert await values(log, topic) == [b"after"]


async def test_a_client_that_gave_up_on_a_connection_asks_for_a_new_hold(log: KafkaLog) -> None:
    await log.create_topics({"reset": 1})
    appender = await log.hold("reset")
    away = Coordinator(appender._producer).away()
    await only_a_new_hold_appends(log, "reset", appender, away, "Connection closed")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KafkaConnectionError("Connection closed"), LogUnavailable),
        (ProducerFenced("newer"), Fenced),
        (TopicAuthorizationFailedError("events"), LogError),
    ],
)
def test_what_the_client_hides_in_an_error_of_its_own_is_told(
    error: KafkaError, told: type[LogError]
) -> None:
    kafka = KafkaClients("Kafka at here", 1, {})
    with pytest.raises(LogError) as raised, kafka.translating_errors():
        try:
            raise error
        except KafkaError as cause:
            raise KafkaError(repr(cause)) from cause
    assert type(raised.value) is told


class Answers:
    """Loses the broker's answer to the first requests to end a transaction, which it has carried out."""

    def __init__(self, appender: KafkaAppender, lost: int) -> None:
        client = appender._producer.client
        self._send, client.send = client.send, self.send
        self.lost = lost

    async def send(self, node: Any, request: Any, **options: Any) -> Any:
        answer = await self._send(node, request, **options)
        if isinstance(request, EndTxnRequest) and self.lost:
            self.lost -= 1
            raise RequestTimedOutError("the answer is lost")
        return answer


async def test_an_append_of_which_the_answer_is_lost_is_written_once(log: KafkaLog) -> None:
    await log.create_topics({"lost": 1})
    appender = await log.hold("lost")
    answers = Answers(appender, 3)
    await appender.append({("lost", 0): [Entry(b"k", b"1")]})
    await appender.append({("lost", 0): [Entry(b"k", b"2")]})

    await log.hold("lost")
    assert answers.lost == 0
    assert await values(log, "lost") == [b"1", b"2"]


async def test_an_answer_that_is_lost_does_not_hide_that_the_name_was_lost(log: KafkaLog) -> None:
    await log.create_topics({"lost-too": 1})
    appender = await log.hold("lost-too")
    answers = Answers(appender, 10**6)
    with pytest.raises(LogUnavailable, match="has not answered"):
        await appender.append({("lost-too", 0): [Entry(b"k", b"1")]})
    await log.hold("lost-too")
    answers.lost = 0
    with pytest.raises(Fenced):
        await appender.append({("lost-too", 0): [Entry(b"k", b"2")]})

    assert await values(log, "lost-too") == [b"1"]


async def test_a_coordinator_that_fails_while_it_fences_asks_for_a_new_hold(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.create_topics({"failing": 1})
    appender = await log.hold("failing")
    client = appender._producer.client
    send = client.send

    async def failing(node: Any, request: Any, **options: Any) -> Any:
        if isinstance(request, EndTxnRequest):
            return EndTxnResponse_v0(throttle_time_ms=0, error_code=UnknownError.errno)
        return await send(node, request, **options)

    monkeypatch.setattr(client, "send", failing)
    await only_a_new_hold_appends(log, "failing", appender, nullcontext(), "UnknownError")


async def test_a_holder_goes_on_when_a_broker_that_died_is_back(kafka: Broker, tmp_path: Path) -> None:
    broker = Broker(kafka._libraries, tmp_path)
    broker.format()
    broker.start()
    log = KafkaLog(broker.url, patience=2)
    await log.start()
    await log.create_topics({"events": 1})
    appender = await log.hold("holder")
    await appender.append({("events", 0): [Entry(b"k", b"before")]})
    broker.kill()
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="is away"):
            await appender.append({("events", 0): [Entry(b"k", b"meanwhile")]})
    with pytest.raises(LogUnavailable, match="is away"):
        await log.hold("another")
    broker.start()
    while True:
        try:
            await appender.append({("events", 0): [Entry(b"k", b"after")]})
            break
        except LogUnavailable:
            await asyncio.sleep(0.1)
    await log.hold("holder")

    assert await values(log, "events") == [b"before", b"meanwhile", b"after"]
    broker.kill()
    await log.stop()
