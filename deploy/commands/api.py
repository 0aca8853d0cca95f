"""`baton api`: the journey API and the page."""

import asyncio
from pathlib import Path

import click

from api.app import create_app
from deploy.commands.options import broker_option, command, data_option, map_option, read_model_option, stderr
from deploy.serving import log_is_ready, serve
from deploy.wiring import LogEvents, Place, load_map, wait_for_log
from stream.topics import Topics
from stream.transports.log import open_log


@click.command()
@map_option
@data_option
@broker_option
@read_model_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. There is no login yet: keep it private.",
)
@click.option("--port", default=8080, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option(
    "--wait", default=60.0, show_default=True, help="Seconds to wait for a broker that is away at the start."
)
@command
def api(
    map_path: Path, data: Path, broker: str | None, read_model: str | None, host: str, port: int, wait: float
) -> None:
    """Serve the page, the journey API, and POST /v1/events for departments without Kafka."""
    journey_map = load_map(map_path)
    place = Place(data, broker, read_model)
    topics = Topics(journey_map)

    async def run() -> None:
        model = place.read_model()
        log = open_log(place.broker)
        await wait_for_log(log, wait, lambda what: stderr.print(what, highlight=False, markup=False))
        if place.is_embedded:
            await log.create_topics(topics.partitions(1), compacted=topics.compacted)
        app = create_app(model, LogEvents(log, topics), journey_map, ready=log_is_ready(log, topics))
        await serve(app, host, port, lambda address: stderr.print(f"serving {address}", highlight=False))
        await log.stop()
        model.close()

    asyncio.run(run())
