"""`baton rebuild`: after the journey map was changed."""

import asyncio
from pathlib import Path

import click

from api.store.errors import StoreUnavailable
from deploy.commands.installation import installation
from deploy.commands.options import command
from deploy.rebuild import Rebuilt
from deploy.rebuild import rebuild as rebuild_results
from deploy.telling import say
from deploy.wiring import LOG, Place, load_map, opened, waited_for
from stream.topic_check import work
from stream.topics import Topics


@click.command()
@installation
@command
def rebuild(map_path: Path, place: Place, wait: float) -> None:
    """Begin anew under a changed MAP: the next worker reads all that the departments sent, as far back as kept.

    End all workers first. Journeys, customers and alerts go until they are made again; acknowledgements and
    the departments' events stay. Receivers hear only of what is different then. May be repeated.
    """
    topics = Topics(load_map(map_path))
    if place.is_embedded:
        place.must_hold(LOG)
    rebuilt = asyncio.run(_rebuild(place, topics, wait))
    click.echo(f"ready: start baton worker with {map_path}, it reads everything from the start")
    if rebuilt.alerts:
        click.echo(f"{rebuilt.alerts:,} alerts are known to receivers, and are not told again unless changed")
    if rebuilt.letters:
        click.echo(
            f"{rebuilt.letters:,} dead letters stay, their records are no longer in the departments' topics"
        )


async def _rebuild(place: Place, topics: Topics, wait: float) -> Rebuilt:
    async with opened(place, topics, wait, say, work(topics, ("ingest", "stitch"))) as log:
        model = await waited_for(lambda: asyncio.to_thread(place.read_model), StoreUnavailable, wait, say)
        try:
            return await rebuild_results(log, topics, model)
        finally:
            model.close()
