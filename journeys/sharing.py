"""Sharing: an identifier that events name together with too many customers is shared, and links nobody.

What is too many is decided here alone, for routing, which stops gathering events by a shared identifier, and
for identity, which stops linking by it.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from journeys.events import Event
from journeys.map_parts import IdentifierType


class Limits:
    """A map's limits: type → with how many values of any one type that identifies customers it may meet.

    A type that many customers have in common as a rule (`routes: false`) identifies none.
    """

    __slots__ = ("customers", "fewest", "of")

    def __init__(self, rules: Mapping[str, IdentifierType]) -> None:
        self.of = {name: rule.limit for name, rule in rules.items() if rule.limit}
        self.customers = frozenset(
            name for name, rule in rules.items() if rule.identifies == "customer" and rule.routes
        )
        self.fewest = min(self.of.values(), default=sys.maxsize)
        """No identifier is shared where it meets no more others than this."""


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


class Window(NamedTuple):
    """In any span of `length` microseconds an identifier may meet `most` values of one type."""

    length: int
    most: int


def crowded(events: Sequence[Event], windows: Mapping[str, Window], customers: Set[str]) -> set[str]:
    """The identifiers that meet too many at once: by type its window, and the types of those who count."""
    met: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for event in events:
        together = [(identifier.partition(":")[0], identifier) for identifier in event.identifiers]
        for kind, identifier in together:
            if kind in windows:
                for other_kind, other in together:
                    if other_kind in customers and other != identifier:
                        met[identifier, other_kind].append((event.time, other))
    return {
        identifier
        for (identifier, _), meetings in met.items()
        if _is_crowded(sorted(meetings), windows[identifier.partition(":")[0]])
    }


def _is_crowded(meetings: list[tuple[int, str]], window: Window) -> bool:
    inside: Counter[str] = Counter()
    oldest = 0
    for time, other in meetings:
        inside[other] += 1
        while meetings[oldest][0] < time - window.length:
            gone = meetings[oldest][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            oldest += 1
        if len(inside) > window.most:
            return True
    return False
