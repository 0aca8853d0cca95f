"""What the rows of a partition promise, in memory and in a RocksDB alike; on a real embedded log."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from journeys.actors import CLOSED, DUE, EVENT, FORWARD, KNOWN, MARK, MARKED, Root, RowKey
from stream.changelog import Rows, changelog_entries
from stream.map_version import MAP_ROW, MadeUnder
from stream.partition_rows import MemoryRows, PartitionRows
from stream.rocksdb_memory import RocksMemory
from stream.rocksdb_rows import RocksRows
from stream.transports.log import LogError
from stream.transports.sqlite_log import SqliteLog

TOPIC = "baton.state"
ANNA, BEN, CARA = "crm:ANNA", "crm:BEN", "crm:CARA"
EVERY = 1_000
Load = Callable[[], Awaitable[PartitionRows]]
Change = tuple[RowKey, bytes | None]
NAMED = (MAP_ROW, MadeUnder("v1", None, "this changelog").encode())


def due(identifier: str, **instants: int) -> Change:
    return (DUE, identifier, ""), orjson.dumps(instants)


def event(identifier: str, key: str) -> Change:
    return (EVENT, identifier, key), b'["%s"]' % key.encode()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics({TOPIC: 1}, compacted=[TOPIC])
    await log.append({(TOPIC, 0): changelog_entries([NAMED])})
    yield log
    await log.stop()


@pytest.fixture(params=["memory", "rocksdb"])
async def load(log: SqliteLog, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Load]:
    """Gives the rows as a worker that has just started finds them."""
    held: list[PartitionRows] = []

    async def start() -> PartitionRows:
        while held:
            held.pop().close()
        rows: PartitionRows
        if request.param == "memory":
            rows = MemoryRows(log, TOPIC, 0)
        else:
            rows = RocksRows(tmp_path / "rows", log, TOPIC, 0, RocksMemory(actors=1))
        held.append(rows)
        return await loaded(rows, log)

    yield start
    for rows in held:
        rows.close()


async def loaded(rows: Any, log: SqliteLog) -> Any:
    await rows.begin()
    async for records in log.read(TOPIC, 0, rows.position):
        rows.take(records)
    return rows


async def write(log: SqliteLog, rows: PartitionRows, changes: Rows) -> None:
    """One batch, as stitch does it."""
    ends = await log.append({(TOPIC, 0): changelog_entries(changes)})
    rows.wrote(changes, ends[TOPIC, 0])
    await rows.batch_done()


async def test_what_was_written_is_there_after_a_restart(log: SqliteLog, load: Load) -> None:
    rows = await load()
    known: Change = ((KNOWN, ANNA, "order:A-1"), b"1")
    forward: Change = ((FORWARD, "order:A-1", ANNA), b"1")
    await write(log, rows, [event(ANNA, "e1"), event(ANNA, "e2"), known, forward, due(ANNA, shop=5)])
    await write(log, rows, [((EVENT, ANNA, "e1"), None)])
    for _ in range(2):
        rows = await load()
        root = rows.roots[ANNA]
        assert (list(root.events), list(root.known), root.due) == (["e2"], ["order:A-1"], {"shop": 5})
        assert rows.forwards["order:A-1"] == ANNA
        assert rows.own[MAP_ROW] == NAMED[1]
        assert (list(rows.roots), list(rows.forwards), list(rows.closed)) == ([ANNA], ["order:A-1"], [])


async def test_an_identifier_stays_shared_whatever_lies_there(log: SqliteLog, load: Load) -> None:
    rows = await load()
    await write(log, rows, [event(ANNA, "e1"), ((MARKED, ANNA, ""), b"1"), ((MARK, ANNA, BEN), b"1")])
    rows = await load()
    assert (ANNA in rows.shared, BEN in rows.shared, rows.roots[ANNA].marks) == (True, False, {BEN})
    assert [identifier for identifier, _ in rows.torn()] in ([ANNA], [])
    changes: Rows = [((FORWARD, ANNA, BEN), b"1"), ((EVENT, ANNA, "e1"), None), ((MARK, ANNA, BEN), None)]
    rows.forwards[ANNA] = BEN
    rows.roots.pop(ANNA)
    await write(log, rows, changes)
    rows = await load()
    assert (ANNA in rows.shared, rows.forwards[ANNA], ANNA in rows.roots) == (True, BEN, False)
    rows.shared.add(CARA)
    assert CARA in rows.shared


async def test_of_what_is_not_there_nothing_is_known(log: SqliteLog, load: Load) -> None:
    rows = await load()
    assert (rows.roots.get(ANNA), rows.forwards.get(ANNA), ANNA in rows.closed) == (None, None, False)
    assert rows.roots.pop(ANNA, None) is None


async def test_what_is_changed_but_not_written_stays_as_changed(log: SqliteLog, load: Load) -> None:
    rows = await load()
    await write(log, rows, [event(identifier, "e1") for identifier in (ANNA, BEN, CARA)])
    rows = await load()
    rows.roots[ANNA].events["e2"] = b'["e2"]'
    rows.roots.pop(BEN)
    rows.roots["crm:NEW"] = Root()
    rows.forwards[CARA] = ANNA
    rows.spare([(EVENT, ANNA, "e2"), (EVENT, BEN, "e1"), (FORWARD, CARA, ANNA)])
    assert list(rows.roots[ANNA].events) == ["e1", "e2"]
    assert (rows.roots.get(BEN), rows.forwards.get(CARA)) == (None, ANNA)
    assert "crm:NEW" in rows.roots


async def test_who_is_due_is_told_earliest_first_and_by_what_was_put_last(log: SqliteLog, load: Load) -> None:
    rows = await load()
    for identifier, instants in ((ANNA, {"shop": 30}), (BEN, {"shop": 10, "": 7}), (CARA, {"shop": 20})):
        rows.roots[identifier] = root = Root()
        root.due = instants
        await write(log, rows, [due(identifier, **instants)])
    rows.roots[CARA].due = {"shop": 40}
    await write(log, rows, [due(CARA, shop=40)])
    for _ in range(2):
        assert rows.passed("shop", 10, EVERY) == []
        assert rows.passed("shop", 31, EVERY) == rows.passed("shop", 31, EVERY) == [BEN, ANNA]
        assert rows.passed("shop", 41, EVERY) == [BEN, ANNA, CARA]
        assert rows.passed("shop", 41, 1) == [BEN]
        assert rows.passed("", 8, EVERY) == [BEN]
        assert rows.passed("activation", 99, EVERY) == []
        rows = await load()


async def test_who_is_due_earlier_than_others_that_have_passed_is_told(log: SqliteLog, load: Load) -> None:
    rows = await load()
    rows.roots[ANNA] = Root()
    rows.roots[ANNA].due = {"shop": 30}
    await write(log, rows, [event(ANNA, "e1"), due(ANNA, shop=30)])
    assert rows.passed("shop", 31, EVERY) == [ANNA]
    rows.roots[ANNA].due = {}
    await write(log, rows, [((DUE, ANNA, ""), None)])
    assert rows.passed("shop", 50, EVERY) == []
    rows.roots[BEN] = Root()
    rows.roots[BEN].due = {"shop": 10}
    await write(log, rows, [event(BEN, "e2"), due(BEN, shop=10)])
    assert rows.passed("shop", 50, EVERY) == [BEN]


async def test_what_is_closed_is_called_back_with_all_its_rows(log: SqliteLog, load: Load) -> None:
    rows = await load()
    await write(log, rows, [event(ANNA, "e1")])
    for again in (False, True):
        rows.roots.pop(ANNA, None)
        changes: Rows = [
            ((CLOSED, ANNA, "x"), b"1"),
            ((CLOSED, ANNA, "y"), b"2"),
            ((EVENT, ANNA, "e1"), None),
        ]
        await write(log, rows, changes)
        if again:
            rows = await load()
        assert ANNA in rows.closed
        assert rows.roots.get(ANNA) is None
        found = await rows.call_back([ANNA])
        assert sorted(found[ANNA]) == [((CLOSED, ANNA, "x"), b"1"), ((CLOSED, ANNA, "y"), b"2")]
        assert ANNA not in rows.closed
        rows.roots[ANNA] = Root()
        await write(log, rows, [event(ANNA, "e1"), ((CLOSED, ANNA, "x"), None), ((CLOSED, ANNA, "y"), None)])
        assert ANNA not in rows.closed


async def test_what_a_crash_or_an_old_owner_left_is_named(log: SqliteLog, load: Load) -> None:
    left: Rows = [
        ((FORWARD, ANNA, BEN), b"1"), event(ANNA, "e1"),
        ((FORWARD, CARA, ANNA), b"1"), ((FORWARD, CARA, BEN), b"1"),
        ((CLOSED, "order:A-1", "x"), b"1"), event("order:A-1", "e1"),
        ((FORWARD, "order:A-2", BEN), b"1"), ((FORWARD, "order:A-2", CARA), b"1"), ((FORWARD, "order:A-2", BEN), None),
        event(BEN, "e2"),
    ]  # fmt: skip
    await log.append({(TOPIC, 0): changelog_entries(left)})
    rows = await load()
    assert {identifier: set(targets) for identifier, targets in rows.torn()} == {
        ANNA: {BEN},
        CARA: {ANNA, BEN},
        "order:A-1": set(),
    }
    assert rows.forwards["order:A-2"] == CARA


def on_disk(folder: Path, log: SqliteLog) -> RocksRows:
    return RocksRows(folder / "rows", log, TOPIC, 0, RocksMemory())


async def test_a_store_on_disk_reads_only_what_is_new(log: SqliteLog, tmp_path: Path) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    await write(log, rows, [event(ANNA, "e1")])
    rows.close()
    ends = await log.append({(TOPIC, 0): changelog_entries([event(BEN, "e2")])})
    rows = on_disk(tmp_path, log)
    await rows.begin()
    assert rows.position == ends[TOPIC, 0] - 1
    await loaded(rows, log)
    assert sorted(rows.roots) == [ANNA, BEN]
    rows.close()


async def test_a_batch_that_was_not_done_is_read_from_the_changelog(log: SqliteLog, tmp_path: Path) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    ends = await log.append(
        {(TOPIC, 0): changelog_entries([((FORWARD, ANNA, BEN), b"1"), event(ANNA, "e1")])}
    )
    rows.wrote([event(ANNA, "e1")], ends[TOPIC, 0])
    rows.close()
    for _ in range(2):
        rows = await loaded(on_disk(tmp_path, log), log)
        assert list(rows.torn()) == [(ANNA, [BEN])]
        rows.close()


async def test_a_store_of_another_changelog_is_discarded(
    log: SqliteLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    await write(log, rows, [event(ANNA, "e1")])
    rows.close()
    await log.discard([TOPIC], [])
    another = (MAP_ROW, MadeUnder("v1", None, "another changelog").encode())
    await log.append({(TOPIC, 0): changelog_entries([another, event(BEN, "e2"), event(BEN, "e3")])})
    rows = await loaded(on_disk(tmp_path, log), log)
    assert list(rows.roots) == [BEN]
    assert "it is of another changelog" in caplog.text
    rows.close()


async def test_a_store_of_another_version_is_discarded(
    log: SqliteLog, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("stream.rocksdb_rows.VERSION", 1)
        rows = await loaded(on_disk(tmp_path, log), log)
        await write(log, rows, [event(ANNA, "e1")])
        rows.close()
    rows = await loaded(on_disk(tmp_path, log), log)
    assert list(rows.roots) == [ANNA]
    assert "another version of Baton wrote it" in caplog.text
    rows.close()


async def test_a_store_that_missed_tombstones_is_discarded(
    log: SqliteLog, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    await write(log, rows, [event(ANNA, "e1")])
    rows.close()
    monkeypatch.setattr("stream.transports.sqlite_log.TOMBSTONE_MILLISECONDS", -1)
    rows = on_disk(tmp_path, log)
    await rows.begin()
    assert rows.position == 0
    assert "as tombstones are kept" in caplog.text
    rows.close()


async def test_a_damaged_store_is_discarded(
    log: SqliteLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    await write(log, rows, [event(ANNA, "e1")])
    rows.close()
    for file in (tmp_path / "rows").iterdir():
        if file.is_file():
            file.write_bytes(b"damaged")
    rows = await loaded(on_disk(tmp_path, log), log)
    assert list(rows.roots) == [ANNA]
    assert "it is discarded, and filled from the log again" in caplog.text
    rows.close()


async def test_damage_anywhere_is_found_and_mended_by_the_next_start(log: SqliteLog, tmp_path: Path) -> None:
    changes = [event(f"order:{n}", f"e{k}") for n in range(300) for k in range(4)]
    await log.append({(TOPIC, 0): changelog_entries(changes)})
    found = 0
    for seed in range(12):
        rows = await loaded(on_disk(tmp_path, log), log)
        await rows.batch_done()
        rows.close()
        chance = random.Random(seed)
        file = chance.choice([each for each in (tmp_path / "rows").iterdir() if each.stat().st_size > 100])
        content = bytearray(file.read_bytes())
        content[chance.randrange(len(content))] ^= 0xFF
        file.write_bytes(content)
        for start in (1, 2):
            rows = on_disk(tmp_path, log)
            try:
                await loaded(rows, log)
                assert {i: sorted(root.events) for i, root in rows.roots.items()} == {
                    f"order:{n}": [f"e{k}" for k in range(4)] for n in range(300)
                }
                break
            except LogError as error:
                assert start == 1
                assert "start the worker again; it fills it from the log" in str(error)
                found += 1
            finally:
                rows.close()
    assert found


async def test_a_store_that_another_holds_is_left_alone(log: SqliteLog, tmp_path: Path) -> None:
    rows = await loaded(on_disk(tmp_path, log), log)
    with pytest.raises(LogError, match="end the process that holds it"):
        on_disk(tmp_path, log)
    rows.close()


async def test_memory_stays_bounded_whatever_the_size_of_the_state_and_however_many_partitions(
    log: SqliteLog, tmp_path: Path
) -> None:
    memory = RocksMemory(actors=40)
    rows = await loaded(RocksRows(tmp_path / "rows", log, TOPIC, 0, memory), log)

    async def most_in_memory() -> int:
        most = 0
        for start in range(0, 1000, 50):
            await write(log, rows, [event(f"order:{n}", "e1") for n in range(start, start + 50)])
            assert all(len(rows.roots[f"order:{n}"].events) == 1 for n in range(start + 50))
            rows.spare(())
            most = max(most, rows.in_memory)
        return most

    assert 20 < await most_in_memory() <= 40
    other = RocksRows(tmp_path / "other", log, TOPIC, 0, memory)
    assert await most_in_memory() <= 20
    other.close()
    assert 20 < await most_in_memory() <= 40
    rows.close()
