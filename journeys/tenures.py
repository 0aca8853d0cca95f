"""Tenures: an identifier that moves from one customer to another, as a phone number does, belongs to each in turn.

In two passes over the same set. The first groups what is known without the identifiers in question, which gives
those who claim them. The second walks along each one's events in time: it changes hands where somebody else claims
it after an event released it, or after its holder was not heard with it for long. Each tenure is then a node of
its own, as if it were another identifier. A pure function: all by event time, nothing by order of arrival.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from journeys.events import Event
from journeys.identity_rules import IdentityRules
from journeys.links import UNLINK, Groups, type_of

Nodes = dict[tuple[str, str], str]
"""(identifier, event key) → the tenure that the event belongs to; what is missing is the first one."""


def tenures(
    events: Sequence[Event],
    rules: IdentityRules,
    apart: frozenset[str],
    grouped: Callable[[frozenset[str]], tuple[Groups, frozenset[str]]],
) -> Nodes:
    """The tenures of all that changed hands.

    `events` in time order; `apart` link nobody; `grouped(apart)` groups everything but these, and tells what else links
    nobody.
    """
    suspects = _suspects(events, rules, apart)
    if not suspects:
        return {}
    unheld = apart | suspects.keys()
    groups, contested = grouped(unheld)
    nodes: Nodes = {}
    for identifier, bearing in suspects.items():
        holding = _Holding(identifier, rules, groups)
        for event in bearing:
            others = (i for i in event.identifiers if i not in unheld and i not in contested)
            claimant = next((groups.root(other) for other in others), None)
            nodes[identifier, event.key] = holding.at(event, claimant)
    return nodes


def _suspects(events: Sequence[Event], rules: IdentityRules, apart: frozenset[str]) -> dict[str, list[Event]]:
    """The identifiers that may have changed hands: released, or heard for longer than that takes."""
    prefixes = tuple(f"{name}:" for name in rules.changing)
    bearing: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.type != UNLINK:
            for identifier in event.identifiers:
                if identifier.startswith(prefixes) and identifier not in apart:
                    bearing[identifier].append(event)
    return {
        identifier: found
        for identifier, found in bearing.items()
        if len(found) > 1 and _may_change(found, type_of(identifier), rules)
    }


def _may_change(bearing: list[Event], kind: str, rules: IdentityRules) -> bool:
    unheard = rules.changing[kind]
    return (unheard is not None and bearing[-1].time - bearing[0].time >= unheard) or any(
        kind in rules.releases.get(event.type, ()) for event in bearing
    )


class _Holding:
    """Who holds one identifier, as its events go by."""

    def __init__(self, identifier: str, rules: IdentityRules, groups: Groups) -> None:
        self._identifier = identifier
        self._kind = type_of(identifier)
        self._unheard = rules.changing[self._kind]
        self._releases = rules.releases
        self._groups = groups
        self._tenures: list[tuple[str, set[str]]] = [(identifier, set())]
        self._released = False
        self._heard = 0

    def at(self, event: Event, claimant: str | None) -> str:
        """The tenure that the next event belongs to; `claimant` is whose it is, None where nothing else says so."""
        releases = self._kind in self._releases.get(event.type, ())
        if claimant is not None:
            node = self._claimed(event, claimant)
        elif self._released and not releases:
            node = self._begin(event)
        else:
            node = self._tenures[-1][0]
        self._released = releases or self._released
        return node

    def _claimed(self, event: Event, claimant: str) -> str:
        node, holders = self._tenures[-1]
        former = next((held for held, by in reversed(self._tenures[:-1]) if claimant in by), None)
        is_free = self._released or (self._unheard is not None and event.time - self._heard >= self._unheard)
        if claimant in holders:
            self._released = False
        elif former and (self._released or not is_free or not holders):
            # A final bill, say: who had it before speaks of the time when it was theirs.
            return former
        elif self._released or (holders and is_free):
            node = self._begin(event)
            self._tenures[-1][1].add(claimant)
        elif any(self._groups.dispute(claimant, holder) is not None for holder in holders):
            return node
        else:
            holders.add(claimant)
        self._heard = event.time
        return node

    def _begin(self, event: Event) -> str:
        node = f"{self._identifier}\x00{event.identity}"
        self._tenures.append((node, set()))
        self._released = False
        return node
