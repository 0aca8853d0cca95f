"""A simulated week at another time and speed."""

from pathlib import Path

import orjson

from journeys.instants import HOUR, MINUTE, format_instant, parse_instant
from journeys.journey_map import JourneyMap
from journeys.simulation.calendar import STARTS
from journeys.simulation.pace import Pace
from journeys.simulation.world import Arrival

BEGINS = parse_instant("2026-03-01T12:00:00Z")
MINUTELY = Pace(BEGINS, 60)
OPERATOR = (Path(__file__).parents[2] / "deploy" / "maps" / "operator.yaml").read_text()


def test_at_speed_60_an_hour_is_a_minute() -> None:
    assert MINUTELY.instant(STARTS + HOUR) == BEGINS + MINUTE
    assert MINUTELY.instant(STARTS - HOUR) == BEGINS - MINUTE


def test_an_events_time_and_what_it_promises_are_moved_and_nothing_else() -> None:
    at, later = (format_instant(STARTS + n * HOUR) for n in (1, 2))
    event = {"id": "1", "time": at, "data": {"promised_at": later, "plan": "M", "items": [{"iccid": "89"}]}}
    moved = MINUTELY.arrival(Arrival(STARTS, orjson.dumps(event)))
    assert moved.at == BEGINS
    assert orjson.loads(moved.raw) == event | {
        "time": "2026-03-01T12:01:00Z",
        "data": event["data"] | {"promised_at": "2026-03-01T12:02:00Z"},
    }


def test_the_truth_moves_along() -> None:
    line = {"truth": "broken", "broken_at": format_instant(STARTS), "mended_at": None, "about": "order:A-1"}
    assert MINUTELY.document(line) == line | {"broken_at": "2026-03-01T12:00:00Z"}


def test_the_map_allows_as_much_less_time() -> None:
    whole, short = (JourneyMap.parse(text) for text in (OPERATOR, MINUTELY.map(OPERATOR)))
    for name, handoff in whole.journeys["new_line"].handoffs.items():
        shorter = short.journeys["new_line"].handoffs[name]
        assert shorter.within == (handoff.within and handoff.within // 60)
        assert shorter.jeopardy_at == handoff.jeopardy_at
    assert list(short.identifiers) == list(whole.identifiers)
    assert (short.departments["shop"].silent_after or 0) * 60 == whole.departments["shop"].silent_after
