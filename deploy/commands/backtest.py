"""`baton backtest`: what a changed map would have told of history."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Column, Table

from deploy.commands.options import (
    Instant,
    alert_line,
    broker_option,
    command,
    data_option,
    json_option,
    map_option,
    wait_option,
)
from deploy.commands.replay import play
from deploy.errors import Unusable
from deploy.replay import Replay
from deploy.telling import say
from deploy.wiring import LOG, Place, load_map, opened
from journeys.comparison import Comparison, compare, mended
from journeys.errors import InvalidEvent
from journeys.journey_map import JourneyMap
from stream.content import content
from stream.topic_check import Use
from stream.topics import Topics
from stream.transports.log import Record

Documents = list[dict[str, Any]]


@click.command()
@click.argument("files", metavar="[FILE]…", nargs=-1, type=click.Path(path_type=Path))
@map_option
@click.option(
    "--against", "current_path", type=click.Path(path_type=Path), required=True, help="The map as it is now."
)
@data_option
@broker_option
@wait_option
@click.option("--as-of", type=Instant(), help="Judge as of this time. Default: the latest accepted event.")
@click.option("--show", default=3, show_default=True, help="How many alerts of each sort to show.")
@json_option
@command
def backtest(
    files: tuple[Path, ...],
    map_path: Path,
    current_path: Path,
    data: Path,
    broker: str | None,
    wait: float,
    as_of: int | None,
    show: int,
    as_json: bool,
) -> None:
    """Replay history under a changed map (--map) and under today's (--against), and show how their alerts differ.

    History is the events of FILE…, or else what departments have sent to the log in --data or of --broker. What runs
    is not touched, and nobody is notified.
    """
    draft, current = load_map(map_path), load_map(current_path)
    with tempfile.TemporaryDirectory(prefix="baton-backtest-") as folder:
        out = Path(folder)
        history = list(files) or [asyncio.run(_history(current, Place(data, broker), out, wait))]
        before = _alerts(Replay(history, current, out / "before", as_of))
        after = _alerts(Replay(history, draft, out / "after", as_of))
    found = compare(before, after)
    if as_json:
        click.echo(orjson.dumps(_document(before, after, found), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(before, after, found, show)


async def _history(current: JourneyMap, place: Place, out: Path, wait: float) -> Path:
    """What departments have sent, as a file."""
    if place.is_embedded:
        place.must_hold(LOG)
    topics = Topics(current)
    path = out / "history.jsonl"
    with path.open("wb") as file:
        async with opened(place, topics, wait, say, Use(reads=topics.sources)) as log:
            for topic in topics.sources:
                for partition in range(await log.partitions(topic)):
                    async for records in log.read(topic, partition):
                        file.writelines(line for record in records for line in _line(record))
    if not path.stat().st_size:
        raise Unusable(f"{place.where} holds no events of departments: name files, or another --data")
    return path


def _line(record: Record) -> Iterator[bytes]:
    """A record as a line of a file; none where no event can be made of it, which no map makes an alert of."""
    try:
        event = content(record)
    except InvalidEvent:
        return
    if event is not None:
        yield event.replace(b"\n", b" ") + b"\n"


def _alerts(replay: Replay) -> Documents:
    play(replay, fresh=True)
    with (replay.out / "alerts.jsonl").open("rb") as file:
        return [orjson.loads(line) for line in file]


def _document(before: Documents, after: Documents, found: Comparison) -> dict[str, Any]:
    return {
        "alerts": {"before": len(before), "after": len(after)},
        "mended": {"before": mended(before), "after": mended(after)},
        "same": found.same,
        "gone": found.gone,
        "new": found.new,
        "moved": [
            {"before": moved.before, "after": moved.after, "differs": moved.differs} for moved in found.moved
        ],
    }


def _print(before: Documents, after: Documents, found: Comparison, show: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(
        Column("broken handoff", no_wrap=True),
        "today",
        "mended",
        "changed map",
        "mended",
        "gone",
        "new",
        "moved",
    )
    counted = [
        _counted(each)
        for each in (
            before,
            [alert for alert in before if alert["status"] == "resolved"],
            after,
            [alert for alert in after if alert["status"] == "resolved"],
            found.gone,
            found.new,
            [moved.before for moved in found.moved],
        )
    ]
    for name in sorted(set().union(*counted)):
        table.add_row(name, *(f"{counts[name]:,}" if counts[name] else "" for counts in counted))
    console.print(table)
    console.print(
        f"{len(before):,} alerts, of which {mended(before):,} mended themselves, become {len(after):,}, of which "
        f"{mended(after):,}: {len(found.gone):,} gone, {len(found.new):,} new, {len(found.moved):,} moved, "
        f"{found.same:,} the same"
    )
    for title, some in (("gone", found.gone), ("new", found.new)):
        for alert in some[:show]:
            console.print(f"[bold]{title}[/bold] {alert_line(alert)}")
    for moved in found.moved[:show]:
        changes = ", ".join(f"{name} {moved.before[name]} → {moved.after[name]}" for name in moved.differs)
        console.print(f"[bold]moved[/bold] {alert_line(moved.after)} ({changes})")


def _counted(alerts: Iterable[dict[str, Any]]) -> Counter[str]:
    return Counter(_names(alerts))


def _names(alerts: Iterable[dict[str, Any]]) -> Iterator[str]:
    for alert in alerts:
        kind = alert["kind"].replace("_", " ")
        yield f"{kind}, {alert['handoff']}" if alert["handoff"] else kind
