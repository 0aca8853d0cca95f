"""Sharing: an identifier that events name together with too many customers is shared, and links nobody.

What is too many is decided here alone, for routing, which stops gathering events by a shared identifier, and
for identity, which stops linking by it.
"""

from collections.abc import Iterable, Mapping

from journeys.map_parts import IdentifierType


class Limits:
    """A map's limits: type → with how many values of any one type that identifies customers it may meet.

    A type that many customers have in common as a rule (`routes: false`) identifies none.
    """

    __slots__ = ("customers", "least", "of")

    def __init__(self, rules: Mapping[str, IdentifierType]) -> None:
        self.of = {name: rule.limit for name, rule in rules.items() if rule.limit}
        self.customers = frozenset(
            name for name, rule in rules.items() if rule.identifies == "customer" and rule.routes
        )
        self.least = min(self.of.values(), default=None)

    def may_be_exceeded_by(self, identifiers: int) -> bool:
        """Whether among so many identifiers one can be over its limit: it itself, and one more than it may meet."""
        return self.least is not None and identifiers > self.least + 1


class Meetings:
    """Whom single events name together, and so which identifiers are `shared`; an event added again changes nothing.

    What an identifier met is forgotten once it is shared: it stays so.
    """

    __slots__ = ("_limits", "_met", "shared")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._met: dict[str, dict[str, set[str]]] = {}
        self.shared: set[str] = set()

    def add(self, identifiers: Iterable[str]) -> None:
        """The identifiers of one event."""
        together = [(identifier.partition(":")[0], identifier) for identifier in identifiers]
        if len(together) < 2:
            return
        for kind, identifier in together:
            limit = self._limits.of.get(kind)
            if limit is not None and identifier not in self.shared:
                self._meet(identifier, limit, together)

    def _meet(self, identifier: str, limit: int, together: list[tuple[str, str]]) -> None:
        met = self._met.setdefault(identifier, {})
        for kind, other in together:
            if kind in self._limits.customers and other != identifier:
                values = met.setdefault(kind, set())
                values.add(other)
                if len(values) > limit:
                    self.shared.add(identifier)
                    del self._met[identifier]
                    return
