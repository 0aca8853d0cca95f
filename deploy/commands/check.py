"""`baton check`: is the journey map right, and which events of a sample does it match?"""

from collections import Counter
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from deploy.commands.options import command, json_option
from deploy.inputs import fingerprint, lines
from deploy.wiring import load_map
from journeys.errors import InvalidEvent
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader


@click.command()
@click.argument("map_path", metavar="MAP", type=click.Path(path_type=Path))
@click.option(
    "--sample",
    type=click.Path(path_type=Path),
    help="Events as JSON Lines: tell what matches, and what does not.",
)
@json_option
@command
def check(map_path: Path, sample: Path | None, as_json: bool) -> None:
    """Check the journey map MAP; every problem is named with its line."""
    journey_map = load_map(map_path)
    report: dict[str, Any] = {
        "map": journey_map.name,
        "version": journey_map.version,
        "departments": len(journey_map.departments),
        "events": len(journey_map.events),
        "journeys": len(journey_map.journeys),
        "handoffs": sum(len(journey.handoffs) for journey in journey_map.journeys.values()),
    }
    if sample:
        report["sample"] = _sample(journey_map, sample)
    if as_json:
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(
        f"{map_path}: fine (version {journey_map.version}): {report['departments']} departments, "
        f"{report['events']} event types, {report['journeys']} journeys, {report['handoffs']} handoffs"
    )
    if sample:
        _show(report["sample"])


def _sample(journey_map: JourneyMap, sample: Path) -> dict[str, Any]:
    fingerprint([sample])
    reader = EventReader(journey_map, live=False)
    used_by = {
        type: [
            *(journey.name for journey in journey_map.journeys.values() if type in _types(journey)),
            *(["contacts"] if type in journey_map.contacts else []),
        ]
        for type in journey_map.events
    }
    matched: Counter[str] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for origin, raw in lines([sample]):
        try:
            matched[reader.read(raw, [origin, 0, 0], None).type] += 1
        except InvalidEvent as error:
            what = (error.reason, error.detail)
            refused[what] += 1
            examples.setdefault(what, origin)
    return {
        "matched": [
            {"type": type, "events": count, "used_by": used_by.get(type, ["operators"])}
            for type, count in sorted(matched.items())
        ],
        "unused": [type for type in journey_map.events if type not in matched],
        "refused": [
            {"reason": reason, "detail": detail, "events": count, "first": examples[reason, detail]}
            for (reason, detail), count in refused.most_common(50)
        ],
    }


def _types(journey: Any) -> set[str]:
    handoffs = [
        type for h in journey.handoffs.values() for type in (h.source, h.target, *h.fails_on, *h.accepted_by)
    ]
    return {*journey.starts, *journey.steps, *journey.optional, *journey.cancels, *journey.ends, *handoffs}


def _show(sample: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    table = Table("event type", "events", "matches")
    for row in sample["matched"]:
        table.add_row(row["type"], f"{row['events']:,}", ", ".join(row["used_by"]) or "nothing")
    console.print(table)
    for row in sample["refused"]:
        console.print(
            f"{row['events']:,} times {row['reason']}: {row['detail']} (first at {row['first']})",
            highlight=False,
        )
    if sample["unused"]:
        console.print(f"in the map, not in the sample: {', '.join(sample['unused'])}", highlight=False)
