"""A disk without room under log, state and read model: nothing acknowledged is lost, all goes on."""

import asyncio
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from journeys.journey_map import JourneyMap
from stream.publishing import address
from stream.topics import Topics
from stream.transports.log import Entry, LogUnavailable
from stream.transports.sqlite_log import SqliteLog
from tests.support.services import require
from tests.support.sites import MAP, PATIENCE
from tests.support.verifier import (
    differences,
    embedded_records,
    expected,
    in_read_model,
    latest_results,
    sqlite_url,
)
from tests.support.workers import Worker

ROOM = 300_000
AT_ONCE = 50


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512m", "none", str(disk)]
    require(
        os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0,
        "run this as root, where a file system may be mounted",
    )
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.long
@pytest.mark.parametrize("state", ["memory", "rocksdb"])
def test_a_full_disk_stops_nothing_for_good(
    small_disk: Path, tmp_path: Path, some_events: list[bytes], state: str
) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    options = ["--map", str(tmp_path / "map.yaml"), "--data", str(small_disk), "--state", state]
    worker = Worker(options, tmp_path / "worker.log")
    try:
        worker.until_working()
        ballast = fill(small_disk)
        acknowledged, refusal = asyncio.run(send(small_disk, some_events))
        assert acknowledged < len(some_events)
        assert "the disk is full; make room" in refusal
        assert worker.is_running, worker.said
        ballast.unlink()
        rest, refusal = asyncio.run(send(small_disk, some_events[acknowledged:]))
        assert (acknowledged + rest, refusal) == (len(some_events), "")
        prove(small_disk, worker, len(some_events))
        assert worker.stop() == 0
    finally:
        if worker.is_running:
            worker.kill()


def fill(disk: Path) -> Path:
    """Leave little room."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - ROOM)
    return ballast


async def send(data: Path, events: Sequence[bytes]) -> tuple[int, str]:
    """How many events the log took, and why not more."""
    topics = Topics(JourneyMap.parse(MAP))
    log = SqliteLog(data / "log.sqlite")
    await log.start()
    acknowledged = 0
    try:
        for start in range(0, len(events), AT_ONCE):
            some = events[start : start + AT_ONCE]
            batches: defaultdict[tuple[str, int], list[Entry]] = defaultdict(list)
            for topic, entry in (address(raw, topics, "") for raw in some):
                batches[topic, 0].append(entry)
            await log.append(batches)
            acknowledged += len(some)
    except LogUnavailable as error:
        return acknowledged, str(error)
    finally:
        await log.stop()
    return acknowledged, ""


def prove(data: Path, worker: Worker, count: int) -> None:
    topics = Topics(JourneyMap.parse(MAP))
    log = data / "log.sqlite"
    raw = asyncio.run(embedded_records(log, topics.sources))
    assert len(raw) == count
    wanted, dead = expected(topics.journey_map, raw)
    assert not dead
    deadline = time.monotonic() + PATIENCE
    while wrong := (
        differences(wanted, latest_results(asyncio.run(embedded_records(log, topics.documents))))
        or differences(wanted, in_read_model(sqlite_url(data)))
    ):
        assert worker.is_running, worker.said
        assert time.monotonic() < deadline, wrong
        time.sleep(0.5)
