"""What a process of a worker does: its roles, until one of them fails or it is told to stop."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.store.errors import StoreUnavailable
from deploy.commands.options import collect_seldom
from deploy.errors import Unusable
from deploy.role_process import Begun
from deploy.store_writer import StoreWriter
from deploy.telling import end_at_once, say
from deploy.wiring import Place, load_map, opened, waited_for
from stream.metrics import Metrics
from stream.notify.receiver import Receiver
from stream.partition_rows import MemoryRows, RowsOf
from stream.topic_check import work
from stream.topics import Topics
from stream.transports.log import Log
from stream.worker import Job, working

YIELDS_BY = 5
"""How much nicer the read model's process is: where processors are short alerts come first, and the documents that wait
meanwhile are written together, with less to do.
"""
STOP_SECONDS = 8
"""Less than the ten seconds that container runtimes commonly give."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is to do; it can be sent to another. `map_version`: of the map as the worker was started with it.

    `wait`: seconds for a broker or a database that is away at the start.
    """

    map_path: Path
    map_version: str
    place: Place
    roles: Sequence[str]
    wait: float


def work_apart(task: Task, metrics: Metrics, begun: Begun) -> None:
    """What a process does that another has started. Unusable, LogError and StoreError as of a command."""
    collect_seldom()
    if tuple(task.roles) == ("project",):
        os.nice(YIELDS_BY)
    journey_map = load_map(task.map_path)
    if journey_map.version != task.map_version:
        raise Unusable(f"{task.map_path} was changed while the worker started: start it again")
    topics = Topics(journey_map)

    async def run() -> None:
        stop = told_to_stop()
        async with (
            opened(task.place, topics, task.wait, say, work(topics, task.roles)) as log,
            at_work(task, topics, log, metrics) as failed,
        ):
            begun()
            await first_of(stop, failed)

    asyncio.run(run())


@asynccontextmanager
async def at_work(
    task: Task,
    topics: Topics,
    log: Log,
    metrics: Metrics,
    receivers: Sequence[Receiver] = (),
    rows_of: RowsOf = MemoryRows,
) -> AsyncIterator["asyncio.Task[BaseException]"]:
    """The roles have their partitions inside the block; gives what is done, with the reason, when one fails."""
    model = None
    if "project" in task.roles:
        model = await waited_for(
            lambda: asyncio.to_thread(task.place.read_model), StoreUnavailable, task.wait, say
        )
    job = Job(
        topics.journey_map,
        task.place.broker,
        topics,
        live=True,
        clock=True,
        writer=StoreWriter(model) if model else None,
        receivers=receivers,
        ingests="ingest" in task.roles,
        stitches="stitch" in task.roles,
        rows_of=rows_of,
    )
    async with working(job, log, metrics) as failed:
        yield failed
    if model:
        model.close()


def told_to_stop() -> asyncio.Event:
    """Set once this process is told to stop. It is gone in time then, whatever it waits for."""
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        timer = threading.Timer(STOP_SECONDS, _leave)
        timer.daemon = True
        timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


async def first_of(stop: asyncio.Event, failed: "asyncio.Task[BaseException]") -> None:
    """Returns when told to stop; ends the process when a role has failed before."""
    told = asyncio.ensure_future(stop.wait())
    either: set[asyncio.Task[Any]] = {told, failed}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if failed.done():
        end_at_once(failed.result())


def _leave() -> None:
    """End with work in hand, say for a receiver that is away: unacknowledged, it is done again at the next start."""
    say("stopped while waiting; what was in hand comes again at the next start, nothing is lost")
    sys.stderr.flush()
    os._exit(0)
