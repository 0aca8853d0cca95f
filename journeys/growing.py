"""Growing: who is who once some events more are known, from who was who before.

Only while all is clear: no operator parted anybody, no unique type has two values, no identifier may have changed
hands, and no event is in doubt about whose it is. Then customers are the identifiers that events connect, and their
links are the least spanning tree of all links in time order. Of an event's links one

- changes nothing where an earlier event linked the same two, or where the two were one customer's by earlier links
  only, for of a circle it is the latest;
- is in the tree where one of the two was never named before, for nothing else leads there.

All else, such as two customers who become one, is left to `resolve`, which finds the same of everything.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable

from journeys.events import Event
from journeys.identity import Customer, Identities, resolve
from journeys.identity_rules import IdentityRules
from journeys.journey import in_time
from journeys.linking import is_doubtful
from journeys.links import LINK, UNLINK, Link, by_time, strength, type_of
from journeys.sharing import Meetings


class Growing:
    """The identities of a set of events that grows. What it gave before is changed by that."""

    _identities: Identities
    _customers: list[Customer]

    def __init__(self, rules: IdentityRules, marks: frozenset[str]) -> None:
        """`marks` as for `resolve`."""
        self.marks = marks
        self._rules = rules
        self._meetings = Meetings(rules.limits)
        self._is_clear = True
        self._begin(Identities([], [], frozenset(), frozenset(), frozenset()))

    def grown(self, new: Iterable[Event], events: list[Event]) -> Identities:
        """Who is who among all events, which are in time order; `new`: those that were not there yet."""
        for event in new:
            self._meetings.add(event.time, event.identifiers)
        if self._customers and self._is_clear and self._can_add(new):
            self._customers.sort(key=lambda customer: strength(customer.name, self._rules.types))
            self._identities = self._identities._replace(named=frozenset(self._named))
        else:
            identities = resolve(events, self._rules, self.marks, frozenset(self._meetings.shared))
            self._begin(identities)
            self._is_clear = self._is_clear and all(map(self._take, events)) and self._is_borne()
        return self._identities

    def _can_add(self, new: Iterable[Event]) -> bool:
        return self._meetings.shared <= self._apart and all(map(self._add, new))

    def _begin(self, identities: Identities) -> None:
        self._identities = identities
        self._customers = identities.customers
        self._apart = {*self.marks, *identities.shared}
        self._named: set[str] = set()
        self._has_value: set[str] = set()
        self._heard: dict[str, tuple[int, int]] = {}
        self._linked: dict[tuple[str, str], Event] = {}
        self._holders = {i: customer for customer in self._customers for i in customer.identifiers}

    def _take(self, event: Event) -> bool:
        """An event that is among the customers; whether all is clear with it."""
        if self._leaves_clear(event):
            usable = self._usable(event)
            for other in usable[1:]:
                self._linked.setdefault((usable[0], other), event)
        return self._is_clear

    def _is_borne(self) -> bool:
        """Whether every identifier that an operator named is a customer's."""
        return self._named <= self._holders.keys() | self._apart

    def _add(self, event: Event) -> bool:
        """Whether an event could be added; if not, nothing here holds any more."""
        if event.type == LINK or not self._leaves_clear(event):
            return False
        usable = self._usable(event)
        if not usable or len(set(usable)) < len(usable):
            return False
        new = [i for i in usable if i not in self._holders]
        holders = {self._holders[i].name: self._holders[i] for i in usable if i in self._holders}
        links = self._new_links(usable, event, new, holders)
        if links is None:
            return False
        if not holders:
            self._customers.append(Customer())
        customer = next(iter(holders.values()), self._customers[-1])
        insort(customer.events, event, key=in_time)
        for identifier in new:
            self._holders[identifier] = customer
            insort(customer.identifiers, identifier, key=lambda i: strength(i, self._rules.types))
        customer.name = customer.identifiers[0]
        if links:
            at = bisect_right(customer.links, by_time(links[0]), key=by_time)
            customer.links[at:at] = links
        customer.has_grown(links)
        return True

    def _new_links(
        self, usable: list[str], event: Event, new: list[str], holders: dict[str, Customer]
    ) -> list[Link] | None:
        """The event's links that are in the tree; None where that is not clear."""
        first = usable[0]
        if len(holders) > 1 or (first in new and len(usable) - len(new) > 1):
            return None
        links = []
        for other in usable[1:]:
            before = self._linked.setdefault((first, other), event)
            if in_time(before) > in_time(event):
                return None
            if before is not event:
                continue
            if first in new or other in new:
                links.append(Link(first, other, event))
            elif not holders[self._holders[first].name].are_joined_before(event.time, first, other):
                return None
        return links

    def _leaves_clear(self, event: Event) -> bool:
        """Whether nothing is in doubt by this event, with those before. If not, it is so for all time."""
        self._is_clear = self._is_clear and not self._is_in_doubt(event)
        return self._is_clear

    def _is_in_doubt(self, event: Event) -> bool:
        if event.type == UNLINK:
            return True
        for identifier in event.identifiers:
            if identifier not in self._named:
                self._named.add(identifier)
                if identifier.startswith(self._rules.of_many):
                    self._apart.add(identifier)
                if identifier.startswith(self._rules.unique):
                    if type_of(identifier) in self._has_value:
                        return True
                    self._has_value.add(type_of(identifier))
            if self._rules.changing and self._may_change_hands(identifier, event):
                return True
        usable = self._usable(event)
        return len(usable) > 1 and is_doubtful(usable, event, self._rules)

    def _may_change_hands(self, identifier: str, event: Event) -> bool:
        kind = type_of(identifier)
        if kind not in self._rules.changing:
            return False
        first, last = self._heard.get(identifier, (event.time, event.time))
        self._heard[identifier] = first, last = min(first, event.time), max(last, event.time)
        unheard = self._rules.changing[kind]
        return kind in self._rules.releases.get(event.type, ()) or (
            unheard is not None and last - first >= unheard
        )

    def _usable(self, event: Event) -> list[str]:
        return [identifier for identifier in event.identifiers if identifier not in self._apart]
