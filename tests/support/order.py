"""Partitions that handle routing messages in any order, again and again, and crash at any step of a batch.

The real `Neighbourhoods` and the real encoding of messages; only the log and the worker are lists here.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import lt

from journeys import messages
from journeys.actors import CLOSED, Actors, Root, RowKey
from journeys.events import Event
from journeys.messages import pieces
from journeys.outcome import Addressed, Outcome, place_of
from journeys.routing import ABSORB, Neighbourhoods
from journeys.sharing import Limits
from stream.closing import closed_rows, held_in
from stream.transports.log import partition_for

Changes = list[tuple[RowKey, bytes | None]]
Identifier = str
UNLIMITED = Limits({})


class Crash(Exception):
    """The worker dies here."""


@dataclass(slots=True)
class Owner:
    """A worker's hold on a partition: what it remembers, where it reads, and what loading asked it to mend."""

    neighbourhoods: Neighbourhoods
    actors: Actors
    position: int
    mended: Outcome
    late: Outcome = field(default_factory=Outcome)


class Partitions:
    """`chance` decides what is handled when, how much at once, and where it crashes."""

    def __init__(
        self,
        count: int,
        chance: random.Random,
        precedes: Callable[[str, str], bool] = lt,
        routes: Callable[[str], bool] = lambda identifier: True,
        limits: Limits = UNLIMITED,
        crashes: float = 0.3,
        zombies: float = 0.0,
        closes: float = 0.0,
    ) -> None:
        self.count = count
        self._chance = chance
        self._precedes = precedes
        self._routes = routes
        self._limits = limits
        self._crashes = crashes
        self._zombies = zombies
        self._closes = closes
        self._positions = 0
        self._logs: list[list[tuple[Identifier, bytes]]] = [[] for _ in range(count)]
        self._rows: list[dict[RowKey, bytes]] = [{} for _ in range(count)]
        self._committed = [0] * count
        self._old_owners: list[tuple[int, Owner]] = []
        self._owners = [self._load(partition) for partition in range(count)]
        self.announced: set[str] = set()
        self.sent = 0

    def play(self, events: Sequence[Event]) -> None:
        """Deliver every event, some twice, in any order; come to rest when nothing is under way."""
        inbox = [event for event in events for _ in range(2 if self._chance.random() < 0.2 else 1)]
        self._chance.shuffle(inbox)
        while inbox or self._old_owners or not self.is_at_rest:
            if inbox and self._chance.random() < 0.5:
                self._observe(inbox.pop())
            self._batch(self._chance.randrange(self.count))
            self._haunt()

    def restart(self) -> None:
        """Every worker dies and what is durable is loaded again; then nothing crashes any more."""
        self._crashes = self._zombies = self._closes = 0.0
        self._owners = [self._load(partition) for partition in range(self.count)]
        while not self.is_at_rest:
            self._batch(self._chance.randrange(self.count))

    @property
    def is_at_rest(self) -> bool:
        return all(
            owner.position == len(log) and not owner.mended.messages and not owner.mended.strays
            for owner, log in zip(self._owners, self._logs, strict=True)
        )

    def roots(self) -> dict[Identifier, Root]:
        """The roots that hold events; closed ones are called back."""
        for partition, owner in enumerate(self._owners):
            for identifier in list(owner.actors.closed):
                self._call_back(partition, owner, identifier, Outcome())
        everyone = (owner.neighbourhoods.roots.items() for owner in self._owners)
        return {identifier: root for roots in everyone for identifier, root in roots if root.events}

    def forwards(self) -> dict[Identifier, Identifier]:
        return {x: y for owner in self._owners for x, y in owner.neighbourhoods.forwards.items()}

    def _observe(self, event: Event) -> None:
        """To any of its identifiers."""
        usable = [i for i in event.identifiers if self._routes(i)]
        to = self._chance.choice(usable) if usable else place_of(event)
        self._send(to, messages.observe(event))

    def _send(self, to: Identifier, message: bytes) -> None:
        self._logs[self._partition_of(to)].append((to, message))

    def _partition_of(self, identifier: Identifier) -> int:
        return partition_for(identifier.encode(), self.count)

    def _load(self, partition: int) -> Owner:
        actors = Actors()
        for key, value in self._rows[partition].items():
            if key[0] == CLOSED:
                actors.closed[key[1]] = None
            else:
                actors.put(key, value)
        neighbourhoods = Neighbourhoods(
            self._precedes,
            self._routes,
            lambda i: self._partition_of(i) == partition,
            self._limits,
            actors,
        )
        owner = Owner(neighbourhoods, actors, self._committed[partition], Outcome())
        stopped: list[Addressed] = []
        for identifier in list(actors.torn()):
            neighbourhoods.mend(identifier, actors.targets(identifier), owner.mended)
            if identifier in actors.closed:
                stopped += self._call_back(partition, owner, identifier, owner.mended)
        self._resume(partition, owner, stopped, owner.mended)
        return owner

    def _resume(self, partition: int, owner: Owner, stopped: list[Addressed], outcome: Outcome) -> None:
        while stopped:
            again: list[Addressed] = []
            for identifier, _ in stopped:
                again += self._call_back(partition, owner, identifier, outcome)
            for identifier, message in stopped:
                again += owner.neighbourhoods.handle(identifier, message, outcome)
            stopped = again

    def _call_back(
        self, partition: int, owner: Owner, identifier: Identifier, outcome: Outcome
    ) -> list[Addressed]:
        if identifier not in owner.actors.closed:
            return []
        del owner.actors.closed[identifier]
        found = {key: row for key, row in self._rows[partition].items() if key[:2] == (CLOSED, identifier)}
        if not found:  # another owner called it back
            raise Crash
        stopped: list[Addressed] = []
        for key, row in found.items():
            outcome.rows[key] = None
            stopped += owner.neighbourhoods.handle(identifier, held_in(row), outcome)
        return stopped

    def _close_some(self, owner: Owner, outcome: Outcome) -> set[Identifier]:
        roots = owner.neighbourhoods.roots
        chosen = {i for i in roots if roots[i].events and self._chance.random() < self._closes}
        for identifier in chosen:
            self._positions += 1
            absorb = owner.neighbourhoods.close(identifier, outcome)
            outcome.rows.update(closed_rows(identifier, absorb, self._positions))
        return chosen

    def _batch(self, partition: int) -> None:
        """The owner handles a batch, or dies trying."""
        owner = self._owners[partition]
        try:
            self._handle(partition, owner)
        except Crash:
            self._owners[partition] = self._load(partition)
            return
        if self._chance.random() < 0.4:
            self._committed[partition] = owner.position

    def _handle(self, partition: int, owner: Owner) -> None:
        batch = self._logs[partition][owner.position : owner.position + self._chance.randint(1, 6)]
        if not batch and not owner.mended.messages and not owner.mended.strays:
            return
        outcome, owner.mended = owner.mended, Outcome()
        before = {i: _content(root) for i, root in owner.neighbourhoods.roots.items()}
        stopped: list[Addressed] = []
        for to, message in batch:
            stopped += owner.neighbourhoods.handle(to, messages.decode(message), outcome)
        self._resume(partition, owner, stopped, outcome)
        owner.position += len(batch)
        self._send_all(outcome.messages)
        after = {i: _content(root) for i, root in owner.neighbourhoods.roots.items()}
        changed = {i for i, content in after.items() if content != before.get(i, _content(Root()))}
        assert changed <= outcome.touched.keys(), "what changed is not judged"
        for identifier in outcome.touched:
            if events := owner.neighbourhoods.roots[identifier].events:
                owner.neighbourhoods.announce(identifier, f"said of {min(events)}", b"1", outcome)
        closed = self._close_some(owner, outcome)
        rows = self._rows[partition]
        if self._chance.random() < self._zombies:
            # It stands still here: another takes over, and what it was to write comes later.
            owner.late = outcome
            self._old_owners.append((partition, owner))
            raise Crash
        self._put_all(rows, outcome.announcements())
        self._send_all(outcome.departures())
        self._put_all(rows, outcome.row_changes())
        owner.actors.closed.update(dict.fromkeys(closed))
        self.announced.update(
            name for (kind, _, name), value in outcome.rows.items() if kind == "a" and value is not None
        )

    def _send_all(self, outgoing: Iterable[Addressed]) -> None:
        ways: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        for to, message in outgoing:
            for part in pieces(message, 200) if message[0] == ABSORB else [message]:
                self.sent += 1
                ways[self._partition_of(to)].append(
                    lambda to=to, part=part: self._send(to, messages.encode(part))
                )
        self._each_up_to_a_crash(ways.values())

    def _put_all(self, rows: dict[RowKey, bytes], changes: Changes) -> None:
        self._each_up_to_a_crash([[lambda change=change: _put(rows, *change) for change in changes]])

    def _each_up_to_a_crash(self, ways: Collection[list[Callable[[], None]]]) -> None:
        """Do every step; or crash, with only the first few of each way done."""
        crashes = any(ways) and self._chance.random() < self._crashes
        for steps in ways:
            for step in steps[: self._chance.randint(0, len(steps))] if crashes else steps:
                step()
        if crashes:
            raise Crash

    def _haunt(self) -> None:
        """An owner that was replaced does not know it yet: it writes what it had begun, and goes on for a while."""
        if not self._old_owners or self._chance.random() < 0.5:
            return
        partition, old = self._old_owners.pop(self._chance.randrange(len(self._old_owners)))
        late, old.late = old.late, Outcome()
        try:
            self._put_all(self._rows[partition], late.announcements())
            self._send_all(late.departures())
            self._put_all(self._rows[partition], late.row_changes())
            self._handle(partition, old)
        except Crash:
            return
        if self._chance.random() < 0.5:
            self._old_owners.append((partition, old))


def components(events: list[Event]) -> dict[str, set[str]]:
    """A simple model of routing: smallest identifier → keys of the events that are connected to it."""
    groups: list[tuple[set[str], set[str]]] = []
    for each in events:
        touching = [group for group in groups if group[0] & set(each.identifiers)]
        groups = [group for group in groups if group not in touching]
        groups.append(
            (
                set(each.identifiers).union(*(g[0] for g in touching)),
                {each.key}.union(*(g[1] for g in touching)),
            )
        )
    return {min(names): keys for names, keys in groups}


def _content(root: Root) -> tuple[object, ...]:
    """All that what a root comes to depends on."""
    return dict(root.events), root.marks, dict(root.announced)


def _put(rows: dict[RowKey, bytes], key: RowKey, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value
