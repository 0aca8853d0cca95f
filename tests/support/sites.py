"""A site: a broker with an installation's topics, workers on it, a ledger of what was sent, and the proof that what
came out is what must come out.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from journeys.journey_map import JourneyMap
from stream.publishing import address
from stream.topic_plan import wanted_topics
from stream.topics import Topics
from tests.support.kafka import Broker
from tests.support.ledger import Ledger, Sent
from tests.support.scenario import TELECOM
from tests.support.verifier import (
    Published,
    Reader,
    Results,
    differences,
    expected,
    in_read_model,
    sqlite_url,
)
from tests.support.workers import Worker

# A department that is silent since January withholds verdicts; that is another matter.
MAP = "".join(line for line in TELECOM.splitlines(keepends=True) if "silent_after" not in line)
PATIENCE = 150.0


class Site:
    """One installation of the telecom's map, its read model a SQLite file unless told otherwise."""

    def __init__(
        self,
        broker: Broker,
        folder: Path,
        partitions: int = 4,
        read_model: str | None = None,
        journey_map: str = MAP,
    ) -> None:
        self.broker = broker
        self.topics = Topics(JourneyMap.parse(journey_map))
        self.ledger = Ledger(broker.address)
        self.workers: list[Worker] = []
        self.folder = folder
        self._read_model = read_model
        (folder / "data").mkdir()
        (folder / "map.yaml").write_text(journey_map)
        admin = self.admin()
        wanted = wanted_topics(self.topics, partitions, replication=1, min_insync=1, retention_ms=-1)
        admin.create_topics(
            {
                topic.name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": topic.replication,
                    "configs": dict(topic.config),
                }
                for topic in wanted
            },
            wait_for_metadata=True,
        )
        admin.close()
        self._published = Published(broker.address, self.topics)

    def admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self.broker.address)

    @property
    def read_model(self) -> str:
        return self._read_model or sqlite_url(self.folder / "data")

    def start(self, *options: str, broker: str | None = None) -> Worker:
        """A worker that is on its way."""
        place = [
            "--map",
            str(self.folder / "map.yaml"),
            "--broker",
            broker or self.broker.url,
            "--read-model",
            self.read_model,
        ]
        errors = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker([*place, "--data", str(self.folder / "data"), *options], errors)
        self.workers.append(worker)
        return worker

    def records(self, events: Iterable[bytes]) -> Iterator[Sent]:
        """The events as departments send them."""
        for raw in events:
            topic, entry = address(raw, self.topics, "")
            yield Sent(topic, entry.key, entry.value)

    def send(self, events: Iterable[bytes], rate: float | None = None) -> None:
        self.ledger.send(self.records(events), rate)

    @contextmanager
    def sending(self, events: Iterable[bytes], rate: float | None = None) -> Iterator[threading.Thread]:
        """Send while the block runs; all is acknowledged when it ends."""
        failed: list[BaseException] = []

        def send() -> None:
            try:
                self.send(events, rate)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield thread
        finally:
            thread.join()
        assert not failed, failed

    def committed(self, *topics: str, role: str = "stitch") -> dict[tuple[str, int], int]:
        """Where a new owner of the topics' partitions would go on."""
        with self._asking(role) as asker:
            return {(tp.topic, tp.partition): n for tp, n in _committed(asker, topics).items()}

    def behind(self, *topics: str, role: str = "stitch") -> int:
        """How much of the topics a role is not done with yet, what is no record included."""
        with self._asking(role) as asker:
            committed = _committed(asker, topics)
            return sum(asker.end_offsets(list(committed)).values()) - sum(committed.values())

    @contextmanager
    def _asking(self, role: str) -> Iterator[KafkaConsumer]:
        asker = KafkaConsumer(
            bootstrap_servers=self.broker.address,
            group_id=self.topics.group(role),
            enable_auto_commit=False,
        )
        try:
            yield asker
        finally:
            asker.close()

    def progress(self, role: str = "ingest") -> int:
        """How many records a role is done with: ingest of the sources, project of the documents."""
        topics = self.topics.documents if role == "project" else self.topics.sources
        return sum(self.committed(*topics, role=role).values())

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            words = "\n".join(worker.said[-2000:] for worker in self.workers)
            assert time.monotonic() < deadline, f"waited in vain: {what}\n{words}"
            time.sleep(0.1)

    def prove(self, patience: float = PATIENCE) -> Results:
        """What was acknowledged is there, and what must come of it comes, and stays when the workers go; gives it."""
        reader = Reader(self.broker.address, self.topics.sources)
        raw = list(reader.news())
        reader.close()
        there = {(record.topic, record.partition, record.offset): record.value for record in raw}
        lost = [
            position for position, value in self.ledger.acknowledged.items() if there.get(position) != value
        ]
        assert not lost, f"the broker lost {lost[:3]}"
        wanted, dead = expected(self.topics.journey_map, raw)
        deadline = time.monotonic() + patience
        while wrong := self._wrong(wanted, dead):
            ended = [worker for worker in self.workers if not worker.is_running and "stopped:" in worker.said]
            words = "\n".join(worker.said[-2000:] for worker in ended)
            assert time.monotonic() < deadline, f"{wrong}\n{words}"
            time.sleep(0.5)
        for worker in self.workers:
            if worker.is_running:
                code = worker.until_working().stop()
                assert code == 0, f"a worker that was told to stop ended with {code}:\n{worker.said}"
        wrong = self._wrong(wanted, dead)
        assert not wrong, f"it was right, and then:\n{wrong}"
        return wanted

    def _wrong(self, wanted: Results, dead: set[str]) -> str:
        self._published.catch_up()
        letters = self._published.dead_letters.keys()
        if letters != dead:
            return (
                f"dead letters: {sorted(dead - letters)[:5]} lack, {sorted(letters - dead)[:5]} are too many"
            )
        return differences(wanted, self._published.results) or differences(
            wanted, in_read_model(self.read_model)
        )

    def dead_letters(self) -> list[str]:
        """The reasons, after `prove`."""
        return sorted(letter["reason"] for letter in self._published.dead_letters.values())

    def close(self) -> None:
        for worker in self.workers:
            if worker.is_running:
                worker.kill()
        self._published.close()

    def wipe(self) -> None:
        """Leave the broker to another site."""
        admin = self.admin()
        admin.delete_topics(list(self.topics.partitions(1)))
        admin.delete_groups(self.topics.groups)
        admin.close()


def _committed(asker: KafkaConsumer, topics: Iterable[str]) -> dict[TopicPartition, int]:
    partitions = [
        TopicPartition(topic, n) for topic in topics for n in asker.partitions_for_topic(topic) or ()
    ]
    return {partition: asker.committed(partition) or 0 for partition in partitions}
