"""Stalls: gaps in an open journey longer than it may stand still.

A stall is told from others by the event after which it began: events of the time before that come in late do not make
another of it.
"""

from collections.abc import Iterable
from itertools import pairwise

from journeys.events import Event
from journeys.journey import Journey, in_time
from journeys.journey_map import JourneyMap
from journeys.judgement import STALLED, Broken
from journeys.witnesses import Witnesses, after


def stalls(journey: Journey, journey_map: JourneyMap, witnesses: Witnesses) -> list[Broken]:
    """Gaps in an open journey longer than it may stand still; the last lasts, or is ahead yet.

    Each rests on the department whose event was to come next, and on all whose events would have been a move.
    """
    limit = journey.type.stalls_after
    if limit is None:
        return []
    until = journey.ended_at
    moves = [event for event in (*journey.events, *journey.contacts) if event.time >= journey.start.time]
    moves = sorted(
        {event.key: event for event in moves if until is None or event.time <= until}.values(),
        key=in_time,
    )
    names = witnesses.of_moves(journey)
    found = [
        _stall(journey, journey_map, before, limit, move, names)
        for before, move in pairwise(moves)
        if move.time > before.time + limit
    ]
    return (
        found if until is not None else [*found, _stall(journey, journey_map, moves[-1], limit, None, names)]
    )


def _stall(
    journey: Journey,
    journey_map: JourneyMap,
    last: Event,
    limit: int,
    next_move: Event | None,
    witnesses: Iterable[str],
) -> Broken:
    seen = {event.type for event in journey.events if event.time <= last.time}
    awaited = next((step for step in journey.type.steps if step not in seen), last.type)
    department = journey_map.events[awaited].department
    due = last.time + limit
    ended = next_move.time if next_move else None
    late_by = None if ended is None else ended - due
    names = witnesses if next_move else dict.fromkeys((department, *witnesses))
    return Broken(
        STALLED, STALLED, last.identity, department, due, (last,), due, ended, late_by, awaited,
        mended_by=next_move, rests_on=after(names, due),
    )  # fmt: skip
