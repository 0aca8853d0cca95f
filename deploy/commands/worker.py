"""`baton worker`: the agents, for as long as they are needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from deploy.commands.installation import installation
from deploy.commands.options import PORT, collect_seldom, command
from deploy.errors import Unusable
from deploy.monitoring import Readiness, Together, serve_monitoring
from deploy.role_process import RoleProcess
from deploy.telling import end_at_once, say
from deploy.wiring import Place, load_map, opened
from deploy.working import Task, at_work, first_of, told_to_stop, work_apart
from stream.local_state import LocalState
from stream.metrics import Metrics
from stream.notify.alertmanager import Alertmanager
from stream.notify.posting import open_session
from stream.notify.receiver import Receiver
from stream.notify.webhook import Webhook
from stream.partition_rows import MemoryRows, RowsOf
from stream.topic_check import work
from stream.topics import Topics

ROLES = ("ingest", "stitch", "project", "notify")
PROCESSES = (("stitch", "notify"), ("ingest",), ("project",))
"""On Kafka each of these groups of roles has a process. The embedded log is one file, which one process reads."""


@click.command()
@installation
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="Run only this role; may be repeated."
)
@click.option(
    "--alertmanager", envvar="BATON_ALERTMANAGER", help="Address of an Alertmanager to tell of alerts."
)
@click.option("--webhook", envvar="BATON_WEBHOOK", help="URL that alerts are posted to as JSON.")
@click.option(
    "--webhook-secret", envvar="BATON_WEBHOOK_SECRET", help="Sign webhooks (Standard Webhooks, whsec_…)."
)
@click.option(
    "--page",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Where people find the page; alerts link to it.",
)
@click.option(
    "--state",
    type=click.Choice(["memory", "rocksdb"]),
    default="memory",
    show_default=True,
    help="Where what is open is held. rocksdb: in DIR/state, for more than memory holds, and a quick start.",
)
@click.option(
    "--metrics-port", type=PORT, help="Serve Prometheus metrics, and /readyz, on this port of 127.0.0.1."
)
@command
def worker(
    map_path: Path,
    place: Place,
    wait: float,
    roles: tuple[str, ...],
    alertmanager: str | None,
    webhook: str | None,
    webhook_secret: str | None,
    page: str,
    state: str,
    metrics_port: int | None,
) -> None:
    """Stitch departments' events into journeys, keep the read model, and tell receivers of alerts.

    Runs until SIGTERM or Ctrl-C; then it finishes what it has in hand, or leaves it for the next start.
    """
    collect_seldom()
    journey_map = load_map(map_path)
    first, *apart = _processes(place, roles or ROLES)
    task = Task(map_path, journey_map.version, place, first, wait)

    async def run() -> None:
        async with _receivers(alertmanager, webhook, webhook_secret, page) as receivers:
            told = receivers if "notify" in first else ()
            with _rows_of(state, place.data) as rows_of:
                await _work(task, Topics(journey_map), apart, told, rows_of, metrics_port)

    asyncio.run(run())


def _processes(place: Place, roles: Sequence[str]) -> list[Sequence[str]]:
    """The roles of each process."""
    if place.is_embedded:
        return [roles]
    groups = ([role for role in group if role in roles] for group in PROCESSES)
    return [group for group in groups if group]


async def _work(
    task: Task,
    topics: Topics,
    apart: Sequence[Sequence[str]],
    receivers: Sequence[Receiver],
    rows_of: RowsOf,
    metrics_port: int | None,
) -> None:
    """Do the task here, and other roles in processes apart."""
    metrics = Metrics()
    stop = told_to_stop()
    every = [role for roles in (task.roles, *apart) for role in roles]
    async with opened(task.place, topics, task.wait, say, work(topics, every)) as log:
        others = [RoleProcess(roles, partial(work_apart, replace(task, roles=roles))) for roles in apart]
        watching = [asyncio.ensure_future(_end_with(other)) for other in others]
        readiness = Readiness(metrics)
        if metrics_port is not None:
            together = Together(metrics.registry, [other.counted for other in others])
            serve_monitoring(metrics_port, together.registry, readiness)
        async with at_work(task, topics, log, metrics, receivers, rows_of) as failed:
            await asyncio.gather(*(other.begun() for other in others))
            readiness.has_begun = True
            say(f"working on {task.place.where} with {topics.journey_map.name} {topics.journey_map.version}")
            await first_of(stop, failed)
            for other, watch in zip(others, watching, strict=True):
                watch.cancel()
                other.stop()
        await asyncio.gather(*(other.has_stopped() for other in others))


async def _end_with(other: RoleProcess) -> None:
    ended = await other.ended()
    end_at_once(ended, ended.code)


@contextmanager
def _rows_of(state: str, data: Path) -> Iterator[RowsOf]:
    """Where stitch partitions keep their rows."""
    if state == "memory":
        yield MemoryRows
        return
    local = LocalState(data / "state")
    try:
        yield local.rows
    finally:
        local.close()


@asynccontextmanager
async def _receivers(
    alertmanager: str | None, webhook: str | None, secret: str | None, page: str
) -> AsyncIterator[list[Receiver]]:
    async with open_session() as session:
        receivers: list[Receiver] = []
        try:
            if alertmanager:
                receivers.append(Alertmanager(session, alertmanager, page))
            if webhook:
                receivers.append(Webhook(session, webhook, page, secret))
        except ValueError as error:
            raise Unusable(f"alerts can't be sent: {error}") from None
        yield receivers
