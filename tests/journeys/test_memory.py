"""A fold with a memory comes to what a fold without one comes to, whatever was folded with it before."""

from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.events import Event
from journeys.fold import Fold
from journeys.folded import Folded
from journeys.identity import LINK, UNLINK
from journeys.journey_map import JourneyMap
from journeys.memory import Memory
from journeys.reading import EventReader
from tests.bench.orders import by_time
from tests.bench.orders import journey_map as lines_map
from tests.journeys.test_fold import day
from tests.support.claims import MAP, commands, departments
from tests.support.scenario import WHOLE_TELECOM, event_of, instant, operator

WHOLE = JourneyMap.parse(WHOLE_TELECOM)
HOUR = 3600 * 1_000_000
ALERTS = 3
BENCH = lines_map()


def lines() -> list[Event]:
    """Of people with several orders each, of whom some say now and then that they are one; and an operator does."""
    reader = EventReader(BENCH, live=False)
    told = []
    for offset, raw in enumerate(by_time(9)):
        event = orjson.loads(raw)
        if "crm" in event["data"]:
            number = int(event["data"].pop("crm")[1:])
            said = {"crm": "C-1"} if number % 3 == 0 else {}
            event["data"] |= {"email": f"{number % 4}@example.com", **said}
        told.append(reader.read(orjson.dumps(event), ["lines", 0, offset], None))
    links = [("A-0000001", "A-0000002"), ("A-0000002", "A-0000009"), ("A-0000009", "A-0000010")]
    commands = [operator.link(a=f"order:{a}", b=f"order:{b}") for a, b in links]
    return [*told, *(event_of(BENCH, f"{17 + n}th 09:00", link) for n, link in enumerate(commands))]


claims = [*departments(), *commands()]
orders = day()
one_customers = lines()
Step = dict[str, Any]


def a_step(chance: Random, events: Sequence[Event], journey_map: JourneyMap) -> Step:
    """What happens between two folds: events come, some again or with other content, and go; time passes, or falls
    back; identifiers are found to be shared; all may have met now or not.
    """

    def some(most: int, of: Sequence[Event] = events) -> list[Event]:
        return chance.choices(of, k=chance.randint(0, most))

    names = sorted({name for d in journey_map.departments.values() for name in (d.name, d.read)})
    time = chance.choice(events).time + chance.choice((-1, 0, 1, 4 * HOUR, 240 * HOUR))
    return {
        "come": some(8),
        "come_again": some(2) if chance.random() < 0.3 else [],
        "differ": some(1, [e for e in events if e.type not in (LINK, UNLINK)])
        if chance.random() < 0.2
        else [],
        "go": (events if chance.random() < 0.1 else some(4)) if chance.random() < 0.3 else [],
        "pass": {name: time for name in names if chance.random() < 0.5},
        "marks": frozenset(chance.choice(events).identifiers[:1] if chance.random() < 0.1 else ()),
        "as_of": time if chance.random() < 0.05 else None,
        "settling": chance.random() < 0.2,
    }


class Neighbourhood:
    """Rows that change, step by step; `fold` folds them with the memory that was there all along, and without."""

    def __init__(self, journey_map: JourneyMap) -> None:
        self._fold = Fold(journey_map)
        self._memory = Memory()
        self._rows: dict[str, bytes] = {}
        self._watermarks = dict.fromkeys(journey_map.departments, instant("10:00"))
        self._marks: frozenset[str] = frozenset()
        self._settling: set[str] | None = None
        self._as_of: int | None = None

    def take(self, step: Step) -> None:
        for event in step["come"]:
            self._rows[event.key] = event.encode()
        for event in step["come_again"]:
            self._rows[event.key] = event._replace(origins=[["a", 0, 1], ["b", 0, 1]]).encode()
        for event in step["differ"]:
            other = event._replace(
                key=f"{event.identity}.0", time=event.time - HOUR, identifiers=["order:A-1"]
            )
            self._rows[other.key] = other.encode()
        for event in step["go"]:
            self._rows.pop(event.key, None)
        self._watermarks |= step["pass"]
        self._marks |= step["marks"]
        self._as_of = step["as_of"]
        if step["settling"]:
            self._settling = None if self._settling is not None else set()

    def fold(self) -> tuple[Folded, Folded]:
        rows = list(self._rows.values())
        what = (rows, self._watermarks, self._as_of, self._marks, self._settling)
        remembered, anew = self._fold(*what, self._memory), self._fold(*what)
        if self._settling is not None:
            self._settling = {alert["fingerprint"] for alert in anew.alerts[:ALERTS]}
        return remembered, anew


def play(chance: Random, events: Sequence[Event], journey_map: JourneyMap) -> None:
    neighbourhood = Neighbourhood(journey_map)
    before, told = Folded(), b""
    for _ in range(chance.randint(2, 10)):
        neighbourhood.take(a_step(chance, events, journey_map))
        remembered, anew = neighbourhood.fold()
        assert remembered == anew
        assert not told or _told(before) == told
        before, told = remembered, _told(remembered)


def _told(folded: Folded) -> bytes:
    return orjson.dumps([folded.customers, folded.journeys, folded.alerts])


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_a_memory_changes_nothing_however_customers_merge_and_split(seed: int) -> None:
    play(Random(seed), claims, MAP)


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_a_memory_changes_nothing_whatever_breaks(seed: int) -> None:
    play(Random(seed), orders, WHOLE)


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_a_memory_changes_nothing_where_one_customers_orders_come_in(seed: int) -> None:
    play(Random(seed), one_customers, BENCH)
