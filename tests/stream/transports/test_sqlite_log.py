"""What the embedded log promises beyond every log's contract."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream.transports.log import Entry, LogError, LogUnavailable, open_log
from stream.transports.sqlite_log import SqliteLog, log_path, log_url


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics({"shop.events": 2})
    yield log
    await log.stop()


async def values(log: SqliteLog, partition: int = 0) -> list[bytes | None]:
    return [record.value async for batch in log.read("shop.events", partition) for record in batch]


def change(log: SqliteLog, statement: str, *parameters: object) -> None:
    connection = sqlite3.connect(log.path)
    connection.execute(statement, parameters)
    connection.commit()
    connection.close()


async def test_it_writes_all_partitions_and_the_group_s_offsets_or_nothing(log: SqliteLog) -> None:
    with pytest.raises(LogError, match="no partition 7"):
        await log.append(
            {("shop.events", 0): [Entry(None, b"1")], ("shop.events", 7): [Entry(None, b"1")]},
            committing={("ingest", "shop.events", 0): 5},
        )
    assert await values(log) == []
    assert await log.committed("ingest", ["shop.events"]) == {("shop.events", 0): 0, ("shop.events", 1): 0}

    await log.append({("shop.events", 0): [Entry(None, b"1")]}, committing={("ingest", "shop.events", 1): 5})

    assert await values(log) == [b"1"]
    assert await log.committed("ingest", ["shop.events"]) == {("shop.events", 0): 0, ("shop.events", 1): 5}


async def test_it_survives_a_kill_in_the_middle_of_writing_with_all_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.sqlite"
    writer = """
import asyncio, sys
from pathlib import Path
from stream.transports.log import Entry
from stream.transports.sqlite_log import SqliteLog
async def main():
    log = SqliteLog(Path(sys.argv[1]))
    await log.start()
    await log.create_topics({"shop.events": 2})
    for i in range(1_000_000):
        await log.append({("shop.events", p): [Entry(None, str(i).encode())] * 50 for p in (0, 1)})
        print(i, flush=True)
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", writer, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line == "40\n":
            process.kill()
            break
    acknowledged = [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    log = SqliteLog(path)
    await log.start()

    for partition in (0, 1):
        written = await values(log, partition)
        assert len(written) >= 50 * (max([40, *acknowledged]) + 1)
        assert written == [str(i // 50).encode() for i in range(len(written))]
    await log.stop()


async def test_a_waiting_reader_hears_of_an_append_by_another_process(log: SqliteLog) -> None:
    await log.appended(timeout=0)
    waiting = asyncio.create_task(log.appended(timeout=60))
    other = f"""
import asyncio
from pathlib import Path
from stream.transports.log import Entry
from stream.transports.sqlite_log import SqliteLog
async def main():
    log = SqliteLog(Path({str(log.path)!r}))
    await log.start()
    await log.append({{("shop.events", 0): [Entry(None, b"from elsewhere")]}})
    await log.stop()
asyncio.run(main())
"""
    await (await asyncio.create_subprocess_exec(sys.executable, "-c", other)).wait()
    await waiting

    assert await values(log) == [b"from elsewhere"]


async def test_many_writers_in_several_threads_take_turns(tmp_path: Path) -> None:
    logs = [SqliteLog(tmp_path / "log.sqlite") for _ in range(6)]
    await asyncio.gather(*(log.start() for log in logs))
    await logs[0].create_topics({"shop.events": 1})

    async def write(log: SqliteLog) -> None:
        for _ in range(20):
            await log.append({("shop.events", 0): [Entry(None, b"v")] * 3})

    await asyncio.gather(*(write(log) for log in logs))

    assert len(await values(logs[0])) == 6 * 20 * 3
    await asyncio.gather(*(log.stop() for log in logs))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE batches SET records = CAST(substr(records, 1, 70) || x'00' || substr(records, 72) AS BLOB)",
        "UPDATE batches SET records = substr(records, 1, length(records) - 3)",
        "UPDATE batches SET records = x'00'",
        "UPDATE batches SET next_offset = next_offset + 1",
    ],
)
async def test_a_damaged_batch_is_an_error_that_names_file_topic_and_offset(
    log: SqliteLog, damage: str
) -> None:
    await log.append({("shop.events", 1): [Entry(b"key", b"value" * 10)] * 3})
    change(log, damage)

    with pytest.raises(
        LogError, match=r"log.sqlite: topic shop.events, partition 1: .* up to offset [23] is damaged"
    ):
        await values(log, 1)


async def test_a_file_of_another_format_is_refused(log: SqliteLog) -> None:
    change(log, "PRAGMA user_version = 99")

    with pytest.raises(LogError, match="log format 99, expected 1"):
        await SqliteLog(log.path).start()


@pytest.mark.parametrize("content", [b"this is not a database, but long enough to be taken for one" * 20])
async def test_a_file_that_is_no_log_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(LogError, match="damaged or not a log"):
        await SqliteLog(path).start()
    assert path.read_bytes() == content


async def test_a_full_disk_is_told_loses_nothing_and_passes(log: SqliteLog) -> None:
    await log.append({("shop.events", 0): [Entry(None, b"before")]})
    pages = await log._file.run(lambda: log._file.sql.execute("PRAGMA page_count").fetchone()[0])
    await log._file.run(lambda: log._file.sql.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(LogUnavailable, match="disk is full; make room"):
        await log.append({("shop.events", 0): [Entry(None, b"x" * 100_000)]})
    assert await values(log) == [b"before"]

    await log._file.run(lambda: log._file.sql.execute("PRAGMA max_page_count = 1000000").fetchone())
    await log.append({("shop.events", 0): [Entry(None, b"after")]})

    assert await values(log) == [b"before", b"after"]


async def test_using_a_log_that_is_not_open_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="not open"):
        await SqliteLog(tmp_path / "log.sqlite").partitions("shop.events")


def test_a_relative_url_is_taken_from_the_current_folder_and_any_path_survives_its_url(
    tmp_path: Path,
) -> None:
    assert log_path("embedded://Some/log.sqlite") == Path.cwd() / "Some" / "log.sqlite"
    odd = tmp_path / "a b,c;d?e#f%20.sqlite"
    assert log_path(log_url(odd)) == odd
    assert isinstance(open_log(log_url(odd)), SqliteLog)
