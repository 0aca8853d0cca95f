"""The verifier: recomputes from the raw source topics what must come out, and reads what did come out.

It shares the pure fold with the product, and nothing else: connected components come from a union-find of its
own over all events at once, so neither order, nor partitions, nor workers can have a part in it.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from api.store.read_model import ReadModel
from journeys.errors import InvalidEvent
from journeys.events import Event
from journeys.fold import Fold
from journeys.instants import parse_instant
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from stream.topics import Topics
from stream.transports.sqlite_log import SqliteLog
from tests.support.replaying import without_diagnostics

KINDS = ("journeys", "customers", "alerts")
Results = dict[str, bytes]


class Reader:
    """Follows topics to their ends: every record, in the order of each partition."""

    def __init__(self, broker: str, topics: Iterable[str]) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest",
            isolation_level="read_committed",
        )  # fmt: skip
        self._partitions = [
            TopicPartition(topic, n)
            for topic in topics
            for n in self._consumer.partitions_for_topic(topic) or ()
        ]
        self._consumer.assign(self._partitions)

    def news(self) -> Iterator[ConsumerRecord]:
        """What came since it was last read, up to the ends as of the first: so much is held as is made of it."""
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(tp) < end for tp, end in ends.items()):
            for records in self._consumer.poll(timeout_ms=500, max_records=5000).values():
                yield from records

    def ends(self) -> dict[tuple[str, int], int]:
        return {
            (tp.topic, tp.partition): end for tp, end in self._consumer.end_offsets(self._partitions).items()
        }

    def close(self) -> None:
        self._consumer.close()


def received(timestamp: int) -> int | None:
    """A record's timestamp as a time of receipt in microseconds; None for one that no clock gives, as 1970."""
    return timestamp * 1000 if timestamp > 1_000_000_000_000 else None


def expected(
    journey_map: JourneyMap, raw: Iterable[ConsumerRecord], as_of: int | None = None
) -> tuple[Results, set[str]]:
    """The documents that all records of the source topics come to, and the positions of those that are unusable.

    `as_of`: only what has happened by an instant, as one sees it who has read all of it just then.
    """
    reader = EventReader(journey_map, live=True)
    events: dict[str, Event] = {}
    dead: set[str] = set()
    for record in raw:
        origin = [record.topic, record.partition, record.offset]
        try:
            event = reader.read(record.value, origin, received(record.timestamp), time.time_ns() // 1000)
        except InvalidEvent:
            dead.add("/".join(map(str, origin)))
            continue
        events.setdefault(event.key, event)
    now = time.time_ns() // 1000 if as_of is None else as_of + 1
    fold = Fold(journey_map)
    results: Results = {}
    for component in _components(journey_map, events.values()):
        rows = [event.encode() for event in component]
        folded = fold(rows, dict.fromkeys(journey_map.departments, now), as_of)
        for document in (*folded.journeys, *folded.customers, *folded.alerts):
            results[document.get("id") or document["fingerprint"]] = _canonical(document)
    return results, dead


def was_too_early(alert: dict[str, Any], journey_map: JourneyMap, raw: Iterable[ConsumerRecord]) -> bool:
    """Withdrawn, and nobody who had read all that had happened when it opened would have told it."""
    if alert["status"] != "withdrawn":
        return False
    told, _ = expected(journey_map, raw, parse_instant(alert["opened_at"]))
    return alert["fingerprint"] not in told


def _components(journey_map: JourneyMap, events: Iterable[Event]) -> Iterable[list[Event]]:
    parents: dict[str, str] = {}

    def root(identifier: str) -> str:
        while (parent := parents.setdefault(identifier, identifier)) != identifier:
            parents[identifier] = identifier = parents.setdefault(parent, parent)
        return identifier

    meeting: list[tuple[Event, str]] = []
    for event in events:
        identifiers = [i for i in event.identifiers if _routes(journey_map, i)] or [f"event:{event.identity}"]
        for identifier in identifiers:
            parents[root(identifier)] = root(identifiers[0])
        meeting.append((event, identifiers[0]))
    components: defaultdict[str, list[Event]] = defaultdict(list)
    for event, identifier in meeting:
        components[root(identifier)].append(event)
    return components.values()


def _routes(journey_map: JourneyMap, identifier: str) -> bool:
    rule = journey_map.identifiers.get(identifier.partition(":")[0])
    return rule is None or rule.routes


async def embedded_records(path: Path, topics: Iterable[str]) -> list[ConsumerRecord]:
    """Every record of topics of an embedded log, as `Reader` gives them of Kafka's."""
    log = SqliteLog(path)
    await log.start()
    try:
        return [
            SimpleNamespace(topic=topic, partition=0, **record._asdict())
            for topic in topics
            async for records in log.read(topic, 0)
            for record in records
        ]
    finally:
        await log.stop()


def latest_results(records: Iterable[ConsumerRecord]) -> Results:
    """What records of the document topics come to."""
    latest = {(record.topic, record.key): record.value for record in records}
    return _results(value for value in latest.values() if value is not None)


class Published:
    """The latest document of each id in the topics, and the dead letters; grows with what is published."""

    def __init__(self, broker: str, topics: Topics) -> None:
        self._topics = topics
        self._reader = Reader(broker, (*topics.documents, topics.dead_letters))
        self._latest: dict[str, Results] = defaultdict(dict)

    def catch_up(self) -> None:
        for record in self._reader.news():
            latest = self._latest[record.topic]
            if record.value is None:
                latest.pop(record.key.decode(), None)
            else:
                latest[record.key.decode()] = record.value

    @property
    def results(self) -> Results:
        """Journeys, customers and alerts; an alert that was taken back is none."""
        return _results(value for topic in self._topics.documents for value in self._latest[topic].values())

    @property
    def dead_letters(self) -> dict[str, dict[str, Any]]:
        return {key: orjson.loads(value) for key, value in self._latest[self._topics.dead_letters].items()}

    def close(self) -> None:
        self._reader.close()


def in_read_model(url: str) -> Results:
    """The same documents as the API would give them."""
    model = ReadModel(url)
    try:
        return _results(document for kind in KINDS for document in model.reader.documents(kind))  # type: ignore[arg-type]
    finally:
        model.close()


def differences(wanted: Mapping[str, bytes], found: Mapping[str, bytes]) -> str:
    """In words, the first few; empty when both are equal byte for byte."""
    lacking, beyond = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    other = [id for id in wanted.keys() & found.keys() if wanted[id] != found[id]]
    if not (lacking or beyond or other):
        return ""
    lines = [
        f"{len(wanted)} documents expected: {len(lacking)} lack, {len(beyond)} are too many, {len(other)} differ"
    ]
    lines += [f"lacks {wanted[id].decode():.600}" for id in islice(sorted(lacking), 3)]
    lines += [f"too many {found[id].decode():.600}" for id in islice(sorted(beyond), 3)]
    for id in islice(sorted(other), 3):
        lines += [f"expected {wanted[id].decode():.2000}", f"found    {found[id].decode():.2000}"]
    return "\n".join(lines)


def _results(documents: Iterable[bytes]) -> Results:
    results: Results = {}
    for document in map(orjson.loads, documents):
        if document.get("status") != "withdrawn":
            results[document.get("id") or document["fingerprint"]] = _canonical(document)
    return results


def _canonical(document: dict[str, Any]) -> bytes:
    return orjson.dumps(without_diagnostics(document), option=orjson.OPT_SORT_KEYS)


def sqlite_url(data: Path) -> str:
    return f"sqlite:///{data}/read-model.sqlite"
