"""The embedded log stays small, and whoever reads it notices nothing but gaps."""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.transports import compaction
from stream.transports.compaction import TOMBSTONE_MILLISECONDS, Compaction, Sizes
from stream.transports.log import Entry, LogUnavailable, Record
from stream.transports.running import running
from stream.transports.sqlite_log import SqliteLog, log_url
from tests.support.consuming import Collector, until, until_committed

DOCUMENTS, MESSAGES, GROUP = "documents", "messages", "stitch"
TINY = Sizes(piece=300, dirt=1)
NOW = 1_768_464_000_000


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "PAUSE_SECONDS", 0)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = await opened(tmp_path / "log.sqlite")
    yield log
    await log.stop()


async def opened(path: Path) -> SqliteLog:
    log = SqliteLog(path)
    await log.start()
    await log.create_topics({DOCUMENTS: 1, MESSAGES: 2})
    return log


def compacting(log: SqliteLog, sizes: Sizes = TINY) -> Compaction:
    return Compaction(log.path, [DOCUMENTS], {MESSAGES: GROUP}, sizes)


async def records(log: SqliteLog, topic: str = DOCUMENTS, start: int = 0) -> list[Record]:
    return [record async for batch in log.read(topic, 0, start) for record in batch]


async def offsets(log: SqliteLog, topic: str = DOCUMENTS) -> list[int]:
    return [record.offset for record in await records(log, topic)]


def document(key: str, value: str | None, time: int = NOW) -> Entry:
    return Entry(key.encode(), None if value is None else value.encode(), (("round", b"1"),), time)


async def test_the_latest_record_of_each_key_stays_as_it_was_at_its_offset(log: SqliteLog) -> None:
    for n in range(20):
        await log.append({(DOCUMENTS, 0): [document("same", f"v{n}"), document(f"own-{n}", "v")]})
    await log.append({(DOCUMENTS, 0): [Entry(None, b"no key"), Entry(None, b"no key")]})
    before = await records(log)
    await compacting(log).run(NOW)

    assert await records(log) == [r for r in before if r.key != b"same" or r.offset == 38]
    assert (await log.ends([DOCUMENTS]))[DOCUMENTS, 0] == 42
    await log.append({(DOCUMENTS, 0): [document("same", "later" * 500)]})
    await compacting(log).run(NOW)
    assert [r.offset for r in await records(log) if r.key == b"same"] == [42]


async def test_a_read_may_start_and_an_app_may_go_on_in_a_gap(log: SqliteLog) -> None:
    for n in range(30):
        await log.append({(DOCUMENTS, 0): [document("a", f"{n}"), document("b", f"{n}")]})
    await log.append({(MESSAGES, 0): [Entry(None, b"m")] * 50})
    await log.commit(GROUP, {(MESSAGES, 0): 50, (DOCUMENTS, 0): 7})
    await compacting(log).run(NOW)

    assert [r.offset for r in await records(log, start=7)] == [58, 59]
    collector = Collector(GROUP, log_url(log.path), DOCUMENTS)
    async with running(collector.app):
        await until_committed(log_url(log.path), GROUP, {(DOCUMENTS, 0): 60})
    assert [r.offset for r in collector.records()] == [58, 59]


async def test_a_trimmed_topic_loses_the_batches_its_group_has_read_and_nothing_else(log: SqliteLog) -> None:
    for n in range(10):
        await log.append({(MESSAGES, p): [Entry(b"k", f"{n}".encode())] * 10 for p in (0, 1)})
    await log.commit(GROUP, {(MESSAGES, 0): 45})
    await log.commit("another", {(MESSAGES, 1): 100})
    await compacting(log).run(NOW)

    assert await offsets(log, MESSAGES) == list(range(40, 100))
    assert len([r async for batch in log.read(MESSAGES, 1) for r in batch]) == 100
    await log.commit(GROUP, {(MESSAGES, 0): 100})
    await compacting(log).run(NOW)
    assert await offsets(log, MESSAGES) == []
    assert (await log.ends([MESSAGES]))[MESSAGES, 0] == 100
    collector = Collector("new", log_url(log.path), MESSAGES)
    async with running(collector.app):
        await until(lambda: collector.count == 100)
        await log.append({(MESSAGES, 0): [Entry(b"k", b"next")]})
        await until(lambda: collector.records(0))
    assert [r.offset for r in collector.records(0)] == [100]


async def test_a_tombstone_goes_after_a_day_when_every_group_has_read_it(log: SqliteLog) -> None:
    day = TOMBSTONE_MILLISECONDS

    size = 1_000

    async def more(*entries: Entry) -> list[int]:
        """Append, and enough to be worth a compaction; the offsets of the tombstones that stay."""
        nonlocal size
        size *= 2
        await log.append({(DOCUMENTS, 0): [*entries, document("filler", "v" * size)]})
        await compacting(log).run(NOW + day)
        return [r.offset for r in await records(log) if r.value is None]

    await log.commit(GROUP, {(DOCUMENTS, 0): 2})
    tombstones = [document("gone", None, NOW), document("back", None, NOW), document("new", None, NOW + 1)]
    assert await more(document("gone", "v"), document("other", "v"), *tombstones) == [2, 3, 4]
    assert await more(document("back", "v")) == [2, 4]
    await log.commit(GROUP, {(DOCUMENTS, 0): 5})
    assert await more() == [4]
    assert b"gone" not in {r.key for r in await records(log)}


async def test_fifty_rounds_of_the_same_documents_do_not_grow_the_file(log: SqliteLog) -> None:
    chance = random.Random(1)
    documents = [document(f"j{n}", chance.randbytes(500).hex()) for n in range(1_000)]

    async def size() -> int:
        """With SQLite's journal, which stays at some 16 MB."""
        return sum(file.stat().st_size for file in log.path.parent.glob("log.sqlite*"))

    for round in range(50):
        for start in range(0, 1_000, 50):
            await log.append({(DOCUMENTS, 0): documents[start : start + 50]})
            await log.append({(MESSAGES, 0): documents[start : start + 50]})
        await log.commit(GROUP, {(MESSAGES, 0): (round + 1) * 1_000})
        await compacting(log, Sizes()).run(NOW)
        if round == 4:
            early = await size()

    assert await size() < 1.1 * early
    assert log.path.stat().st_size < 5 * len(documents) * 1_000
    assert {r.key: r.value for r in await records(log)} == {d.key: d.value for d in documents}


async def test_of_two_compactions_one_does_nothing_and_appends_go_on(log: SqliteLog) -> None:
    async def write() -> None:
        for n in range(200):
            await log.append({(DOCUMENTS, 0): [document(f"k{n % 7}", f"{n}")]})

    await asyncio.gather(write(), *(compacting(log).run(NOW) for _ in range(3)))
    await asyncio.gather(*(compacting(log).run(NOW) for _ in range(3)))
    assert {r.key: r.value for r in await records(log)} == {
        f"k{n % 7}".encode(): f"{n}".encode() for n in range(193, 200)
    }


async def test_a_topic_that_is_discarded_is_compacted_anew(log: SqliteLog) -> None:
    for _ in range(2):
        for n in range(20):
            await log.append({(DOCUMENTS, 0): [document("same", f"v{n}")]})
        await compacting(log).run(NOW)
        assert await offsets(log) == [19]
        await log.discard([DOCUMENTS], [])


class Dies(Compaction):
    """Dies before one of its transactions."""

    lives_for = 0

    def _replace(self, *arguments: object) -> None:
        self._live()
        super()._replace(*arguments)  # type: ignore[arg-type]

    def _commit(self, *arguments: object) -> None:
        self._live()
        super()._commit(*arguments)  # type: ignore[arg-type]

    def _live(self) -> None:
        self.lives_for -= 1
        if self.lives_for < 0:
            raise LogUnavailable("dead")


batches_of_entries = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.one_of(st.none(), st.integers(0, 9))), min_size=1, max_size=6
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), batches_of_entries),
        st.tuples(st.just("compact"), st.one_of(st.none(), st.integers(0, 6))),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(steps, st.integers(1, 6), st.integers(100, 600))
def test_what_counts_is_kept_wherever_a_compaction_dies(
    steps: Sequence[tuple[str, object]], keys: int, piece: int
) -> None:
    asyncio.run(play(steps, Sizes(piece, keys, 1)))


async def play(steps: Sequence[tuple[str, object]], sizes: Sizes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = await opened(Path(folder) / "log.sqlite")
        latest: dict[bytes, tuple[int, bytes | None]] = {}
        end = 0
        for kind, what in steps:
            if kind == "append":
                entries = [document(key, None if value is None else str(value)) for key, value in what]  # type: ignore[attr-defined]
                await log.append({(DOCUMENTS, 0): entries})
                latest |= {e.key or b"": (end + n, e.value) for n, e in enumerate(entries)}
                end += len(entries)
            else:
                mortal = Dies(log.path, [DOCUMENTS], {}, sizes)
                mortal.lives_for = what if isinstance(what, int) else 1 << 30
                with suppress(LogUnavailable):
                    await mortal.run(NOW + 2 * TOMBSTONE_MILLISECONDS)
            found = await records(log)
            assert [r.offset for r in found] == sorted({r.offset for r in found})
            read = {r.key: (r.offset, r.value) for r in found}
            standing = {key: at for key, at in latest.items() if at[1] is not None}
            assert {key: at for key, at in read.items() if at[1] is not None} == standing
            assert all(latest[key or b""] == at for key, at in read.items() if at[1] is None)
            assert (await log.ends([DOCUMENTS]))[DOCUMENTS, 0] == end
        await log.stop()


async def test_a_compaction_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    path, chance = tmp_path / "log.sqlite", random.Random(5)
    log = await opened(path)
    code = """
import asyncio, sys
from pathlib import Path
from stream.transports.compaction import Compaction, Sizes
async def main():
    while True:
        await Compaction(Path(sys.argv[1]), ["documents"], {"messages": "stitch"}, Sizes(2_000, 40, 1)).run(0)
asyncio.run(main())
"""
    for round in range(6):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)])
        for n in range(100):
            value = f"{round}-{n}-" + "x" * 100
            await log.append(
                {
                    (DOCUMENTS, 0): [document(f"k{chance.randrange(50)}", value) for _ in range(5)],
                    (MESSAGES, 0): [document("m", value)],
                }
            )
            await log.commit(GROUP, {(MESSAGES, 0): round * 100 + n})
            if n == 60:
                time.sleep(chance.random())
                process.kill()
        process.wait()
    chance, latest = random.Random(5), {}
    for round in range(6):
        for n in range(100):
            latest |= {f"k{chance.randrange(50)}".encode(): f"{round}-{n}-".encode() for _ in range(5)}
            if n == 60:
                chance.random()

    assert {r.key: (r.value or b"").rstrip(b"x") for r in await records(log)} == latest
    assert await offsets(log, MESSAGES) == list(range(599 - len(await offsets(log, MESSAGES)) + 1, 600))
    assert len(await offsets(log)) < 3_000
    await log.stop()
