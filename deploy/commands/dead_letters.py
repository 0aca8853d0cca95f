"""`baton dead-letters`: what could not be used, and a second chance for it after a fix."""

import asyncio
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from deploy.commands.options import broker_option, command, data_option, json_option, map_option
from deploy.telling import say
from deploy.wiring import LOG, Place, load_map, opened
from stream.dead_letters import ORIGIN_HEADER, raw_value, read_dead_letters
from stream.publishing import address
from stream.sending import Sender, by_topic
from stream.topic_check import Use
from stream.topics import Topics
from stream.transports.log import Entry

SECONDS_TO_WAIT = 10.0

reason_option = click.option("--reason", help="Only those with this reason.")


@click.group("dead-letters")
def dead_letters() -> None:
    """List records that could not be used, or publish them again after a fix."""


@dead_letters.command("list")
@map_option
@data_option
@broker_option
@reason_option
@json_option
@command
def list_letters(map_path: Path, data: Path, broker: str | None, reason: str | None, as_json: bool) -> None:
    """List dead letters: reason, where each came from, and what was expected. --json prints them whole, a
    line each.
    """
    letters = asyncio.run(_letters(Topics(load_map(map_path)), Place(data, broker), reason))
    if as_json:
        for letter in letters:
            click.echo(orjson.dumps(letter, option=orjson.OPT_SORT_KEYS).decode())
        return
    table = Table("reason", "record", "from", "what was expected")
    for letter in letters:
        table.add_row(letter["reason"], letter["id"], letter["origin"] or "", letter["detail"][:200])
    Console().print(table if letters else "no dead letters")


@dead_letters.command("replay")
@map_option
@data_option
@broker_option
@reason_option
@command
def replay_letters(map_path: Path, data: Path, broker: str | None, reason: str | None) -> None:
    """Publish dead letters again, under the map as it is now.

    What still cannot be used comes back as a dead letter. What did not come from a department, such as an alert that
    its receiver refused, stays.
    """
    topics = Topics(load_map(map_path))
    place = Place(data, broker)
    sent, cut = asyncio.run(_replay(topics, place, reason))
    click.echo(f"{sent:,} dead letters published again")
    if cut:
        click.echo(
            f"{cut:,} were too large and kept only in part: publish them again from their source", err=True
        )


async def _letters(topics: Topics, place: Place, reason: str | None) -> list[dict[str, Any]]:
    if place.is_embedded:
        place.must_hold(LOG)
    async with opened(place, topics, SECONDS_TO_WAIT, say, Use(reads=[topics.dead_letters])) as log:
        found = await read_dead_letters(log, topics.dead_letters)
        return [letter for letter in found if reason in (None, letter["reason"])]


async def _replay(topics: Topics, place: Place, reason: str | None) -> tuple[int, int]:
    letters = [each for each in await _letters(topics, place, reason) if _is_an_event(each, topics)]
    entries: list[tuple[str, Entry]] = []
    settled: list[Entry] = []
    cut = 0
    use = Use(writes=(*topics.sources, topics.dead_letters))
    async with opened(place, topics, SECONDS_TO_WAIT, say, use) as log:
        sender = Sender(log)
        for letter in letters:
            raw = raw_value(letter)
            if raw is None:
                cut += 1
                continue
            origin = letter["origin"] or letter["id"]
            topic, entry = address(raw, topics, origin)
            headers = tuple((name, value.encode()) for name, value in letter["headers"].items())
            entries.append((topic, entry._replace(headers=((ORIGIN_HEADER, origin.encode()), *headers))))
            settled.append(Entry(letter["id"].encode(), None))
        await sender.send_all(by_topic(entries))
        await sender.send(topics.dead_letters, settled)
    return len(letters) - cut, cut


def _is_an_event(letter: dict[str, Any], topics: Topics) -> bool:
    """Whether a department sent it: it was read from a source, or was too large to be published to one."""
    return letter["topic"] in topics.sources or letter["reason"] == "too_large"
