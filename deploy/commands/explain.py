"""`baton explain`: who bears an identifier, by which events that is known, and what broke for them."""

from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from deploy.asking import system
from deploy.commands.options import (
    alert_line,
    api_option,
    command,
    data_option,
    json_option,
    read_model_option,
)
from deploy.errors import Unusable
from deploy.telling import say
from deploy.wiring import Place
from journeys.explanation import names_of

Document = dict[str, Any]
OUTLINED = ("fingerprint", "kind", "status", "occurred_at", "opened_at", "resolved_at", "summary")


@click.command()
@click.argument("identifier")
@click.option("--map", "map_path", type=click.Path(path_type=Path), help="The journey map, without --api.")
@data_option
@read_model_option
@api_option
@json_option
@command
def explain(
    identifier: str,
    map_path: Path | None,
    data: Path,
    read_model: str | None,
    api_url: str | None,
    as_json: bool,
) -> None:
    """Explain IDENTIFIER (type:value, or a value of any type): the customer, the chain of events that joined their
    identifiers, their journeys and alerts. Asks a running API (--api), or reads the read model itself (--map,
    --data).
    """
    asked = system(api_url, map_path, Place(data, None, read_model), 0, say)
    found = [
        {
            "asked": identifier,
            **asked.identity(customer, _start(identifier, customer)),
            "journeys": [_outline(asked.journey(id)) for id in customer["journeys"]],
        }
        for customer in asked.customers(identifier)
    ]
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif not found:
        raise Unusable(
            f"nobody is known by {identifier}; the value may be junk to its normaliser, or not have arrived"
        )
    for each in [] if as_json else found:
        _show(each)


def _start(asked: str, customer: Document) -> str:
    """The identifier that was asked for, as the customer bears it; else the first."""
    names = names_of(customer)
    return next(
        (name for name in names if asked in (name, name.partition(":")[2])), names[0] if names else ""
    )


def _outline(journey: Document) -> Document:
    return {
        **{name: journey[name] for name in ("id", "type", "status", "started_at", "correlates")},
        "alerts": [{name: alert[name] for name in OUTLINED} for alert in journey["alerts"]],
    }


def _show(found: Document) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{found['identifier']}[/bold] is customer {found['customer']}, known as:")
    for name, chain in found["chains"].items():
        console.print(f"  {name}")
        for link in chain["links"]:
            console.print(f"      {_link_line(link)}")
    if weakest := found["weakest_link"]:
        console.print(f"  It rests least firmly on {_link_line(weakest)}")
    for journey in found["journeys"]:
        name = journey["correlates"] or journey["id"]
        console.print(
            f"[bold]{journey['type']}[/bold] {name}: {journey['status']}, since {journey['started_at']}"
        )
        for alert in journey["alerts"]:
            console.print(f"  {alert_line(alert)}")


def _link_line(link: Document) -> str:
    return f"{link['at']}  {link['a']} and {link['b']} in {link['type']} ({link['source']} {link['id']})"
