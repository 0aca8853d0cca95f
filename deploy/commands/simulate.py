"""`baton simulate`: an operator's days with the truth about them."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import orjson

from deploy.commands.options import command, json_option
from deploy.wiring import load_map
from journeys.instants import format_instant
from journeys.simulation.truth import truth
from journeys.simulation.world import simulate as simulated

DEFAULT_ORDERS, MAX_ORDERS = 1_000, 1_000_000
OPERATOR = Path(str(files("deploy") / "maps" / "operator.yaml"))


@click.command()
@click.option(
    "--days", default=7.0, show_default=True, type=click.FloatRange(1, 90), help="From a Monday, midnight on."
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another world.")
@click.option("--orders", type=click.IntRange(1, MAX_ORDERS), help="How many orders.  [default: 1000]")
@click.option("--rate", type=click.FloatRange(0.1, 100_000), help="Orders a day, instead of --orders.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Directory for the files."
)
@json_option
@command
def simulate(
    days: float, seed: int, orders: int | None, rate: float | None, out: Path, as_json: bool
) -> None:
    """Play an operator's eight departments and their customers, with all that goes wrong, and write the truth.

    Writes events.jsonl in the order of arrival, truth.jsonl and map.yaml into --out: replay the events under
    that map, then `baton score`. The same options give the same bytes.
    """
    if orders is not None and rate is not None:
        raise click.UsageError(
            "--orders and --rate exclude each other: say how many in all, or how many a day"
        )
    count = orders or max(1, round((rate or DEFAULT_ORDERS / days) * days))
    world = simulated(load_map(OPERATOR), seed, count, days)
    out.mkdir(parents=True, exist_ok=True)
    (out / "map.yaml").write_bytes(OPERATOR.read_bytes())
    records = _write(out / "events.jsonl", (arrival.raw for arrival in world.arrivals()))
    lines = _write(out / "truth.jsonl", (orjson.dumps(line) for line in truth(world)))
    summary: dict[str, Any] = {
        "seed": seed,
        "days": days,
        "orders": count,
        "events": len(world.happenings),
        "records": records,
        "truth": lines,
        "until": format_instant(world.until),
    }
    if as_json:
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
    else:
        told = f"{records:,} records of {len(world.happenings):,} events, {lines:,} lines of truth"
        click.echo(f"{told}, with seed {seed}, in {out}")


def _write(path: Path, lines: Iterable[bytes]) -> int:
    count = 0
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            count += 1
    partial.rename(path)
    return count
