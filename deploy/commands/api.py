"""`baton api`: the journey API and the page."""

import asyncio
from pathlib import Path

import click

from api.app import create_app
from api.store.errors import StoreUnavailable
from deploy.commands.options import (
    PORT,
    broker_option,
    command,
    data_option,
    map_option,
    read_model_option,
    say,
    wait_option,
)
from deploy.serving import log_is_ready, serve
from deploy.wiring import LogEvents, Place, load_map, opened, waited_for
from stream.topics import Topics


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
@click.option(
    "--port", default=8080, show_default=True, type=PORT, help="Port to listen on; 0 takes a free one."
)
@wait_option
@command
def api(
    map_path: Path, data: Path, broker: str | None, read_model: str | None, host: str, port: int, wait: float
) -> None:
    """Serve the page, the journey API, and POST /v1/events for departments without Kafka."""
    journey_map = load_map(map_path)
    place = Place(data, broker, read_model)
    topics = Topics(journey_map)

    async def run() -> None:
        async with opened(place, topics, wait, say) as log:
            model = await waited_for(lambda: asyncio.to_thread(place.read_model), StoreUnavailable, wait, say)
            app = create_app(model, LogEvents(log, topics), journey_map, ready=log_is_ready(log, topics))
            await serve(app, host, port, lambda address: say(f"serving {address}"))
            model.close()

    asyncio.run(run())
