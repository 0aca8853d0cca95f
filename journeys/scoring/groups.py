"""Customers and journeys held against the true ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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


def score_pairs(found: Mapping[str, str], true: Mapping[str, str]) -> PairScore:
    """Event → customer, as found and in truth. Only events in both are counted. Linear in the number of events."""
    events = sorted(found.keys() & true.keys())
    members: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        members[found[event], true[event]].append(event)
    sizes = {pair: len(each) for pair, each in members.items()}
    by_found = Counter(found[event] for event in events)
    by_true = Counter(true[event] for event in events)
    return PairScore(
        _pairs(sizes.values()),
        _pairs(by_found.values()),
        _pairs(by_true.values()),
        _mixed(by_found, members, 0),
        _mixed(by_true, members, 1),
    )


def _mixed(whole: Mapping[str, int], members: Mapping[tuple[str, str], list[str]], side: int) -> list[Mixed]:
    """Those of more than one part, the most wrong pairs first."""
    parts: defaultdict[str, list[list[str]]] = defaultdict(list)
    for pair, events in members.items():
        parts[pair[side]].append(events)
    found = [
        Mixed(name, len(each), _pairs([whole[name]]) - _pairs(map(len, each)), [part[0] for part in each])
        for name, each in parts.items()
        if len(each) > 1
    ]
    return sorted(found, key=lambda mixed: (-mixed.pairs, mixed.customer))


def score_sets(found: Mapping[str, set[str]], true: Mapping[str, set[str]], unclear: set[str]) -> SetScore:
    """Journey → its events. `unclear` events are in no comparison, nor are journeys without any other."""
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


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
