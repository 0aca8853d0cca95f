"""Outgoing: a partition's appends, one after the other, while what follows is worked out."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from journeys.actors import RowKey
from stream.changelog import Rows
from stream.outgoing import Outgoing
from stream.sending import Sender
from stream.transports.log import Appender, Entry, Fenced, Offsets, Partition
from stream.transports.sqlite_log import SqliteLog

OUT: Partition = ("out", 0)
ROW: RowKey = ("event", "phone:+49", "1")


class Gated:
    """Appends only once it may."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender
        self.may = asyncio.Event()

    async def append(self, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        await self.may.wait()
        return await self._appender.append(batches)

    async def release(self) -> None:
        await self._appender.release()


class Told:
    def __init__(self) -> None:
        self.ends: list[int] = []

    def wrote(self, rows: Rows, end: int) -> None:
        self.ends.append(end)


class Site:
    """One partition's way out, to a log with a topic and a changelog."""

    def __init__(self, log: SqliteLog, appender: Appender) -> None:
        self.log, self.told, self.appender = log, Told(), Gated(appender)
        self.outgoing = Outgoing(Sender(log), self.appender, ("changelog", 0), self.told)

    def add(self, value: str) -> None:
        self.outgoing.add_to(OUT, Entry(b"k", value.encode()))
        self.outgoing.keep([(ROW, value.encode())])

    async def written(self) -> list[str]:
        records = [record async for batch in self.log.read(*OUT) for record in batch]
        return [(record.value or b"").decode() for record in records]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics({"out": 1, "changelog": 1})
    yield Site(log, await log.hold("me"))
    await log.stop()


async def test_work_goes_on_while_an_append_is_under_way_and_the_next_one_waits_for_it(site: Site) -> None:
    site.add("first")
    await site.outgoing.send()
    site.add("second")
    assert list(site.outgoing.untold) == [ROW, ROW]
    second = asyncio.ensure_future(site.outgoing.flush())
    await asyncio.sleep(0.05)
    assert (second.done(), await site.written(), site.told.ends) == (False, [], [])

    site.appender.may.set()
    await second
    assert (await site.written(), site.told.ends) == (["first", "second"], [1, 2])
    assert not list(site.outgoing.untold)


async def test_what_went_wrong_with_an_append_is_told_at_the_next_and_nothing_goes_after_it(
    site: Site,
) -> None:
    site.appender.may.set()
    await site.log.hold("me")
    site.add("too late")
    await site.outgoing.send()
    site.add("never")
    for _ in range(2):
        with pytest.raises(Fenced):
            await site.outgoing.flush()
    assert (await site.written(), site.told.ends) == ([], [])


async def test_a_partition_that_is_taken_away_gives_up_what_is_under_way(site: Site) -> None:
    site.add("never")
    await site.outgoing.send()
    await site.outgoing.release()
    site.appender.may.set()
    await asyncio.sleep(0.05)
    assert (await site.written(), site.told.ends) == ([], [])
