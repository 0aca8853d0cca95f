"""Joining events into people, by what they name."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from journeys.simulation.happenings import Happening

KIOSK = "email:kiosk"
Bearers = Mapping[str, Sequence[Happening]]


class Groups:
    """Things that are one, by what joined them."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def of(self, thing: Hashable) -> Hashable:
        path = [thing]
        while (parent := self._parents.setdefault(path[-1], path[-1])) != path[-1]:
            path.append(parent)
        for each in path:
            self._parents[each] = path[-1]
        return path[-1]

    def join(self, things: Iterable[Hashable]) -> None:
        first, *others = things
        for other in others:
            self._parents[self.of(other)] = self.of(first)


def known_at(
    events: Sequence[Happening],
    one: Happening,
    other: Happening,
    linking: Callable[[Happening], Sequence[str]],
    clock: Callable[[Happening], int],
) -> int | None:
    """When all that was told of a customer led from one event to the other, not before the other; None: never.

    `events` in time order; `linking` gives an event's identifiers that say whose it is.
    """
    groups = Groups()
    for h in events:
        if names := linking(h):
            groups.join(names)
        if clock(h) >= clock(other):
            reached = {groups.of(i) for i in linking(one)}
            if any(groups.of(i) in reached for i in linking(other)):
                return clock(h)
    return None


class Grouping:
    """Events joined by their people's own identifiers, then by what people have in `common`.

    What is in common joins those who bear it unless two customer numbers speak against it: then it is contested.
    """

    def __init__(self, happenings: Sequence[Happening], common: Bearers) -> None:
        self._groups = Groups()
        self._crms: defaultdict[Hashable, set[str]] = defaultdict(set)
        for h in happenings:
            own = [i for i in h.names if not i.startswith(KIOSK) and i not in common]
            assert h.person is not None
            self._groups.join([h, *((h.person.number, identifier) for identifier in own)])
        for h in happenings:
            self._crms[self.of(h)].update(i for i in h.names if i.startswith("crm:"))
        for _ in range(2):  # what one identifier joins may decide about another
            for bearers in common.values():
                if bearers and len(claimed := self._claimed(bearers)) <= 1:
                    self._groups.join(bearers)
                    self._crms[self.of(bearers[0])] = claimed
        self.contested = {i for i, bearers in common.items() if len(self._claimed(bearers)) > 1}

    def of(self, happening: Happening) -> Hashable:
        return self._groups.of(happening)

    def crms(self, happening: Happening) -> set[str]:
        """The customer numbers of the event's group."""
        return self._crms.get(self.of(happening), set())

    def _claimed(self, bearers: Iterable[Happening]) -> set[str]:
        return {crm for h in bearers for crm in self.crms(h)}
