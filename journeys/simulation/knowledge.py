"""Whose an event is, as far as a careful human could know; see the package for the definition."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from journeys.simulation.happenings import Happening
from journeys.simulation.story import Tenure

KIOSK = "email:kiosk"


class Groups:
    """Things that are one, by what joined them."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def of(self, thing: Hashable) -> Hashable:
        path = [thing]
        while (parent := self._parents.setdefault(path[-1], path[-1])) != path[-1]:
            path.append(parent)
        for each in path:
            self._parents[each] = path[-1]
        return path[-1]

    def join(self, things: Iterable[Hashable]) -> None:
        first, *others = things
        for other in others:
            self._parents[self.of(other)] = self.of(first)


class Conflict(NamedTuple):
    """One identifier, two customer numbers: all that claim it, and since when it is known."""

    identifier: str
    claims: tuple[Happening, ...]
    known_at: Happening


class Known(NamedTuple):
    """A customer's events. Not `clear`: they may just as well be another customer's."""

    events: list[Happening]
    clear: bool


class Knowledge:
    """Who is who: all customers, and the `conflicts` between what cannot be one customer's."""

    def __init__(self, happenings: Sequence[Happening], tenures: Mapping[str, Sequence[Tenure]]) -> None:
        self._groups = Groups()
        self._common = _common(happenings, tenures)
        self._join_own(happenings)
        self._crms = _crms(happenings, self._groups)
        self._contested = self._join_common()
        customers: defaultdict[Hashable, list[Happening]] = defaultdict(list)
        unclear = {
            self._groups.of(h)
            for identifier in self._contested
            for h in self._common[identifier]
            if not self._crms.get(self._groups.of(h))
        }
        for h in happenings:
            if h.person is not None and h.names:
                customers[self._groups.of(h)].append(h)
        self.customers = [Known(events, group not in unclear) for group, events in customers.items()]
        self.conflicts = [*self._of_common(), *self._of_claims(happenings)]

    def linking(self, happening: Happening) -> list[str]:
        """The identifiers in an event that say whose it is."""
        return [i for i in happening.names if not i.startswith(KIOSK) and i not in self._contested]

    def _join_own(self, happenings: Sequence[Happening]) -> None:
        for h in happenings:
            if h.person is not None:
                own = [i for i in h.names if not i.startswith(KIOSK) and i not in self._common]
                self._groups.join([h, *((h.person.number, identifier) for identifier in own)])

    def _join_common(self) -> set[str]:
        """Join what people have in common unless two customer numbers speak against it; give what they contest."""
        for _ in range(2):
            for bearers in self._common.values():
                if len(self._claimed(bearers)) <= 1:
                    self._unite(bearers)
        return {identifier for identifier, bearers in self._common.items() if len(self._claimed(bearers)) > 1}

    def _claimed(self, bearers: Iterable[Happening]) -> set[str]:
        return {crm for h in bearers for crm in self._crms.get(self._groups.of(h), ())}

    def _unite(self, bearers: Sequence[Happening]) -> None:
        crms = self._claimed(bearers)
        self._groups.join(bearers)
        self._crms[self._groups.of(bearers[0])] = crms

    def _of_common(self) -> Iterable[Conflict]:
        for identifier in sorted(self._contested):
            bearers = self._common[identifier]
            claims: defaultdict[Hashable, list[Happening]] = defaultdict(list)
            for h in bearers:
                if self._crms.get(self._groups.of(h)):
                    claims[self._groups.of(h)].append(h)
            known = sorted((min(each, key=_time) for each in claims.values()), key=_time)
            yield from (Conflict(identifier, tuple(bearers), h) for h in known[1:])

    def _of_claims(self, happenings: Sequence[Happening]) -> Iterable[Conflict]:
        """Events that give one customer's SIM card the number of another."""
        held: dict[str, Hashable] = {}
        for h in happenings:
            if h.person is not None:
                held |= {i: self._groups.of(h) for i in h.names if i.startswith("iccid:")}
        for h in happenings:
            if h.person is None and h.names:
                crm, sim = h.names[0], h.names[1]
                if self._crms.get(held.get(sim), set()) - {crm}:
                    yield Conflict(sim, (h,), h)


def _common(
    happenings: Sequence[Happening], tenures: Mapping[str, Sequence[Tenure]]
) -> dict[str, list[Happening]]:
    """Identifiers that several people bear at one time, kiosks' aside, and the events that bear them."""
    bearers: defaultdict[str, list[Happening]] = defaultdict(list)
    for h in happenings:
        if h.person is not None:
            for identifier in h.names:
                if identifier.startswith(("email:", "phone:")) and not identifier.startswith(KIOSK):
                    bearers[identifier].append(h)
    return {
        identifier: bearing
        for identifier, bearing in sorted(bearers.items())
        if identifier not in tenures and len({h.person for h in bearing}) > 1
    }


def _crms(happenings: Sequence[Happening], groups: Groups) -> dict[Hashable, set[str]]:
    crms: defaultdict[Hashable, set[str]] = defaultdict(set)
    for h in happenings:
        if h.person is not None:
            for identifier in h.names:
                if identifier.startswith("crm:"):
                    crms[groups.of(h)].add(identifier)
    return dict(crms)


def _time(happening: Happening) -> int:
    return happening.at
