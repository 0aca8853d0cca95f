"""Handoffs: one department's event that another's must follow, and every way in which that breaks.

A pure judgement of a journey's events at given watermarks. A deadline is passed only when the watermark of
the department that owes the event is past it: a lagging feed looks exactly like a missing handoff.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from journeys.events import Event
from journeys.instants import parse_instant
from journeys.journey import CANCELLED, Journey
from journeys.journey_map import Handoff, JourneyMap

WAITING, DONE, UNPROMISED = "waiting", "done", "unpromised"
MISSING, LATE, STUCK, FAILED, JEOPARDY = "missing", "late", "stuck", "failed", "jeopardy"
DEADLINE = "deadline"
CONTRADICTORY, OUT_OF_ORDER, DUPLICATED, STALLED = "contradictory", "out_of_order", "duplicated", "stalled"

Watermarks = Mapping[str, int]
LONG_AGO = -(2**62)


class Broken(NamedTuple):
    """One way in which a handoff broke. Instants in microseconds; `resolved_at` None while it lasts.

    `group` and `occurrence` tell it from others of the handoff: missing, late and stuck are one group, the
    deadline.
    """

    kind: str
    group: str
    occurrence: int
    department: str
    opened_at: int
    evidence: tuple[Event, ...]
    due_at: int | None = None
    resolved_at: int | None = None
    late_by: int | None = None
    about: str = ""


@dataclass(slots=True)
class Judgement:
    """A handoff of one journey, judged. `waits_for` is (department, instant) while a deadline is ahead."""

    handoff: Handoff
    status: str
    given: Event | None
    taken: Event | None
    due_at: int | None
    broken: list[Broken]
    waits_for: tuple[str, int] | None = None


def judge(journey: Journey, handoff: Handoff, journey_map: JourneyMap, watermarks: Watermarks) -> Judgement:
    """Judge one handoff of a journey."""
    given = journey.first(handoff.source)
    taken = journey.first(handoff.target)
    department = journey_map.events[handoff.target].department
    result = Judgement(handoff, DONE if taken else WAITING, given, taken, None, [])
    failures = list(_failed(journey, handoff, department)) if handoff.fails_on else []
    failing = any(failure.resolved_at is None for failure in failures)
    if given is not None:
        result.due_at = _due(journey, handoff, given)
        if result.due_at is not None:
            _deadline(result, journey, department, failing, watermarks.get(department, LONG_AGO))
        elif handoff.by and taken is None:
            result.status = UNPROMISED
    result.broken += failures
    if failing and taken is None:
        result.status = FAILED
    if taken is None and journey.status == CANCELLED:
        result.status = CANCELLED
    if given and taken:
        result.broken += _between(journey, handoff, given, taken, department)
    if handoff.once:
        result.broken += _duplicated(journey.all((handoff.target,)), department)
    return result


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
        key=lambda e: e.time,
    )
    found = [
        _stall(journey, journey_map, n, before, limit, after.time)
        for n, (before, after) in enumerate(pairwise(moves))
        if after.time > before.time + limit
    ]
    if until is not None:
        return found, None
    last = moves[-1]
    stall = _stall(journey, journey_map, len(moves) - 1, last, limit, None)
    if watermarks.get(stall.department, LONG_AGO) > stall.opened_at:
        return [*found, stall], None
    return found, (stall.department, stall.opened_at)


def _stall(
    journey: Journey,
    journey_map: JourneyMap,
    occurrence: int,
    last: Event,
    limit: int,
    resolved_at: int | None,
) -> Broken:
    seen = {event.type for event in journey.events if event.time <= last.time}
    awaited = next((step for step in journey.type.steps if step not in seen), last.type)
    department = journey_map.events[awaited].department
    due = last.time + limit
    late_by = None if resolved_at is None else resolved_at - due
    return Broken(STALLED, STALLED, occurrence, department, due, (last,), due, resolved_at, late_by, awaited)


def _due(journey: Journey, handoff: Handoff, given: Event) -> int | None:
    if handoff.within is not None:
        return given.time + handoff.within
    if handoff.by is None:
        return None
    promises = [
        (event.time, promised)
        for event in journey.events
        if event.type == handoff.by.event
        for promised in _instants(event.fields.get(handoff.by.field))
    ]
    if not promises:
        return None
    if handoff.by.pick == "newest":
        return max(promises)[1]
    pick = min if handoff.by.pick == "earliest" else max
    return pick(promised for _, promised in promises)


def _instants(value: object) -> list[int]:
    """The times that a field carries; what is no time is no promise."""
    found = []
    for each in value if isinstance(value, list) else [value]:
        with suppress(ValueError):
            if isinstance(each, str):
                found.append(parse_instant(each))
    return found


def _deadline(result: Judgement, journey: Journey, department: str, failing: bool, watermark: int) -> None:
    """In jeopardy, missing, stuck or late: one deadline, one alert."""
    given, taken, due, handoff = result.given, result.taken, result.due_at, result.handoff
    assert given is not None and due is not None
    cancelled = journey.cancelled_at
    in_time = taken is not None and taken.time <= due
    warned = _jeopardy(handoff, given.time, due)

    def overdue(
        kind: str, opened: int, evidence: tuple[Event, ...], ended: int | None, late_by: int | None = None
    ) -> None:
        result.broken.append(Broken(kind, DEADLINE, 0, department, opened, evidence, due, ended, late_by))

    if in_time or (cancelled is not None and due >= cancelled):
        ended = taken.time if taken is not None and in_time else cancelled
        if warned is not None and ended is not None and ended > warned:
            overdue(JEOPARDY, warned, (given, taken) if taken and in_time else (given,), ended)
    elif taken is not None:
        result.status = LATE
        opened = max(due, given.time)
        overdue(LATE, opened, (given, taken), max(taken.time, opened), taken.time - due)
    elif watermark > due:
        accepted = journey.all(handoff.accepted_by)
        result.status = STUCK if accepted else MISSING
        if not failing:
            overdue(result.status, max(due, given.time), (given, *accepted[-1:]), cancelled)
    else:
        in_jeopardy = warned is not None and watermark > warned
        result.waits_for = (department, due if warned is None or in_jeopardy else warned)
        if warned is not None and in_jeopardy and not failing:
            overdue(JEOPARDY, warned, (given,), None)


def _jeopardy(handoff: Handoff, given: int, due: int) -> int | None:
    """From when on a handoff that has not happened is predicted to be late; None: it is not predicted."""
    at = handoff.jeopardy_at
    if at is None or due <= given:
        return None
    warned = given + (at if isinstance(at, int) else int((due - given) * at))
    return warned if warned < due else None


def _failed(journey: Journey, handoff: Handoff, department: str) -> Iterator[Broken]:
    """Each run of failures until the handoff is done after all, or the journey is cancelled."""
    run: list[Event] = []
    occurrence = 0
    for event in journey.events:
        if event.type in handoff.fails_on:
            run.append(event)
        elif event.type == handoff.target and run:
            evidence = (*run, event)
            yield Broken(
                FAILED, FAILED, occurrence, department, run[0].time, evidence, resolved_at=event.time
            )
            run, occurrence = [], occurrence + 1
    if run:
        cancelled = journey.cancelled_at
        ended = cancelled if cancelled is not None and cancelled >= run[0].time else None
        yield Broken(FAILED, FAILED, occurrence, department, run[0].time, tuple(run), resolved_at=ended)


def _between(
    journey: Journey, handoff: Handoff, given: Event, taken: Event, department: str
) -> Iterator[Broken]:
    if handoff.order and taken.time < given.time:
        yield Broken(
            OUT_OF_ORDER, OUT_OF_ORDER, 0, department, taken.time, (taken, given), resolved_at=given.time
        )
    for name in handoff.agree_on:
        yield from _contradictory(journey.all((handoff.source, handoff.target)), handoff, name, department)


def _contradictory(events: Iterable[Event], handoff: Handoff, name: str, department: str) -> Iterator[Broken]:
    """Each time when the two sides come to have nothing they say in common, until they agree again."""
    says: dict[str, tuple[frozenset[object], Event]] = {}
    opened: tuple[Event, Event] | None = None
    occurrence = 0
    for event in events:
        value = _says(event, name)
        if not value:
            continue
        says[event.type] = (value, event)
        if len(says) < 2:
            continue
        (given, one), (taken, other) = says[handoff.source], says[handoff.target]
        agree = not given.isdisjoint(taken)
        if not agree and opened is None:
            opened = (one, other)
        elif agree and opened is not None:
            started = max(e.time for e in opened)
            group = f"{CONTRADICTORY}:{name}"
            yield Broken(
                CONTRADICTORY,
                group,
                occurrence,
                department,
                started,
                (*opened, event),
                None,
                event.time,
                about=name,
            )
            opened, occurrence = None, occurrence + 1
    if opened:
        started = max(e.time for e in opened)
        yield Broken(
            CONTRADICTORY, f"{CONTRADICTORY}:{name}", occurrence, department, started, opened, about=name
        )


def _says(event: Event, name: str) -> frozenset[object]:
    """A field's values, else the identifiers of that type; empty: it says nothing."""
    value = event.fields.get(name)
    if value is None:
        return frozenset(i for i in event.identifiers if i.startswith(f"{name}:"))
    return frozenset(value if isinstance(value, list) else (value,))


def _duplicated(taken: list[Event], department: str) -> list[Broken]:
    if len(taken) < 2:
        return []
    return [Broken(DUPLICATED, DUPLICATED, 0, department, taken[1].time, tuple(taken))]
