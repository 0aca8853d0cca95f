"""A worker: the roles it was given, run side by side in one event loop until one fails or the block ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from stream.app import ingesting_app, notifying_app, projecting_app, stitching_app
from stream.clock import Clock
from stream.ingest import Ingest
from stream.map_version import refuse_other_state
from stream.metrics import Metrics
from stream.notify.receiver import Receiver
from stream.notifying import Notify
from stream.partition_rows import MemoryRows, RowsOf
from stream.project import DocumentWriter, Project, catch_up
from stream.sending import Sender
from stream.stitch import Stitch
from stream.topics import Topics
from stream.transports.compaction import Compaction
from stream.transports.log import Log, Partition
from stream.transports.running import App, failure, running
from stream.transports.sqlite_log import log_path


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker works on.

    `live`: judge as events come; else only when told that all inputs are read. `clock`: who ingests lets deadlines pass
    with the time of day. `rows_of`: where stitch partitions keep their rows.
    """

    journey_map: JourneyMap
    broker: str
    topics: Topics
    live: bool
    clock: bool = False
    writer: DocumentWriter | None = None
    receivers: Sequence[Receiver] = ()
    ingests: bool = True
    stitches: bool = True
    rows_of: RowsOf = MemoryRows


@asynccontextmanager
async def working(job: Job, log: Log, metrics: Metrics) -> AsyncIterator[asyncio.Task[BaseException]]:
    """Run the job inside the block; every role has its partitions when the block begins.

    Gives a future that is done, with the reason, when a role fails; the caller ends the process then.
    LogError when the state was made under another map or among another number of partitions, or the read model is not
    of this log.
    """
    sender = Sender(log)
    apps: list[App] = []
    chores: list[Callable[[], Coroutine[Any, Any, None]]] = []
    if job.ingests or job.stitches:
        await refuse_other_state(log, job.topics.state, job.journey_map)
    if job.stitches:
        stitch = Stitch(job.journey_map, log, sender, job.topics, metrics, job.live, job.rows_of)
        apps.append(stitching_app(job.broker, job.topics, stitch))
        if job.clock and job.broker.startswith("embedded:"):
            chores.append(_compaction(job.broker, job.topics).run_forever)
    if job.ingests:
        reader = EventReader(job.journey_map, live=job.live)
        ingest = Ingest(reader, log, sender, job.topics, metrics, timeless=not job.live)
        ingesting = ingesting_app(job.broker, job.topics, ingest)
        apps.append(ingesting)
        if job.clock:
            clock = Clock(job.journey_map, log, sender, job.topics, ingest, metrics)
            chores.append(lambda: clock.run(lambda: _held(ingesting)))
    if job.writer:
        await catch_up(log, job.topics, job.writer.positions)
        project = Project(job.writer, sender, job.topics, metrics)
        apps.append(projecting_app(job.broker, job.topics, project))
    for receiver in job.receivers:
        notify = Notify(receiver, log, sender, job.topics)
        apps.append(notifying_app(job.broker, job.topics, notify))
        chores.append(notify.remind_forever)
    async with AsyncExitStack() as stack:
        if job.stitches:
            stack.push_async_callback(stitch.holding.release_all)
        for each in apps:
            await stack.enter_async_context(running(each))
        tasks = [asyncio.ensure_future(chore()) for chore in chores]
        watch = asyncio.ensure_future(_first_failure(apps, tasks))
        try:
            yield watch
        finally:
            for task in (*tasks, watch):
                task.cancel()
            await asyncio.gather(*tasks, watch, return_exceptions=True)


def _compaction(broker: str, topics: Topics) -> Compaction:
    """What Kafka does by itself: what stitch has read is in its state, and of documents only the latest counts."""
    return Compaction(log_path(broker), topics.compacted, {topics.observations: topics.group("stitch")})


def _held(app: App) -> set[Partition]:
    return {(tp.topic, tp.partition) for tp in app.consumer.assignment()}


async def _first_failure(apps: Sequence[App], chores: Sequence["asyncio.Task[None]"]) -> BaseException:
    waiting: set[asyncio.Task[Any]] = {*(asyncio.ensure_future(failure(app)) for app in apps), *chores}
    try:
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if reason := task.exception() or task.result():
                    return cast(BaseException, reason)
    finally:
        for task in waiting:
            task.cancel()
