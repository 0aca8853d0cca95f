"""The embedded log: killed inside commits, on a full disk, and damaged afterwards."""

import asyncio
import multiprocessing
import random
import shutil
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from stream.transports.log import Entry, LogError
from stream.transports.sqlite_log import SqliteLog

TOPIC = "numbers"
PADDING = b" " * 400


def entry(number: int) -> Entry:
    return Entry(None, b"%d" % number + PADDING)


async def append_for_ever(path: Path, first: int, tell: Connection) -> None:
    """Append numbers, two at a time, and tell of each that is durable."""
    log = SqliteLog(path)
    await log.start()
    await log.create_topics({TOPIC: 1})
    for number in range(first, 10**9, 2):
        await log.append({(TOPIC, 0): [entry(number), entry(number + 1)]})
        tell.send(number + 2)


async def numbers(path: Path) -> list[int]:
    log = SqliteLog(path)
    await log.start()
    try:
        await log.create_topics({TOPIC: 1})
        return [int(record.value or b"") async for batch in log.read(TOPIC, 0) for record in batch]
    finally:
        await log.stop()


def write_until_killed(path: Path, first: int, chance: random.Random) -> int:
    """Another process appends from `first` on and is killed inside a commit; gives what it had told of last."""
    hears, tells = multiprocessing.Pipe(duplex=False)
    writer = multiprocessing.get_context("fork").Process(
        target=lambda: asyncio.run(append_for_ever(path, first, tells))
    )
    writer.start()
    acknowledged = hears.recv()
    wanted = acknowledged + 2 * chance.randrange(20)
    while acknowledged < wanted:
        acknowledged = hears.recv()
    hears.poll(chance.uniform(0, 0.002))
    writer.kill()
    writer.join()
    while hears.poll():
        acknowledged = hears.recv()
    return int(acknowledged)


@pytest.mark.long
def test_kills_inside_commits_lose_nothing_acknowledged_and_damage_is_refused_or_harmless(
    tmp_path: Path, chance: random.Random, full: bool
) -> None:
    path = tmp_path / "log.sqlite"
    first = 0
    for _ in range(200 if full else 20):
        acknowledged = write_until_killed(path, first, chance)
        found = asyncio.run(numbers(path))
        assert found == list(range(len(found)))
        assert acknowledged <= len(found) <= acknowledged + 2
        first = len(found)
    write_until_killed(path, first, chance)
    outcomes = [
        harmless(damaged, first + 10_000) for damaged in damaged_copies(path, chance, 200 if full else 50)
    ]
    assert True in outcomes
    assert False in outcomes


def damaged_copies(path: Path, chance: random.Random, count: int) -> Iterator[Path]:
    """Copies of the log with a file cut off or a few bytes of it changed."""
    for number in range(count):
        folder = path.with_name(f"damaged-{number}")
        folder.mkdir()
        for file in path.parent.glob("log.sqlite*"):
            shutil.copy(file, folder / file.name)
        victims = [
            file
            for file in folder.iterdir()
            if file.suffix in (".sqlite", ".sqlite-wal") and file.stat().st_size
        ]
        victim = chance.choice(sorted(victims))
        content = bytearray(victim.read_bytes())
        place = chance.randrange(len(content))
        if chance.random() < 0.4:
            del content[place:]
        else:
            content[place : place + 8] = chance.randbytes(len(content[place : place + 8]))
        victim.write_bytes(content)
        yield folder / path.name


def harmless(path: Path, most: int) -> bool:
    """Whether the log still reads as a prefix of what was written; else it must say that it is damaged."""
    try:
        found = asyncio.run(numbers(path))
    except LogError as error:
        assert str(path) in str(error)
        assert "damaged" in str(error) or "malformed" in str(error) or "not a log" in str(error), error
        return False
    assert found == list(range(len(found)))
    assert len(found) <= most
    return True
