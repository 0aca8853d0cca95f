"""Project on a real embedded log, into SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.store.acknowledgements import Acknowledgement
from api.store.read_model import ReadModel
from deploy.store_writer import StoreWriter
from journeys.journey_map import JourneyMap
from stream.dead_letters import read_dead_letters
from stream.metrics import Metrics
from stream.project import DocumentWriter, Project, catch_up
from stream.sending import Sender
from stream.topics import Topics
from stream.transports.log import Entry, LogError
from stream.transports.sqlite_log import SqliteLog
from tests.support import documents
from tests.support.documents import encoded
from tests.support.scenario import TELECOM

TOPICS = Topics(JourneyMap.parse(TELECOM))
JOURNEYS = (TOPICS.journeys, 0)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics(TOPICS.partitions(1), TOPICS.compacted)
    yield log
    await log.stop()


@pytest.fixture
def writer(read_model: ReadModel) -> DocumentWriter:
    return StoreWriter(read_model)


async def project(log: SqliteLog, writer: DocumentWriter, metrics: Metrics) -> None:
    """Hand everything in the journeys' topic on as one batch."""
    project = Project(writer, Sender(log), TOPICS, metrics)
    async for records in log.read(*JOURNEYS):
        await project.handle(*JOURNEYS, records)


async def test_documents_that_cannot_be_written_become_dead_letters_and_hold_up_no_other(
    log: SqliteLog, read_model: ReadModel, writer: DocumentWriter
) -> None:
    good = [documents.journey(f"j{n}") for n in range(3)]
    await log.append(
        {
            JOURNEYS: [
                Entry(b"j0", encoded(good[0])),
                Entry(b"j1", encoded(good[1])),
                Entry(b"j1", b'{"schema": 2}'),
                Entry(b"\xff", encoded(good[2])),
                Entry(None, b"no key"),
                Entry(b"j2", encoded(good[2])),
                Entry(b"j3", b"not JSON"),
            ]
        }
    )
    metrics = Metrics()
    await project(log, writer, metrics)
    await project(log, writer, metrics)

    assert [read_model.reader.journey(f"j{n}") for n in range(4)] == [*good, None]
    assert read_model.writer.positions() == {JOURNEYS: 7}
    letters = await read_dead_letters(log, TOPICS.dead_letters)
    assert sorted((letter["offset"], letter["reason"]) for letter in letters) == [
        (offset, "unusable_document") for offset in (2, 3, 4, 6)
    ]
    assert "key j3: not a document of this schema" in next(x["detail"] for x in letters if x["offset"] == 6)
    assert metrics.dead_letters.labels("unusable_document")._value.get() >= 4


async def test_a_database_that_holds_less_than_was_committed_is_read_into_again(
    log: SqliteLog, read_model: ReadModel, writer: DocumentWriter
) -> None:
    group = TOPICS.group("project")
    entries = [Entry(f"j{n}".encode(), encoded(documents.journey(f"j{n}"))) for n in range(5)]
    await log.append({JOURNEYS: entries})
    await log.commit(group, {JOURNEYS: 5})
    read_model.writer.apply(*JOURNEYS, [(0, "j0", entries[0].value)])

    assert await catch_up(log, TOPICS, writer.positions) == {JOURNEYS: 1}
    assert (await log.committed(group, [TOPICS.journeys]))[JOURNEYS] == 1
    await project(log, writer, Metrics())
    await log.commit(group, {JOURNEYS: 4})
    assert await catch_up(log, TOPICS, writer.positions) == {}
    assert (await log.committed(group, [TOPICS.journeys]))[JOURNEYS] == 4


async def test_a_database_of_another_log_is_refused(log: SqliteLog, read_model: ReadModel) -> None:
    read_model.writer.apply(*JOURNEYS, [(8, "j0", None)])
    with pytest.raises(LogError, match=r"has read baton.journeys/0 up to offset 8, and the log ends before"):
        await catch_up(log, TOPICS, StoreWriter(read_model).positions)


def test_a_cleared_read_model_keeps_what_people_said(read_model: ReadModel) -> None:
    read_model.writer.apply(*JOURNEYS, [(0, "j0", encoded(documents.journey("j0")))])
    read_model.writer.apply(TOPICS.alerts, 0, [(0, "a1", encoded(documents.alert("a1")))])
    read_model.acknowledgements.give("a1", Acknowledgement("ops", "looking", 1))
    read_model.writer.clear()

    assert read_model.writer.positions() == {}
    assert read_model.reader.journey("j0") is None
    read_model.writer.apply(TOPICS.alerts, 0, [(0, "a1", encoded(documents.alert("a1")))])
    assert (read_model.reader.alert("a1") or {})["status"] == "acknowledged"
