"""Deadlines: in jeopardy, missing, stuck, late, or known too late: one deadline, one alert.

What happened in time may be known for this journey's only later, by an event or an operator that links the two. Until
then it was missing, and is `identity_late` from the time of that link on.
"""

from collections.abc import Iterable
from contextlib import suppress

from journeys.events import Event
from journeys.instants import parse_instant
from journeys.journey import Journey
from journeys.journey_map import Handoff
from journeys.judgement import (
    DEADLINE,
    IDENTITY_LATE,
    JEOPARDY,
    LATE,
    MISSING,
    STUCK,
    Broken,
    Judgement,
    RestsOn,
    Watermarks,
)
from journeys.witnesses import Witnesses, after, missing_of


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


class Deadline:
    """What the deadline of a handoff comes to whose `from` event is known: what mended it, once that is certain, and
    until then what it is without.
    """

    def __init__(
        self,
        result: Judgement,
        journey: Journey,
        department: str,
        failures: list[Broken],
        watermarks: Watermarks,
        witnesses: Witnesses,
    ) -> None:
        assert result.given is not None and result.due_at is not None
        self._result, self._given, self._due = result, result.given, result.due_at
        self._journey = journey
        self._department = department
        self._watermarks = watermarks
        self._witnesses = witnesses
        self._failing = is_failing(failures) or (bool(failures) and self._in_doubt(failures[-1].evidence[-1]))
        self._opened = max(self._due, self._given.time)
        self._warned = _jeopardy(result.handoff, self._given.time, self._due)
        self._accepted = journey.all(result.handoff.accepted_by)
        self._told_as_failed = bool(failures) and any(
            _was_open(failure, self._opened) for failure in failures
        )

    def judge(self) -> None:
        """Add to the judgement what it comes to."""
        taken, due, warned, cancelled = (
            self._result.taken,
            self._due,
            self._warned,
            self._journey.cancelled_at,
        )
        excused = cancelled is not None and due >= cancelled
        if cancelled is not None and excused and not (taken and taken.time <= due):
            if warned is not None and cancelled > warned:
                self._mended(JEOPARDY, warned, cancelled, (), by=self._journey.cancelled_by)
        elif taken is None:
            self._owed()
        else:
            linking = _linked_by(self._journey, self._given, taken)
            known = linking.time if linking else taken.time
            if taken.time > due:
                self._result.status = LATE
                self._mended(
                    LATE, self._opened, max(known, self._opened), (taken,), taken.time - due, linking
                )
            elif known > self._opened and not self._told_as_failed and not excused:
                self._mended(IDENTITY_LATE, self._opened, known, (taken, linking))
            elif warned is not None and known > warned:
                self._mended(JEOPARDY, warned, known, (taken,), by=linking)

    def _mended(
        self, kind: str, since: int, ended: int, mending: tuple[Event | None, ...],
        late_by: int | None = None, by: Event | None = None,
    ) -> None:  # fmt: skip
        """Told once nothing can show that it was met before; what was owed is owed until then."""
        names = self._witnesses.of_types((self._result.handoff.target,))
        happened = tuple(event for event in mending if event)
        rests_on = self._past(names, since if kind == JEOPARDY else self._due)
        before: tuple[tuple[int, str], ...] = ()
        if kind != JEOPARDY:
            rests_on = (*rests_on, *self._witnesses.of_guesses(self._journey, *happened))
            before = self._before(missed=True)
        if lacking := missing_of(rests_on, self._watermarks):
            self._result.waits_for.append(lacking)
            self._owed()
        else:
            self._tell(kind, since, happened, rests_on, before, ended, late_by, by)

    def _owed(self) -> None:
        """As it is while nothing meets it."""
        owing = (self._department,)
        rests_on = self._past(owing, self._due)
        lacking = missing_of(rests_on, self._watermarks)
        if lacking is None:
            kind = STUCK if self._accepted else MISSING
            if self._result.taken is None:
                self._result.status = kind
            if not self._failing:
                cancelled, by = self._journey.cancelled_at, self._journey.cancelled_by
                self._tell(
                    kind, self._opened, self._accepted[-1:], rests_on, self._before(), cancelled, None, by
                )
            return
        if self._warned is not None:
            ahead = self._past(owing, self._warned)
            if not_yet := missing_of(ahead, self._watermarks):
                lacking = not_yet
            elif not self._failing:
                self._tell(JEOPARDY, self._warned, (), ahead)
        self._result.waits_for.append(lacking)

    def _in_doubt(self, event: Event) -> bool:
        return missing_of(self._witnesses.of_guesses(self._journey, event), self._watermarks) is not None

    def _past(self, names: Iterable[str], instant: int) -> RestsOn:
        return (*after(names, instant), *self._witnesses.of_guesses(self._journey, self._given))

    def _before(self, missed: bool = False) -> tuple[tuple[int, str], ...]:
        """What it was open as until then; `missed`: the deadline too was before."""
        before = [] if self._warned is None else [(self._warned, JEOPARDY)]
        if missed and not self._told_as_failed:
            was_accepted = any(event.time <= self._opened for event in self._accepted)
            before.append((self._opened, STUCK if was_accepted else MISSING))
        return tuple(before)

    def _tell(
        self, kind: str, since: int, further: Iterable[Event], rests_on: RestsOn,
        before: tuple[tuple[int, str], ...] = (), ended: int | None = None, late_by: int | None = None,
        by: Event | None = None,
    ) -> None:  # fmt: skip
        self._result.broken.append(
            Broken(
                kind, DEADLINE, 0, self._department, since, (self._given, *further), self._due, ended, late_by,
                before=before, mended_by=by, rests_on=rests_on,
            )
        )  # fmt: skip


def is_failing(failures: list[Broken]) -> bool:
    """Whether the last run of failures goes on; those before it have ended."""
    return bool(failures) and failures[-1].resolved_at is None


def _linked_by(journey: Journey, given: Event, taken: Event) -> Event | None:
    """The later event by which what was owed came to be known as this journey's.

    None where it was known at once, or no later than what it was owed for: then nobody missed it.
    """
    link = journey.customer.joined_after(taken.time, given, taken)
    if link is None or journey.customer.joined_after(link.event.time - 1, journey.start, given):
        return None
    return link.event


def _was_open(failure: Broken, time: int) -> bool:
    return failure.opened_at <= time and (failure.resolved_at is None or failure.resolved_at > time)


def _jeopardy(handoff: Handoff, given: int, due: int) -> int | None:
    """From when on a handoff that has not happened is predicted to be late; None: it is not predicted."""
    at = handoff.jeopardy_at
    if at is None or due <= given:
        return None
    warned = given + (at if isinstance(at, int) else int((due - given) * at))
    return warned if warned < due else None
