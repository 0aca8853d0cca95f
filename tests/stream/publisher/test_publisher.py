"""The publisher, on a real broker that comes and goes."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer

from stream.publisher import InvalidEvent, Publisher, SpoolFull, Taken
from stream.transports.log import LogError
from tests.support.kafka import Broker
from tests.support.services import free_port

NOON = 1_768_478_400_000_000
PATIENCE = 1.0


def event(number: int, **more: Any) -> dict[str, Any]:
    """Events with one partition key, so that the topic has an order to check."""
    return {"id": str(number), "type": "shop.ordered", "partitionkey": "one", "data": {"n": number}, **more}


def create_topic(broker: Broker, name: str, **config: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    shape = {"num_partitions": 2, "replication_factor": 1, "configs": config}
    admin.create_topics({name: shape}, wait_for_metadata=True)
    admin.close()


def records(broker: Broker, topic: str) -> list[Any]:
    """Everything on the topic, in the order of its partitions."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=broker.address, auto_offset_reset="earliest", consumer_timeout_ms=1_500
    )
    found = sorted(consumer, key=lambda record: (record.partition, record.offset))
    consumer.close()
    return found


def numbers(broker: Broker, topic: str) -> list[int]:
    return [json.loads(record.value)["data"]["n"] for record in records(broker, topic)]


def first_of_each(values: list[int]) -> list[int]:
    return list(dict.fromkeys(values))


@pytest.fixture
def topic(kafka: Broker, request: pytest.FixtureRequest) -> str:
    name = f"{request.node.name[:80].replace('[', '-').replace(']', '')}.events"
    create_topic(kafka, name)
    return name


@pytest.fixture
def own(own_kafka: Broker) -> Broker:
    """A broker that the test may kill."""
    create_topic(own_kafka, "shop.events")
    return own_kafka


def shop(broker: str, spool: Path, **settings: Any) -> Publisher:
    settings = {"patience": PATIENCE, "heartbeat_seconds": None, "clock": lambda: NOON, **settings}
    return Publisher("shop", broker=broker, source="/shop", spool=spool, **settings)


def nowhere() -> str:
    return f"kafka://127.0.0.1:{free_port()}"


def test_an_event_arrives_whole_with_its_key_and_the_time_it_was_published(
    kafka: Broker, topic: str, tmp_path: Path
) -> None:
    with shop(kafka.url, tmp_path, topic=topic) as publisher:
        assert publisher.publish(event(1)) is Taken.BY_KAFKA
        assert publisher.publish(json.dumps(event(2, specversion="1.0", source="/till")).encode())
        publisher.publish({"id": "3", "type": "shop.ordered", "data": {"n": 3}})
    found = {json.loads(record.value)["id"]: record for record in records(kafka, topic)}
    assert json.loads(found["1"].value) == {"specversion": "1.0", "source": "/shop", **event(1)}
    assert json.loads(found["2"].value)["source"] == "/till"
    assert (found["1"].key, found["3"].key) == (b"one", b"/shop 3")
    assert found["1"].timestamp == NOON // 1000


def test_many_events_keep_their_order(kafka: Broker, topic: str, tmp_path: Path) -> None:
    with shop(kafka.url, tmp_path, topic=topic, patience=10) as publisher:
        assert publisher.publish(*(event(n, filler="x" * 400) for n in range(5_000))) is Taken.BY_KAFKA
    assert numbers(kafka, topic) == list(range(5_000))


def test_threads_share_a_publisher(kafka: Broker, topic: str, tmp_path: Path) -> None:
    with shop(kafka.url, tmp_path, topic=topic, patience=10) as publisher:
        threads = [
            threading.Thread(target=lambda n=n: [publisher.publish(event(n * 100 + i)) for i in range(50)])
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = numbers(kafka, topic)
    for n in range(8):
        assert [number for number in found if number // 100 == n] == list(range(n * 100, n * 100 + 50))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"type": "shop.ordered"}, "missing_attribute"),
        ({"id": "1"}, "missing_attribute"),
        ({"id": "1", "type": "shop.ordered", "time": "noon"}, "invalid_time"),
        ({"id": "1", "type": "shop.ordered", "time": "1970-01-01T00:00:00Z"}, "time_before_2000"),
        ({"id": "1", "type": "shop.ordered", "partitionkey": 7}, "invalid_attribute"),
        ({"id": "1", "type": "shop.ordered", "data": {1, 2}}, "invalid_json"),
        ({"id": "1", "type": "shop.ordered", "data": "x" * 262_144}, "too_large"),
        (b"{", "invalid_json"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sent(
    tmp_path: Path, bad: Any, reason: str
) -> None:
    with shop(nowhere(), tmp_path) as publisher:
        with pytest.raises(InvalidEvent) as refused:
            publisher.publish(event(1), bad)
        assert refused.value.reason == reason
        assert publisher.spooled_bytes == 0


def test_a_missing_topic_is_an_error_that_names_the_remedy(kafka: Broker, tmp_path: Path) -> None:
    with shop(kafka.url, tmp_path, topic="nobody.events") as publisher:
        with pytest.raises(
            LogError, match=r"nobody\.events does not exist: create it with `baton topics apply`"
        ):
            publisher.publish(event(1))
        assert publisher.spooled_bytes == 0


def test_what_a_broker_finds_too_large_is_refused_and_the_next_event_is_not(
    kafka: Broker, tmp_path: Path
) -> None:
    create_topic(kafka, "narrow.events", **{"max.message.bytes": "2000"})
    with shop(kafka.url, tmp_path, topic="narrow.events") as publisher:
        with pytest.raises(LogError, match=r"raise max\.message\.bytes"):
            publisher.publish(event(1, filler=os.urandom(4_000).hex()))
        assert publisher.publish(event(2)) is Taken.BY_KAFKA
    assert numbers(kafka, "narrow.events") == [2]


def test_a_heartbeat_names_the_department(kafka: Broker, topic: str, tmp_path: Path) -> None:
    with shop(kafka.url, tmp_path, topic=topic) as publisher:
        publisher.heartbeat()
    (beat,) = [json.loads(record.value) for record in records(kafka, topic)]
    assert beat == {
        "specversion": "1.0",
        "source": "/shop",
        "id": f"shop-{NOON}",
        "type": "baton.heartbeat",
        "time": "2026-01-15T12:00:00Z",
        "data": {"department": "shop"},
    }


def test_heartbeats_come_by_themselves(kafka: Broker, topic: str, tmp_path: Path) -> None:
    beats, enough = iter(range(NOON, NOON + 10**9)), threading.Event()

    def clock() -> int:
        now = next(beats)
        if now >= NOON + 6:
            enough.set()
        return now

    with shop(kafka.url, tmp_path, topic=topic, heartbeat_seconds=0.01, clock=clock):
        assert enough.wait(30)
    assert len(records(kafka, topic)) >= 2


def test_a_full_spool_is_an_error_and_what_was_acknowledged_arrives(own: Broker, tmp_path: Path) -> None:
    own.kill()
    with shop(own.url, tmp_path / "spool", spool_bytes=5_000) as publisher:
        acknowledged = []
        with pytest.raises(SpoolFull, match="get Kafka back, or allow the spool more"):
            for number in range(100):
                publisher.publish(event(number))
                acknowledged.append(number)
        assert 5 < len(acknowledged) < 50
        assert "is away" in str(publisher.problem)
        own.start()
        assert publisher.drain(60)
        assert publisher.publish(event(1_000)) is Taken.BY_KAFKA
        assert publisher.problem is None
    assert numbers(own, "shop.events") == [*acknowledged, 1_000]


def test_a_broker_killed_in_the_middle_costs_no_event_and_no_order(own: Broker, tmp_path: Path) -> None:
    with shop(own.url, tmp_path / "spool") as publisher:
        taken = [publisher.publish(event(number)) for number in range(200)]
        own.kill()
        taken += [publisher.publish(event(number)) for number in range(200, 400)]
        own.start()
        taken += [publisher.publish(event(number)) for number in range(400, 600)]
        assert publisher.drain(60)
        taken += [publisher.publish(event(number)) for number in range(600, 700)]
    assert {*taken[:200], *taken[600:]} == {Taken.BY_KAFKA}
    assert set(taken[200:400]) == {Taken.BY_SPOOL}
    assert first_of_each(numbers(own, "shop.events")) == list(range(700))


def test_what_an_earlier_run_spooled_is_sent_before_anything_newer(
    kafka: Broker, topic: str, tmp_path: Path
) -> None:
    with shop(nowhere(), tmp_path, topic=topic) as publisher:
        for number in range(20):  # more than goes at once
            assert publisher.publish(event(number, filler="x" * 200_000)) is Taken.BY_SPOOL
    with shop(kafka.url, tmp_path, topic=topic, patience=10) as publisher:
        publisher.publish(event(20))
        assert publisher.drain(60)
    assert numbers(kafka, topic) == list(range(21))


PUBLISHING = """
import sys
from pathlib import Path
from stream.publisher import Publisher
from tests.stream.publisher.test_publisher import event

broker, spool, first, last = sys.argv[1:]
publisher = Publisher("shop", broker=broker, source="/shop", spool=Path(spool), patience=0.3, heartbeat_seconds=None)
for number in range(int(first), int(last)):
    print(number, publisher.publish(event(number)), flush=True)
publisher.drain(60)
publisher.close()
"""


class Process:
    """A publisher in a process of its own; its ledger says what was acknowledged."""

    def __init__(self, broker: str, spool: Path, first: int, last: int) -> None:
        arguments = [sys.executable, "-c", PUBLISHING, broker, str(spool), str(first), str(last)]
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.acknowledged: list[int] = []

    def until(self, count: int, by: Taken) -> None:
        """Read the ledger until `count` events in a row were taken so."""
        run = 0
        while run < count:
            run = run + 1 if self._read() == by else 0

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        while self._read():
            pass
        self._process.wait()

    def finish(self) -> None:
        while self._read():
            pass
        assert self._process.wait(60) == 0

    def _read(self) -> str | None:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            return None
        number, taken = line.split()
        self.acknowledged.append(int(number))
        return taken


def test_killed_publishers_and_a_killed_broker_lose_nothing_acknowledged(own: Broker, tmp_path: Path) -> None:
    def start() -> Process:
        first = ledger[-1] + 1 if ledger else 0
        return Process(own.url, tmp_path / "spool", first, first + 100_000)

    ledger: list[int] = []
    for _ in range(4):
        process = start()
        if not ledger:
            process.until(100, Taken.BY_KAFKA)
            own.kill()
        process.until(2_000, Taken.BY_SPOOL)
        process.kill()
        ledger += process.acknowledged
    own.start()
    process = Process(own.url, tmp_path / "spool", ledger[-1] + 1, ledger[-1] + 101)
    process.finish()
    ledger += process.acknowledged

    found = numbers(own, "shop.events")
    assert ledger == list(range(len(ledger)))
    assert first_of_each(found) == ledger
    identities = {(each["source"], each["id"]) for each in map(json.loads, _values(own))}
    assert identities == {("/shop", str(number)) for number in ledger}


def _values(broker: Broker) -> list[bytes]:
    return [record.value for record in records(broker, "shop.events")]
