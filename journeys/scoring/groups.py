"""Customers and journeys held against the true ones."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from typing import NamedTuple

from journeys.scoring.alerts import share


class Mixed(NamedTuple):
    """A customer who is several, or was found in parts; `pairs` are wrong by it, `about` is an event of each part."""

    customer: str
    parts: int
    pairs: int
    about: list[str]


class PairScore(NamedTuple):
    """Pairs of events: together in both, in what was found, and in truth; and what made most of the difference."""

    together: int
    found: int
    true: int
    merged: list[Mixed]
    split: list[Mixed]

    @property
    def precision(self) -> float | None:
        return share(self.together, self.found)

    @property
    def recall(self) -> float | None:
        return share(self.together, self.true)


class SetScore(NamedTuple):
    """Journeys: with exactly their events, found, and true; the wrong ones with what they lack and what is foreign."""

    exact: int
    found: int
    true: int
    wrong: dict[str, tuple[list[str], list[str]]]

    @property
    def precision(self) -> float | None:
        return share(self.exact, self.found)

    @property
    def recall(self) -> float | None:
        return share(self.exact, self.true)


def score_pairs(
    found: Mapping[str, str],
    true: Mapping[str, str],
    people: Mapping[str, Collection[int]] | None = None,
    unclear: Set[str] = frozenset(),
) -> PairScore:
    """Event → customer, as found and in truth. Only events in both are counted. Linear in the number of events.

    Of an `unclear` true customer and another one no pair is counted where they have `people` in common.
    """
    events = sorted(found.keys() & true.keys())
    members: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        members[found[event], true[event]].append(event)
    together = sum(_pairs(len(each)) for each in members.values())
    merged = _mixed(members, 0, people or {}, unclear)
    split = _mixed(members, 1, {}, frozenset())
    return PairScore(
        together,
        together + sum(mixed.pairs for mixed in merged),
        together + sum(mixed.pairs for mixed in split),
        merged,
        split,
    )


def _mixed(
    members: Mapping[tuple[str, str], list[str]],
    side: int,
    people: Mapping[str, Collection[int]],
    unclear: Set[str],
) -> list[Mixed]:
    """Those of more than one part, unless these may all be one, the most wrong pairs first."""
    parts: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for pair, events in members.items():
        parts[pair[side]][pair[1 - side]] = events
    found = []
    for name, each in parts.items():
        sizes = {part: len(events) for part, events in each.items()}
        wrong = _pairs(sum(sizes.values())) - sum(map(_pairs, sizes.values()))
        if wrong := wrong - sum(sizes[a] * sizes[b] for a, b in _may_be_one(each, people, unclear)):
            found.append(Mixed(name, len(each), wrong, [events[0] for events in each.values()]))
    return sorted(found, key=lambda mixed: (-mixed.pairs, mixed.customer))


def _may_be_one(
    customers: Iterable[str], people: Mapping[str, Collection[int]], unclear: Set[str]
) -> set[tuple[str, str]]:
    """Each two customers, one of whom at least is unclear, who may be the same person."""
    by_person: defaultdict[int, list[str]] = defaultdict(list)
    for customer in customers:
        for person in people.get(customer, ()):
            by_person[person].append(customer)
    return {
        (min(one, other), max(one, other))
        for same in by_person.values()
        for one in same
        if one in unclear
        for other in same
        if other != one
    }


def score_sets(found: Mapping[str, set[str]], true: Mapping[str, set[str]], unclear: set[str]) -> SetScore:
    """Journey → its events. `unclear` events may be in any, and are in no comparison."""
    kept = {name: events - unclear for name, events in found.items() if events - unclear}
    wrong = {
        name: (
            sorted(true.get(name, set()) - kept.get(name, set())),
            sorted(kept.get(name, set()) - true.get(name, set())),
        )
        for name in sorted(kept.keys() | true.keys())
        if kept.get(name) != true.get(name)
    }
    exact = sum(kept.get(name) == events for name, events in true.items())
    return SetScore(exact, len(kept), len(true), wrong)


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
