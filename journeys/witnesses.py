"""Witnesses: the departments whose events may still undo an alert, and up to when they must have been read.

An alert is told once nothing that is still to be read can undo it, of what happened before. What can, kind by kind:

missing, stuck, jeopardy    the event that is owed, in time
late, identity_late,
a jeopardy that is over     an earlier event that was in time
out_of_order                an earlier `from` event, before the `to` event
contradictory               another event between the two that contradict each other, of the side that spoke first
stalled                     any event of the journey, or contact, within the time it stood still
repeat_contact              an earlier contact, with which the run of them began
identity_conflict           an earlier link between identifiers, of any department
failed, duplicated          nothing: told at once
unrecognised_caller         another view of who is who: told at once

A deadline that nothing met is judged on the watermark of the department that owes the event, which stands still while
that is silent. All else waits only until others' events have been read: their silence holds up nothing.

Three things can undo alerts of several kinds. An event that names no journey, nor anything tied to one, such as an
activation read before the parcel that holds its SIM card, belongs to a journey by a guess from its customer; what
rests on it waits until every department of the journey has been read to its time. A journey that nothing
correlates is told from others by its first event: nothing is told of it before all have been read to then. And
contacts of a customer with events that name no journey that has begun, nor anything tied to one, may turn out to be
another's: what rests on them waits until every department has been read to their time.

Not waited for are a cancellation, another promise, or a link between identifiers that another department has sent
and that is not read yet: every missing handoff would have to wait for the slowest feed of all. Nor, of course, what
happens later.
"""

from collections.abc import Iterable
from math import inf

from journeys.conflicts import FoundConflict
from journeys.events import Event
from journeys.identity import Customer
from journeys.journey import Journey, rules_of
from journeys.journey_map import JourneyMap
from journeys.judgement import LONG_AGO, Compared, RestsOn, Watermarks

RESTS_ON = "rests_on"
"""Under this name an announced alert is kept with what it rests on."""

Names = tuple[str, ...]


class Witnesses:
    """Under one journey map, by the names of their watermarks."""

    def __init__(self, journey_map: JourneyMap) -> None:
        self._read = {
            type: journey_map.departments[event.department].read for type, event in journey_map.events.items()
        }
        rules = rules_of(journey_map)
        self._of_journey = {each.type.name: self.of_types(sorted(each.event_types)) for each in rules}
        self._of_all = tuple(department.read for department in journey_map.departments.values())
        self._of_contacts = self.of_types(journey_map.contacts)
        self._of_journeys = frozenset(type for each in rules for type in each.event_types)
        self._correlating = tuple(each.prefix for each in rules if each.prefix)

    def of_types(self, types: Iterable[str]) -> Names:
        """Of those who publish events of the types."""
        return tuple(dict.fromkeys(self._read[type] for type in types))

    def of_journey(self, journey: Journey) -> Names:
        return self._of_journey[journey.type.name]

    def of_moves(self, journey: Journey) -> Names:
        """Of all that happens in a journey, contacts included."""
        return tuple(dict.fromkeys((*self.of_journey(journey), *self._of_contacts)))

    def of_conflict(self, found: FoundConflict) -> RestsOn:
        return self.of_everyone(found.evidence[-1].time)

    def of_everyone(self, time: int) -> RestsOn:
        return up_to(self._of_all, time)

    def unsure_from(self, customer: Customer, journeys: Iterable[Journey]) -> float:
        """From when on contacts may turn out to be another's than this customer's with these journeys; inf: never."""
        begun = {journey.correlates for journey in journeys}
        sure = {e.key for journey in journeys for e in journey.events if e.key not in journey.guessed}

        def is_loose(event: Event) -> bool:
            if event.type in self._of_journeys and event.key not in sure:
                return True
            return any(i.startswith(self._correlating) and i not in begun for i in event.identifiers)

        return min((event.time for event in customer.events if is_loose(event)), default=inf)

    def of_start(self, journey: Journey) -> RestsOn:
        """What every alert of a journey rests on that only its first event tells from others."""
        return () if journey.correlates else up_to(self.of_journey(journey), journey.start.time)

    def of_guesses(self, journey: Journey, *events: Event) -> RestsOn:
        """What an alert rests on because of events that may turn out to be another journey's."""
        if not journey.guessed:
            return ()
        times = [event.time for event in events if event.key in journey.guessed]
        return up_to(self.of_journey(journey), max(times)) if times else ()


def up_to(names: Iterable[str], time: int) -> RestsOn:
    """All that happened by then has been read of them."""
    return tuple((name, time - 1) for name in names)


def after(names: Iterable[str], instant: int) -> RestsOn:
    """A deadline has passed."""
    return tuple((name, instant) for name in names)


def missing_of(rests_on: RestsOn, watermarks: Watermarks) -> tuple[str, int] | None:
    """The first that has not passed; what was judged on while a department is not silent was read as well."""
    if isinstance(watermarks, Compared):
        for name, instant in rests_on:
            watermarks.compare(name, instant)
            watermarks.compare(name.partition(" ")[0], instant)
    for name, instant in rests_on:
        if watermarks.get(name, LONG_AGO) <= instant:
            department = name.partition(" ")[0]
            if watermarks.get(department, LONG_AGO) <= instant:
                return name, instant
    return None
