"""Gathering: the events of a neighbourhood in time order, one for each (source, id).

Of several with one (source, id) and different content, the earliest (then the one with the smallest digest) counts.
"""

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter

from journeys.events import MOST_ORIGINS, Event
from journeys.journey import in_time


@dataclass(slots=True)
class Gathered:
    """`events` in time order, those that do not count, and the `identities` of all.

    `duplicates`: how often the events came again. `capped`: how many came so often that not all of it is counted.
    """

    events: list[Event]
    refused: list[Event]
    identities: set[str]
    duplicates: int
    capped: int

    def has_room_for(self, new: Collection[Event]) -> bool:
        """Whether these events have (source, id)s of their own, as all that are here."""
        own = {event.identity for event in new}
        return not self.refused and len(own) == len(new) and own.isdisjoint(self.identities)

    def add(self, new: Collection[Event]) -> None:
        """Events for which there is room."""
        self.events = self.events.copy()
        for event in new:
            insort(self.events, event, key=in_time)
            self.identities.add(event.identity)
        self.count(new)

    def count(self, events: Collection[Event]) -> None:
        for event in events:
            self.duplicates += len(event.origins) - 1
            self.capped += len(event.origins) >= MOST_ORIGINS


def gathered(events: Sequence[Event]) -> Gathered:
    """In any order."""
    identities = {event.identity for event in events}
    if len(identities) == len(events):
        found = Gathered(sorted(events, key=in_time), [], identities, 0, 0)
    else:
        found = _first_of_each(events)
    found.count(found.events)
    return found


def _first_of_each(events: Sequence[Event]) -> Gathered:
    first: dict[str, Event] = {}
    refused = [
        event
        for event in sorted(events, key=attrgetter("time", "key"))
        if first.setdefault(event.identity, event) is not event
    ]
    capped = sum(len(event.origins) >= MOST_ORIGINS for event in refused)
    return Gathered(sorted(first.values(), key=in_time), refused, {*first}, 0, capped)
