"""`baton publish`: events from a file onto the departments' topics."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
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
    wait_option,
)
from deploy.errors import Unusable
from deploy.inputs import fingerprint, lines
from deploy.telling import say
from deploy.wiring import Place, load_map, opened, waited_for
from stream.publisher.link import Link
from stream.publisher.outbox import Outbox, in_calls
from stream.publisher.publisher import SPOOL_BYTES
from stream.publisher.spool import Letter, Spool
from stream.publishing import address
from stream.sending import Sender, by_topic
from stream.topics import Topics
from stream.transports.kafka_address import client_settings
from stream.transports.kafka_greeting import greet
from stream.transports.log import LogUnavailable, open_log

PUBLISHED_AT_ONCE = 1000
PATIENCE = 5.0

Shown = Callable[[str, int], None]


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
    letters = (Letter(*address(raw, topics, origin)) for origin, raw in lines([file]))
    chunks = iter(lambda: list(islice(letters, PUBLISHED_AT_ONCE)), [])
    with progress() as shown:
        published = publish_all(chunks, place, topics, wait, shown)
    if as_json:
        click.echo(orjson.dumps(published, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())
    else:
        for topic, count in sorted(published.items()):
            click.echo(f"{count:,} events published to {topic}")


def publish_all(
    chunks: Iterable[Sequence[Letter]], place: Place, topics: Topics, wait: float, shown: Shown
) -> Counter[str]:
    """Publish one chunk after the other, each when it is there; give how many letters went to each topic."""
    if place.is_embedded:
        return asyncio.run(_to_embedded(chunks, place, topics, wait, shown))
    return _to_kafka(chunks, place, wait, shown)


async def _to_embedded(
    chunks: Iterable[Sequence[Letter]], place: Place, topics: Topics, wait: float, shown: Shown
) -> Counter[str]:
    published = Counter[str]()
    async with opened(place, topics, wait, say) as log:
        sender = Sender(log)
        for chunk in chunks:
            await sender.send_all(by_topic(chunk))
            published.update(topic for topic, _ in chunk)
            shown("published", published.total())
    return published


def _to_kafka(chunks: Iterable[Sequence[Letter]], place: Place, wait: float, shown: Shown) -> Counter[str]:
    """As a department publishes: what Kafka does not take at once is in a spool in --data, and goes first next
    time.
    """
    published = Counter[str]()
    open_log(place.broker)  # says what an address may be
    settings = client_settings(place.broker)
    asyncio.run(waited_for(lambda: greet(place.where, settings), LogUnavailable, wait, say))
    spool = Spool(place.data / "spool", SPOOL_BYTES)
    with closing(Outbox(Link(place.broker, PATIENCE), spool, PATIENCE)) as outbox:
        for call in (call for chunk in chunks for call in in_calls(chunk)):
            _drain(outbox, wait)
            outbox.send(call)
            published.update(letter.topic for letter in call)
            shown("published", published.total())
        _drain(outbox, wait)
    return published


def _drain(outbox: Outbox, wait: float) -> None:
    if not outbox.drain(wait):
        raise Unusable(
            f"gave up after {wait:g} s: {outbox.problem}: publish the file again when that is mended; "
            "equal events count once"
        )
