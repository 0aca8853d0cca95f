"""Deadlines: in jeopardy, missing, stuck, late, or known too late: one deadline, one alert.

What happened in time may be known for this journey's only later, by an event or an operator that links the two. Until
then it was missing, and is `identity_late` from the time of that link on.
"""

from contextlib import suppress

from journeys.events import Event
from journeys.instants import parse_instant
from journeys.journey import Journey
from journeys.journey_map import Handoff
from journeys.judgement import DEADLINE, IDENTITY_LATE, JEOPARDY, LATE, MISSING, STUCK, Broken, Judgement


def due_at(journey: Journey, handoff: Handoff, given: Event) -> int | None:
    """Until when the handoff is in time; None: no deadline."""
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


def judge_deadline(
    result: Judgement, journey: Journey, department: str, failures: list[Broken], watermark: int
) -> None:
    """Judge a handoff whose `from` event and deadline are known."""
    given, taken, due = result.given, result.taken, result.due_at
    assert given is not None and due is not None
    cancelled = journey.cancelled_at
    failing = is_failing(failures)
    opened = max(due, given.time)
    warned = _jeopardy(result.handoff, given.time, due)
    accepted = journey.all(result.handoff.accepted_by)
    told_as_failed = bool(failures) and any(_was_open(failure, opened) for failure in failures)

    def overdue(
        kind: str, since: int, evidence: tuple[Event | None, ...], ended: int | None = None,
        late_by: int | None = None, mended_by: Event | None = None,
    ) -> None:  # fmt: skip
        before = [] if warned is None or kind == JEOPARDY else [(warned, JEOPARDY)]
        if kind in (LATE, IDENTITY_LATE) and not told_as_failed:
            before.append((opened, STUCK if any(event.time <= opened for event in accepted) else MISSING))
        proof = tuple(event for event in evidence if event)
        result.broken.append(
            Broken(kind, DEADLINE, 0, department, since, proof, due, ended, late_by, "", tuple(before), mended_by)
        )  # fmt: skip

    if cancelled is not None and due >= cancelled and not (taken and taken.time <= due):
        if warned is not None and cancelled > warned:
            overdue(JEOPARDY, warned, (given,), cancelled, mended_by=journey.cancelled_by)
    elif taken is not None:
        linking = _linked_by(journey, given, taken)
        known = linking.time if linking else taken.time
        if taken.time > due:
            result.status = LATE
            overdue(LATE, opened, (given, taken), max(known, opened), taken.time - due, linking)
        elif known > opened and not told_as_failed and not (cancelled is not None and due >= cancelled):
            overdue(IDENTITY_LATE, opened, (given, taken, linking), known)
        elif warned is not None and known > warned:
            overdue(JEOPARDY, warned, (given, taken), known, mended_by=linking)
    elif watermark > due:
        result.status = STUCK if accepted else MISSING
        if not failing:
            overdue(result.status, opened, (given, *accepted[-1:]), cancelled, mended_by=journey.cancelled_by)
    else:
        in_jeopardy = warned is not None and watermark > warned
        result.waits_for = (department, due if warned is None or in_jeopardy else warned)
        if warned is not None and in_jeopardy and not failing:
            overdue(JEOPARDY, warned, (given,))


def is_failing(failures: list[Broken]) -> bool:
    """Whether the last run of failures goes on; those before it have ended."""
    return bool(failures) and failures[-1].resolved_at is None


def _linked_by(journey: Journey, given: Event, taken: Event) -> Event | None:
    """The later event by which what was owed came to be known as this journey's.

    None where it was known at once, or no later than what it was owed for: then nobody missed it.
    """
    if journey.customer.knows_all_by(taken.time):
        return None
    link = journey.customer.joined_by(given, taken)
    if link is None or link.event.time <= taken.time:
        return None
    obliging = journey.customer.joined_by(journey.start, given)
    return None if obliging and obliging.event.time >= link.event.time else link.event


def _was_open(failure: Broken, time: int) -> bool:
    return failure.opened_at <= time and (failure.resolved_at is None or failure.resolved_at > time)


def _jeopardy(handoff: Handoff, given: int, due: int) -> int | None:
    """From when on a handoff that has not happened is predicted to be late; None: it is not predicted."""
    at = handoff.jeopardy_at
    if at is None or due <= given:
        return None
    warned = given + (at if isinstance(at, int) else int((due - given) * at))
    return warned if warned < due else None
