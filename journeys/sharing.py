"""Sharing: an identifier that events name together with too many customers is shared, and links nobody.

What is too many is decided here alone, for routing, which stops gathering events by a shared identifier, and
for identity, which stops linking by it.
"""

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from journeys.map_parts import IdentifierType


class Window(NamedTuple):
    """In any span of `length` microseconds an identifier may meet `most` values of one type."""

    length: int
    most: int


class Limits:
    """A map's limits: type → with how many values of any one type that identifies customers it may meet, ever and in
    any `windows`.

    A type that many customers have in common as a rule (`routes: false`) identifies none.
    """

    __slots__ = ("customers", "fewest", "of", "windows")

    def __init__(self, rules: Mapping[str, IdentifierType]) -> None:
        self.of = {name: rule.limit for name, rule in rules.items() if rule.limit}
        self.windows = {
            name: Window(rule.window, rule.limit_within)
            for name, rule in rules.items()
            if rule.window is not None and rule.limit_within is not None
        }
        self.customers = frozenset(
            name for name, rule in rules.items() if rule.identifies == "customer" and rule.routes
        )
        most = (window.most for window in self.windows.values())
        self.fewest = min((*self.of.values(), *most), default=sys.maxsize)
        """No identifier is shared where it meets no more others than this."""


class Meetings:
    """Whom single events name together, and so which identifiers are `shared`; an event added again changes nothing,
    nor does the order in which they are added.

    What an identifier met is forgotten once it is shared: it stays so.
    """

    __slots__ = ("_limits", "_met", "_times", "shared")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._met: dict[str, dict[str, set[str]]] = {}
        self._times: dict[str, dict[str, list[tuple[int, str]]]] = {}
        self.shared: set[str] = set()

    def add(self, time: int, identifiers: Iterable[str]) -> None:
        """The identifiers of one event, and when it happened."""
        together = [(identifier.partition(":")[0], identifier) for identifier in identifiers]
        if len(together) < 2:
            return
        limits = self._limits
        for kind, identifier in together:
            limit, window = limits.of.get(kind), limits.windows.get(kind)
            if (limit is None and window is None) or identifier in self.shared:
                continue
            others = [pair for pair in together if pair[0] in limits.customers and pair[1] != identifier]
            if (limit is not None and self._is_over(identifier, limit, others)) or (
                window is not None and self._is_crowded(identifier, window, time, others)
            ):
                self.shared.add(identifier)
                self._met.pop(identifier, None)
                self._times.pop(identifier, None)

    def _is_over(self, identifier: str, limit: int, others: list[tuple[str, str]]) -> bool:
        met = self._met.setdefault(identifier, {})
        for kind, other in others:
            values = met.setdefault(kind, set())
            values.add(other)
            if len(values) > limit:
                return True
        return False

    def _is_crowded(self, identifier: str, window: Window, time: int, others: list[tuple[str, str]]) -> bool:
        times = self._times.setdefault(identifier, {})
        return any(_meet(times.setdefault(kind, []), (time, other), window) for kind, other in others)


def _meet(met: list[tuple[int, str]], meeting: tuple[int, str], window: Window) -> bool:
    """Put a meeting among those kept in time order; whether there are too many at once now.

    Of three meetings with one other within a span, the one between is not kept: no span has it alone. So no more are
    looked at than a few for each other that a span may have.
    """
    time, other = meeting
    first = bisect_left(met, (time - window.length, ""))
    last = bisect_left(met, (time + window.length + 1, ""))
    near = met[first:last]
    same = sorted({time, *(at for at, met_with in near if met_with == other)})
    kept = same[:1]
    for at, following in pairwise(same[1:]):
        if following - kept[-1] > window.length:
            kept.append(at)
    kept += same[1:][-1:]
    near = sorted([*(each for each in near if each[1] != other), *((at, other) for at in kept)])
    met[first:last] = near
    return time in kept and _has_too_many_at_once(near, window)


def _has_too_many_at_once(meetings: list[tuple[int, str]], window: Window) -> bool:
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
