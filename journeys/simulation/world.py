"""A simulated stretch of the operator's life: all that happened, as it was told and arrived, and what is true of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from journeys.instants import DAY, HOUR, MINUTE, SECOND, format_instant
from journeys.journey_map import JourneyMap
from journeys.simulation import rates
from journeys.simulation.accounts import account, numbers_that_changed_hands
from journeys.simulation.calendar import STARTS
from journeys.simulation.calls import Calls
from journeys.simulation.departments import BEATS, Departments
from journeys.simulation.happenings import Happening
from journeys.simulation.lines import Lines
from journeys.simulation.orders import Orders
from journeys.simulation.spelling import spelled
from journeys.simulation.story import Story

HEARTBEAT = "baton.heartbeat"


class Arrival(NamedTuple):
    """A record on its department's topic, and when it is there."""

    at: int
    raw: bytes


@dataclass(slots=True)
class World:
    """What happened, in the order of the departments' clocks.

    `beats` are each department's signs of life; `until` the latest time that an event carries, which is what a replay
    judges as of.
    """

    journey_map: JourneyMap
    seed: int
    days: float
    story: Story
    happenings: list[Happening]
    beats: dict[str, list[int]]
    until: int

    def arrivals(self) -> list[Arrival]:
        """All records in the order of their arrival: some late, some twice, in the spelling of the day."""
        chance = random.Random(f"arrival {self.seed}")
        departments = self.story.departments
        found = [arrival for h in self.happenings for arrival in _told(h, departments, chance)]
        for name, beats in self.beats.items():
            found += [_beat(name, at, n, departments, chance) for n, at in enumerate(beats)]
        return sorted(found, key=itemgetter(0))


def simulate(journey_map: JourneyMap, seed: int, orders: int, days: float) -> World:
    """Play so many days with so many orders; the same for the same arguments. `journey_map` is operator.yaml."""
    chance = random.Random(f"world {seed}")
    story = Story(journey_map, days, chance)
    people = story.people.who_order(orders)
    numbers_that_changed_hands(story, people)
    for person in people:
        account(story, person)
    play = Orders(story, people, orders)
    placed = [order for person in people for order in play.of(person)]
    lines = Lines(story, [person for person in people if person.crm])
    for delivered in story.lines:
        lines.play(delivered)
    calls = Calls(story)
    for order in placed:
        calls.about(order)
    calls.of_strangers(round(orders * rates.STRANGERS))
    calls.of_previous_holders()
    return _told_by_departments(journey_map, seed, days, story)


def _told_by_departments(journey_map: JourneyMap, seed: int, days: float, story: Story) -> World:
    ends = STARTS + int(days * DAY)
    departments = story.departments
    happenings = [h for h in story.happenings if h.at < ends]
    for h in happenings:
        h.told_at = departments.clock(h.department, h.at)
    happenings.sort(key=lambda h: (h.told_at, h.type, h.names))
    numbers: dict[str, int] = {}
    for h in happenings:
        numbers[h.department] = numbers.get(h.department, 0) + 1
        h.id = f"{h.type.partition('.')[2]}-{numbers[h.department]:06d}"
    beats = {
        d.name: [
            departments.clock(d.name, at)
            for at in range(STARTS, ends, d.silent_after // BEATS)
            if not departments.is_down(d.name, at)
        ]
        for d in journey_map.departments.values()
        if d.silent_after is not None
    }
    until = max((h.told_at for h in happenings if h.names), default=STARTS)
    return World(journey_map, seed, days, story, happenings, beats, until)


def _told(happening: Happening, departments: Departments, chance: random.Random) -> Iterator[Arrival]:
    """The event on its topic, and again where its sender saw no answer, or the topic was read twice."""
    raw = _record(
        happening.id, happening.type, happening.source, happening.told_at, spelled(happening.data, chance)
    )
    arrives = departments.arrives(happening.department, max(happening.at, STARTS), chance)
    yield Arrival(arrives, raw)
    if chance.random() < rates.TWICE:
        soon = chance.random() < 0.7
        yield Arrival(arrives + chance.randint(*((SECOND, 5 * MINUTE) if soon else (HOUR, 12 * HOUR))), raw)


def _beat(name: str, at: int, n: int, departments: Departments, chance: random.Random) -> Arrival:
    raw = _record(f"heartbeat-{n}", HEARTBEAT, f"/{name}", at, {"department": name})
    return Arrival(departments.arrives(name, at, chance), raw)


def _record(id: str, type: str, source: str, time: int, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": id,
            "source": source,
            "type": type,
            "time": format_instant(time),
            "datacontenttype": "application/json",
            "data": data,
        }
    )
