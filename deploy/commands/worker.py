"""`baton worker`: the agents, for as long as they are needed."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import click

from api.store.errors import StoreUnavailable
from deploy.commands.installation import installation
from deploy.commands.options import (
    PORT,
    collect_seldom,
    command,
    end_at_once,
    say,
)
from deploy.errors import Unusable
from deploy.monitoring import Readiness, serve_monitoring
from deploy.wiring import Place, load_map, opened, waited_for
from deploy.writer_process import WriterProcess
from journeys.journey_map import JourneyMap
from stream.local_state import LocalState
from stream.metrics import Metrics
from stream.notify.alertmanager import Alertmanager
from stream.notify.posting import open_session
from stream.notify.receiver import Receiver
from stream.notify.webhook import Webhook
from stream.partition_rows import MemoryRows, RowsOf
from stream.topic_check import work
from stream.topics import Topics
from stream.worker import Job, working

STOP_SECONDS = 8
"""Less than the ten seconds that container runtimes commonly give."""
ROLES = ("stitch", "project", "notify")


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

    async def run() -> None:
        async with _receivers(alertmanager, webhook, webhook_secret, page) as receivers:
            wanted = roles or ROLES
            told = receivers if "notify" in wanted else ()
            with _rows_of(state, place.data) as rows_of:
                await _work(journey_map, place, wanted, told, rows_of, metrics_port, wait)

    asyncio.run(run())


async def _work(
    journey_map: JourneyMap,
    place: Place,
    roles: Sequence[str],
    receivers: Sequence[Receiver],
    rows_of: RowsOf,
    metrics_port: int | None,
    wait: float,
) -> None:
    topics, metrics = Topics(journey_map), Metrics()
    stopping = asyncio.Event()
    async with opened(place, topics, wait, say, work(topics, "stitch" in roles)) as log:
        writer = None
        if "project" in roles:
            model = await waited_for(lambda: asyncio.to_thread(place.read_model), StoreUnavailable, wait, say)
            writer = WriterProcess(model.url)
            model.close()
        readiness = Readiness(metrics)
        if metrics_port is not None:
            serve_monitoring(metrics_port, metrics.registry, readiness)
        job = Job(
            journey_map,
            place.broker,
            topics,
            live=True,
            clock=True,
            writer=writer,
            receivers=receivers,
            stitches="stitch" in roles,
            rows_of=rows_of,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, stopping)
        async with working(job, log, metrics) as failed:
            readiness.has_begun = True
            say(f"working on {place.where} with {journey_map.name} {journey_map.version}")
            told = asyncio.ensure_future(stopping.wait())
            either: set[asyncio.Task[Any]] = {told, failed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                end_at_once(failed.result())
        if writer:
            writer.close()


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


def _stop(stopping: asyncio.Event) -> None:
    """Ask to stop, and see to it that the process is gone in time, whatever it waits for."""
    stopping.set()
    timer = threading.Timer(STOP_SECONDS, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    """End with work in hand, say for a receiver that is away: unacknowledged, it is done again at the next start."""
    say("stopped while waiting; what was in hand comes again at the next start, nothing is lost")
    sys.stderr.flush()
    os._exit(0)


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
