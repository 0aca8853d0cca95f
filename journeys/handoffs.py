"""Handoffs: one department's event that another's must follow, and every way in which that breaks.

A pure judgement of a journey's events at given watermarks. A deadline is passed only when the watermark of
the department that owes the event is past it: a lagging feed looks exactly like a missing handoff.
"""

from collections.abc import Iterable, Iterator

from journeys.deadlines import due_at, is_failing, judge_deadline
from journeys.events import Event
from journeys.journey import CANCELLED, Journey
from journeys.journey_map import Handoff, JourneyMap
from journeys.judgement import (
    CONTRADICTORY,
    DONE,
    DUPLICATED,
    FAILED,
    LONG_AGO,
    OUT_OF_ORDER,
    UNPROMISED,
    WAITING,
    Broken,
    Judgement,
    Watermarks,
)


def judge(journey: Journey, handoff: Handoff, journey_map: JourneyMap, watermarks: Watermarks) -> Judgement:
    """Judge one handoff of a journey."""
    given = journey.first(handoff.source)
    taken = journey.first(handoff.target)
    department = journey_map.events[handoff.target].department
    result = Judgement(handoff, DONE if taken else WAITING, given, taken, None, [])
    failures = list(_failed(journey, handoff, department)) if handoff.fails_on else []
    failing = is_failing(failures)
    if given is not None:
        result.due_at = due_at(journey, handoff, given)
        if result.due_at is not None:
            judge_deadline(result, journey, department, failures, watermarks.get(department, LONG_AGO))
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
        yield Broken(
            FAILED, FAILED, occurrence, department, run[0].time, tuple(run), resolved_at=ended,
            mended_by=journey.cancelled_by,
        )  # fmt: skip


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
