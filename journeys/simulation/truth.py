"""The truth about a simulated world, a document a line: customers, journeys, what broke, and silences.

`broken` lines have `decidable`: false where only the departments' clocks, which are wrong by seconds to minutes, or two
customers whom nobody can tell apart decide it.
"""

from collections.abc import Iterator
from typing import Any

from journeys.instants import format_instant
from journeys.simulation.knowledge import Conflict, Knowledge, Known
from journeys.simulation.promises import Broken, Course
from journeys.simulation.silences import silences
from journeys.simulation.verdicts import Verdicts
from journeys.simulation.world import World

SCHEMA = 1
Document = dict[str, Any]


def truth(world: World) -> Iterator[Document]:
    """All lines; the first says which week it is."""
    yield {
        "truth": "week",
        "schema": SCHEMA,
        "seed": world.seed,
        "days": world.days,
        "map_version": world.journey_map.version,
        "until": format_instant(world.until),
        "events": len(world.happenings),
    }
    knowledge = Knowledge(world.happenings, world.story.tenures)
    told = Verdicts(world, knowledge, lambda h: h.told_at)
    real = Verdicts(world, knowledge, lambda h: h.at)
    yield from (_customer(number, known, world) for number, known in enumerate(knowledge.customers))
    yield from (_journey(course) for course in told.courses.values())
    yield from _broken(told, real)
    yield from map(_conflict, knowledge.conflicts)
    yield from (_item(silence) for silence in silences(world))


def _broken(told: Verdicts, real: Verdicts) -> Iterator[Document]:
    unclear = told.unclear | (told.items.keys() ^ real.items.keys())
    for key in sorted(
        told.items.keys() | real.items.keys(), key=lambda key: (key[0], key[1], str(key[2]), key[3])
    ):
        yield _item(real.items.get(key) or told.items[key], key not in unclear)


def _item(item: Broken, is_decidable: bool = True) -> Document:
    return {
        "truth": "broken",
        "kind": item.kind,
        "about": item.about,
        "handoff": item.handoff,
        "broken_at": format_instant(item.broken_at),
        "mended_at": None if item.mended_at is None else format_instant(item.mended_at),
        "decidable": is_decidable,
    }


def _conflict(conflict: Conflict) -> Document:
    known_at = conflict.known_by.told_at
    item = Broken("identity_conflict", conflict.identifier, None, 0, known_at, None)
    return _item(item) | {"between": list(conflict.numbers)}


def _customer(number: int, known: Known, world: World) -> Document:
    held: dict[str, list[str | None]] = {}
    for h in known.events:
        for identifier in h.names:
            until = next(
                (t.until for t in world.story.tenures.get(identifier, ()) if t.person is h.person), None
            )
            held.setdefault(
                identifier, [format_instant(h.told_at), None if until is None else format_instant(until)]
            )
    return {
        "truth": "customer",
        "customer": number,
        "clear": known.clear,
        "people": known.people,
        "identifiers": [
            {"identifier": identifier, "first_seen": first, "until": until}
            for identifier, (first, until) in sorted(held.items())
        ],
        "events": [h.ref for h in known.events],
    }


def _journey(course: Course) -> Document:
    return {
        "truth": "journey",
        "journey": course.about,
        "type": course.type.name,
        "events": sorted(h.ref for h in (*course.events, *course.contacts)),
    }
