"""Whose an event is, as far as a careful human could know; see the package for the definition."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
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
    """A customer's events. Not `clear`: they may just as well be another customer's."""

    events: list[Happening]
    clear: bool


class Knowledge:
    """Who is who: all customers, and the `conflicts` between what cannot be one customer's."""

    def __init__(self, happenings: Sequence[Happening], tenures: Mapping[str, Sequence[Tenure]]) -> None:
        theirs = [h for h in happenings if h.person is not None and h.names]
        common = _common(theirs, tenures)
        grouping = Grouping(theirs, common)
        self._contested = grouping.contested
        self.conflicts = [*_of_common(grouping, common), *_of_claims(grouping, happenings)]
        doubted = self._doubted(theirs)
        self.customers = self._customers([h for h in theirs if h not in doubted], common)
        self.customers += [Known([h], False) for h in doubted]

    def linking(self, happening: Happening) -> list[str]:
        """The identifiers in an event that say whose it is."""
        return [i for i in happening.names if not i.startswith(KIOSK) and i not in self._contested]

    def _doubted(self, happenings: Sequence[Happening]) -> dict[Happening, None]:
        """The events of orders that name a contested identifier and no customer number, and of their lines' numbers.

        Whatever else they name, such as the number of another customer: it contradicts the contested one.
        """
        guests = {
            order
            for h in happenings
            if h.type == "shop.order_placed" and "crm" not in h.data and self._contested.intersection(h.names)
            for order in h.orders
        }
        if not guests:
            return {}
        theirs = [h for h in happenings if guests.intersection(h.orders)]
        numbers = {i for h in theirs for i in h.names if i.startswith("phone:")}
        numbers -= {i for h in happenings if "crm" in h.data for i in h.names}
        by_number = [h for h in happenings if "crm" not in h.data and numbers.intersection(h.names)]
        return dict.fromkeys((*theirs, *by_number))

    def _customers(self, happenings: Sequence[Happening], common: Bearers) -> list[Known]:
        kept = set(happenings)
        grouping = Grouping(
            happenings, {i: left for i, all in common.items() if (left := [h for h in all if h in kept])}
        )
        members: defaultdict[Hashable, list[Happening]] = defaultdict(list)
        for h in happenings:
            members[grouping.of(h)].append(h)
        return [Known(events, self._is_clear(events, grouping)) for events in members.values()]

    def _is_clear(self, events: Sequence[Happening], grouping: Grouping) -> bool:
        named = bool(grouping.crms(events[0]))
        return named or not any(self._contested.intersection(h.names) for h in events)


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
