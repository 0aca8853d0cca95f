"""Identity: which identifiers of a neighbourhood are one customer, and which links were refused.

A pure fold over the events: the same set gives the same customers, whatever the order it came in. Every event links
its strongest identifier to each other one. Where links must not all hold, they are taken as Kruskal's algorithm
does, operators' first, then the strongest: what would put two unique identifiers, or two that an operator parted,
into one customer is refused. So a split cuts the weakest link of every path between the two, and nothing else.

- An identifier over its limit is shared, and links nobody.
- An identifier that two customers claim is contested: the first has it, and it links nobody else (see linking).
- An identifier that changed hands is one node for each tenure.
- An event whose strongest identifiers are several of one journey's type, such as a parcel with two orders, does not
  say that these are one customer's; where other events do, its other identifiers are linked too.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from journeys.customer import Customer
from journeys.events import Event
from journeys.identity_rules import IdentityRules
from journeys.linking import Linking
from journeys.links import (
    LINK,
    UNLINK,
    Conflict,
    Groups,
    Link,
    Pair,
    Ways,
    bare,
    have_rivals,
    strength,
    type_of,
)
from journeys.sharing import Meetings
from journeys.tenures import Nodes

__all__ = [
    "LINK", "UNLINK", "Conflict", "Customer", "Identities", "IdentityRules", "Link", "Ways", "by_type", "of_many",
    "resolve", "strength", "type_of",
]  # fmt: skip


class Identities(NamedTuple):
    """Customers by the order of their strongest identifier, refused links, and identifiers that these events
    show to be over their limit, and to be claimed by several. `named`: every identifier that an event names.
    """

    customers: list[Customer]
    conflicts: list[Conflict]
    shared: frozenset[str]
    contested: frozenset[str]
    named: frozenset[str]


def by_type(identifiers: Iterable[str]) -> dict[str, list[str]]:
    """Type → its values, both in order."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for identifier in sorted(identifiers):
        kind, _, value = identifier.partition(":")
        values[kind].append(value)
    return dict(values)


def resolve(
    events: list[Event],
    rules: IdentityRules,
    marks: frozenset[str] = frozenset(),
    shared: frozenset[str] | None = None,
) -> Identities:
    """Resolve one neighbourhood. `events` in time order, each once.

    `marks`: identifiers known to be shared, though the events that show it may be in another neighbourhood. `shared`:
    those that these events show to be, where that is known.

    An event belongs to the customer of its strongest identifier that links; one that has none is a customer of its
    own.
    """
    named = frozenset(chain.from_iterable(event.identifiers for event in events))
    if shared is None:
        shared = frozenset(_shared(events, rules) if len(named) > rules.limits.fewest + 1 else ())
    apart = marks | shared | of_many(named, rules)
    parted, void = _commands(events)
    linking = Linking(
        [event for event in events if event.key not in void] if void else events,
        rules,
        parted,
        have_rivals(i for i in named if i.startswith(rules.unique)),
    )
    nodes = linking.nodes(apart)
    groups, links, contested = linking.grouped(apart, nodes)
    customers = _customers(events, apart, nodes, contested, groups)
    for link in links:
        if customer := customers.get(groups.root(link.a)):
            customer.links.append(Link(bare(link.a), bare(link.b), link.event) if nodes else link)
    for customer in customers.values():
        customer.identifiers.sort(key=lambda node: strength(node, rules.types))
        if customer.identifiers:
            customer.name = customer.identifiers[0]
        if nodes:
            customer.identifiers = list(dict.fromkeys(map(bare, customer.identifiers)))
    found = sorted(customers.values(), key=lambda customer: strength(customer.name, rules.types))
    conflicts = _bare_conflicts(groups.conflicts)
    return Identities(found, conflicts, shared, frozenset(map(bare, contested)), named)


def _customers(
    events: list[Event], apart: frozenset[str], nodes: Nodes, contested: frozenset[str], groups: Groups
) -> dict[str, Customer]:
    """Root → the customer with its events and the nodes of its identifiers."""
    customers: dict[str, Customer] = {}
    for event in events:
        if event.type in (LINK, UNLINK):
            continue
        for anchor in event.identifiers:
            if anchor not in apart and (
                not contested or nodes.get((anchor, event.key), anchor) not in contested
            ):
                break
        else:
            anchor = f"event:{event.identity}"
        root = groups.root(nodes.get((anchor, event.key), anchor) if nodes else anchor)
        customer = customers.get(root)
        if customer is None:
            customer = customers[root] = Customer(anchor)
        customer.events.append(event)
    for node in groups.nodes():
        if customer := customers.get(groups.root(node)):
            customer.identifiers.append(node)
    return customers


def _commands(events: list[Event]) -> tuple[dict[Pair, Event], set[str]]:
    """The pairs that operators keep apart, with the command; and the keys of commands that link nothing any more.

    The latest command on a pair holds, by time and id.
    """
    commands = [event for event in events if event.type in (LINK, UNLINK)]
    if len(commands) > 1:
        commands.sort(key=lambda command: (command.time, command.id, command.source))
    parted: dict[Pair, Event] = {}
    linked: defaultdict[Pair, list[str]] = defaultdict(list)
    void: set[str] = set()
    for command in commands:
        pair = frozenset(command.identifiers)
        if command.type == LINK:
            parted.pop(pair, None)
            linked[pair].append(command.key)
        else:
            parted[pair] = command
            void.update((command.key, *linked.pop(pair, ())))
    return parted, void


def _shared(events: list[Event], rules: IdentityRules) -> set[str]:
    """Identifiers that meet more customers here than their limit allows, ever or at once."""
    meetings = Meetings(rules.limits)
    for event in events:
        meetings.add(event.time, event.identifiers)
    return meetings.shared


def of_many(identifiers: Iterable[str], rules: IdentityRules) -> frozenset[str]:
    """Those of types that many customers normally have in common: they link nobody."""
    if not rules.of_many:
        return frozenset()
    return frozenset(i for i in identifiers if i.startswith(rules.of_many))


def _bare_conflicts(conflicts: list[Conflict]) -> list[Conflict]:
    return [
        conflict._replace(
            refused=Link(bare(conflict.refused.a), bare(conflict.refused.b), conflict.refused.event)
        )
        for conflict in conflicts
        if conflict.unlinked is None or conflict.refused.event.type == LINK
    ]
