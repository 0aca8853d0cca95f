"""Handoffs: one department's event that another's must follow, and every way in which that breaks.

A pure judgement of a journey's events at given watermarks. A deadline is passed only when the watermark of
the department that owes the event is past it: a lagging feed looks exactly like a missing handoff. What else may
still be undone by what lags is told when it cannot any more (see witnesses).
"""

from collections.abc import Iterator

from journeys.deadlines import Deadline, due_at, is_failing
from journeys.events import Event
from journeys.journey import CANCELLED, Journey
from journeys.journey_map import Handoff, JourneyMap
from journeys.judgement import (
    CONTRADICTORY,
    DONE,
    DUPLICATED,
    FAILED,
    OUT_OF_ORDER,
    UNPROMISED,
    WAITING,
    Broken,
    Judgement,
    Watermarks,
)
from journeys.witnesses import Witnesses, up_to


def judge(
    journey: Journey, handoff: Handoff, journey_map: JourneyMap, watermarks: Watermarks, witnesses: Witnesses
) -> Judgement:
    """Judge one handoff of a journey."""
    given = journey.first(handoff.source)
    taken = journey.first(handoff.target)
    department = journey_map.events[handoff.target].department
    result = Judgement(handoff, DONE if taken else WAITING, given, taken, None, [])
    failures = list(_failed(journey, handoff, department, witnesses)) if handoff.fails_on else []
    failing = is_failing(failures)
    if given is not None:
        result.due_at = due_at(journey, handoff, given)
        if result.due_at is not None:
            Deadline(result, journey, department, failures, watermarks, witnesses).judge()
        elif handoff.by and taken is None:
            result.status = UNPROMISED
    result.broken += failures
    if failing and taken is None:
        result.status = FAILED
    if taken is None and journey.status == CANCELLED:
        result.status = CANCELLED
    if given and taken:
        result.broken += _between(journey, handoff, given, taken, department, witnesses)
    if handoff.once:
        result.broken += _duplicated(journey, journey.all((handoff.target,)), department, witnesses)
    return result


def _failed(journey: Journey, handoff: Handoff, department: str, witnesses: Witnesses) -> Iterator[Broken]:
    """Each run of failures until the handoff is done after all, or the journey is cancelled."""
    run: list[Event] = []
    occurrence = 0
    for event in journey.events:
        if event.type in handoff.fails_on:
            run.append(event)
        elif event.type == handoff.target and run:
            evidence = (*run, event)
            yield Broken(
                FAILED, FAILED, occurrence, department, run[0].time, evidence, resolved_at=event.time,
                rests_on=witnesses.of_guesses(journey, run[0]),
            )  # fmt: skip
            run, occurrence = [], occurrence + 1
    if run:
        cancelled = journey.cancelled_at
        ended = cancelled if cancelled is not None and cancelled >= run[0].time else None
        yield Broken(
            FAILED, FAILED, occurrence, department, run[0].time, tuple(run), resolved_at=ended,
            mended_by=journey.cancelled_by, rests_on=witnesses.of_guesses(journey, run[0]),
        )  # fmt: skip


def _between(
    journey: Journey, handoff: Handoff, given: Event, taken: Event, department: str, witnesses: Witnesses
) -> Iterator[Broken]:
    if handoff.order and taken.time < given.time:
        earlier = up_to(witnesses.of_types((handoff.source,)), taken.time)
        yield Broken(
            OUT_OF_ORDER, OUT_OF_ORDER, 0, department, taken.time, (taken, given), resolved_at=given.time,
            rests_on=(*earlier, *witnesses.of_guesses(journey, taken, given)),
        )  # fmt: skip
    for name in handoff.agree_on:
        for since, until, occurrence in _contradictions(journey, handoff, name):
            between = witnesses.of_types((handoff.source, handoff.target) if occurrence else (since[0].type,))
            yield Broken(
                CONTRADICTORY, f"{CONTRADICTORY}:{name}", occurrence, department, since[1].time,
                (*_given_first(since, handoff), *([until] if until else ())),
                resolved_at=until.time if until else None, about=name,
                rests_on=(*up_to(between, since[1].time), *witnesses.of_guesses(journey, *since)),
            )  # fmt: skip


def _contradictions(
    journey: Journey, handoff: Handoff, name: str
) -> Iterator[tuple[tuple[Event, Event], Event | None, int]]:
    """Each time when the two sides come to have nothing they say in common, until they agree again."""
    says: dict[str, tuple[frozenset[object], Event]] = {}
    opened: tuple[Event, Event] | None = None
    occurrence = 0
    for event in journey.all((handoff.source, handoff.target)):
        value = _says(event, name)
        if not value:
            continue
        said_before = says.get(handoff.target if event.type == handoff.source else handoff.source)
        says[event.type] = (value, event)
        if said_before is None:
            continue
        other, earlier = said_before
        agree = not value.isdisjoint(other)
        if not agree and opened is None:
            opened = (earlier, event)
        elif agree and opened is not None:
            yield opened, event, occurrence
            opened, occurrence = None, occurrence + 1
    if opened:
        yield opened, None, occurrence


def _given_first(events: tuple[Event, Event], handoff: Handoff) -> tuple[Event, Event]:
    one, other = events
    return (one, other) if one.type == handoff.source else (other, one)


def _says(event: Event, name: str) -> frozenset[object]:
    """A field's values, else the identifiers of that type; empty: it says nothing."""
    value = event.fields.get(name)
    if value is None:
        return frozenset(i for i in event.identifiers if i.startswith(f"{name}:"))
    return frozenset(value if isinstance(value, list) else (value,))


def _duplicated(journey: Journey, taken: list[Event], department: str, witnesses: Witnesses) -> list[Broken]:
    if len(taken) < 2:
        return []
    guesses = witnesses.of_guesses(journey, *taken[:2])
    return [Broken(DUPLICATED, DUPLICATED, 0, department, taken[1].time, tuple(taken), rests_on=guesses)]
