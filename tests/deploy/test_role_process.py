"""A worker's roles in a process of their own: what it counts and how it ends is told, and it ends with its worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from deploy.monitoring import Together
from deploy.role_process import RoleProcess, Work
from stream.metrics import Metrics
from tests.support.live import until
from tests.support.role_works import count, leave, refuse

Started = list[RoleProcess]


@pytest.fixture
def started() -> Iterator[Started]:
    """The processes that a test has started; they do not outlive it."""
    processes: Started = []
    yield processes
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def start(started: Started, work: Work) -> RoleProcess:
    started.append(RoleProcess(["ingest"], work))
    return started[-1]


async def test_what_processes_count_is_told_as_that_of_one(started: Started) -> None:
    here = Metrics()
    here.events.labels("shop.events").inc(2)
    here.events.labels("call.events").inc()
    others = [start(started, partial(count, 3)), start(started, partial(count, 4))]
    for other in others:
        await other.begun()
    told = generate_latest(Together(here.registry, [other.counted for other in others]).registry).decode()
    assert 'baton_records_read_total{topic="shop.events"} 9.0' in told
    assert 'baton_records_read_total{topic="call.events"} 1.0' in told
    assert "\nbaton_messages_sent_total 2.0" in told
    assert told.count("# TYPE baton_records_read_total ") == 1


async def test_it_is_told_to_go_and_goes(started: Started) -> None:
    process = start(started, partial(count, 1))
    await process.begun()
    process.stop()
    await process.has_stopped()
    assert not _is_there(process.pid)


async def test_what_it_cannot_use_it_says_and_ends_with_the_code_of_a_command(
    started: Started, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = await start(started, refuse).ended()
    assert (ended.code, "the process of ingest has ended with 2" in str(ended)) == (2, True)
    assert "this cannot be used" in capfd.readouterr().err


async def test_one_that_leaves_untold_has_failed(started: Started, tmp_path: Path) -> None:
    process = start(started, partial(leave, tmp_path / "leave"))
    (tmp_path / "leave").touch()
    ended = await process.ended()
    assert (ended.code, "has ended with 0" in str(ended)) == (3, True)


async def test_that_it_was_killed_is_said_and_its_last_figures_stay(started: Started) -> None:
    process = start(started, partial(count, 1))
    await process.begun()
    assert process.counted()
    os.kill(process.pid, signal.SIGKILL)
    assert "by SIGKILL: was it killed for the memory it took?" in str(await process.ended())
    assert process.counted()


def test_it_ends_with_its_worker_even_one_that_is_killed() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.role_works"], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    pid = int(worker.stdout.readline())
    assert _is_there(pid)
    worker.kill()
    worker.wait()
    until(lambda: not _is_there(pid), "the process is gone")


def _is_there(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
