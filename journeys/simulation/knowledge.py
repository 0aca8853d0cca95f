"""Whose an event is, as far as a careful human could know; see the package for the definition."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from journeys.simulation.grouping import KIOSK, Bearers, Grouping
from journeys.simulation.happenings import Happening
from journeys.simulation.story import Tenure


class Conflict(NamedTuple):
    """One identifier, and the customer numbers that it is claimed for; `known_by`: the event that made them several."""

    identifier: str
    numbers: tuple[str, ...]
    known_by: Happening


class Known(NamedTuple):
    """A customer's events. Not `clear`: they may just as well be those of another customer who is one of the same
    people.
    """

    events: list[Happening]
    clear: bool

    @property
    def people(self) -> list[int]:
        return sorted({h.person.number for h in self.events if h.person is not None})


class Knowledge:
    """Who is who: all customers, and the `conflicts` between what cannot be one customer's."""

    def __init__(self, happenings: Sequence[Happening], tenures: Mapping[str, Sequence[Tenure]]) -> None:
        theirs = [h for h in happenings if h.person is not None and h.names]
        common = _common(theirs, tenures)
        grouping = Grouping(theirs, common)
        self._contested = grouping.contested
        self.conflicts = [*_of_common(grouping, common), *_of_claims(grouping, happenings)]
        self.customers = [*self._customers(theirs, common)]

    def linking(self, happening: Happening) -> list[str]:
        """The identifiers in an event that say whose it is."""
        return [i for i in happening.names if not i.startswith(KIOSK) and i not in self._contested]

    def _customers(self, happenings: Sequence[Happening], common: Bearers) -> Iterator[Known]:
        """First those whose own identifiers lead to no customer number, and who name what is contested: it says that
        they are one of several who have one, so nothing that they have in common with others makes them one of these.
        """
        own = Grouping(happenings, dict.fromkeys(common, ()))
        doubted = []
        for events in _members(happenings, own):
            if not own.crms(events[0]) and any(self._contested.intersection(h.names) for h in events):
                doubted.append(Known(events, False))
        left = dict.fromkeys(happenings)
        for known in doubted:
            for h in known.events:
                del left[h]
        remaining = {i: [h for h in bearing if h in left] for i, bearing in common.items()}
        for events in _members(left, Grouping(list(left), remaining)):
            yield Known(events, True)
        yield from doubted


def _members(happenings: Iterable[Happening], grouping: Grouping) -> Iterable[list[Happening]]:
    members: defaultdict[Hashable, list[Happening]] = defaultdict(list)
    for h in happenings:
        members[grouping.of(h)].append(h)
    return members.values()


def _common(happenings: Sequence[Happening], tenures: Mapping[str, Sequence[Tenure]]) -> Bearers:
    """Identifiers that several people bear at one time, kiosks' aside, and the events that bear them."""
    bearers: defaultdict[str, list[Happening]] = defaultdict(list)
    for h in happenings:
        for identifier in h.names:
            if identifier.startswith(("email:", "phone:")) and not identifier.startswith(KIOSK):
                bearers[identifier].append(h)
    return {
        identifier: bearing
        for identifier, bearing in sorted(bearers.items())
        if identifier not in tenures and len({h.person for h in bearing}) > 1
    }


def _of_common(grouping: Grouping, common: Bearers) -> Iterator[Conflict]:
    """The second and each further customer number that claims an identifier."""
    for identifier in sorted(grouping.contested):
        claims: defaultdict[Hashable, list[Happening]] = defaultdict(list)
        for h in common[identifier]:
            if grouping.crms(h):
                claims[grouping.of(h)].append(h)
        numbers = tuple(sorted({crm for each in claims.values() for crm in grouping.crms(each[0])}))
        known = sorted((min(each, key=_time) for each in claims.values()), key=_time)
        yield from (Conflict(identifier, numbers, h) for h in known[1:])


def _of_claims(grouping: Grouping, happenings: Sequence[Happening]) -> Iterator[Conflict]:
    """Events that give one customer's SIM card the number of another."""
    held = {
        identifier: h
        for h in happenings
        if h.person is not None
        for identifier in h.names
        if identifier.startswith("iccid:")
    }
    for h in happenings:
        if h.person is None:
            crm, sim = h.names
            if sim in held and (others := grouping.crms(held[sim]) - {crm}):
                yield Conflict(sim, (crm, *sorted(others)), h)


def _time(happening: Happening) -> int:
    return happening.at
