"""`baton topics` on a real cluster, as its operator runs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from tests.support.kafka import Broker
from tests.support.replaying import BATON
from tests.support.services import free_port

MAP = """
departments: {%s: {}}
identifiers: {order: text}
events: {%s.ordered: {identifiers: {order: data.order}}}
journeys: {purchase: {starts: %s.ordered}}
"""


def topics(what: str, broker: str, map_path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    arguments = [BATON, "topics", what, "--broker", broker, "--map", map_path, *options]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def steps(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    return {step["topic"]: step for step in json.loads(done.stdout)}


def actions(done: "subprocess.CompletedProcess[str]") -> set[str]:
    assert done.stdout, done.stderr
    return {step["action"] for step in steps(done).values()}


@pytest.fixture
def map_path(tmp_path: Path) -> Path:
    path = tmp_path / "map.yaml"
    path.write_text(MAP.replace("%s", "florist"))
    return path


def test_what_is_planned_is_applied_once_and_a_partition_count_never_changes(
    own_kafka: Broker, map_path: Path
) -> None:
    for _ in range(2):  # a plan changes nothing
        assert actions(topics("plan", own_kafka.url, map_path, "--json")) == {"create"}
    applied = topics("apply", own_kafka.url, map_path, "--partitions", "4", "--retention", "3d")
    assert applied.returncode == 0, applied.stderr
    assert "12 to create, 0 to change, 0 fine, 0 in the way" in applied.stdout
    same = ("--partitions", "4", "--retention", "3d", "--json")
    assert actions(topics("apply", own_kafka.url, map_path, *same)) == {"fine"}

    longer = topics("plan", own_kafka.url, map_path, "--partitions", "4")
    assert "retention.ms: 259200000 → 1209600000" in longer.stdout
    changed = topics("apply", own_kafka.url, map_path, "--partitions", "4", "--json")
    assert changed.returncode == 0
    assert steps(changed)["florist.events"]["changes"] == {
        "retention.ms": {"is": "259200000", "wanted": "1209600000"}
    }
    refused = topics("apply", own_kafka.url, map_path, "--partitions", "8", "--retention", "1d", "--json")
    assert refused.returncode == 2
    assert "nothing is changed because of baton.observations, baton.state" in refused.stderr
    assert steps(refused)["florist.events"]["action"] == "change"
    assert actions(topics("plan", own_kafka.url, map_path, "--partitions", "4", "--json")) == {"fine"}
    admin = KafkaAdminClient(bootstrap_servers=own_kafka.address)
    described = admin.describe_topics(["baton.observations", "florist.events", "baton.tallies"])
    admin.close()
    assert {topic["name"]: len(topic["partitions"]) for topic in described} == {
        "baton.observations": 4,
        "florist.events": 4,
        "baton.tallies": 1,
    }


def test_more_replicas_than_brokers_are_refused_before_anything_happens(
    kafka: Broker, map_path: Path
) -> None:
    done = topics("plan", kafka.url, map_path, "--replication", "3")
    assert done.returncode == 2
    assert "3 replicas need as many brokers, the cluster has 1" in done.stdout


def test_a_cluster_that_is_not_there_is_named_with_what_to_check(map_path: Path) -> None:
    done = topics("plan", f"kafka://127.0.0.1:{free_port()}", map_path)
    assert done.returncode == 2
    assert "is away" in done.stderr
    assert "check the address, and that Kafka runs" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["kafka://", "embedded:///log.sqlite", "kafka://u:secret@h:1?tls=on"])
def test_an_address_of_another_form_is_refused_without_its_password(map_path: Path, url: str) -> None:
    done = topics("plan", url, map_path)
    assert done.returncode == 2
    assert "expected kafka://[user[:password]@]host:port" in done.stderr
    assert "secret" not in done.stderr
