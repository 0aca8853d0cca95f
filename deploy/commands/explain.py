"""`baton explain`: who bears an identifier, by which events that is known, and what broke for them."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson
from rich.console import Console

from api.identifier_search import spellings
from deploy.commands.options import (
    alert_line,
    api_option,
    command,
    data_option,
    json_option,
    read_model_option,
)
from deploy.errors import Unusable
from deploy.wiring import READ_MODEL, Place, load_map
from journeys.identity import path

Document = dict[str, Any]
OUTLINED = ("fingerprint", "kind", "status", "occurred_at", "opened_at", "resolved_at", "summary")
Find = tuple[Callable[[str], list[Document]], Callable[[str], Document]]


class Joined(NamedTuple):
    a: str
    b: str
    link: Document


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
    customers, journey = (
        _from_api(api_url) if api_url else _from_read_model(map_path, Place(data, None, read_model))
    )
    found = [_explanation(identifier, customer, journey) for customer in customers(identifier)]
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif not found:
        raise Unusable(
            f"nobody is known by {identifier}; the value may be junk to its normaliser, or not have arrived"
        )
    for explanation in [] if as_json else found:
        _show(explanation)


def _from_api(url: str) -> Find:
    if not url.startswith(("http://", "https://")):
        raise Unusable(f"--api: expected an address such as http://127.0.0.1:8080, found {url}")

    def get(route: str) -> Any:
        try:
            with urllib.request.urlopen(urllib.parse.urljoin(url, route), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Unusable(f"{url} answered {error.code} {error.reason}; is that `baton api`?") from None
        except urllib.error.URLError as error:
            raise Unusable(f"{url} can't be reached: {error.reason}; does `baton api` run there?") from None
        except ValueError:
            raise Unusable(f"{url} did not answer in JSON; is that `baton api`?") from None

    return (
        lambda identifier: list(
            get(f"/v1/customers?identifier={urllib.parse.quote(identifier, safe='')}")["customers"]
        ),
        lambda id: dict(get(f"/v1/journeys/{id}")),
    )


def _from_read_model(map_path: Path | None, place: Place) -> Find:
    if map_path is None:
        raise Unusable("say which: --api URL of a running system, or --map MAP with --data DIR")
    journey_map = load_map(map_path)
    if place.read_model_url is None:
        place.must_hold(READ_MODEL)
    reader = place.read_model().reader

    def journey(id: str) -> Document:
        document = reader.journey(id) or {}
        return {**document, "alerts": reader.alerts_of(document) if document else []}

    return lambda identifier: reader.customers(spellings(identifier, journey_map), limit=20), journey


def _explanation(asked: str, customer: Document, journey: Callable[[str], Document]) -> Document:
    names = [f"{type}:{value}" for type, values in customer["identifiers"].items() for value in values]
    start = next(
        (name for name in names if asked in (name, name.partition(":")[2])), names[0] if names else ""
    )
    links = [Joined(link["a"], link["b"], link) for link in customer["links"]]
    chains = {name: [joined.link for joined in path(links, start, name)] for name in names if name != start}
    return {
        "asked": asked,
        "identifier": start,
        "customer": customer["id"],
        "identifiers": customer["identifiers"],
        "chains": chains,
        "journeys": [_outline(journey(id)) for id in customer["journeys"]],
    }


def _outline(journey: Document) -> Document:
    return {
        **{name: journey[name] for name in ("id", "type", "status", "started_at", "correlates")},
        "alerts": [{name: alert[name] for name in OUTLINED} for alert in journey["alerts"]],
    }


def _show(explanation: Document) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"[bold]{explanation['identifier']}[/bold] is customer {explanation['customer']}, known as:"
    )
    for name, chain in explanation["chains"].items():
        console.print(f"  {name}")
        for link in chain:
            console.print(
                f"      {link['at']}  {link['a']} and {link['b']} in {link['type']} ({link['source']} {link['id']})"
            )
    for journey in explanation["journeys"]:
        name = journey["correlates"] or journey["id"]
        console.print(
            f"[bold]{journey['type']}[/bold] {name}: {journey['status']}, since {journey['started_at']}"
        )
        for alert in journey["alerts"]:
            console.print(f"  {alert_line(alert)}")
