"""Ties: which journeys an identifier such as a SIM card belongs to, because an event names it with theirs.

An event that names one journey ties firmly. One that names several, such as a parcel with two orders, does not say
which of its SIM cards is whose: those that nothing ties firmly are dealt out, each to one order; where they are too
few for that, each belongs to all. A pure fold.
"""

from collections import defaultdict
from collections.abc import Sequence

from journeys.events import Event
from journeys.links import type_of


class Ties:
    """`tying`: the prefixes of the types that tie events to a journey."""

    def __init__(self, tying: tuple[str, ...]) -> None:
        self._tying = tying
        self._firm: defaultdict[str, set[str]] = defaultdict(set)
        self._doubtful: list[tuple[Event, Sequence[str]]] = []
        self._dealt: dict[str, list[str]] = {}

    def add(self, event: Event, journeys: Sequence[str]) -> None:
        """An event that names journeys, each by its correlating value."""
        if len(journeys) > 1:
            self._doubtful.append((event, journeys))
            return
        for identifier in event.identifiers:
            if identifier.startswith(self._tying):
                self._firm[identifier].update(journeys)

    def settle(self) -> None:
        """All events are added: decide what is in doubt."""
        for event, journeys in sorted(
            self._doubtful, key=lambda each: (each[0].time, each[0].source, each[0].id)
        ):
            by_type: defaultdict[str, list[str]] = defaultdict(list)
            for identifier in event.identifiers:
                if identifier.startswith(self._tying):
                    by_type[type_of(identifier)].append(identifier)
            for identifiers in by_type.values():
                self._deal(identifiers, journeys)

    def of(self, event: Event) -> list[str]:
        """The journeys that an event's identifiers tie it to, in order."""
        found: set[str] = set()
        for identifier in event.identifiers:
            found.update(self._journeys_of(identifier))
        return sorted(found)

    def _deal(self, identifiers: list[str], journeys: Sequence[str]) -> None:
        provided = {journey for identifier in identifiers for journey in self._journeys_of(identifier)}
        open = [identifier for identifier in identifiers if not self._journeys_of(identifier)]
        lacking = [journey for journey in journeys if journey not in provided] or list(journeys)
        for number, identifier in enumerate(open):
            enough = len(open) >= len(lacking)
            self._dealt[identifier] = [lacking[number % len(lacking)]] if enough else lacking

    def _journeys_of(self, identifier: str) -> set[str] | list[str]:
        return self._firm.get(identifier) or self._dealt.get(identifier, [])
