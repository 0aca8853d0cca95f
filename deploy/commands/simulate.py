"""`baton simulate`: an operator's days with the truth about them, as files or live."""

import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import orjson

from deploy.commands.options import broker_option, command, data_option, json_option, progress, wait_option
from deploy.commands.publish import PUBLISHED_AT_ONCE, publish_all
from deploy.telling import say
from deploy.wiring import Place, load_map
from journeys.instants import SECOND, format_instant
from journeys.journey_map import JourneyMap
from journeys.simulation.pace import Pace
from journeys.simulation.truth import truth
from journeys.simulation.world import Arrival, World
from journeys.simulation.world import simulate as simulated
from stream.publisher.spool import Letter
from stream.publishing import address, is_heartbeat
from stream.topics import Topics

DEFAULT_ORDERS, MAX_ORDERS = 1_000, 1_000_000
TICK_SECONDS = 0.2
OPERATOR = Path(str(files("deploy") / "maps" / "operator.yaml"))


@click.command()
@click.option(
    "--days", default=7.0, show_default=True, type=click.FloatRange(1, 90), help="From a Monday, midnight on."
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(-(2**63), 2**63 - 1),
    help="Any whole number; another one is another world.",
)
@click.option("--orders", type=click.IntRange(1, MAX_ORDERS), help="How many orders.  [default: 1000]")
@click.option("--rate", type=click.FloatRange(0.1, 100_000), help="Orders a day, instead of --orders.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Directory for the files."
)
@click.option("--publish", is_flag=True, help="Publish the events live, into --data or to --broker.")
@click.option(
    "--speed",
    default=60.0,
    show_default=True,
    type=click.FloatRange(1, 10_000),
    help="With --publish: how fast time goes by; 60 is an hour a minute.",
)
@click.option(
    "--begin-in",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 3600),
    help="With --publish: seconds until the first day begins, to start a worker under --out/map.yaml.",
)
@data_option
@broker_option
@wait_option
@json_option
@command
def simulate(
    days: float, seed: int, orders: int | None, rate: float | None, out: Path, publish: bool, speed: float,
    begin_in: float, data: Path, broker: str | None, wait: float, as_json: bool,
) -> None:  # fmt: skip
    """Play an operator's eight departments and their customers, with all that goes wrong, and write the truth.

    Writes events.jsonl in the order of arrival, truth.jsonl and map.yaml into --out: replay the events under
    that map, then `baton score`. The same options give the same bytes. With --publish the week begins now, the
    files say when everything is then, and the times allowed in map.yaml are as much shorter as time goes faster.
    """
    if orders is not None and rate is not None:
        raise click.UsageError(
            "--orders and --rate exclude each other: say how many in all, or how many a day"
        )
    count = orders or max(1, round((rate or DEFAULT_ORDERS / days) * days))
    world = simulated(load_map(OPERATOR), seed, count, days)
    pace = Pace(_now() + int(begin_in * SECOND), speed) if publish else None
    summary = _written(world, pace, out) | {"seed": seed, "days": days, "orders": count}
    if pace:
        say(f"begins in {begin_in:g} s; let a worker run under {out / 'map.yaml'}")
        topics = Topics(load_map(out / "map.yaml"))
        with progress() as shown:
            sent = publish_all(_paced(world, pace, topics), Place(data, broker), topics, wait, shown)
        summary["published"] = dict(sorted(sent.items()))
    if as_json:
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())
    else:
        told = f"{summary['records']:,} records of {summary['events']:,} events"
        click.echo(f"{told}, {summary['truth']:,} lines of truth, with seed {seed}, in {out}")


def _written(world: World, pace: Pace | None, out: Path) -> dict[str, Any]:
    """Write the three files; give what they hold."""
    out.mkdir(parents=True, exist_ok=True)
    text = OPERATOR.read_text()
    lines: Iterator[dict[str, Any]] = truth(world)
    if pace:
        text = pace.map(text)
        lines = (pace.document(line) for line in lines)
    version = JourneyMap.parse(text).version
    first = next(lines) | {"map_version": version}
    _write(out / "map.yaml", [text.rstrip().encode()])
    records = _write(out / "events.jsonl", (arrival.raw for arrival in _arrivals(world, pace)))
    told = _write(
        out / "truth.jsonl", map(orjson.dumps, (line for part in ([first], lines) for line in part))
    )
    until = world.until if pace is None else pace.instant(world.until)
    return {
        "records": records,
        "truth": told,
        "events": len(world.happenings),
        "until": format_instant(until),
    }


def _arrivals(world: World, pace: Pace | None) -> Iterable[Arrival]:
    return world.arrivals() if pace is None else map(pace.arrival, world.arrivals())


def _paced(world: World, pace: Pace, topics: Topics) -> Iterator[Sequence[Letter]]:
    """The records, each once it is time: at most so many at once, and without a pause while it is late."""
    chunk: list[Letter] = []
    for number, arrival in enumerate(_arrivals(world, pace), 1):
        while (early := (arrival.at - _now()) / SECOND) > 0 or len(chunk) >= PUBLISHED_AT_ONCE:
            if chunk:
                yield chunk
                chunk = []
            else:
                time.sleep(min(early, TICK_SECONDS))
        chunk.append(_letter(arrival.raw, topics, f"simulated:{number}"))
    if chunk:
        yield chunk


def _letter(raw: bytes, topics: Topics, origin: str) -> Letter:
    """As its department would publish it: heartbeats too go to the department's own topic."""
    letter = Letter(*address(raw, topics, origin))
    if not is_heartbeat(raw):
        return letter
    department = topics.journey_map.departments[orjson.loads(raw)["data"]["department"]]
    return letter._replace(topic=department.topic)


def _now() -> int:
    return time.time_ns() // 1_000


def _write(path: Path, lines: Iterable[bytes]) -> int:
    count = 0
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            count += 1
    partial.rename(path)
    return count
