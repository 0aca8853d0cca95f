"""The story so far: what has happened, and what all that tell it have in common."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from journeys.journey_map import JourneyMap
from journeys.simulation.departments import Departments
from journeys.simulation.happenings import Happening
from journeys.simulation.people import People, Person

if TYPE_CHECKING:
    from journeys.simulation.orders import Order


class Delivered(NamedTuple):
    """An order whose SIM card has arrived, and when its way there was."""

    order: "Order"
    paid: int
    dispatched: int
    delivered: int


class Tenure(NamedTuple):
    """Whose an identifier was, and until when."""

    person: Person
    until: int | None


class Story:
    """Collects happenings. `tenures`: identifiers that were one person's and then another's."""

    def __init__(self, journey_map: JourneyMap, days: float, chance: random.Random) -> None:
        self.days, self.chance = days, chance
        self.departments = Departments(journey_map.departments, days, chance)
        self.people = People(chance)
        self.happenings: list[Happening] = []
        self.lines: list[Delivered] = []
        self.tenures: defaultdict[str, list[Tenure]] = defaultdict(list)
        self._handoffs = journey_map.journeys["new_line"].handoffs
        self._numbers: Counter[str] = Counter()

    def tells(
        self, type: str, at: int, person: Person | None, orders: Sequence[str] = (), /, **data: Any
    ) -> Happening:
        """Something happens; what is None is left out."""
        told = Happening(type, at, {k: v for k, v in data.items() if v is not None}, person, tuple(orders))
        self.happenings.append(told)
        return told

    def works(self, department: str, instant: int) -> int:
        return self.departments.works(department, instant, self.chance)

    def within(self, handoff: str) -> int:
        """The time that the map allows."""
        allowed = self._handoffs[handoff].within
        assert allowed is not None
        return allowed

    def number(self, prefix: str) -> str:
        """The next of a kind, such as A-200017."""
        self._numbers[prefix] += 1
        return f"{prefix}-{200_000 + self._numbers[prefix]}"
