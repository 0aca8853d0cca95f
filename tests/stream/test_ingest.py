"""Ingest on a real embedded log: every record becomes an observation or a dead letter, whatever it is."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from journeys import messages
from journeys.events import Event
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from journeys.routing import OBSERVE
from journeys.silence import home
from stream.dead_letters import raw_value, read_dead_letters
from stream.ingest import Ingest
from stream.metrics import Metrics
from stream.sending import Sender
from stream.topics import Topics
from stream.transports.log import LogUnavailable, Record, partition_for
from stream.transports.sqlite_log import SqliteLog
from tests.support.scenario import ANNA, WHOLE_TELECOM, cloudevent, instant, shop

MAP = JourneyMap.parse(WHOLE_TELECOM)
TOPICS = Topics(MAP)
RECEIVED = instant("09:00") // 1000
GOOD = json.dumps(cloudevent("09:00", shop.order_placed(order="A-1", email=ANNA), "good")).encode()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics(TOPICS.partitions(3), TOPICS.compacted)
    yield log
    await log.stop()


def ingest_on(log: SqliteLog, live: bool = True) -> Ingest:
    return Ingest(
        EventReader(MAP, live),
        log,
        Sender(log),
        TOPICS,
        Metrics(),
        timeless=not live,
    )


async def ingested(
    log: SqliteLog, *records: Record, live: bool = True
) -> tuple[list[Event], list[dict[str, Any]]]:
    """What these records became: events observed, and dead letters."""
    await ingest_on(log, live).handle("shop.events", 1, records)
    events = []
    for partition in range(3):
        async for found in log.read(TOPICS.observations, partition):
            for record in found:
                assert partition_for(record.key, 3) == partition
                kind, *content = messages.decode(record.value or b"")
                if kind == OBSERVE:
                    events.append(Event.decode(content[0]))
    return events, await read_dead_letters(log, TOPICS.dead_letters)


def record(value: bytes | None, offset: int = 0, key: bytes | None = b"k", **headers: bytes) -> Record:
    return Record(offset, RECEIVED, key, value, tuple(headers.items()))


async def test_an_event_is_observed_with_the_position_it_was_read_at(log: SqliteLog) -> None:
    events, letters = await ingested(log, record(GOOD, offset=7))
    assert [event.origins for event in events] == [[["shop.events", 1, 7]]]
    assert letters == []


async def test_the_strongest_identifier_is_its_address(log: SqliteLog) -> None:
    await ingested(log, record(GOOD))
    address = f"email:{ANNA}".encode()
    async for records in log.read(TOPICS.observations, partition_for(address, 3)):
        assert [found.key for found in records if messages.decode(found.value or b"")[0] == OBSERVE] == [
            address
        ]


async def test_what_is_heard_of_a_department_meets_at_its_home(log: SqliteLog) -> None:
    await ingested(log, record(GOOD))
    at = home("shop").encode()
    heard = [
        messages.decode(found.value or b"")[1]
        async for records in log.read(TOPICS.observations, partition_for(at, 3))
        for found in records
        if found.key == at
    ]
    assert heard == ["shop"]


async def test_a_key_that_is_no_utf8_hinders_nothing(log: SqliteLog) -> None:
    events, letters = await ingested(log, record(GOOD, key=b"\xff\xfe"))
    assert (len(events), letters) == (1, [])


async def test_a_dead_letter_keeps_a_key_a_value_and_a_header_that_are_no_utf8(log: SqliteLog) -> None:
    _, (letter,) = await ingested(log, record(b"\xff{", key=b"\xfe", trace=b"\xfd"))
    assert letter["reason"] == "invalid_encoding"
    assert raw_value(letter) == b"\xff{"
    assert letter["key_base64"] == "/g=="
    assert letter["headers"] == {"trace": "\ufffd"}


async def test_a_tombstone_is_a_dead_letter(log: SqliteLog) -> None:
    _, (letter,) = await ingested(log, record(None))
    assert (letter["reason"], letter["value"]) == ("empty", None)


async def test_a_record_over_the_limit_keeps_its_first_part_and_its_digest(log: SqliteLog) -> None:
    huge = GOOD + b" " * 10_000_000
    _, (letter,) = await ingested(log, record(huge))
    assert (letter["reason"], letter["size"], len(letter["value"])) == ("too_large", len(huge), 65536)
    assert raw_value(letter) is None


async def test_live_an_event_without_a_time_takes_that_of_its_record(log: SqliteLog) -> None:
    timeless = json.dumps(
        {name: value for name, value in json.loads(GOOD).items() if name != "time"}
    ).encode()
    (event,), _ = await ingested(log, record(timeless))
    assert event.time == RECEIVED * 1000


async def test_in_a_replay_an_event_without_a_time_is_a_dead_letter(log: SqliteLog) -> None:
    timeless = json.dumps(
        {name: value for name, value in json.loads(GOOD).items() if name != "time"}
    ).encode()
    _, (letter,) = await ingested(log, record(timeless), live=False)
    assert letter["reason"] == "missing_time"


NEVER = [0, -1, 1_000]


@pytest.mark.parametrize("timestamp", NEVER)
async def test_a_record_without_a_time_of_receipt_is_used_all_the_same(
    log: SqliteLog, timestamp: int
) -> None:
    (event,), letters = await ingested(log, record(GOOD)._replace(timestamp=timestamp))
    assert (event.time, letters) == (instant("09:00"), [])


@pytest.mark.parametrize("timestamp", NEVER)
async def test_where_neither_event_nor_record_has_a_time_it_is_a_dead_letter(
    log: SqliteLog, timestamp: int
) -> None:
    timeless = json.dumps(
        {name: value for name, value in json.loads(GOOD).items() if name != "time"}
    ).encode()
    _, (letter,) = await ingested(log, record(timeless)._replace(timestamp=timestamp))
    assert (letter["reason"], letter["received_at"]) == ("missing_time", None)


@pytest.mark.parametrize("timestamp", NEVER)
async def test_an_event_from_the_future_is_one_also_where_its_record_has_no_time(
    log: SqliteLog, timestamp: int
) -> None:
    ahead = json.dumps(json.loads(GOOD) | {"time": "2100-01-15T09:06:00Z"}).encode()
    _, (letter,) = await ingested(log, record(ahead)._replace(timestamp=timestamp))
    assert letter["reason"] == "time_in_future"


async def test_live_an_event_from_the_future_is_a_dead_letter(log: SqliteLog) -> None:
    ahead = json.dumps(json.loads(GOOD) | {"time": "2026-01-15T09:06:00Z"}).encode()
    _, (letter,) = await ingested(log, record(ahead))
    assert letter["reason"] == "time_in_future"


async def test_a_batch_handled_twice_leaves_each_dead_letter_once(log: SqliteLog) -> None:
    batch = [record(b"{", offset=0), record(GOOD, offset=1), record(b"[]", offset=2)]
    await ingested(log, *batch)
    events, letters = await ingested(log, *batch)
    assert [letter["offset"] for letter in sorted(letters, key=lambda letter: int(letter["offset"]))] == [
        0,
        2,
    ]
    assert len({event.key for event in events}) == 1


class Flickering(SqliteLog):
    """A log that is away when it is first read from."""

    was_away = False

    async def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        if not self.was_away:
            self.was_away = True
            raise LogUnavailable("away")
        async for records in super().read(topic, partition, start, end):
            yield records


async def test_a_log_that_is_away_when_a_partition_is_assigned_is_waited_for(tmp_path: Path) -> None:
    log = Flickering(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics(TOPICS.partitions(3), TOPICS.compacted)
    (observed,), letters = await ingested(log, record(GOOD))
    assert (log.was_away, observed.id, letters) == (True, "good", [])
    await log.stop()
