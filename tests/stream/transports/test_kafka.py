"""What only the Kafka driver and the Kafka log have to stand."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource

from stream.transports.kafka_log import KafkaLog
from stream.transports.log import Entry, LogError, LogUnavailable
from stream.transports.running import running
from tests.support.consuming import Collector, until, until_committed
from tests.support.kafka import Broker
from tests.support.services import free_port


@pytest.fixture
async def log(kafka: Broker):  # type: ignore[no-untyped-def]
    log = KafkaLog(kafka.url)
    await log.start()
    yield log
    await log.stop()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_records_compressed_with_every_codec_are_read(log: KafkaLog, kafka: Broker, codec: str) -> None:
    topic = f"codec-{codec}"
    await log.create_topics({topic: 1})
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, compression_type=codec, linger_ms=50)
    await producer.start()
    await asyncio.gather(*[producer.send_and_wait(topic, b"compressible " * 50) for _ in range(100)])
    await producer.stop()
    collector = Collector(topic, kafka.url, topic)

    async with running(collector.app):
        await until(lambda: collector.count == 100)

    assert [record async for batch in log.read(topic, 0) for record in batch] == collector.records()


async def test_records_of_an_aborted_transaction_are_not_delivered(log: KafkaLog, kafka: Broker) -> None:
    await log.create_topics({"aborted": 1})
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, transactional_id="aborted")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait("aborted", b"never happened")
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send_and_wait("aborted", b"happened")
    await producer.stop()
    collector = Collector("aborted", kafka.url, "aborted")

    async with running(collector.app):
        await until(lambda: collector.count == 1)

    assert [record.value for record in collector.records()] == [b"happened"]
    assert [r.value async for batch in log.read("aborted", 0) for r in batch] == [b"happened"]


async def test_workers_share_the_partitions_and_none_is_lost_when_one_comes_or_goes(
    log: KafkaLog, kafka: Broker
) -> None:
    await log.create_topics({"shared": 4})
    workers = [Collector("shared", kafka.url, "shared") for _ in range(3)]
    sent = 0

    def delivered(partition: int) -> set[int]:
        return {record.offset for worker in workers for record in worker.records(partition)}

    async def send() -> None:
        nonlocal sent
        while True:
            await log.append({("shared", p): [Entry(None, str(sent).encode())] * 10 for p in range(4)})
            sent += 1
            await asyncio.sleep(0.01)

    sending = asyncio.create_task(send())
    async with running(workers[0].app):
        await until(lambda: workers[0].count > 100)
        async with running(workers[1].app):
            await until(lambda: workers[1].count > 100)
        seen = workers[0].count
        async with running(workers[2].app):
            await until(lambda: workers[2].count > 100 and workers[0].count > seen)
            sending.cancel()
            ends = await log.ends(["shared"])
            await until(lambda: all(len(delivered(p)) == ends["shared", p] for p in range(4)))


async def test_a_compacted_topic_is_read_and_consumed_across_its_gaps(log: KafkaLog, kafka: Broker) -> None:
    at_once = {"cleanup.policy": "compact", "segment.ms": "200", "max.compaction.lag.ms": "100"}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic("gaps", 1, 1, topic_configs=at_once)])
    await admin.close()
    rewritten = 0
    while len(offsets := await offsets_of(log, "gaps")) >= rewritten:  # until the cleaner has been there
        await log.append({("gaps", 0): [Entry(b"kept" if i == 7 else b"k", b"v") for i in range(10)]})
        rewritten += 10
        await asyncio.sleep(0.3)
    end = (await log.ends(["gaps"]))["gaps", 0]
    collector = Collector("gaps", kafka.url, "gaps")

    async with running(collector.app):
        await until_committed(kafka.url, "gaps", {("gaps", 0): end})

    assert offsets[-1] == end - 1 and len(offsets) < end
    assert {r.offset for r in collector.records()} >= set(await offsets_of(log, "gaps"))


async def offsets_of(log: KafkaLog, topic: str) -> list[int]:
    return [record.offset async for batch in log.read(topic, 0) for record in batch]


async def test_a_discarded_topic_keeps_its_partitions_replicas_and_settings(
    log: KafkaLog, kafka: Broker
) -> None:
    settings = {"cleanup.policy": "compact", "retention.ms": "777000", "max.message.bytes": "2000000"}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic("discarded", 5, 1, topic_configs=settings)])
    while (await admin.describe_topics(["discarded"]))[0]["error_code"]:
        await asyncio.sleep(0.1)

    await log.discard(["discarded"], [])

    (response,) = await admin.describe_configs([ConfigResource("topic", "discarded")])
    found = {name: value for name, value, _, source, *_ in response.resources[0][4] if source == 1}
    (topic,) = await admin.describe_topics(["discarded"])
    await admin.close()
    assert found == settings
    assert (len(topic["partitions"]), len(topic["partitions"][0]["replicas"])) == (5, 1)


async def test_an_absent_broker_is_named_with_what_to_check() -> None:
    log = KafkaLog(f"kafka://127.0.0.1:{free_port()}")
    with pytest.raises(
        LogUnavailable, match=r"Kafka at 127.0.0.1:\d+ is away: nothing listens at .* check the address"
    ):
        await log.start()


async def test_an_app_without_a_broker_fails_at_once() -> None:
    collector = Collector("group", f"kafka://127.0.0.1:{free_port()}", "topic")
    with pytest.raises(Exception, match=r"127.0.0.1"):
        async with running(collector.app):
            pass


async def test_a_commit_for_a_group_that_is_in_use_is_refused(log: KafkaLog, kafka: Broker) -> None:
    await log.create_topics({"in-use": 1})
    await log.append({("in-use", 0): [Entry(None, b"v")] * 5})
    collector = Collector("in-use", kafka.url, "in-use")
    async with running(collector.app):
        await until(lambda: collector.count == 5)
        with pytest.raises(LogError, match="group in-use has members: end those workers first"):
            await log.commit("in-use", {("in-use", 0): 1})


async def test_offsets_cannot_be_stored_with_records(log: KafkaLog) -> None:
    with pytest.raises(LogError, match="commit after the append"):
        await log.append({}, committing={("group", "topic", 0): 1})


async def test_a_broker_that_dies_and_comes_back_costs_nothing(kafka: Broker, tmp_path: Path) -> None:
    broker = Broker(kafka._libraries, tmp_path)
    broker.format()
    broker.start()
    log = KafkaLog(broker.url, patience=3)
    await log.start()
    await log.create_topics({"events": 2})
    collector = Collector("group", broker.url, "events")
    async with running(collector.app):
        await log.append({("events", p): [Entry(None, b"before")] * 100 for p in range(2)})
        await until(lambda: collector.count == 200)
        broker.kill()
        with pytest.raises(LogUnavailable, match="is away"):
            await log.append({("events", 0): [Entry(None, b"refused")]})
        broker.start()
        while True:
            try:
                await log.append({("events", p): [Entry(None, b"after")] * 100 for p in range(2)})
                break
            except LogUnavailable:
                await asyncio.sleep(0.2)
        await until(
            lambda: all([r.value for r in collector.records(p)].count(b"after") >= 100 for p in range(2))
        )
    await log.stop()
    broker.stop()
