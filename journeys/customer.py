"""A customer: the identifiers that are one person, and how her events came to be known as hers."""

import sys
from dataclasses import dataclass, field

from journeys.events import Event
from journeys.links import Link, Ways, by_time


@dataclass(slots=True)
class Customer:
    """Identifiers that are one customer, strongest first, and their events in time order.

    `links`: the earliest that joined them, a spanning tree in time order. `name`: the strongest identifier; for a
    lone event without one, the event's own identity. It tells tenures of one identifier apart.
    """

    name: str = ""
    identifiers: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    _known: frozenset[str] | None = field(default=None, init=False, repr=False)
    _ways: Ways[Link] | None = field(default=None, init=False, repr=False)
    _since: dict[str, int] | None = field(default=None, init=False, repr=False)

    @property
    def known(self) -> frozenset[str]:
        """The identifiers; the customer is complete by now."""
        if self._known is None:
            self._known = frozenset(self.identifiers)
        return self._known

    @property
    def ways(self) -> Ways[Link]:
        """The ways between the identifiers along the links; the customer is complete by now."""
        if self._ways is None:
            self._ways = Ways(self.links)
        return self._ways

    def way(self, one: Event, other: Event) -> list[Link]:
        """The links that join two events; none where they share an identifier, or nothing joins them."""
        here, there = self._named(one), self._named(other)
        if not here or not there or self._share(one, other):
            return []
        return self.ways.between(here, there)

    def has_grown(self, links: list[Link]) -> None:
        """The customer was complete, and now has identifiers more, and the links that lead to them."""
        self._known = None
        if links:
            self._since = None
            if self._ways and not self._ways.grow(links):
                self._ways = None

    def are_joined_before(self, time: int, a: str, b: str) -> bool:
        """Whether all links on the way between two of the identifiers are earlier than that."""
        return max(self._joined_since(a), self._joined_since(b)) < time

    def _joined_since(self, identifier: str) -> int:
        """The time of the latest link on the way to where the identifier's tree begins."""
        if self._since is None:
            self._since = self.ways.highest(lambda link: link.event.time)
        return self._since.get(identifier, -sys.maxsize)

    def joined_after(self, time: int, one: Event, other: Event) -> Link | None:
        """The link by which two of the customer's events came to be known as hers, if only after that time.

        It is the latest on the way between them: no way is known earlier, for the links are a spanning tree in time
        order. None where it is no later, the events share an identifier, or nothing joins them.
        """
        if not self.links or self.links[-1].event.time <= time:
            return None
        here, there = self._named(one), self._named(other)
        if self._share(one, other) or max(self._joined_since(here), self._joined_since(there)) <= time:
            return None
        latest = max(self.way(one, other), key=by_time, default=None)
        return latest if latest and latest.event.time > time else None

    def _share(self, one: Event, other: Event) -> bool:
        """Whether two events name one identifier that is the customer's."""
        shared = set(one.identifiers).intersection(other.identifiers)
        return not shared.isdisjoint(self.known)

    def _named(self, event: Event) -> str:
        """The first of an event's identifiers that is the customer's."""
        for identifier in event.identifiers:
            if identifier in self.known:
                return identifier
        return ""
