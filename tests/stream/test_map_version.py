"""State is only read under the map, and among as many partitions, as it was made."""

import random
from pathlib import Path

import pytest

from journeys.journey_map import JourneyMap
from stream.changelog import changelog_entries, row_key
from stream.map_version import MAP_ROW, MadeUnder, refuse_other_state
from stream.transports.log import Entry, LogError
from tests.support.scenario import ANNA, TELECOM, event_of, shop
from tests.support.stitching import Stitching

MAP = JourneyMap.parse(TELECOM)
CHANGED = JourneyMap.parse(TELECOM.replace("within: 4h", "within: 5h"))
PLACED = event_of(MAP, "09:00", shop.order_placed(order="A-1", email=ANNA))


def stitching(path: Path, journey_map: JourneyMap = MAP, partitions: int = 1) -> Stitching:
    return Stitching(journey_map, path / "log.sqlite", partitions, random.Random(0))


async def test_the_first_row_of_a_state_names_the_map_and_is_written_once(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        for _ in range(3):
            await worker.observe(PLACED)
            await worker.settle()
            await worker.restart_all()
        rows = [row_key(r.key) async for batch in worker.log.read(worker.topics.state, 0) for r in batch]
        await refuse_other_state(worker.log, worker.topics.state, MAP)
    assert rows[0] == MAP_ROW
    assert rows.count(MAP_ROW) == 1


async def test_a_worker_that_dies_while_it_writes_its_first_rows_starts_again(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        await worker.observe(PLACED)
        for appends in (1, 2, 3):
            worker.log.lives_for = appends
            await worker.take(0)
        worker.log.lives_for = None
        await worker.settle()
        assert len(await worker.published("journeys")) == 1


async def test_another_map_is_refused_with_both_versions_and_the_command_that_helps(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        await worker.observe(PLACED)
        await worker.settle()
    words = (
        f"baton.state/0 was made under version {MAP.version} of the journey map, and telecom is now version "
        f"{CHANGED.version}: .* baton rebuild --map MAP --data DIR, on Kafka --broker URL"
    )
    async with stitching(tmp_path, CHANGED) as worker:
        with pytest.raises(LogError, match=words):
            await refuse_other_state(worker.log, worker.topics.state, CHANGED)
        with pytest.raises(LogError, match=words):
            await worker.take(0)


async def test_rows_of_no_known_map_are_refused(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        await worker.log.append({(worker.topics.state, 0): changelog_entries([(("k", "a:1", "b:2"), b"1")])})
        await worker.observe(PLACED)
        with pytest.raises(LogError, match="made under an unknown journey map"):
            await worker.take(0)
        with pytest.raises(LogError, match="made under an unknown journey map"):
            await refuse_other_state(worker.log, worker.topics.state, MAP)


async def test_another_number_of_partitions_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        await worker.observe(PLACED)
        await worker.settle()
        batches = [batch async for batch in worker.log.read(worker.topics.state, 0)]
        rows = [Entry(record.key, record.value) for batch in batches for record in batch]
    words = (
        "baton.state/0 was made as one of 1 partitions, and now there are 2: .* Read everything again, with all "
        "workers stopped: baton rebuild --map MAP"
    )
    (tmp_path / "grown").mkdir()
    async with stitching(tmp_path / "grown", partitions=2) as worker:
        await worker.log.append({(worker.topics.state, 0): rows})
        await worker.seen_up_to(PLACED.time)
        with pytest.raises(LogError, match=words):
            await refuse_other_state(worker.log, worker.topics.state, MAP)
        with pytest.raises(LogError, match=words):
            await worker.take(0)


async def test_a_state_that_does_not_tell_how_many_partitions_there_were_is_taken_as_it_is(
    tmp_path: Path,
) -> None:
    row = (MAP_ROW, MadeUnder(MAP.version).encode())
    async with stitching(tmp_path, partitions=2) as worker:
        await worker.log.append({(worker.topics.state, 0): changelog_entries([row])})
        await refuse_other_state(worker.log, worker.topics.state, MAP)
