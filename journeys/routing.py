"""Routing: events that share an identifier, directly or through others, meet in one neighbourhood.

Distributed union-find by message passing. Every identifier is a small actor: a *root* with its events and the
identifiers it knows, or a *forward* to a smaller identifier. Messages for one partition's identifiers are
handled here, in order; those for identifiers of the same partition at once, the others are handed out to be
sent. Nothing here judges who is who (that is identity), and nothing here does I/O.

Guarantees, for any order, repetition and crash-repetition of messages: forwards only ever point to a smaller
identifier; once no message is under way, the roots' events are the connected components; handling a message
twice adds nothing. They hold if a batch becomes durable as messages first, then its rows in the order of
`Outcome.row_changes`, of which a crash may leave any prefix. An identifier known before its join is out, or
an event removed before what carries it, would be lost for good.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, MutableMapping
from typing import Any, Protocol

from journeys.actors import ANNOUNCED, EVENT, FORWARD, JUDGED, KNOWN, MAP, Actors, Root, RowKey
from journeys.events import Event, lowest

OBSERVE, JOIN, ABSORB = "observe", "join", "absorb"
Message = tuple[Any, ...]
Addressed = tuple[str, Message]


class Outcome:
    """What handling a batch asks for: messages to other partitions, rows to write (None: remove), roots
    that changed.
    """

    def __init__(self) -> None:
        self.messages: list[Addressed] = []
        self.rows: dict[RowKey, bytes | None] = {}
        self.touched: dict[str, None] = {}

    def announcements(self) -> list[tuple[RowKey, bytes | None]]:
        """The rows to write before anything is announced, and before all others."""
        return [change for change in self.rows.items() if self._is_announcement(*change)]

    def row_changes(self) -> list[tuple[RowKey, bytes | None]]:
        """The other rows: forwards and events put, then identifiers known, then what is removed."""
        changes = [change for change in self.rows.items() if not self._is_announcement(*change)]
        return sorted(changes, key=lambda change: 2 if change[1] is None else change[0][0] == KNOWN)

    @staticmethod
    def _is_announcement(key: RowKey, value: bytes | None) -> bool:
        return value is not None and key[0] in (ANNOUNCED, JUDGED, MAP)


class Held(Protocol):
    """The actors of one partition, wherever they are kept."""

    @property
    def roots(self) -> MutableMapping[str, Root]: ...

    @property
    def forwards(self) -> MutableMapping[str, str]: ...

    @property
    def closed(self) -> Container[str]: ...


class Neighbourhoods:
    """The actors of one partition.

    `precedes(a, b)` is the total order over identifiers, stable identifiers first; `routes(identifier)` is
    false for types that many customers share; `is_mine(identifier)` tells whether an identifier belongs to
    this partition.
    """

    def __init__(
        self,
        precedes: Callable[[str, str], bool],
        routes: Callable[[str], bool],
        is_mine: Callable[[str], bool],
        held: Held | None = None,
    ) -> None:
        actors = held or Actors()
        self.roots, self.forwards, self._closed = actors.roots, actors.forwards, actors.closed
        self._precedes = precedes
        self._routes = routes
        self._is_mine = is_mine

    def handle(self, identifier: str, message: Message, outcome: Outcome) -> list[Addressed]:
        """Handle one message for `identifier` and all that follow from it within this partition.

        Gives those that reached a closed root: they are to be handled again once it was called back.
        """
        waiting: deque[Addressed] = deque([(identifier, message)])
        stopped: list[Addressed] = []
        while waiting:
            at, received = waiting.popleft()
            if at in self._closed and at not in self.forwards:
                stopped.append((at, received))
                continue
            for to, following in self._deliver(at, received, outcome):
                if self._is_mine(to):
                    waiting.append((to, following))
                else:
                    outcome.messages.append((to, following))
        return stopped

    def close(self, identifier: str, outcome: Outcome) -> Message:
        """A root leaves: its rows go, and what is given holds all they did. Received, it is the root again."""
        return self._leave(identifier, outcome)

    def found(self, identifier: str) -> None:
        """Make an identifier a root, though no event has met there."""
        self._root(identifier)

    def announce(self, identifier: str, name: str, document: bytes | None, outcome: Outcome) -> None:
        """Remember that something was announced of this neighbourhood (None: that it was taken back)."""
        announced = self.roots[identifier].announced
        if document is None:
            announced.pop(name, None)
        else:
            announced[name] = document
        outcome.rows[ANNOUNCED, identifier, name] = document

    def mend(self, identifier: str, targets: list[str], outcome: Outcome) -> None:
        """Of an identifier that is more than one thing, as crashes and old owners left it.

        Of several forwards the smallest stays; where it forwards and yet holds rows, they are sent on.
        """
        if not targets:
            return
        smallest, *others = self._in_order(targets)
        self.forwards[identifier] = smallest
        for other in others:
            outcome.messages.append((other, (JOIN, smallest)))
            outcome.rows[FORWARD, identifier, other] = None
        if identifier in self.roots:
            outcome.messages.append((smallest, self._leave(identifier, outcome)))

    def _in_order(self, identifiers: list[str]) -> list[str]:
        smallest = identifiers[0]
        for identifier in identifiers:
            if self._precedes(identifier, smallest):
                smallest = identifier
        return [smallest, *(i for i in identifiers if i != smallest)]

    def _root(self, identifier: str) -> Root:
        root = self.roots.get(identifier)
        if root is None:
            root = self.roots[identifier] = Root()
        return root

    def _deliver(self, at: str, message: Message, outcome: Outcome) -> Iterator[Addressed]:
        kind = message[0]
        target = self.forwards.get(at)
        if target is not None:
            if kind != JOIN or message[1] not in (target, at):
                yield target, message
        elif kind == OBSERVE:
            yield from self._observe(at, message[1], outcome)
        elif kind == JOIN:
            yield from self._join(at, message[1], outcome)
        else:
            _, rows, known, announced = message
            self._absorb(at, rows, known, announced, outcome)

    def _observe(self, at: str, row: bytes, outcome: Outcome) -> Iterator[Addressed]:
        event = Event.decode(row)
        self._keep(at, event.key, row, outcome)
        outcome.touched[at] = None
        known = self.roots[at].known
        for other in event.identifiers:
            if other != at and other not in known and self._routes(other):
                self._know(at, other, outcome)
                yield other, (JOIN, at)

    def _join(self, at: str, asker: str, outcome: Outcome) -> Iterator[Addressed]:
        if asker == at:
            return
        if self._precedes(asker, at):
            self.forwards[at] = asker
            outcome.rows[FORWARD, at, asker] = b"1"
            yield asker, self._leave(at, outcome)
        else:
            self._know(at, asker, outcome)
            yield asker, (JOIN, at)

    def _absorb(
        self,
        at: str,
        rows: Iterable[tuple[str, bytes]],
        known: Iterable[str],
        announced: dict[str, bytes],
        outcome: Outcome,
    ) -> None:
        for key, row in rows:
            self._keep(at, key, row, outcome)
        for identifier in known:
            self._know(at, identifier, outcome)
        root = self._root(at)
        for name, document in announced.items():
            root.sent.pop(name, None)
            if name not in root.announced:
                self.announce(at, name, document, outcome)
        outcome.touched[at] = None

    def _leave(self, identifier: str, outcome: Outcome) -> Message:
        """Stop being a root: hand everything over and remove the rows."""
        root = self.roots.pop(identifier, None) or Root()
        outcome.rows.update(dict.fromkeys(root.keys(identifier)))
        outcome.touched.pop(identifier, None)
        return ABSORB, list(root.events.items()), [*sorted(root.known), identifier], root.announced

    def _know(self, at: str, other: str, outcome: Outcome) -> None:
        known = self._root(at).known
        if other != at and other not in known:
            known[other] = None
            outcome.rows[KNOWN, at, other] = b"1"

    def _keep(self, at: str, key: str, row: bytes, outcome: Outcome) -> None:
        events = self._root(at).events
        held = events.get(key)
        if held is not None and held != row:
            row = _with_all_origins(held, row)
        if held != row:
            events[key] = row
            outcome.rows[EVENT, at, key] = row


def pieces(absorb: Message, most_bytes: int) -> Iterator[Message]:
    """Cut an absorb into messages of about `most_bytes` or one thing each: a set union may arrive in pieces."""
    _, rows, known, announced = absorb
    size = sum(len(row) for _, row in rows) + sum(map(len, known)) + sum(map(len, announced.values()))
    if size <= most_bytes:
        yield absorb
        return
    for some in _cut(rows, lambda row: len(row[1]), most_bytes):
        yield ABSORB, some, [], {}
    for some in _cut(known, len, most_bytes):
        yield ABSORB, [], some, {}
    for some in _cut(announced.items(), lambda item: len(item[1]), most_bytes):
        yield ABSORB, [], [], dict(some)


def _cut(things: Iterable[Any], size_of: Callable[[Any], int], most: int) -> Iterator[list[Any]]:
    piece: list[Any] = []
    size = 0
    for thing in things:
        if piece and size + size_of(thing) > most:
            yield piece
            piece, size = [], 0
        piece.append(thing)
        size += size_of(thing)
    if piece:
        yield piece


def _with_all_origins(held: bytes, row: bytes) -> bytes:
    first, second = Event.decode(held), Event.decode(row)
    return first._replace(origins=lowest([*first.origins, *second.origins])).encode()
