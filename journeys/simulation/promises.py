"""What broke in a journey: the promises of the map, held against all that happened.

Arithmetic of its own, from the contract: what happens at the deadline itself is in time; a handoff is broken from its
deadline, or from when it was handed over if that was later; a cancellation ends every deadline after it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from journeys.instants import parse_instant
from journeys.map_parts import EventType, Handoff, JourneyType
from journeys.simulation.happenings import Happening

Clock = Callable[[Happening], int]
Key = tuple[str, str, str | None, int]


class Broken(NamedTuple):
    """Something that broke. `about`: the journey, `order:A-1`, or the call, by its ref; `nth` of its kind there."""

    kind: str
    about: str
    handoff: str | None
    nth: int
    broken_at: int
    mended_at: int | None

    @property
    def key(self) -> Key:
        return self.kind, self.about, self.handoff, self.nth


@dataclass(slots=True, eq=False)
class Course:
    """A journey as it went, by one clock; `events` and `contacts` in time order.

    `known`: when it became known of an event that it is part of the journey, if that was later than the event.
    """

    order: str
    type: JourneyType
    clock: Clock
    events: list[Happening]
    contacts: list[Happening] = field(default_factory=list)
    known: dict[Happening, int] = field(default_factory=dict)

    @property
    def about(self) -> str:
        return f"order:{self.order}"

    @property
    def started(self) -> int:
        return min(self.times(self.type.starts))

    @property
    def cancelled(self) -> int | None:
        return min(self.times(self.type.cancels), default=None)

    @property
    def ended(self) -> int | None:
        return min(self.times((*self.type.cancels, *self.type.ends)), default=None)

    def times(self, types: Iterable[str]) -> list[int]:
        return [self.clock(h) for h in self.events if h.type in types]


def broken_promises(
    course: Course, events: Mapping[str, EventType], known_until: Mapping[str, int]
) -> Iterator[Broken]:
    """All that broke in a journey, by what each department had told up to an instant."""
    for handoff in course.type.handoffs.values():
        owed_by = events[handoff.target].department
        yield from _deadline(course, handoff, known_until[owed_by])
        yield from _failures(course, handoff)
        yield from _disorder(course, handoff)
        for nth, said in enumerate(handoff.agree_on):
            yield from _disagreement(course, handoff, nth, said)
    yield from _stalls(course, events, known_until)


def _deadline(course: Course, handoff: Handoff, known_until: int) -> Iterator[Broken]:
    given, taken = (course.times((type,)) for type in (handoff.source, handoff.target))
    due = _due(course, handoff, given)
    if due is None:
        return
    begun, cancelled = given[0], course.cancelled
    warned = _warned(handoff, begun, due)

    def item(kind: str, broken_at: int, mended_at: int | None) -> Broken:
        return Broken(kind, course.about, handoff.name, 0, broken_at, mended_at)

    in_time = bool(taken) and taken[0] <= due
    known = next((course.known.get(h, taken[0]) for h in course.events if h.type == handoff.target), 0)
    if in_time and known > max(due, begun) and not (cancelled is not None and cancelled <= due):
        yield item("identity_late", max(due, begun), known)
    elif in_time or (cancelled is not None and cancelled <= due):
        over = known if in_time else cancelled
        if warned is not None and over is not None and warned < over:
            yield item("jeopardy", warned, over)
    elif taken:
        yield item("late", max(due, begun), max(taken[0], begun))
    elif not _failing(course, handoff):
        kind = "stuck" if course.times(handoff.accepted_by) else "missing"
        if due < known_until:
            yield item(kind, max(due, begun), cancelled)
        elif warned is not None and warned < known_until:
            yield item("jeopardy", warned, None)


def _due(course: Course, handoff: Handoff, given: list[int]) -> int | None:
    if not given:
        return None
    if handoff.within is not None:
        return given[0] + handoff.within
    if handoff.by is None:
        return None
    promised = [parse_instant(h.data[handoff.by.field]) for h in course.events if h.type == handoff.by.event]
    if not promised:
        return None
    return {"newest": promised[-1], "earliest": min(promised), "latest": max(promised)}[handoff.by.pick]


def _warned(handoff: Handoff, begun: int, due: int) -> int | None:
    at = handoff.jeopardy_at
    if at is None:
        return None
    return begun + (at if isinstance(at, int) else int((due - begun) * at))


def _failing(course: Course, handoff: Handoff) -> bool:
    """Whether the last word is a failure."""
    words = [h.type for h in course.events if h.type in (*handoff.fails_on, handoff.target)]
    return bool(words) and words[-1] in handoff.fails_on


def _failures(course: Course, handoff: Handoff) -> Iterator[Broken]:
    since: int | None = None
    nth = 0
    for h in course.events:
        if h.type in handoff.fails_on and since is None:
            since = course.clock(h)
        elif h.type == handoff.target and since is not None:
            yield Broken("failed", course.about, handoff.name, nth, since, course.clock(h))
            since, nth = None, nth + 1
    if since is not None:
        cancelled = course.cancelled
        mended = cancelled if cancelled is not None and cancelled >= since else None
        yield Broken("failed", course.about, handoff.name, nth, since, mended)


def _disorder(course: Course, handoff: Handoff) -> Iterator[Broken]:
    given, taken = (course.times((type,)) for type in (handoff.source, handoff.target))
    if handoff.order and given and taken and taken[0] < given[0]:
        yield Broken("out_of_order", course.about, handoff.name, 0, taken[0], given[0])
    if handoff.once and len(taken) > 1:
        yield Broken("duplicated", course.about, handoff.name, 0, taken[1], None)


def _disagreement(course: Course, handoff: Handoff, nth: int, said: str) -> Iterator[Broken]:
    """Both sides say something, and nothing of it alike."""
    sides = [[h for h in course.events if h.type == type] for type in (handoff.source, handoff.target)]
    if all(sides):
        given, taken = sides[0][0], sides[1][0]
        if not _said(given, said) & _said(taken, said):
            at = max(course.clock(given), course.clock(taken))
            yield Broken("contradictory", course.about, handoff.name, nth, at, None)


def _said(happening: Happening, name: str) -> set[str]:
    told = [happening.data, *happening.data.get("items", ())]
    return {each[name] for each in told if name in each}


def _stalls(
    course: Course, events: Mapping[str, EventType], known_until: Mapping[str, int]
) -> Iterator[Broken]:
    limit, started, ended = course.type.stalls_after, course.started, course.ended
    if limit is None:
        return
    moves = sorted(
        course.clock(h)
        for h in (*course.events, *course.contacts)
        if course.clock(h) >= started and (ended is None or course.clock(h) <= ended)
    )
    found = [(before + limit, after) for before, after in pairwise(moves) if after - before > limit]
    for nth, (broken_at, mended_at) in enumerate(found):
        yield Broken("stalled", course.about, None, nth, broken_at, mended_at)
    if ended is None:
        told = {h.type for h in course.events}
        awaited = next((step for step in course.type.steps if step not in told), course.type.steps[-1])
        if moves[-1] + limit < known_until[events[awaited].department]:
            yield Broken("stalled", course.about, None, len(found), moves[-1] + limit, None)
