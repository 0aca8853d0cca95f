"""Routing: events that share an identifier, directly or through others, meet in one neighbourhood.

Distributed union-find by message passing. Every identifier is a small actor: a *root* with its events and the
identifiers it knows, or a *forward* to a smaller identifier. Messages for one partition's identifiers are
handled here, in order; those for identifiers of the same partition at once, the others are handed out to be
sent. Nothing here judges who is who (that is identity), and nothing here does I/O.

An identifier that is shared (see sharing) stops gathering events. The root whose events show it marks it, and
tells the identifier itself, which marks its own root. From then on the identifier refuses a first join that is
asked because of it, and says why; joins because of others, and what follows from joins accepted before, it
answers as ever, for it may be the root of others. An event all of whose identifiers are shared lies at a place
of its own. What met before stays together, so that the neighbourhoods may depend on the order of arrival; who
is one customer in them does not, for marks tell identity not to link.

Guarantees, for any order, repetition and crash-repetition of messages: forwards only ever point to a smaller
identifier; once no message is under way, every event lies at one root, events that have in common an identifier
that is not shared lie at the same, and every root has marked all identifiers of its events that are shared;
handling a message twice adds nothing. They hold if a batch becomes durable as messages first, then what is
announced, then what departs, then its rows in the order of `Outcome.row_changes`, of which a crash may leave any
prefix. An event removed before what carries it would be lost for good, as would a join or its answer if the
identifier is known before these. An event kept before the forwards that its joins came to, or an identifier marked at
itself before them, would be refused, when the batch is repeated, what it was granted at first.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator

import orjson

from journeys.actors import ANNOUNCED, EVENT, FORWARD, KNOWN, MARK, MARKED, Actors, Held, Root
from journeys.events import Event, lowest
from journeys.outcome import Addressed, Message, Outcome, place_of
from journeys.sharing import Limits, Meetings

OBSERVE, JOIN, ABSORB, SHARED = "observe", "join", "absorb", "shared"


def address(event: Event, routes: Callable[[str], bool], shared: Container[str] = ()) -> str:
    """Where to look for an event's neighbourhood: at its strongest identifier that others may meet it by."""
    return next((i for i in event.identifiers if i not in shared and routes(i)), place_of(event))


class Neighbourhoods:
    """The actors of one partition.

    `precedes(a, b)` is the total order over identifiers, stable identifiers first; `routes(identifier)` is
    false for types that many customers share; `is_mine(identifier)` tells whether an identifier belongs to
    this partition; `limits` say when one is shared.
    """

    def __init__(
        self,
        precedes: Callable[[str, str], bool],
        routes: Callable[[str], bool],
        is_mine: Callable[[str], bool],
        limits: Limits,
        held: Held | None = None,
    ) -> None:
        actors = held or Actors()
        self.roots, self.forwards, self._closed = actors.roots, actors.forwards, actors.closed
        self._shared = actors.shared
        self._precedes = precedes
        self._routes = routes
        self._is_mine = is_mine
        self._limits = limits
        self._few = limits.fewest

    def handle(self, identifier: str, message: Message, outcome: Outcome) -> list[Addressed]:
        """Handle one message for `identifier` and all that follow from it within this partition.

        Gives those that reached a closed root: they are to be handled again once it was called back.
        """
        waiting: deque[Addressed] = deque([(identifier, message)])
        stopped: list[Addressed] = []
        while waiting:
            at, received = waiting.popleft()
            if at in self._closed and at not in self.forwards and not self._answers(at, received):
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

        Of several forwards the smallest stays; where it forwards and yet holds rows, they are sent on; one that is
        shared tells its root again, and events that were to leave for a place of their own do.
        """
        if not targets:
            if identifier in self.roots:
                if identifier in self._shared:
                    self._mark(identifier, [identifier], outcome)
                self._part(identifier, self.roots[identifier].marks, outcome)
            return
        smallest, *others = self._in_order(targets)
        self.forwards[identifier] = smallest
        for other in others:
            outcome.messages.append((other, (JOIN, smallest, None)))
            outcome.rows[FORWARD, identifier, other] = None
        if identifier in self.roots:
            outcome.messages.append((smallest, self._join_over(identifier, outcome)))
        if identifier in self._shared:
            self._tell_again(identifier, outcome)

    def _tell_again(self, identifier: str, outcome: Outcome) -> None:
        """A crash may have kept a shared identifier's own mark, and not that of its root in this partition."""
        at: str | None = identifier
        while at is not None:
            root, at = at, self.forwards.get(at)
        if root in self._closed:
            outcome.messages.append((root, (SHARED, identifier)))
        elif root in self.roots:
            self._mark(root, [identifier], outcome)

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
        if at in self._shared and (answer := self._as_shared(at, message)):
            yield answer
        elif target is not None:
            if kind == SHARED and message[1] == at:
                self._be_shared(at, outcome)
            if kind != JOIN or message[1] not in (target, at):
                yield target, message
        elif kind == OBSERVE:
            yield from self._observe(at, message[1], message[2], outcome)
        elif kind == JOIN:
            yield from self._join(at, message[1], outcome)
        elif kind == SHARED:
            self._mark(at, message[1:], outcome)
        else:
            yield from self._absorb(at, message, outcome)

    def _answers(self, at: str, message: Message) -> bool:
        return at in self._shared and self._as_shared(at, message) is not None

    def _as_shared(self, at: str, message: Message) -> Addressed | None:
        """What a shared identifier does otherwise than others: it refuses to join, and sends its events on."""
        kind, *content = message
        if kind == JOIN:
            asker, because = content
            return (asker, (SHARED, at)) if because == at and asker != self.forwards.get(at) else None
        if kind != OBSERVE or at in content[1]:
            return None
        row, marks = content
        event = Event.decode(row)
        if at not in event.identifiers:
            return None
        marks = [*marks, at]
        return address(event, self._routes, marks), (OBSERVE, row, marks)

    def _observe(self, at: str, row: bytes, marks: Iterable[str], outcome: Outcome) -> Iterator[Addressed]:
        event = Event.decode(row)
        if marks:
            self._mark(at, marks, outcome)
        root = self._root(at)
        if root.marks and self._is_stray(at, event, root.marks):
            yield place_of(event), _moved(row, event, root.marks)
            return
        if marks and at == place_of(event):
            root.sent = {}
        self._keep(at, event.key, row, outcome)
        outcome.touched[at] = None
        for other in event.identifiers:
            if other != at and other not in root.known and other not in root.marks and self._routes(other):
                self._know(at, other, outcome)
                yield other, (JOIN, at, other)
        if len(root.known) + len(root.marks) > self._few:
            yield from self._count(at, [event], outcome)

    def _join(self, at: str, asker: str, outcome: Outcome) -> Iterator[Addressed]:
        if asker == at:
            return
        if self._precedes(asker, at):
            self.forwards[at] = asker
            outcome.rows[FORWARD, at, asker] = b"1"
            yield asker, self._join_over(at, outcome)
        else:
            self._know(at, asker, outcome)
            yield asker, (JOIN, at, None)

    def _absorb(self, at: str, absorb: Message, outcome: Outcome) -> Iterator[Addressed]:
        _, rows, known, marks, announced = absorb
        if at in self._shared:
            marks = [*marks, at]
        root = self._root(at)
        for key, row in rows:
            self._keep(at, key, row, outcome)
        for identifier in known:
            self._know(at, identifier, outcome)
        if announced:
            root.sent = {name: mark for name, mark in root.sent.items() if name not in announced}
        for name, document in announced.items():
            if name not in root.announced:
                self.announce(at, name, document, outcome)
        if rows or marks or announced:
            outcome.touched[at] = None
        if marks:
            self._mark(at, marks, outcome)
        if root.marks:
            self._part(at, root.marks, outcome)
        if len(root.known) + len(root.marks) > self._few:
            yield from self._count(at, (Event.decode(row) for _, row in rows), outcome)

    def _count(self, at: str, events: Iterable[Event], outcome: Outcome) -> Iterator[Addressed]:
        """Count what events of a root with more than a few others name together, and when; mark what is shared by
        now, and tell it.
        """
        root = self.roots[at]
        if root.meetings is None:
            root.meetings = Meetings(self._limits)
            events = map(Event.decode, root.events.values())
        for event in events:
            root.meetings.add(event.time, event.identifiers)
        if not root.meetings.shared <= root.marks:
            found = sorted(root.meetings.shared - root.marks)
            self._mark(at, found, outcome)
            yield from ((identifier, (SHARED, identifier)) for identifier in found)

    def _mark(self, at: str, identifiers: Iterable[str], outcome: Outcome) -> None:
        """Remember for good that identifiers are shared."""
        root = self._root(at)
        if news := frozenset(identifiers) - root.marks:
            root.marks |= news
            for identifier in news:
                outcome.rows[MARK, at, identifier] = b"1"
            if at in news:
                self._be_shared(at, outcome)
            outcome.touched[at] = None
            self._part(at, news, outcome)

    def _be_shared(self, at: str, outcome: Outcome) -> None:
        self._shared.add(at)
        outcome.rows[MARKED, at, ""] = b"1"

    def _part(self, at: str, marks: frozenset[str], outcome: Outcome) -> None:
        """Let the events go that bear one of these marks and have no identifier left to meet others by."""
        events = self.roots[at].events
        spelled = [orjson.dumps(identifier) for identifier in marks]
        bearing = [row for row in events.values() if any(each in row for each in spelled)] if spelled else ()
        for row in bearing:
            event = Event.decode(row)
            if self._is_stray(at, event, self.roots[at].marks):
                del events[event.key]
                outcome.rows[EVENT, at, event.key] = None
                outcome.touched[at] = None
                strays = outcome.strays.setdefault(at, {})
                if event.key in strays:
                    row = _with_all_origins(strays[event.key][1], row)
                strays[event.key] = _moved(row, event, self.roots[at].marks)

    def _is_stray(self, at: str, event: Event, marks: frozenset[str]) -> bool:
        place = place_of(event)
        return at != place and address(event, self._routes, marks) == place

    def _join_over(self, identifier: str, outcome: Outcome) -> Message:
        """Leave for another root, events that were to depart included: they do from there."""
        strays = outcome.strays.pop(identifier, {})
        if strays:
            self._root(identifier).events |= {key: row for key, (_, row, _) in strays.items()}
        return self._leave(identifier, outcome)

    def _leave(self, identifier: str, outcome: Outcome) -> Message:
        """Stop being a root: hand everything over and remove the rows."""
        root = self.roots.pop(identifier, None) or Root()
        outcome.rows.update(dict.fromkeys(root.keys(identifier)))
        outcome.touched.pop(identifier, None)
        known = [*sorted(root.known), identifier]
        return ABSORB, list(root.events.items()), known, sorted(root.marks), root.announced

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


def _moved(row: bytes, event: Event, marks: frozenset[str]) -> Message:
    return OBSERVE, row, sorted(marks.intersection(event.identifiers))


def _with_all_origins(held: bytes, row: bytes) -> bytes:
    first, second = Event.decode(held), Event.decode(row)
    return first._replace(origins=lowest([*first.origins, *second.origins])).encode()
