"""`baton api`: the journey API and the page."""

import asyncio
from pathlib import Path

import click

from api.app import create_app
from api.store.errors import StoreUnavailable
from deploy.commands.installation import installation
from deploy.commands.options import PORT, command
from deploy.serving import log_is_ready, serve
from deploy.telling import say
from deploy.wiring import LogEvents, Place, load_map, opened, waited_for
from stream.topic_check import Use
from stream.topics import Topics


@click.command()
@installation
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. There is no login yet: keep it private.",
)
@click.option(
    "--port", default=8080, show_default=True, type=PORT, help="Port to listen on; 0 takes a free one."
)
@command
def api(map_path: Path, place: Place, wait: float, host: str, port: int) -> None:
    """Serve the page, the journey API, and POST /v1/events for departments without Kafka."""
    journey_map = load_map(map_path)
    topics = Topics(journey_map)

    async def run() -> None:
        async with opened(place, topics, wait, say, Use(writes=topics.sources)) as log:
            model = await waited_for(lambda: asyncio.to_thread(place.read_model), StoreUnavailable, wait, say)
            app = create_app(model, LogEvents(log, topics), journey_map, ready=log_is_ready(log, topics))
            await serve(app, host, port, lambda address: say(f"serving {address}"))
            model.close()

    asyncio.run(run())
