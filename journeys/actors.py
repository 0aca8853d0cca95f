"""Actors: what lies at each identifier of a partition, and the rows that keep it.

A *root* has a neighbourhood's events; a *forward* names a smaller identifier; of a *closed* root, nothing of
which is open any more, only a row is left that holds all it had. Whatever it is, an identifier may be *shared*.
"""

from collections.abc import Container, Iterator, Mapping, MutableMapping
from typing import Any, Protocol

import orjson

from journeys.sharing import Meetings

EVENT, KNOWN, FORWARD, ANNOUNCED, DUE, CLOSED, MARK, MARKED = "e", "k", "f", "a", "d", "c", "n", "s"
JUDGED, ROUNDS, MAP, HEARD = "w", "r", "m", "h"
PARTITIONS_OWN = frozenset((JUDGED, ROUNDS, MAP, HEARD))
"""Kinds of rows that are about the partition, not about an identifier."""

RowKey = tuple[str, str, str]


class Root:
    """A neighbourhood: its events (key → encoded row), identifiers it has met, those of them that it knows to be
    shared (`marks`), what was announced of it, and until when it need not be judged again (department → instant).

    No rows are `sent`, a hash of each document as this worker last sent it, and `meetings`, counted once it is so
    large that an identifier of it may be shared. `due` and `sent` are replaced, never changed: they are kept in less
    memory than a dict.
    """

    __slots__ = ("_due", "_sent", "announced", "events", "known", "marks", "meetings")

    def __init__(self) -> None:
        self.events: dict[str, bytes] = {}
        self.known: dict[str, None] = {}
        self.announced: dict[str, bytes] = {}
        self._due: tuple[str | int, ...] = ()
        self.marks: frozenset[str] = frozenset()
        self._sent: tuple[str | int, ...] = ()
        self.meetings: Meetings | None = None

    @property
    def due(self) -> dict[str, int]:
        return _unfolded(self._due)

    @due.setter
    def due(self, due: Mapping[str, int]) -> None:
        self._due = _flat(due)

    @property
    def sent(self) -> dict[str, int]:
        return _unfolded(self._sent)

    @sent.setter
    def sent(self, sent: Mapping[str, int]) -> None:
        self._sent = _flat(sent)

    def keys(self, identifier: str) -> Iterator[RowKey]:
        """Of its rows."""
        for kind, names in (
            (EVENT, self.events), (KNOWN, self.known), (MARK, self.marks), (ANNOUNCED, self.announced),
        ):  # fmt: skip
            for name in names:
                yield kind, identifier, name
        if self._due:
            yield DUE, identifier, ""

    def put(self, kind: str, detail: str, value: bytes) -> None:
        """A row that was read back."""
        if kind == EVENT:
            self.events[detail] = value
        elif kind == KNOWN:
            self.known[detail] = None
        elif kind == MARK:
            self.marks |= {detail}
        elif kind == ANNOUNCED:
            self.announced[detail] = value
        else:
            self.due = orjson.loads(value)

    def remove(self, kind: str, detail: str) -> bool:
        """A row that is no more; whether there is none left."""
        if kind == EVENT:
            self.events.pop(detail, None)
        elif kind == KNOWN:
            self.known.pop(detail, None)
        elif kind == MARK:
            self.marks -= {detail}
        elif kind == ANNOUNCED:
            self.announced.pop(detail, None)
        else:
            self.due = {}
        return not (self.events or self.known or self.marks or self.announced or self._due)


def _flat(pairs: Mapping[str, int]) -> tuple[str | int, ...]:
    return tuple(part for pair in pairs.items() for part in pair)


def _unfolded(flat: tuple[Any, ...]) -> dict[str, int]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


class Actors:
    """All actors in memory; rows that are read back are put and removed in their order."""

    def __init__(self) -> None:
        self.roots: dict[str, Root] = {}
        self.forwards: dict[str, str] = {}
        self.closed: dict[str, Any] = {}
        self.shared: set[str] = set()
        self._rivals: dict[str, list[str]] = {}

    def put(self, key: RowKey, value: bytes) -> None:
        kind, identifier, detail = key
        if kind == FORWARD:
            if self.forwards.setdefault(identifier, detail) != detail:
                self._rivals.setdefault(identifier, []).append(detail)
            return
        if kind == MARKED:
            self.shared.add(identifier)
            return
        root = self.roots.get(identifier)
        if root is None:
            root = self.roots[identifier] = Root()
        root.put(kind, detail, value)

    def remove(self, key: RowKey) -> None:
        kind, identifier, detail = key
        if kind == FORWARD:
            targets = [target for target in self.targets(identifier) if target != detail]
            self.forwards.pop(identifier, None)
            self._rivals.pop(identifier, None)
            for target in targets:
                self.put((FORWARD, identifier, target), b"")
        elif (root := self.roots.get(identifier)) is not None and root.remove(kind, detail):
            del self.roots[identifier]

    def targets(self, identifier: str) -> list[str]:
        """Where an identifier forwards to; several when old owners left some."""
        target = self.forwards.get(identifier)
        return [] if target is None else [target, *self._rivals.get(identifier, ())]

    def torn(self) -> Iterator[str]:
        """The identifiers that are more than one thing, as crashes and old owners left them, and those with marks,
        which these may have left undone.
        """
        yield from sorted(
            {*self._rivals}
            | (self.shared & (self.forwards.keys() | self.roots.keys() | self.closed.keys()))
            | {identifier for identifier, root in self.roots.items() if root.marks}
            | (self.forwards.keys() & self.roots.keys())
            | (self.closed.keys() & (self.forwards.keys() | self.roots.keys()))
        )


class Shared(Protocol):
    """The identifiers that were told that they are shared."""

    def __contains__(self, identifier: object) -> bool: ...

    def add(self, identifier: str) -> None: ...


class Held(Protocol):
    """The actors of one partition, wherever they are kept."""

    @property
    def roots(self) -> MutableMapping[str, Root]: ...

    @property
    def forwards(self) -> MutableMapping[str, str]: ...

    @property
    def closed(self) -> Container[str]: ...

    @property
    def shared(self) -> Shared: ...
