"""The truth about a simulated world, a document a line: customers, journeys, what broke, and silences.

`broken` lines have `decidable`: false where only the departments' clocks, which are wrong by seconds to minutes, or two
customers whom nobody can tell apart decide it.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from journeys.instants import format_instant
from journeys.map_parts import Contact
from journeys.simulation.contacts import attach, broken_contacts
from journeys.simulation.happenings import Happening
from journeys.simulation.knowledge import Knowledge, Known
from journeys.simulation.promises import Broken, Clock, Course, broken_promises
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
    told = _Told(world, knowledge, lambda h: h.told_at)
    real = _Told(world, knowledge, lambda h: h.at)
    yield from (_customer(number, known, world) for number, known in enumerate(knowledge.customers))
    yield from (_journey(course) for course in told.courses.values())
    yield from _broken(told, real)
    for conflict in knowledge.conflicts:
        yield {
            "truth": "broken",
            "kind": "identity_conflict",
            "about": conflict.identifier,
            "handoff": None,
            "broken_at": format_instant(conflict.known_by.told_at),
            "mended_at": None,
            "decidable": True,
            "between": list(conflict.numbers),
        }
    yield from _silences(world)


class _Told:
    """What broke, by one clock."""

    def __init__(self, world: World, knowledge: Knowledge, clock: Clock) -> None:
        self._world, self._knowledge, self._clock = world, knowledge, clock
        (type,) = world.journey_map.journeys.values()
        members: defaultdict[str, list[Happening]] = defaultdict(list)
        for h in sorted(world.happenings, key=clock):
            if h.type not in world.journey_map.contacts:
                for order in h.orders:
                    members[order].append(h)
        self.courses = {
            order: Course(order, type, clock, events) for order, events in sorted(members.items())
        }
        self.unclear: set[tuple[Any, ...]] = set()
        self.items = {item.key: item for item in self._all()}

    def _all(self) -> Iterator[Broken]:
        world = self._world
        (rule,) = world.journey_map.contacts.values()
        for known in self._knowledge.customers:
            for item in self._of_calls(known, rule) if known.clear else self._unclear_calls(known, rule):
                if not known.clear:
                    self.unclear.add(item.key)
                yield item
        until = _known_until(world)
        for course in self.courses.values():
            yield from broken_promises(course, world.journey_map.events, until)

    def _of_calls(self, known: Known, rule: Contact) -> Iterator[Broken]:
        events = sorted(known.events, key=self._clock)
        started = {h.data["order"] for h in events if h.type == "shop.order_placed"}
        courses = [self.courses[order] for order in sorted(started)]
        attach([h for h in events if h.type == rule.type], courses)
        return broken_contacts(events, courses, rule, self._knowledge.linking, self._clock)

    def _unclear_calls(self, known: Known, rule: Contact) -> Iterator[Broken]:
        """Calls that may be anybody's of those who share the number: whatever is said of them may be right."""
        for call in known.events:
            if call.type == rule.type:
                at = self._clock(call)
                yield Broken("repeat_contact", call.ref, None, 0, at, None)
                if not call.data["recognised"]:
                    yield Broken("unrecognised_caller", call.ref, None, 0, at, None)


def _broken(told: _Told, real: _Told) -> Iterator[Document]:
    unclear = told.unclear | (told.items.keys() ^ real.items.keys())
    for key in sorted(
        told.items.keys() | real.items.keys(), key=lambda key: (key[0], key[1], str(key[2]), key[3])
    ):
        item = real.items.get(key) or told.items[key]
        yield {
            "truth": "broken",
            "kind": item.kind,
            "about": item.about,
            "handoff": item.handoff,
            "broken_at": format_instant(item.broken_at),
            "mended_at": None if item.mended_at is None else format_instant(item.mended_at),
            "decidable": key not in unclear,
        }


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


def _known_until(world: World) -> dict[str, int]:
    """Up to when what a department did not tell did not happen: not while it is silent."""
    return {
        name: min(world.until, signs[-1] + silent_after)
        if (silent_after := department.silent_after) is not None and (signs := _signs(world, name))
        else world.until
        for name, department in world.journey_map.departments.items()
    }


def _signs(world: World, department: str) -> list[int]:
    """When a department was heard of, by its own clock."""
    told = [h.told_at for h in world.happenings if h.department == department and h.names]
    return sorted((*told, *world.beats.get(department, ())))


def _silences(world: World) -> Iterator[Document]:
    for name, department in world.journey_map.departments.items():
        if department.silent_after is None:
            continue
        signs = [*_signs(world, name), None]
        for last, again in pairwise(signs):
            began = (last or 0) + department.silent_after
            if (again or world.until) > began:
                yield {
                    "truth": "broken",
                    "kind": "silent_department",
                    "about": name,
                    "handoff": None,
                    "broken_at": format_instant(began),
                    "mended_at": None if again is None else format_instant(again),
                    "decidable": True,
                }
