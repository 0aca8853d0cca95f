"""Identity: which identifiers of a neighbourhood are one customer, and which links were refused.

A pure fold over the events: the same set gives the same customers, whatever the order it came in. Operators'
links come first, then the events' own links; where two unique identifiers would meet in one customer the
weaker link is refused and reported as a conflict. An identifier over its limit is shared, and links nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from journeys.events import Event
from journeys.journey_map import COMMAND_TYPES, IdentifierType
from journeys.sharing import Limits, Meetings

LINK, UNLINK = COMMAND_TYPES


class HasEnds(Protocol):
    """Anything that joins an identifier a to an identifier b."""

    @property
    def a(self) -> str: ...
    @property
    def b(self) -> str: ...


Ended = TypeVar("Ended", bound=HasEnds)


class Link(NamedTuple):
    """Two identifiers that one event names together."""

    a: str
    b: str
    event: Event


class Conflict(NamedTuple):
    """A refused link: it would have put two values of a unique type into one customer."""

    refused: Link
    values: tuple[str, str]


@dataclass(slots=True)
class Customer:
    """Identifiers that are one customer, the links that joined them (a spanning tree), and their events in
    time order.
    """

    identifiers: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The strongest identifier; for a lone event without one, the event's own identity."""
        return self.identifiers[0] if self.identifiers else f"event:{self.events[0].identity}"


class Identities(NamedTuple):
    """Customers by the order of their strongest identifier, refused links, and identifiers that these events
    show to be over their limit.
    """

    customers: list[Customer]
    conflicts: list[Conflict]
    shared: frozenset[str]


def type_of(identifier: str) -> str:
    return identifier.partition(":")[0]


def by_type(identifiers: Iterable[str]) -> dict[str, list[str]]:
    """Type → its values, both in order."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for identifier in sorted(identifiers):
        kind, _, value = identifier.partition(":")
        values[kind].append(value)
    return dict(values)


def resolve(
    events: list[Event], rules: Mapping[str, IdentifierType], marks: frozenset[str] = frozenset()
) -> Identities:
    """Resolve one neighbourhood. `events` in time order, each once; `rules` by identifier type.

    `marks`: identifiers known to be shared, though the events that show it may be in another neighbourhood.

    An event belongs to the customer of its strongest identifier that links; one that has none is a customer of its
    own.
    """
    shared = frozenset(_shared(events, rules))
    apart = marks | shared | _of_many(events, rules)
    groups = _Groups(rules)
    for link in _links(events, apart, _unlinked(events), rules):
        groups.unite(link)
    customers: dict[str, Customer] = {}
    for event in events:
        if event.type in (LINK, UNLINK):
            continue
        anchor = next((i for i in event.identifiers if i not in apart), f"event:{event.identity}")
        customers.setdefault(groups.root(anchor), Customer()).events.append(event)
    for identifier in groups.identifiers():
        if customer := customers.get(groups.root(identifier)):
            customer.identifiers.append(identifier)
    for link in groups.links:
        if customer := customers.get(groups.root(link.a)):
            customer.links.append(link)
    for customer in customers.values():
        customer.identifiers.sort(key=lambda i: strength(i, rules))
    found = sorted(customers.values(), key=lambda customer: strength(customer.name, rules))
    return Identities(found, groups.conflicts, shared)


def strength(identifier: str, rules: Mapping[str, IdentifierType]) -> tuple[int, str]:
    """The total order over identifiers: the strongest is the smallest."""
    rule = rules.get(type_of(identifier))
    return (rule.priority if rule else 0, identifier)


def path(links: Iterable[Ended], start: str, end: str) -> list[Ended]:
    """The links that lead from one identifier to another; empty where they are the same or not joined."""
    neighbours: defaultdict[str, list[tuple[str, Ended]]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append((link.b, link))
        neighbours[link.b].append((link.a, link))
    ways: dict[str, list[Ended]] = {start: []}
    frontier = [start]
    while frontier and end not in ways:
        reached = frontier.pop(0)
        for neighbour, link in neighbours[reached]:
            if neighbour not in ways:
                ways[neighbour] = [*ways[reached], link]
                frontier.append(neighbour)
    return ways.get(end, [])


class _Groups:
    """Union-find that refuses to unite two values of a unique type."""

    def __init__(self, rules: Mapping[str, IdentifierType]) -> None:
        self._parents: dict[str, str] = {}
        self._unique: dict[str, dict[str, str]] = {}
        self._unique_types = {name for name, rule in rules.items() if rule.unique}
        self.links: list[Link] = []
        self.conflicts: list[Conflict] = []

    def root(self, identifier: str) -> str:
        parents = self._parents
        if identifier not in parents:
            parents[identifier] = identifier
            kind = type_of(identifier)
            if kind in self._unique_types:
                self._unique[identifier] = {kind: identifier}
            return identifier
        while (parent := parents[identifier]) != identifier:
            parents[identifier] = parents[parent]
            identifier = parent
        return identifier

    def identifiers(self) -> Iterable[str]:
        return [i for i in self._parents if not i.startswith("event:")]

    def unite(self, link: Link) -> None:
        a, b = self.root(link.a), self.root(link.b)
        if a == b:
            return
        mine, theirs = self._unique.get(a, {}), self._unique.get(b, {})
        for kind in mine.keys() & theirs.keys():
            first, second = sorted((mine[kind], theirs[kind]))
            self.conflicts.append(Conflict(link, (first, second)))
            return
        self._parents[b] = a
        if theirs:
            self._unique[a] = mine | theirs
        self.links.append(link)


def _links(
    events: list[Event],
    apart: frozenset[str],
    unlinked: set[frozenset[str]],
    rules: Mapping[str, IdentifierType],
) -> list[Link]:
    """Every event's links, from its strongest identifier to each other one.

    Operators' first, else strongest first.
    """
    operators: list[Link] = []
    own: list[Link] = []
    for event in events:
        if event.type == UNLINK:
            continue
        usable = [i for i in event.identifiers if i not in apart] if apart else event.identifiers
        if len(usable) < 2:
            continue
        links = [Link(usable[0], other, event) for other in usable[1:]]
        if unlinked:
            links = [link for link in links if frozenset((link.a, link.b)) not in unlinked]
        (operators if event.type == LINK else own).extend(links)
    if any(rule.unique for rule in rules.values()) and _competing(events, rules):
        own.sort(key=lambda link: strength(link.b, rules)[0])
    return operators + own


def _competing(events: list[Event], rules: Mapping[str, IdentifierType]) -> bool:
    """Whether any unique type has two values here, so that the order of links matters."""
    values: dict[str, str] = {}
    unique = tuple(f"{name}:" for name, rule in rules.items() if rule.unique)
    return any(
        values.setdefault(type_of(identifier), identifier) != identifier
        for event in events
        for identifier in event.identifiers
        if identifier.startswith(unique)
    )


def _unlinked(events: list[Event]) -> set[frozenset[str]]:
    """Pairs that operators keep apart: the latest command on a pair holds."""
    latest: dict[frozenset[str], str] = {}
    for event in events:
        if event.type in (LINK, UNLINK):
            latest[frozenset(event.identifiers)] = event.type
    return {pair for pair, command in latest.items() if command == UNLINK}


def _of_many(events: list[Event], rules: Mapping[str, IdentifierType]) -> frozenset[str]:
    """Identifiers of types that many customers normally have in common: they link nobody."""
    types = tuple(f"{name}:" for name, rule in rules.items() if not rule.routes)
    if not types:
        return frozenset()
    return frozenset(i for event in events for i in event.identifiers if i.startswith(types))


def _shared(events: list[Event], rules: Mapping[str, IdentifierType]) -> set[str]:
    """Identifiers that meet more customers here than their limit allows."""
    limits = Limits(rules)
    meetings = Meetings(limits)
    if limits.of:
        for event in events:
            meetings.add(event.identifiers)
    return meetings.shared
