"""Memories: of the large neighbourhoods that were judged last, so that one event more is not all of them again."""

from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from journeys.documents import Document
from journeys.judgement import RestsOn
from journeys.memory import Forgetting, Memory

LARGE = 500
"""Events from which on a neighbourhood is remembered: a smaller one is folded as fast without."""

MOST_EVENTS = 20_000
"""In all neighbourhoods that are remembered together; they take some 5 KB each."""


class Sent(NamedTuple):
    """A document that was sent, or was as it had been sent before, with its `hash` and the row that was kept of it."""

    document: Document
    rests_on: RestsOn
    row: bytes
    hash: int


class Remembered(NamedTuple):
    """Of one neighbourhood: its folds, and what was sent of it by name. Of a small one nothing is kept."""

    fold: Forgetting
    sent: dict[str, Sent] | None


NOTHING = Remembered(Forgetting(), None)


class Memories:
    """One worker's. They change no result, whatever is forgotten when: the least recently judged comes first.

    `large`: events from which on a neighbourhood is remembered.
    """

    def __init__(self, large: int = LARGE, most_events: int = MOST_EVENTS) -> None:
        self._large = large
        self._most_events = most_events
        self._of: OrderedDict[tuple[int, str], tuple[int, Remembered]] = OrderedDict()
        self._events = 0

    def of(self, partition: int, identifier: str, events: int) -> Remembered:
        """What is remembered of a neighbourhood that now has so many events."""
        before, remembered = self._of.pop((partition, identifier), (0, NOTHING))
        self._events -= before
        if not self._large <= events <= self._most_events:
            return NOTHING
        if remembered is NOTHING:
            remembered = Remembered(Memory(), {})
        self._of[partition, identifier] = events, remembered
        self._events += events
        while self._events > self._most_events:
            self._events -= self._of.popitem(last=False)[1][0]
        return remembered

    def forget(self, partitions: Collection[int]) -> None:
        """They were taken away."""
        for partition, identifier in [name for name in self._of if name[0] in partitions]:
            self._events -= self._of.pop((partition, identifier))[0]
