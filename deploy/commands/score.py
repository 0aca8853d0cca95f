"""`baton score`: how right a replay's results are, held against the truth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from deploy.commands.options import command, json_option
from deploy.errors import Unusable
from journeys.scoring.score import score as scored
from journeys.scoring.score import score_document

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
    required=True,
    help="The --out of the `baton replay` of the same events.",
)
@click.option(
    "--show", default=0, type=click.IntRange(min=0), help="List so many of the worst errors of every kind."
)
@json_option
@command
def score(truth: Path, results: Path, show: int, as_json: bool) -> None:
    """Hold a replay's alerts, customers and journeys against the truth: precision and recall, and what was wrong.

    Ends with 0 however right or wrong the results are.
    """
    alerts, customers, journeys = (
        _documents(results / f"{kind}.jsonl", "schema") for kind in ("alerts", "customers", "journeys")
    )
    result = scored(_documents(truth, "truth"), alerts, customers, journeys)
    document = score_document(result, show)
    if as_json:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(document)


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
    columns = ("precision", "recall", "found", "false", "missed", "unclear", "opened after")
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("broken handoff", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for kind, each in document["alerts"].items():
        delay = each["seconds_to_detection"]
        counts = (f"{each[name]:,}" for name in ("found", "false", "missed", "undecidable"))
        spread = f"{delay['p50']:,.0f}/{delay['p95']:,.0f} s" if delay else ""
        table.add_row(
            kind.replace("_", " "), _share(each["precision"]), _share(each["recall"]), *counts, spread
        )
    for name in ("customers", "journeys"):
        each = document[name]
        table.add_row(name, _share(each["precision"], 4), _share(each["recall"], 4))
    console.print(table)
    console.print("opened after: half of the alerts within the first, 95 of 100 within the second")
    alarms = document["false_alarms_per_thousand_journeys"]
    console.print(f"false alarms per thousand journeys: {'-' if alarms is None else f'{alarms:.2f}'}")
    customers = document["customers"]
    console.print(
        f"customers: {customers['merged']:,} are several in truth, {customers['split']:,} were found in parts"
    )
    for what, errors in document.get("worst", {}).items():
        listed = errors if isinstance(errors, list) else [each for kind in errors.values() for each in kind]
        for error in listed:
            console.print(f"{what}: {orjson.dumps(_brief(error)).decode()}", markup=False)


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
