"""Links: what joins two identifiers, and the groups that links make where not all of them may hold."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from journeys.events import Event
from journeys.journey_map import COMMAND_TYPES, IdentifierType

LINK, UNLINK = COMMAND_TYPES
Pair = frozenset[str]


class HasEnds(Protocol):
    """Anything that joins an identifier a to an identifier b."""

    @property
    def a(self) -> str: ...
    @property
    def b(self) -> str: ...


Ended = TypeVar("Ended", bound=HasEnds)


class Link(NamedTuple):
    """Two identifiers that one event names together, the stronger one first."""

    a: str
    b: str
    event: Event


class Conflict(NamedTuple):
    """A refused link: it would have made one customer of two `values` of a unique type, or of two identifiers that
    an operator's command (`unlinked`) parts.
    """

    refused: Link
    values: tuple[str, str]
    unlinked: Event | None


def type_of(identifier: str) -> str:
    return identifier.partition(":")[0]


def strength(identifier: str, types: Mapping[str, IdentifierType]) -> tuple[int, str]:
    """The total order over identifiers: the strongest is the smallest."""
    rule = types.get(type_of(identifier))
    return (rule.priority if rule else 0, identifier)


def by_time(link: Link) -> tuple[int, str, str]:
    return link.event.time, link.event.source, link.event.id


def have_rivals(identifiers: Iterable[str]) -> bool:
    """Whether two of these different identifiers are of one type."""
    types = list(map(type_of, identifiers))
    return len(set(types)) < len(types)


def bare(node: str) -> str:
    """The identifier of a node: one that changed hands has a node for each tenure, named after how that began."""
    return node.partition("\x00")[0]


class Ways(Generic[Ended]):
    """The ways along links that are trees; each is found in the time that it is long."""

    def __init__(self, links: Iterable[Ended]) -> None:
        neighbours: defaultdict[str, list[tuple[str, Ended]]] = defaultdict(list)
        for link in links:
            neighbours[link.a].append((link.b, link))
            neighbours[link.b].append((link.a, link))
        self._up: dict[str, tuple[str, Ended] | None] = {}
        self._depth: dict[str, int] = {}
        for top in neighbours:
            if top not in self._up:
                self._up[top], self._depth[top] = None, 0
                reached = [top]
                for node in reached:
                    for neighbour, link in neighbours[node]:
                        if neighbour not in self._up:
                            self._up[neighbour], self._depth[neighbour] = (node, link), self._depth[node] + 1
                            reached.append(neighbour)

    def grow(self, links: Iterable[Ended]) -> bool:
        """Whether each of the links leads from what is here to one identifier more, in any order."""
        waiting = list(links)
        while waiting:
            left = [link for link in waiting if not self._grow(link)]
            if len(left) == len(waiting):
                return False
            waiting = left
        return True

    def _grow(self, link: Ended) -> bool:
        for node, new in ((link.a, link.b), (link.b, link.a)):
            if node in self._up and new not in self._up:
                self._up[new], self._depth[new] = (node, link), self._depth[node] + 1
                return True
        return False

    def highest(self, of: Callable[[Ended], int]) -> dict[str, int]:
        """Identifier → the highest value of the links up to the top of its tree.

        So none on the way between two identifiers is higher than the higher one of theirs.
        """
        found: dict[str, int] = {}
        for node, step in self._up.items():
            found[node] = of(step[1]) if step else -sys.maxsize
            if step:
                found[node] = max(found[node], found[step[0]])
        return found

    def between(self, start: str, end: str) -> list[Ended]:
        """The links that lead from one identifier to another; empty where they are the same or not joined."""
        if start not in self._up or end not in self._up:
            return []
        there: list[Ended] = []
        back: list[Ended] = []
        while start != end:
            from_start = self._depth[start] >= self._depth[end]
            step = self._up[start if from_start else end]
            if step is None:
                return []
            if from_start:
                start = step[0]
                there.append(step[1])
            else:
                end = step[0]
                back.append(step[1])
        return [*there, *reversed(back)]


class Groups:
    """Union-find that refuses to unite two values of a unique type, and what an operator parted.

    Given the strongest link first it leaves out the weakest link of every path between what must stay apart, as
    Kruskal's algorithm does of every cycle (J. B. Kruskal, 1956).
    """

    def __init__(self, unique: tuple[str, ...], parted: Mapping[Pair, Event]) -> None:
        self._parents: dict[str, str] = {}
        self._exclusive: dict[str, dict[str | Pair, str]] = {}
        self._unique = unique
        self._parted = parted
        self.conflicts: list[Conflict] = []

    def root(self, node: str) -> str:
        parents = self._parents
        if node not in parents:
            parents[node] = node
            if self._unique and node.startswith(self._unique):
                self._exclusive[node] = {type_of(node): node}
            if self._parted:
                self._part(node)
            return node
        while (parent := parents[node]) != node:
            parents[node] = parents[parent]
            node = parent
        return node

    def nodes(self) -> Iterable[str]:
        """Every identifier met, without the events that stand for themselves."""
        return [node for node in self._parents if not node.startswith("event:")]

    def unite(self, link: Link) -> bool:
        """Whether the link joined two groups; one that must not is kept as a conflict."""
        a, b = self.root(link.a), self.root(link.b)
        if a == b:
            return False
        if (dispute := self.dispute(a, b)) is not None:
            values = sorted((self._exclusive[a][dispute], self._exclusive[b][dispute]))
            unlinked = None if isinstance(dispute, str) else self._parted[dispute]
            self.conflicts.append(Conflict(link, (values[0], values[1]), unlinked))
            return False
        self._parents[b] = a
        if theirs := self._exclusive.get(b):
            self._exclusive[a] = self._exclusive.get(a, {}) | theirs
        return True

    def unique_values(self, root: str) -> Iterator[tuple[str, str]]:
        """The unique types of which a group, by its root, has a value, with the value."""
        for key, value in self._exclusive.get(root, {}).items():
            if isinstance(key, str):
                yield key, value

    def dispute(self, a: str, b: str) -> str | Pair | None:
        """Why two groups, by their roots, must stay apart: the pair that was parted, else the unique type."""
        mine, theirs = self._exclusive.get(a), self._exclusive.get(b)
        if not mine or not theirs:
            return None
        disputes = [key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
        return min(
            disputes, key=lambda key: (1, key) if isinstance(key, str) else (0, *sorted(key)), default=None
        )

    def _part(self, node: str) -> None:
        identifier = bare(node)
        for pair in self._parted:
            if identifier in pair:
                self._exclusive.setdefault(node, {})[pair] = identifier
