"""Claims: which customers claim an identifier that may be several people's, as a family's e-mail address.

Contested is what two values of a unique type claim. A claim is firm where an event names the identifier together with
what leads to such a value by firm links alone, those without any identifier that could be contested.

Of guests, whose firm links lead to no such value, one may name an identifier of one customer and one of another: the
family's e-mail address, say, and the number in a customer's contract. One of the two is not the guest's own, and it is
the one that other guests name as well: it is contested, by the customer of what no other guest names. Where that does
not tell the two apart, neither is contested, and the weaker link gives way.

Why not go by who had it first: a guest who names a family's e-mail would be taken for that member of it, and with the
guest all that the guest's own number names. All of it depends on the set of events alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from journeys.events import Event
from journeys.links import Groups, have_rivals


class Claims:
    """What a set of events claims, each added once in any order; `groups`: what their firm links join.

    `of_several`: the prefixes of the types in question.
    """

    def __init__(self, groups: Groups, of_several: tuple[str, ...]) -> None:
        self._groups = groups
        self._of_several = of_several
        self._values: defaultdict[str, set[str]] = defaultdict(set)
        self._guests: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, event: Event, usable: Sequence[str]) -> None:
        """An event with the nodes of its identifiers that link."""
        open = [node for node in usable if node.startswith(self._of_several)]
        own = next((node for node in usable if not node.startswith(self._of_several)), None)
        if not open or (own is None and len(open) == 1):
            return
        claimant = self._groups.root(own or f"event:{event.identity}")
        values = [value for _, value in self._groups.unique_values(claimant)]
        if not values:
            self._guests[claimant].update(open)
        for node in open if values else ():
            if self._may_claim(claimant, node):
                self._values[node].update(values)

    def contested(self) -> frozenset[str]:
        firmly = {node for node, values in self._values.items() if have_rivals(values)}
        return frozenset(firmly.union(self._by_guests(firmly)))

    def _by_guests(self, firmly: set[str]) -> Iterator[str]:
        named = Counter(node for nodes in self._guests.values() for node in nodes)
        for nodes in self._guests.values():
            claimed = [node for node in nodes if node in self._values and node not in firmly]
            of_this_guest = {value for node in claimed if named[node] == 1 for value in self._values[node]}
            for node in claimed:
                rivals = (value for value in of_this_guest if self._may_claim(value, node))
                if named[node] > 1 and have_rivals(self._values[node].union(rivals)):
                    yield node

    def _may_claim(self, claimant: str, node: str) -> bool:
        """Whether no operator parted the two."""
        return self._groups.dispute(self._groups.root(node), self._groups.root(claimant)) is None
