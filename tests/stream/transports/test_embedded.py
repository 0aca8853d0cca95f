"""What only the Faust driver of the embedded log has to stand."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream.transports.embedded import Transport
from stream.transports.log import Entry, LogError
from stream.transports.running import new_app, running
from stream.transports.sqlite_log import SqliteLog, log_url
from tests.support.consuming import Collector, until


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics({"shop.events": 2})
    yield log
    await log.stop()


async def test_a_second_consumer_of_a_group_is_refused_until_the_first_has_gone(log: SqliteLog) -> None:
    url = log_url(log.path)
    async with running(Collector("ingest", url, "shop.events").app):
        with pytest.raises(LogError, match="another process already consumes for group ingest"):
            async with running(Collector("ingest", url, "shop.events").app):
                pass

    async with running(Collector("ingest", url, "shop.events").app):
        pass


async def test_faust_s_own_sending_works_too(log: SqliteLog) -> None:
    collector = Collector("ingest", log_url(log.path), "shop.events")
    topic = collector.app.topic("shop.events", key_serializer="raw", value_serializer="raw")
    async with running(collector.app):
        await (await topic.send(key=b"key", value=b"value", headers={"origin": b"here"}, partition=1))
        await until(lambda: collector.count == 1)

    assert [(r.key, r.value, r.headers) for r in collector.records(1)] == [
        (b"key", b"value", (("origin", b"here"),))
    ]


async def test_a_full_disk_holds_up_commits_only_until_there_is_room(log: SqliteLog) -> None:
    collector = Collector("ingest", log_url(log.path), "shop.events")
    async with running(collector.app):
        file = collector.app.consumer._log._file
        await file.run(lambda: file.sql.execute("PRAGMA query_only = ON").fetchone())
        await log.append({("shop.events", 0): [Entry(None, b"1")]})
        await until(lambda: collector.count == 1)
        assert not await collector.app.consumer.commit()
        await file.run(lambda: file.sql.execute("PRAGMA query_only = OFF").fetchone())
        await log.append({("shop.events", 0): [Entry(None, b"2")]})
        await until(lambda: collector.count == 2)

    assert (await log.committed("ingest", ["shop.events"]))["shop.events", 0] == 2


async def test_an_app_leaves_no_files_in_the_current_folder(
    log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    async with running(Collector("ingest", log_url(log.path), "shop.events").app):
        await asyncio.sleep(0)

    assert list(empty.iterdir()) == []
    assert capfd.readouterr().out == ""


def test_faust_finds_both_drivers_by_the_scheme(tmp_path: Path) -> None:
    assert isinstance(new_app("group", log_url(tmp_path / "log.sqlite")).transport, Transport)
    kafka = new_app("group", "kafka://one:9092,two:9092").transport
    assert type(kafka).__module__ == "stream.transports.kafka"
    assert [url.host for url in kafka.url] == ["one", "two"]
