"""`baton publish`: events from a file onto the departments' topics."""

import asyncio
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import click
import orjson

from deploy.commands.options import (
    broker_option,
    command,
    data_option,
    json_option,
    map_option,
    progress,
    say,
    wait_option,
)
from deploy.inputs import fingerprint, lines
from deploy.wiring import Place, load_map, opened
from stream.publishing import address
from stream.sending import Batches, Sender
from stream.topics import Topics
from stream.transports.log import partition_for

PUBLISHED_AT_ONCE = 1000


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@map_option
@data_option
@broker_option
@wait_option
@json_option
@command
def publish(file: Path, map_path: Path, data: Path, broker: str | None, wait: float, as_json: bool) -> None:
    """Publish the CloudEvents of FILE (JSON Lines, .gz too), each to its department's topic.

    What no department is known for goes to the inbox, and from there to the dead letters. Publishing a file
    twice does no harm: equal events count once.
    """
    fingerprint([file])
    topics = Topics(load_map(map_path))
    place = Place(data, broker)

    async def run() -> dict[str, int]:
        async with opened(place, topics, wait, say) as log:
            sender, published = Sender(log), Counter[str]()
            remaining = iter(lines([file]))
            with progress() as shown:
                while chunk := list(islice(remaining, PUBLISHED_AT_ONCE)):
                    batches: Batches = defaultdict(list)
                    for origin, raw in chunk:
                        topic, entry = address(raw, topics, origin)
                        count = await sender.partitions(topic)
                        batches[topic, partition_for(entry.key, count)].append(entry)
                        published[topic] += 1
                    await sender.append(batches)
                    shown("published", published.total())
        return dict(sorted(published.items()))

    published = asyncio.run(run())
    if as_json:
        click.echo(orjson.dumps(published, option=orjson.OPT_INDENT_2).decode())
    else:
        for topic, count in published.items():
            click.echo(f"{count:,} events published to {topic}")
