"""`baton publish` to a real broker, as its operator runs it."""

import json
import subprocess
from pathlib import Path

import pytest
from kafka import KafkaConsumer

from tests.support.kafka import Broker
from tests.support.replaying import BATON
from tests.support.services import free_port

MAP = """
departments: {bakery: {}, cellar: {}}
identifiers: {order: text}
events:
  bakery.ordered: {identifiers: {order: data.order}}
  cellar.ordered: {identifiers: {order: data.order}}
journeys: {purchase: {starts: bakery.ordered}}
"""
TOPICS = ("bakery.events", "cellar.events", "baton.inbox")


def baton(*arguments: "str | Path") -> "subprocess.CompletedProcess[str]":
    return subprocess.run([BATON, *arguments], capture_output=True, text=True, check=False)


def event(number: int) -> dict[str, object]:
    type = "cellar.ordered" if number % 3 == 0 else "bakery.ordered"
    return {"specversion": "1.0", "source": "/s", "id": str(number), "type": type, "data": {"order": number}}


@pytest.fixture
def map_path(tmp_path: Path) -> Path:
    path = tmp_path / "map.yaml"
    path.write_text(MAP)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event(number)) + "\n" for number in range(3_000)) + "not json\n")
    return path


def found(broker: Broker) -> dict[str, list[bytes]]:
    consumer = KafkaConsumer(
        *TOPICS, bootstrap_servers=broker.address, auto_offset_reset="earliest", consumer_timeout_ms=2_000
    )
    values: dict[str, list[bytes]] = {topic: [] for topic in TOPICS}
    for record in consumer:
        values[record.topic].append(record.value)
    consumer.close()
    return values


def test_each_event_of_a_file_goes_to_its_department_and_the_rest_to_the_inbox(
    kafka: Broker, map_path: Path, file: Path, tmp_path: Path
) -> None:
    where = ("--broker", kafka.url, "--map", map_path)
    applied = baton("topics", "apply", *where, "--partitions", "2")
    assert applied.returncode == 0, applied.stderr
    done = baton("publish", file, *where, "--data", tmp_path / "data", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"bakery.events": 2_000, "baton.inbox": 1, "cellar.events": 1_000}
    values = found(kafka)
    assert values["baton.inbox"] == [b"not json"]
    assert sorted(int(json.loads(value)["id"]) for value in values["cellar.events"]) == list(
        range(0, 3_000, 3)
    )
    assert len(values["bakery.events"]) == 2_000


def test_a_broker_that_is_away_is_named_with_what_to_check(
    map_path: Path, file: Path, tmp_path: Path
) -> None:
    away = f"kafka://127.0.0.1:{free_port()}"
    done = baton(
        "publish", file, "--broker", away, "--map", map_path, "--data", tmp_path / "data", "--wait", "1"
    )
    assert done.returncode == 2
    assert "gave up after 1 s" in done.stderr
    assert "nothing listens at 127.0.0.1:" in done.stderr
    assert "check the address, and that Kafka runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_topic_names_the_command_that_creates_it(
    kafka: Broker, map_path: Path, file: Path, tmp_path: Path
) -> None:
    map_path.write_text(MAP.replace("bakery: {}", "bakery: {topic: bakery.nowhere}"))
    done = baton("publish", file, "--broker", kafka.url, "--map", map_path, "--data", tmp_path / "data")
    assert done.returncode == 2
    assert "topic bakery.nowhere does not exist: create it with `baton topics apply`" in done.stderr
