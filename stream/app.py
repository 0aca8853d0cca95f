"""The Faust apps: one a role, each a consumer group of its own, so that a slow database never slows
stitching.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Any

from faust.types import TP

from stream.ingest import Ingest
from stream.notifying import Notify
from stream.pace import Pace
from stream.project import Project
from stream.stitch import Stitch
from stream.topics import Topics
from stream.transports.batches import Batch
from stream.transports.log import Fenced, Record
from stream.transports.running import App, new_app

logger = logging.getLogger(__name__)

Handle = Callable[[str, int, Sequence[Record], bool], Awaitable[bool]]
"""Handles records of a topic's partition, of which more may be waiting; whether it is done with all so far."""


def ingesting_app(broker: str, topics: Topics, ingest: Ingest) -> App:
    """From the departments' topics to the partition of each event's identifier."""
    app = new_app(topics.group("ingest"), broker)
    pace = Pace(few=100, share=0.5, at_once=0.25, longest=0.02)
    _agent(app, topics.sources, "ingest", one_by_one(ingest.handle, pace))

    async def forget(_: Any, revoked: Any, **__: Any) -> None:
        ingest.forget((tp.topic, tp.partition) for tp in revoked)

    app.on_partitions_revoked.connect(forget, weak=False)
    return app


def stitching_app(broker: str, topics: Topics, stitch: Stitch) -> App:
    """From what ingest sends to journeys, customers and alerts."""
    app = new_app(topics.group("stitch"), broker)
    _agent(app, (topics.observations,), "stitch", lambda _, *batch: stitch.handle(*batch))

    async def take(_: Any, assigned: Any, **__: Any) -> None:
        for taking in stitch.holding.take(tp.partition for tp in assigned):
            app.add_future(taking)  # in the background: loading may take longer than an assignment may

    async def release(_: Any, revoked: Any, **__: Any) -> None:
        await stitch.holding.release(tp.partition for tp in revoked)

    app.on_partitions_assigned.connect(take, weak=False)
    app.on_partitions_revoked.connect(release, weak=False)
    return app


def projecting_app(broker: str, topics: Topics, project: Project) -> App:
    """From the document topics into the read model."""
    app = new_app(topics.group("project"), broker)
    pace = Pace(few=200, share=0.2, at_once=0.25, longest=0.1)
    _agent(app, topics.documents, "project", one_by_one(project.handle, pace))
    return app


def notifying_app(broker: str, topics: Topics, notify: Notify) -> App:
    """From the alerts topic to one receiver: a receiver that is away holds up no other."""
    app = new_app(topics.group(f"notify-{notify.name}"), broker)
    _agent(app, (topics.alerts,), "notify", one_by_one(notify.handle))

    async def load(_: Any, assigned: Any, **__: Any) -> None:
        await notify.load({(tp.topic, tp.partition) for tp in assigned})

    app.on_partitions_assigned.connect(load, weak=False)
    return app


def one_by_one(
    handle: Callable[[str, int, Sequence[Record]], Awaitable[None]], pace: Pace | None = None
) -> Handle:
    """For an agent that is done with all records when it has handled them."""

    async def handled(topic: str, partition: int, records: Sequence[Record], _: bool) -> bool:
        async with pace.keep(len(records)) if pace else nullcontext():
            await handle(topic, partition, records)
        return True

    return handled


def _agent(app: App, topics: tuple[str, ...], name: str, handle: Handle) -> None:
    """An agent that hands each batch on, and says when it is finished.

    No exception leaves it: another batch would follow. Who finds out that another worker took over what he works
    on asks for his partitions anew, and is given what is his by now, from what was finished on.
    """

    async def agent(stream: Any) -> None:
        handled: defaultdict[TP, list[Batch]] = defaultdict(list)
        async for event in stream.events():
            batch, tp = event.message, event.message.tp
            handled[tp].append(batch)
            try:
                is_done = await handle(tp.topic, tp.partition, batch.take(), app.consumer.is_followed(batch))
            except Fenced as error:
                handled.pop(tp)
                logger.warning("asking for partitions anew: %s/%d: %s", tp.topic, tp.partition, error)
                await app.consumer.rejoin()
                continue
            except (Exception, asyncio.CancelledError) as error:
                if _is_cancelled():
                    raise
                await app.crash(error if str(error) else RuntimeError(f"{name}: {error!r}"))
                await asyncio.Event().wait()
            if is_done:
                for each in handled.pop(tp):
                    app.consumer.finish(each)

    source = app.topic(*topics, key_serializer="raw", value_serializer="raw")
    app.agent(source, name=name, concurrency=1)(agent)


def _is_cancelled() -> bool:
    """Whether this task itself is to end; else a CancelledError is that of something it waited for, a failure."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
