"""`baton link` and `baton unlink`: an operator says that two identifiers are one customer's, or are not."""

import getpass
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

from deploy.asking import System, system
from deploy.commands.options import (
    api_option,
    broker_option,
    command,
    data_option,
    json_option,
    read_model_option,
    wait_option,
)
from deploy.errors import Unusable
from deploy.telling import say
from deploy.wiring import Place
from journeys.explanation import names_of
from journeys.identity import LINK, UNLINK
from journeys.instants import format_instant

SOURCE = "/baton/operators"


def _of_two(function: Callable[..., Any]) -> click.Command:
    """The arguments and options of both commands."""
    for decorate in (
        command,
        json_option,
        wait_option,
        api_option,
        read_model_option,
        broker_option,
        data_option,
        click.option("--map", "map_path", type=click.Path(path_type=Path), help="The journey map, without --api."),
        click.option("--by", default=getpass.getuser, show_default="you", help="Who says so."),
        click.option("--reason", required=True, help="Why; it is kept for good."),
        click.argument("other", metavar="B"),
        click.argument("one", metavar="A"),
    ):  # fmt: skip
        function = decorate(function)
    return click.command()(function)


@_of_two
def link(**given: Any) -> None:
    """Say that A and B are one customer's, though no event names them together.

    A and B are identifiers (type:value, or a value of any type, in any spelling). Journeys and alerts follow. An event
    like any other: kept, replayable, and undone by `baton unlink`.
    """
    _tell(LINK, **given)


@_of_two
def unlink(**given: Any) -> None:
    """Say that A and B are not one customer's, whatever events name them together.

    A and B are identifiers (type:value, or a value of any type, in any spelling). Journeys and alerts follow. An event
    like any other: kept, replayable, and undone by `baton link`.
    """
    _tell(UNLINK, **given)


def _tell(
    what: str,
    one: str,
    other: str,
    reason: str,
    by: str,
    map_path: Path | None,
    data: Path,
    broker: str | None,
    read_model: str | None,
    api_url: str | None,
    wait: float,
    as_json: bool,
) -> None:
    told = system(api_url, map_path, Place(data, broker, read_model), wait, say)
    ends = [_known(told, text) for text in (one, other)]
    if ends[0] == ends[1]:
        raise Unusable(f"{one} and {other} are the same identifier, {ends[0]}")
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "type": what,
        "time": format_instant(time.time_ns() // 1000),
        "data": {"a": ends[0], "b": ends[1], "by": by, "reason": reason},
    }
    told.publish(orjson.dumps(event))
    if as_json:
        click.echo(orjson.dumps(event, option=orjson.OPT_INDENT_2).decode())
    else:
        verb = "are one customer's" if what == LINK else "are not one customer's"
        click.echo(f"told: {ends[0]} and {ends[1]} {verb}, says {by}: {reason}")


def _known(told: System, text: str) -> str:
    """The one identifier that the text means, of those that customers bear."""
    kind, colon, value = text.partition(":")
    found = {
        name
        for customer in told.customers(text)
        for name in names_of(customer)
        if _squeezed(name.partition(":")[2]).endswith(_squeezed(value if colon else text))
        and (not colon or name.startswith(f"{kind}:"))
    }
    if not found:
        raise Unusable(
            f"nobody is known by {text}: it has not arrived, or is junk to its normaliser; check the spelling"
        )
    if len(found) > 1:
        raise Unusable(f"{text} may be {', '.join(sorted(found))}: say which, as type:value")
    return found.pop()


def _squeezed(value: str) -> str:
    """A value without what spellings differ in: case, signs, and the zero before a national number."""
    return "".join(filter(str.isalnum, value.casefold())).lstrip("0")
