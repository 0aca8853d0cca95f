"""Stalls: gaps in an open journey longer than it may stand still.

A stall is told from others by the event after which it began: events of the time before that come in late do not make
another of it.
"""

from itertools import pairwise

from journeys.events import Event
from journeys.journey import Journey, in_time
from journeys.journey_map import JourneyMap
from journeys.judgement import LONG_AGO, STALLED, Broken, Watermarks


def stalls(
    journey: Journey, journey_map: JourneyMap, watermarks: Watermarks
) -> tuple[list[Broken], tuple[str, int] | None]:
    """Gaps in an open journey longer than it may stand still.

    And when the next would be due, if it is ahead.
    """
    limit = journey.type.stalls_after
    if limit is None:
        return [], None
    until = journey.ended_at
    moves = [event for event in (*journey.events, *journey.contacts) if event.time >= journey.start.time]
    moves = sorted(
        {event.key: event for event in moves if until is None or event.time <= until}.values(),
        key=in_time,
    )
    found = [
        _stall(journey, journey_map, before, limit, after)
        for before, after in pairwise(moves)
        if after.time > before.time + limit
    ]
    if until is not None:
        return found, None
    last = moves[-1]
    stall = _stall(journey, journey_map, last, limit, None)
    if watermarks.get(stall.department, LONG_AGO) > stall.opened_at:
        return [*found, stall], None
    return found, (stall.department, stall.opened_at)


def _stall(
    journey: Journey, journey_map: JourneyMap, last: Event, limit: int, next_move: Event | None
) -> Broken:
    seen = {event.type for event in journey.events if event.time <= last.time}
    awaited = next((step for step in journey.type.steps if step not in seen), last.type)
    department = journey_map.events[awaited].department
    due = last.time + limit
    ended = next_move.time if next_move else None
    late_by = None if ended is None else ended - due
    return Broken(
        STALLED, STALLED, last.identity, department, due, (last,), due, ended, late_by, awaited,
        mended_by=next_move,
    )  # fmt: skip
