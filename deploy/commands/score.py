"""`baton score`: how right a replay's results are, held against the truth."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from deploy.commands.options import (
    broker_option,
    command,
    data_option,
    json_option,
    read_model_option,
    wait_option,
)
from deploy.errors import Unusable
from deploy.results import KINDS
from deploy.telling import say
from deploy.wiring import Place, load_map, opened
from journeys.scoring.score import score as scored
from journeys.scoring.score import score_document
from stream.topics import Topics

Document = dict[str, Any]


@click.command()
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    required=True,
    help="truth.jsonl, as `baton simulate` writes it.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="The --out of the `baton replay` of the same events.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    help="Instead of --results: the map of the workers that the events were published to; they may still run.",
)
@data_option
@broker_option
@read_model_option
@wait_option
@click.option(
    "--show", default=0, type=click.IntRange(min=0), help="List so many of the worst errors of every kind."
)
@json_option
@command
def score(
    truth: Path, results: Path | None, map_path: Path | None, data: Path, broker: str | None, read_model: str | None,
    wait: float, show: int, as_json: bool,
) -> None:  # fmt: skip
    """Hold a run's alerts, customers and journeys against the truth: precision and recall, and what was wrong.

    Of a replay its --results, of workers their --map and where their data are; then also how soon each alert was
    told. Ends with 0 however right or wrong the results are.
    """
    if (results is None) == (map_path is None):
        raise click.UsageError(
            "say either --results of a replay, or --map (and --data or --broker) of workers"
        )
    told = _documents(truth, "truth")
    if results is not None:
        journeys, customers, alerts = (_documents(results / f"{kind}.jsonl", "schema") for kind in KINDS)
        result = scored(told, alerts, customers, journeys)
    elif map_path is not None:
        place = Place(data, broker, read_model)
        announced = asyncio.run(_announced(place, Topics(load_map(map_path)), wait))
        model = place.read_model()
        journeys, customers, alerts = (map(orjson.loads, model.reader.documents(kind)) for kind in KINDS)
        result = scored(told, alerts, customers, journeys, announced)
        model.close()
    document = score_document(result, show)
    if as_json:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(document)


async def _announced(place: Place, topics: Topics, wait: float) -> dict[str, int]:
    """When each alert was first told: fingerprint → time of the earliest record that is still on the topic."""
    first: dict[str, int] = {}
    async with opened(place, topics, wait, say) as log:
        for partition in range(await log.partitions(topics.alerts)):
            async for records in log.read(topics.alerts, partition):
                for record in records:
                    if record.value and (fingerprint := orjson.loads(record.value).get("fingerprint")):
                        first.setdefault(fingerprint, record.timestamp * 1_000)
    return first


def _documents(path: Path, key: str) -> Iterator[Document]:
    """The lines of a file, each of which must have this key."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    document = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise Unusable(f"{path}:{number}: expected a JSON document: {error}") from None
                if not isinstance(document, dict) or key not in document:
                    raise Unusable(
                        f"{path}:{number}: expected a document with {key!r}; is this the right file?"
                    )
                yield document
    except OSError as error:
        raise Unusable(
            f"{path}: {error.strerror}; expected the truth of `baton simulate` and the results of `baton replay`"
        ) from None


def _print(document: Document) -> None:
    console = Console(soft_wrap=True, highlight=False)
    spreads = {"opened after": "seconds_to_detection", "told after": "seconds_to_announcement"}
    if not any(each["seconds_to_announcement"] for each in document["alerts"].values()):
        del spreads["told after"]
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("broken handoff", no_wrap=True)
    for column in ("precision", "recall", "found", "false", "missed", "unclear", *spreads):
        table.add_column(column, justify="right")
    for kind, each in document["alerts"].items():
        counts = (f"{each[name]:,}" for name in ("found", "false", "missed", "undecidable"))
        delays = (_delay(each[name]) for name in spreads.values())
        table.add_row(
            kind.replace("_", " "), _share(each["precision"]), _share(each["recall"]), *counts, *delays
        )
    for name in ("customers", "journeys"):
        each = document[name]
        table.add_row(name, _share(each["precision"], 4), _share(each["recall"], 4))
    console.print(table)
    console.print(
        f"{' and '.join(spreads)}: half of the alerts within the first, 95 of 100 within the second"
    )
    alarms = document["false_alarms_per_thousand_journeys"]
    console.print(f"false alarms per thousand journeys: {'-' if alarms is None else f'{alarms:.2f}'}")
    customers = document["customers"]
    console.print(
        f"customers: {customers['merged']:,} are several in truth, {customers['split']:,} were found in parts; "
        f"nobody could know whose {customers['unclear_events']:,} events are"
    )
    for what, errors in document.get("worst", {}).items():
        listed = errors if isinstance(errors, list) else [each for kind in errors.values() for each in kind]
        for error in listed:
            console.print(f"{what}: {orjson.dumps(_brief(error)).decode()}", markup=False)


def _delay(spread: Document | None) -> str:
    return f"{round(spread['p50']):,}/{round(spread['p95']):,}s" if spread else ""


def _share(value: float | None, digits: int = 3) -> str:
    """Cut, not rounded: 0.9996 is not 1."""
    if value is None:
        return "-"
    return f"{int(value * 10**digits) / 10**digits:.{digits}f}"


def _brief(error: Document) -> Document:
    """What leads to the events; alerts have far more in alerts.jsonl, by their fingerprint."""
    told = (
        "kind",
        "about",
        "journey",
        "handoff",
        "fingerprint",
        "opened_at",
        "broken_at",
        "mended_at",
        "summary",
    )
    return {name: error[name] for name in told if name in error} if "kind" in error else error
