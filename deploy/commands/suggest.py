"""`baton suggest`: time limits of handoffs, learned from how long they took."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from api.store.reader import Reader
from deploy.commands.options import command, data_option, json_option, map_option, read_model_option
from deploy.errors import Unusable
from deploy.wiring import READ_MODEL, Place, load_map
from journeys.instants import DAY, format_duration, parse_instant
from journeys.journey_map import Handoff, JourneyMap
from journeys.statistics import FEWEST, Durations, Proposal, durations, propose

SHARE = click.FloatRange(0, 1)
SHOWN_EVERY = 8
NEVER_MINDED = ("failed", "cancelled")


@click.command()
@map_option
@data_option
@read_model_option
@click.option(
    "--most-healed", default=0.2, show_default=True, type=SHARE,
    help="The share of alerts that may mend themselves later.",
)  # fmt: skip
@click.option(
    "--likely", default=0.5, show_default=True, type=SHARE,
    help="The share of jeopardy alerts that must come true.",
)  # fmt: skip
@json_option
@command
def suggest(
    map_path: Path,
    data: Path,
    read_model: str | None,
    most_healed: float,
    likely: float,
    as_json: bool,
) -> None:
    """Suggest `within` and `jeopardy_at` for each handoff, from the journeys of a read model or a replay (--data).

    A limit is a trade: for each one considered it tells how many alerts a day it would have raised, and how many of
    them would have mended themselves.
    """
    journey_map, place = load_map(map_path), Place(data, None, read_model)
    if read_model is None:
        place.must_hold(READ_MODEL)
    model = place.read_model()
    try:
        histories = _histories(model.reader, journey_map)
    finally:
        model.close()
    found = [
        (journey, handoff, history, propose(history, most_healed, likely))
        for (journey, handoff), history in sorted(histories.items())
    ]
    if as_json:
        documents = [_document(journey_map, *each) for each in found]
        click.echo(orjson.dumps(documents, option=orjson.OPT_INDENT_2).decode())
        return
    if not found:
        raise Unusable(f"{data} holds no handoff that has begun, so there is nothing to learn from")
    console = Console(highlight=False, soft_wrap=True)
    for journey, handoff, history, proposal in found:
        _show(console, journey_map, journey, handoff, history, proposal)


def _histories(reader: Reader, journey_map: JourneyMap) -> dict[tuple[str, str], Durations]:
    """What every handoff of the map took, by journey type and handoff."""
    taken: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    begun: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    unanswered: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    now = 0
    for raw in reader.documents("journeys"):
        journey = orjson.loads(raw)
        now = max(now, parse_instant(journey["last_event_at"]))
        rules = journey_map.journeys.get(journey["type"])
        for handoff in journey["handoffs"]:
            name = journey["type"], handoff["handoff"]
            if rules is None or handoff["handoff"] not in rules.handoffs or handoff["from_at"] is None:
                continue
            since = parse_instant(handoff["from_at"])
            if handoff["to_at"] is not None:
                taken[name].append(max(parse_instant(handoff["to_at"]) - since, 0))
            elif handoff["status"] not in NEVER_MINDED:
                unanswered[name].append(since)
            else:
                continue
            begun[name].append(since)
    return {
        name: durations(
            taken[name], [now - since for since in unanswered[name]], (max(sinces) - min(sinces)) / DAY
        )
        for name, sinces in begun.items()
    }


def _document(
    journey_map: JourneyMap, journey: str, name: str, history: Durations, proposal: Proposal | None
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "journey": journey,
        "handoff": name,
        "now": _present(journey_map.journeys[journey].handoffs[name]),
        "happened": len(history.taken),
        "lost": history.lost,
        "undecided": history.undecided,
        "days": round(history.days, 2),
        "proposal": None,
        "considered": [],
    }
    if proposal:
        jeopardy = proposal.jeopardy
        document["proposal"] = {
            "within": format_duration(proposal.limit.within),
            "alerts_a_day": round(proposal.limit.alerts_a_day, 2),
            "healed": round(proposal.limit.healed, 3),
            "jeopardy_at": jeopardy.at if jeopardy else None,
            "jeopardy_alerts_a_day": round(jeopardy.alerts_a_day, 2) if jeopardy else None,
        }
        document["considered"] = [
            {
                "within": format_duration(limit.within),
                "alerts_a_day": round(limit.alerts_a_day, 2),
                "healed": round(limit.healed, 3),
            }
            for limit in proposal.considered
        ]
    return document


def _present(handoff: Handoff) -> str | None:
    """The limit the map has now."""
    if handoff.by:
        return f"by {handoff.by.field}"
    return format_duration(handoff.within) if handoff.within is not None else None


def _show(
    console: Console,
    journey_map: JourneyMap,
    journey: str,
    name: str,
    history: Durations,
    proposal: Proposal | None,
) -> None:
    present = _present(journey_map.journeys[journey].handoffs[name]) or "no limit"
    console.print(
        f"[bold]{journey}.{name}[/bold], now {present}: {len(history.taken):,} happened, {history.lost:,} never, "
        f"{history.undecided:,} too young to say, in {history.days:,.1f} days"
    )
    if proposal is None:
        console.print(f"  too few to learn from: at least {FEWEST} must have happened")
        return
    table = Table("within", "alerts a day", "mend themselves", box=None, padding=(0, 2))
    for number, limit in enumerate(proposal.considered):
        if limit is proposal.limit or number % SHOWN_EVERY == 0 or limit is proposal.considered[-1]:
            style = "bold" if limit is proposal.limit else None
            table.add_row(
                format_duration(limit.within),
                f"{limit.alerts_a_day:,.1f}",
                f"{limit.healed:.0%}",
                style=style,
            )
    console.print(table)
    console.print(f"  within: {format_duration(proposal.limit.within)}", style="green")
    if jeopardy := proposal.jeopardy:
        console.print(
            f"  jeopardy_at: {jeopardy.at:g}   "
            f"# {jeopardy.alerts_a_day:,.1f} alerts a day, {jeopardy.comes_true:.0%} come true",
            style="green",
        )
