"""The clock: up to when each source partition has been read, told to every stitch partition."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys import messages
from journeys.instants import SECOND
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from stream.clock import Clock, Reading
from stream.ingest import Ingest
from stream.metrics import Metrics
from stream.sending import Sender
from stream.topics import Topics
from stream.transports.log import Entry, Partition
from stream.transports.sqlite_log import SqliteLog
from tests.support.scenario import TELECOM

SOURCES = 2
DELAY = 120 * SECOND
"""What the telecom's shop is allowed."""


class Site:
    """A clock and the ingest it watches, on an embedded log; the shop's topic has two partitions."""

    def __init__(self, log: Any, topics: Topics) -> None:
        self.log = log
        self.topics = topics
        sender, self.metrics = Sender(log), Metrics()
        reader = EventReader(self.topics.journey_map, live=True)
        self.ingest = Ingest(reader, log, sender, self.topics, self.metrics, timeless=False)
        parts = (self.topics.journey_map, log, sender, self.topics, self.ingest, self.metrics)
        self.clock = Clock(*parts)
        self.shop = [("shop.events", n) for n in range(SOURCES)]

    async def publish(self, partition: int, count: int = 1) -> None:
        await self.log.append(
            {("shop.events", partition): [Entry(None, b"what it says is no matter")] * count}
        )

    async def read(self, partition: int, most: int = 1000) -> None:
        """Ingest handles the next records."""
        tp = ("shop.events", partition)
        records, _ = await self.log.fetch(*tp, self.ingest.positions.get(tp, 0))
        await self.ingest.handle(*tp, records[:most])

    async def tick(self, second: int, held: list[Partition] | None = None) -> None:
        await self.clock.tick(second * SECOND, self.shop if held is None else held)

    async def told(self) -> dict[str, float]:
        """The last watermark of each source partition, in seconds, its department's allowed delay put back."""
        reports: dict[str, float] = {}
        async for records in self.log.read(self.topics.observations, 0):
            for record in records:
                kind, *content = messages.decode(record.value or b"")
                assert kind == messages.WATERMARK
                for _, source, sources, up_to, _ in content[0]:
                    assert sources == SOURCES
                    reports[source] = (up_to + DELAY) / SECOND
        return reports

    def behind(self, partition: int) -> Any:
        labels = {"topic": "shop.events", "partition": str(partition)}
        return self.metrics.registry.get_sample_value("baton_source_behind_seconds", labels)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    topics = Topics(JourneyMap.parse(TELECOM))
    counts = topics.partitions(1) | {"shop.events": SOURCES}
    await log.create_topics(counts, topics.compacted)
    yield Site(log, topics)
    await log.stop()


async def test_an_idle_feed_holds_nobody_back(site: Site) -> None:
    await site.tick(10)
    await site.tick(20)
    assert await site.told() == {"shop.events/0": 20, "shop.events/1": 20}


async def test_a_partition_that_is_behind_keeps_its_watermark(site: Site) -> None:
    await site.tick(10)
    await site.publish(1)
    await site.tick(20)
    assert await site.told() == {"shop.events/0": 20, "shop.events/1": 10}
    await site.read(1)
    await site.tick(30)
    assert await site.told() == {"shop.events/0": 30, "shop.events/1": 30}


async def test_under_a_load_that_never_ends_time_goes_on_as_far_as_it_is_read(site: Site) -> None:
    for second in range(10, 60, 10):
        await site.publish(0, count=3)
        await site.tick(second)
        await site.publish(0, count=2)
        await site.read(0, most=4)
    assert 10 < (await site.told())["shop.events/0"] < 50
    assert site.behind(0) > 0


async def test_a_feed_that_lags_for_long_is_told_of_with_what_is_kept_of_it_bounded(site: Site) -> None:
    for second in range(10, 1001, 10):
        await site.publish(0, count=10)
        await site.tick(second)
    assert site.behind(0) == 990
    await site.read(0, most=500)
    await site.tick(1010)
    assert 450 < (await site.told())["shop.events/0"] <= 500


async def test_what_another_worker_has_read_counts(site: Site) -> None:
    await site.publish(0, count=5)
    await site.log.commit(
        site.topics.group("ingest"), {("shop.events", 0): 5}
    )  # also past a transaction's end
    await site.tick(10)
    assert (await site.told())["shop.events/0"] == 10


async def test_only_partitions_that_are_held_are_reported(site: Site) -> None:
    await site.tick(10, held=[("shop.events", 1)])
    assert await site.told() == {"shop.events/1": 10}
    assert site.behind(0) is None


async def test_a_partition_stuck_for_a_minute_is_warned_of_once_a_minute(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.publish(0)
    for second in (0, 30, 61, 90, 122):
        await site.tick(second)
    assert [record.getMessage() for record in caplog.records if record.name == "stream.clock"] == [
        "shop.events/0 is read up to offset 0, and that is 61 s behind: nothing its department owes is judged",
        "shop.events/0 is read up to offset 0, and that is 122 s behind: nothing its department owes is judged",
    ]


@given(st.lists(st.sampled_from(("publish", "read one", "read all", "tick")), max_size=300))
def test_all_that_was_published_by_the_instant_has_been_read(steps: list[str]) -> None:
    reading, published, position = Reading(), [], 0
    for now, step in enumerate(steps):
        if step == "publish":
            published.append(now)
        elif step == "read one":
            position = min(position + 1, len(published))
        elif step == "read all":
            position = len(published)
        else:
            reading.ended_at(now, len(published))
            reading.has_come_to(position, now)
            if reading.up_to is not None:
                assert not [at for at in published[position:] if at <= reading.up_to]
            if position == len(published):
                assert reading.up_to == now
