"""The faults find what they look for: a plain Faust Table miscounts over clean restarts, which Baton survives."""

import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from tests.support.kafka import Broker
from tests.support.ledger import Ledger, Sent
from tests.support.verifier import Reader

RESTARTS, EVENTS, PARTITIONS, ATTEMPTS = 8, 50, 4, 3
WAIT_SECONDS, REST_SECONDS = 60.0, 5.0
PROGRAM = Path(__file__).with_name("plain_faust.py")


@pytest.mark.long
def test_a_plain_faust_table_is_seen_to_miscount(own_kafka: Broker, tmp_path: Path) -> None:
    counted_right = (Attempt(own_kafka, tmp_path / f"{n}").counts_right() for n in range(ATTEMPTS))
    assert not all(counted_right), "these tests are blind: they do not even trouble a plain Faust Table"


class Attempt:
    """A table of counts, one for each partition of a topic, and a worker that is stopped while it counts."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._address = broker.address
        self._topic, self._group = (f"n{uuid.uuid4().hex[:12]}" for _ in "ab")
        changelog = f"{self._group}-counts-changelog"
        topics = {
            name: {"num_partitions": PARTITIONS, "replication_factor": 1} for name in (self._topic, changelog)
        }
        topics[changelog]["configs"] = {"cleanup.policy": "compact"}
        admin = KafkaAdminClient(bootstrap_servers=self._address)
        admin.create_topics(topics, wait_for_metadata=True)
        admin.close()
        self._changelog = Reader(self._address, [changelog])

    def counts_right(self) -> bool:
        """Whether every event was counted exactly once when there is no more to count."""
        ledger = Ledger(self._address)
        for number in range(RESTARTS):
            before = self._counted()
            worker = self._start(number)
            ledger.send(
                Sent(self._topic, f"{partition}".encode(), b"one", partition)
                for _ in range(EVENTS)
                for partition in range(PARTITIONS)
            )
            self._until(lambda before=before: self._counted() > before)  # type: ignore[misc]
            self._stop(worker)
        worker = self._start(RESTARTS)
        self._until_at_rest()
        self._stop(worker)
        found = {json.loads(record.key): json.loads(record.value) for record in self._changelog.news()}
        self._changelog.close()
        wanted = Counter(str(partition) for _, partition, _ in ledger.acknowledged)
        print(f"counted {found} of {dict(wanted)}")
        return found == wanted

    def _counted(self) -> int:
        return sum(self._changelog.ends().values())

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(PROGRAM), self._address, self._topic, self._group, str(self._folder)]
        with (self._folder / f"{number}.log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _stop(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _until_at_rest(self) -> None:
        """A worker that has lost its place never comes to the end: until it counts no more, for some seconds."""
        before, since = self._counted(), time.monotonic()
        while time.monotonic() < since + REST_SECONDS:
            time.sleep(0.1)
            if (now := self._counted()) > before:
                before, since = now, time.monotonic()
