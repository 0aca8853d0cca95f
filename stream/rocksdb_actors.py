"""Actors that are read when they are asked for, as the mappings that routing works on."""

from collections.abc import Collection, Iterator, MutableMapping
from typing import Any, Protocol

from journeys.actors import CLOSED, FORWARD, MARKED, Root


class Actor:
    """What lies at an identifier: nothing, a root, a forward or a closed root; more than one if it is torn.

    `is_named`: the file tells that there are rows of it.
    """

    __slots__ = ("closed", "is_named", "root", "shared", "targets")

    def __init__(self) -> None:
        self.root: Root | None = None
        self.targets: tuple[str, ...] = ()
        self.closed = False
        self.shared = False
        self.is_named = False

    def put(self, kind: str, detail: str, value: bytes) -> None:
        """A row that was read back."""
        if kind == FORWARD:
            self.targets += (detail,)
        elif kind == CLOSED:
            self.closed = True
        elif kind == MARKED:
            self.shared = True
        else:
            self.root = self.root or Root()
            self.root.put(kind, detail, value)

    @property
    def is_torn(self) -> bool:
        """Or has marks, of which something may have been left undone."""
        if self.shared or (self.root is not None and self.root.marks):
            return True
        return (self.root is not None) + len(self.targets) + self.closed > 1

    @property
    def is_without_rows(self) -> bool:
        """A root that nothing has met at yet."""
        return self.root is not None and not any(True for _ in self.root.keys(""))


class Actors(Protocol):
    """Where they are read."""

    def at(self, identifier: str) -> Actor:
        """What lies at an identifier, live: what is changed of it counts."""

    def look_at(self, identifier: str) -> Actor:
        """The same, not to be changed."""

    def identifiers(self) -> Iterator[str]:
        """Of all actors."""


class Roots(MutableMapping[str, Root]):
    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    def get(self, identifier: str, default: Any = None) -> Any:
        root = self._actors.at(identifier).root
        return default if root is None else root

    def __getitem__(self, identifier: str) -> Root:
        root = self._actors.at(identifier).root
        if root is None:
            raise KeyError(identifier)
        return root

    def __setitem__(self, identifier: str, root: Root) -> None:
        self._actors.at(identifier).root = root

    def __delitem__(self, identifier: str) -> None:
        self._actors.at(identifier).root = None

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._actors.identifiers() if self._actors.look_at(each).root is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Forwards(MutableMapping[str, str]):
    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    def __contains__(self, identifier: Any) -> bool:
        return bool(self._actors.at(identifier).targets)

    def __getitem__(self, identifier: str) -> str:
        targets = self._actors.at(identifier).targets
        if not targets:
            raise KeyError(identifier)
        return targets[0]

    def get(self, identifier: str, default: Any = None) -> Any:
        targets = self._actors.at(identifier).targets
        return targets[0] if targets else default

    def __setitem__(self, identifier: str, target: str) -> None:
        self._actors.at(identifier).targets = (target,)

    def __delitem__(self, identifier: str) -> None:
        self._actors.at(identifier).targets = ()

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._actors.identifiers() if self._actors.look_at(each).targets)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Closed(Collection[str]):
    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    def __contains__(self, identifier: Any) -> bool:
        return self._actors.at(identifier).closed

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._actors.identifiers() if self._actors.look_at(each).closed)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Shared:
    def __init__(self, actors: Actors) -> None:
        self._actors = actors

    def __contains__(self, identifier: Any) -> bool:
        return self._actors.at(identifier).shared

    def add(self, identifier: str) -> None:
        self._actors.at(identifier).shared = True
