"""What broke in a customer's calls: not recognised though known, also in hindsight, and calling again."""

from collections.abc import Callable, Iterator, Sequence

from journeys.map_parts import Contact
from journeys.simulation.grouping import known_at
from journeys.simulation.happenings import Happening
from journeys.simulation.promises import Broken, Clock, Course

Linking = Callable[[Happening], Sequence[str]]


def attach(calls: Sequence[Happening], courses: Sequence[Course]) -> None:
    """A call belongs to the journey that it names, else to the latest one open then, else to the latest."""
    for call in calls:
        named = [course for course in courses if course.order in call.orders]
        begun = [course for course in courses if course.started <= course.clock(call)]
        is_open = [course for course in begun if course.ended is None or course.ended > course.clock(call)]
        if candidates := named or is_open or begun:
            max(candidates, key=lambda course: course.started).contacts.append(call)


def broken_contacts(
    events: Sequence[Happening], courses: Sequence[Course], rule: Contact, linking: Linking, clock: Clock
) -> Iterator[Broken]:
    """What broke in the calls of a customer, whose events and journeys these are; events in time order."""
    calls = [h for h in events if h.type == rule.type]
    for call in calls:
        before = [course for course in courses if course.started < clock(call)]
        if not call.data["recognised"] and before:
            known_at = min(_known_at(events, course, call, linking, clock) for course in before)
            later = [clock(h) for h in calls if clock(h) > clock(call) and h.data["recognised"]]
            mended_at = max(later[0], known_at) if later else None
            yield Broken("unrecognised_caller", call.ref, None, 0, known_at, mended_at)
    if rule.repeat_within is not None:
        yield from _repeats(calls, rule.repeat_within, clock)


def _known_at(
    events: Sequence[Happening], course: Course, call: Happening, linking: Linking, clock: Clock
) -> int:
    """When the number that called was known to be hers whose journey it is."""
    (start, *_) = (h for h in course.events if h.type in course.type.starts)
    found = known_at(events, start, call, linking, clock)
    return clock(call) if found is None else found


def _repeats(calls: Sequence[Happening], window: int, clock: Clock) -> Iterator[Broken]:
    run: list[Happening] = []
    for call in [*calls, None]:
        if call is not None and run and clock(call) - clock(run[-1]) <= window:
            run.append(call)
            continue
        if len(run) > 1:
            over = clock(run[-1]) + window
            yield Broken("repeat_contact", run[0].ref, None, 0, clock(run[1]), over)
        run = [call] if call is not None else []
