"""Scenarios as sentences: what happened when, and what Baton must make of it.

    scenario.at("10:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.expect("unrecognised_caller", opened_at="16:00", status="open")

A time is `HH:MM`, with seconds if need be, on 15 January 2026, or on another day of that month: `17th 10:00`.
"""

import json
from collections import deque
from collections.abc import Sequence
from operator import lt
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from journeys.errors import InvalidEvent
from journeys.events import Event
from journeys.fold import Fold
from journeys.folded import Folded
from journeys.identity import strength, type_of
from journeys.instants import format_instant, parse_instant
from journeys.journey_map import JourneyMap
from journeys.judgement import Watermarks
from journeys.outcome import Message, Outcome
from journeys.reading import EventReader
from journeys.routing import OBSERVE, Neighbourhoods, address
from journeys.sharing import Limits
from tests.support import replaying

Document = dict[str, Any]
MAPS = Path(__file__).parents[2] / "deploy" / "maps"
WHOLE_TELECOM = (MAPS / "telecom.yaml").read_text()
APART = ("jeopardy_at", "silent_after")
"""What has tests of its own, so that the other scenarios need not think of it."""
TELECOM = "".join(line for line in WHOLE_TELECOM.splitlines(True) if not line.strip().startswith(APART))

ANNA, BEN = "anna@example.com", "ben@example.com"
ANNAS_PHONE, BENS_PHONE = "+49 171 3920001", "+49 171 3920002"
SIM, OTHER_SIM = "8949020000000010013", "8949020000000010021"


class Told(NamedTuple):
    """An event that has no time yet."""

    type: str
    data: Document
    id: str | None


class Department:
    """Tells events: `shop.order_placed(order="A-1")`. `id=` names one that is told again."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, what: str) -> Any:
        def tell(id: str | None = None, **data: Any) -> Told:
            return Told(f"{self._name}.{what}", data, id)

        return tell


shop, activation, call_center, operator = map(Department, ("shop", "activation", "call_center", "baton"))


def instant(text: str) -> int:
    day, _, time = text.rpartition(" ")
    return parse_instant(
        f"2026-01-{int(day[:-2] or 15) if day else 15:02d}T{time}{':00' * (time.count(':') < 2)}Z"
    )


def when(text: str) -> str:
    """The time as it stands in documents."""
    return format_instant(instant(text))


def cloudevent(time: str, told: Told, id: str) -> Document:
    return {
        "specversion": "1.0",
        "id": told.id or id,
        "source": f"/{told.type.partition('.')[0]}",
        "type": told.type,
        "time": when(time),
        "data": told.data,
    }


def event_of(journey_map: JourneyMap, time: str, told: Told) -> Event:
    """The event as the real reader reads it; its id is its type and time."""
    raw = json.dumps(cloudevent(time, told, f"{told.type} {time}")).encode()
    return EventReader(journey_map, live=False).read(raw, ["told", 0, 0], None)


class Scenario:
    """Runs through the real reader, routing and fold, in the order told and in reverse, which must come to the same."""

    def __init__(self, journey_map: str = TELECOM) -> None:
        self.map_text = journey_map
        self.map = JourneyMap.parse(journey_map)
        self.told: list[Document] = []
        self.refused: list[InvalidEvent] = []
        self._as_of: int | None = None
        self._outcome: Folded | None = None

    def at(self, time: str, *told: Told) -> None:
        for event in told:
            self.told.append(cloudevent(time, event, f"{event.type}-{len(self.told)}"))
        self._outcome = None

    def judged_at(self, time: str) -> None:
        """Judge as of this time instead of the last event's."""
        self._as_of = instant(time)
        self._outcome = None

    def judged_under(self, **watermarks: str) -> Folded:
        """What it comes to while the departments' events have been seen up to these times."""
        return self.judged_on({name: instant(time) for name, time in watermarks.items()})

    def judged_on(self, watermarks: Watermarks) -> Folded:
        return fold_all(self.map, self._read(), watermarks)

    def instant(self, time: str) -> int:
        return instant(time)

    def expect(self, kind: str, **values: Any) -> Document:
        """There is exactly one alert of this kind, and it has these values; times may be short."""
        alerts = self.alerts(kind)
        assert len(alerts) == 1, f"expected one {kind}, found {[a['kind'] for a in self.outcome.alerts]}"
        found = {name: alerts[0][name] for name in values}
        assert found == {name: _full(name, value) for name, value in values.items()}
        return alerts[0]

    def expect_no(self, *kinds: str) -> None:
        """There is no alert of these kinds; without a kind: none at all."""
        found = [alert["kind"] for alert in self.outcome.alerts if not kinds or alert["kind"] in kinds]
        assert found == []

    def alerts(self, kind: str | None = None) -> list[Document]:
        return [alert for alert in self.outcome.alerts if kind in (None, alert["kind"])]

    def journey(self) -> Document:
        """The only journey."""
        (journey,) = self.outcome.journeys
        return journey

    def handoff(self, name: str) -> Document:
        return next(handoff for handoff in self.journey()["handoffs"] if handoff["handoff"] == name)

    def customers(self) -> list[set[str]]:
        """Every customer's identifiers."""
        return [
            {f"{kind}:{value}" for kind, values in customer["identifiers"].items() for value in values}
            for customer in self.outcome.customers
        ]

    @property
    def outcome(self) -> Folded:
        if self._outcome is None:
            self._outcome = self._judge(self._read())
        return self._outcome

    def replayed(self, folder: Path) -> replaying.Replayed:
        """The same through `baton replay`."""
        as_of = None if self._as_of is None else format_instant(self._as_of)
        return replaying.replay(self.told, self.map_text, folder, as_of)

    def _read(self) -> list[Event]:
        reader = EventReader(self.map, live=False)
        self.refused = []
        events = []
        for offset, told in enumerate(self.told):
            try:
                events.append(reader.read(json.dumps(told).encode(), ["told", 0, offset], None))
            except InvalidEvent as error:
                self.refused.append(error)
        return events

    def _judge(self, events: Sequence[Event]) -> Folded:
        as_of = self._as_of if self._as_of is not None else max((event.time for event in events), default=0)
        watermarks = dict.fromkeys(self.map.departments, as_of)
        outcome = fold_all(self.map, events, watermarks, as_of)
        reverse = fold_all(self.map, events[::-1], watermarks, as_of)
        assert reverse == outcome, "the order of arrival made a difference"
        return outcome


def fold_all(
    journey_map: JourneyMap, events: Sequence[Event], watermarks: Watermarks, as_of: int | None = None
) -> Folded:
    """All neighbourhoods of these events, folded; documents in the order of their ids."""
    rules = journey_map.identifiers
    neighbourhoods = Neighbourhoods(
        lambda a, b: lt(strength(a, rules), strength(b, rules)),
        lambda i: rules[type_of(i)].routes,
        lambda i: True,
        Limits(rules),
    )
    waiting: deque[tuple[str, Message]] = deque(
        (address(event, lambda i: rules[type_of(i)].routes, ()), (OBSERVE, event.encode(), ()))
        for event in events
    )
    while waiting:
        outcome = Outcome()
        neighbourhoods.handle(*waiting.popleft(), outcome)
        waiting += outcome.departures()
    fold = Fold(journey_map)
    return merged(
        [fold(root.events.values(), watermarks, as_of, root.marks) for root in neighbourhoods.roots.values()]
    )


def merged(parts: Sequence[Folded]) -> Folded:
    """Several neighbourhoods' outcomes as one."""
    whole = Folded()
    for part in parts:
        whole.customers += part.customers
        whole.journeys += part.journeys
        whole.alerts += part.alerts
        whole.refused += part.refused
        whole.folded += part.folded
        whole.duplicates += part.duplicates
        whole.after_as_of += part.after_as_of
        whole.identifiers_dropped += part.identifiers_dropped
        for department, time in part.due.items():
            whole.wait(department, time)
    whole.customers.sort(key=lambda document: document["id"])
    whole.journeys.sort(key=lambda document: document["id"])
    whole.alerts.sort(key=lambda document: document["fingerprint"])
    return whole


def _full(name: str, value: Any) -> Any:
    return when(value) if name.endswith("_at") and isinstance(value, str) else value


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()
