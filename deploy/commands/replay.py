"""`baton replay`: recorded events in, journeys, customers and alerts out."""

import asyncio
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from deploy.commands.options import (
    Instant,
    broker_option,
    collect_seldom,
    command,
    json_option,
    map_option,
    progress,
)
from deploy.errors import Unusable
from deploy.inputs import keep_standard_input
from deploy.replay import MANIFEST, Replay, prepare, run
from deploy.telling import TOLD, end_at_once, say
from deploy.wiring import LOG, load_map


@click.command()
@click.argument(
    "files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True)
)
@map_option
@click.option("--as-of", type=Instant(), help="Judge as of this time. Default: the latest accepted event.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory for log and results.",
)
@click.option(
    "--fresh", is_flag=True, help="Start over, even if --out holds another or an interrupted replay."
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are dead letters.")
@broker_option
@json_option
@command
def replay(
    files: tuple[Path, ...],
    map_path: Path,
    as_of: int | None,
    out: Path,
    fresh: bool,
    strict: bool,
    broker: str | None,
    as_json: bool,
) -> None:
    """Replay CloudEvents in JSON Lines from FILE… (.gz too; - for standard input) through the agents, on event time.

    Writes journeys.jsonl, customers.jsonl, alerts.jsonl, dead-letters.jsonl and summary.json into --out.
    Killed or interrupted, the same command goes on where it was. Nobody is notified.
    """
    journey_map = load_map(map_path)
    out.mkdir(parents=True, exist_ok=True)
    paths = [keep_standard_input(out) if str(file) == "-" else file for file in files]
    summary = play(Replay(paths, journey_map, out, as_of, broker), fresh)
    if as_json:
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
    else:
        show(summary, out)
    if strict and summary["dead"]:
        raise SystemExit(1)


def play(what: Replay, fresh: bool) -> dict[str, Any]:
    """Run a replay with progress on standard error; a failure ends the process."""
    if (what.out / LOG).exists() and not (what.out / MANIFEST).exists():
        raise Unusable(f"{what.out} holds the log of a worker, not of a replay; choose another directory")
    collect_seldom()
    this = prepare(what, fresh)
    try:
        with progress() as shown:
            return asyncio.run(run(what, this, shown))
    except (*TOLD, OSError):
        raise
    except KeyboardInterrupt:
        if not fresh:
            say("interrupted; the same command goes on where it was")
        raise
    except Exception as error:
        end_at_once(error)


def show(summary: dict[str, Any], out: Path | None) -> None:
    """Print what was found; `out` is where the results are kept."""
    console = Console(soft_wrap=True)
    console.print(
        f"{summary['read']:,} events read: {summary['folded']:,} used, {summary['duplicates']:,} duplicates, "
        f"{summary['dead']:,} dead letters, {summary['after_as_of']:,} after {summary['as_of']}",
        highlight=False,
    )
    journeys = ", ".join(
        f"{sum(counts.values()):,} {type} ({', '.join(f'{n:,} {status}' for status, n in counts.items())})"
        for type, counts in summary["journeys"].items()
    )
    console.print(f"journeys: {journeys or 'none'}; {summary['customers']:,} customers", highlight=False)
    table = Table("broken handoff", "open", "resolved")
    for kind, counts in summary["alerts"].items():
        table.add_row(kind.replace("_", " "), f"{counts.get('open', 0):,}", f"{counts.get('resolved', 0):,}")
    if summary["alerts"]:
        console.print(table)
    for reason, count in summary["dead_letters"].items():
        console.print(f"dead letters: {count:,} {reason.replace('_', ' ')}", highlight=False)
    if not summary["reconciles"]:
        console.print("the counts do not add up: please report this with the files", style="red")
    if out:
        console.print(f"results in {out}", highlight=False)
