"""Conflicts: two claims that cannot both be true of one customer, with what either side rests on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from journeys.documents import Document, customer_id, link_entry
from journeys.events import Event
from journeys.identity import Conflict, Customer, Identities, Link, type_of
from journeys.journey import in_time

CONFLICT = "identity_conflict"


class Side(NamedTuple):
    """One of the two: its identifier, whose that is, and the links from it to what both claim."""

    identifier: str
    customer: Customer | None
    links: list[Link]


class FoundConflict(NamedTuple):
    """A conflict with its proof. `holder`: the customer it is told of, who keeps what is disputed, or was to get it."""

    conflict: Conflict
    holder: Customer
    sides: list[Side]
    evidence: list[Event]

    @property
    def rule(self) -> str:
        """What decided, without anybody's identifiers."""
        refused, values, unlinked = self.conflict
        if unlinked:
            parted = " and ".join(map(type_of, values))
            return f"an operator parted {parted}; the link of {type_of(refused.a)} and {type_of(refused.b)} was refused"
        return f"{type_of(values[0])} is unique; the weaker link, {type_of(refused.b)}, was refused"

    def entry(self) -> Document:
        return {
            "rule": self.rule,
            "refused": link_entry(self.conflict.refused),
            "sides": [
                {
                    "identifier": side.identifier,
                    "customer": customer_id(side.customer) if side.customer else None,
                    "links": [link_entry(link) for link in side.links],
                }
                for side in self.sides
            ],
        }


def found_conflicts(identities: Identities) -> Iterator[FoundConflict]:
    """Every two values that are in conflict, once. Where nobody bears either yet, there is nothing to tell."""
    if not identities.conflicts:
        return
    customers = identities.customers
    holders: dict[str, Customer] = {}
    bearing: defaultdict[str, list[Event]] = defaultdict(list)
    for customer in customers:
        for identifier in customer.identifiers:
            holders.setdefault(identifier, customer)
    for event in sorted((event for customer in customers for event in customer.events), key=in_time):
        for identifier in event.identifiers:
            bearing[identifier].append(event)
    told: set[tuple[str, str]] = set()
    for conflict in identities.conflicts:
        if conflict.values not in told:
            told.add(conflict.values)
            sides = [_side(value, conflict.refused, holders) for value in conflict.values]
            ends = (conflict.refused.a, *conflict.values)
            holder = next((holders[end] for end in ends if end in holders), None)
            if holder:
                yield FoundConflict(conflict, holder, sides, _evidence(conflict, bearing))


def _side(value: str, refused: Link, holders: Mapping[str, Customer]) -> Side:
    """One side claims what is disputed by the links that hold, the other by the one that was refused."""
    customer = holders.get(value)
    if customer and refused.b in customer.identifiers:
        return Side(value, customer, customer.ways.between(value, refused.b))
    return Side(value, customer, [*(customer.ways.between(value, refused.a) if customer else ()), refused])


def _evidence(conflict: Conflict, bearing: Mapping[str, list[Event]]) -> list[Event]:
    """The earliest event that bears each value with what is disputed, else alone, and the refused link's."""
    disputed = {conflict.refused.a, conflict.refused.b}
    found = {conflict.refused.event.key: conflict.refused.event}
    for value in conflict.values:
        claims = bearing.get(value, [])
        best = next((event for event in claims if disputed & set(event.identifiers)), None)
        for event in (best, *claims)[: 1 if best else 2]:
            if event:
                found[event.key] = event
    return sorted(found.values(), key=in_time)
