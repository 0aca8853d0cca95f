"""Memory: what the last fold of a neighbourhood found, so that the next need not find all of it again.

With a memory a fold comes to exactly what it comes to without. So it may be dropped at any time, and is nothing to
keep. Something in it counts again only where all that it follows from is as it was:

an event                  its row, byte for byte
how a journey stands      its events, contacts and guesses, whose it is, and the ways between its events; and that every
                          watermark is on the same side of each instant that it was compared with
an alert                  what broke, its journey's events, whose it is, and the ways between its events; the watermark
                          that it was judged at is looked up anew
who is who                see growing
a journey's document      how it stands, its events, contacts and alerts, and whose it is
what was before a turn    the events before it, and the watermarks and marks of that time

The ways between events are as they were while their customer's *era* lasts: the links are a tree that has only grown,
in which a way is the only one, and what is hers now and was not is an identifier that no event bore before.
"""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, NamedTuple, TypeVar

from journeys.events import Event
from journeys.gathering import Gathered, gathered
from journeys.growing import Growing
from journeys.identity import Customer, Identities, IdentityRules, resolve
from journeys.journey import Journey
from journeys.judgement import Compared, Sides, Standing, Watermarks

T = TypeVar("T")
Facts = tuple[object, ...]


class Forgetting:
    """A memory that keeps nothing: what a neighbourhood is folded with that is small."""

    def gathered(self, rows: Iterable[bytes]) -> Gathered:
        return gathered([Event.decode(row) for row in rows])

    def resolved(self, events: list[Event], rules: IdentityRules, marks: frozenset[str]) -> Identities:
        """Who is who among the events that are folded."""
        return resolve(events, rules, marks)

    def whose(self, customer: Customer) -> Facts:
        """As long as it is the same, the ways between the customer's events are, too."""
        return ()

    def recall(self, name: Facts, follows_from: Facts, make: Callable[[], T]) -> T:
        """What is made of that, or was under this name: nothing that may be changed."""
        return make()

    def standing(
        self, journey: Journey, watermarks: Watermarks, judge: Callable[[Journey, Watermarks], Standing]
    ) -> Standing:
        return judge(journey, watermarks)

    def folded(self) -> None:
        """All is folded: what was not asked for is forgotten."""


class Memory(Forgetting):
    """Of one neighbourhood, and of folds under one journey map."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Event] = {}
        self._gathered = gathered([])
        self._new: list[Event] = []
        self._growing: Growing | None = None
        self._named: frozenset[str] = frozenset()
        self._trees: dict[str, _Tree] = {}
        self._eras = count(1)
        self._before: dict[Facts, tuple[Facts, Any]] = {}
        self._now: dict[Facts, tuple[Facts, Any]] = {}

    def gathered(self, rows: Iterable[bytes]) -> Gathered:
        rows = list(rows)
        before, self._rows = self._rows, {}
        new = []
        for row in rows:
            event = before.get(row)
            if event is None:
                event = Event.decode(row)
                new.append(event)
            self._rows[row] = event
        is_grown = len(self._rows) == len(rows) == len(before) + len(new)
        if is_grown and self._gathered.has_room_for(new):
            self._gathered.add(new)
            self._new += new
        else:
            self._gathered = gathered([self._rows[row] for row in rows])
            self._growing = None
        return self._gathered

    def resolved(self, events: list[Event], rules: IdentityRules, marks: frozenset[str]) -> Identities:
        if events is self._gathered.events:
            identities = self._grown(events, rules, marks)
        else:
            identities = resolve(events, rules, marks)
        self._meet(identities)
        return identities

    def _grown(self, events: list[Event], rules: IdentityRules, marks: frozenset[str]) -> Identities:
        new, self._new = self._new, []
        if self._growing is None or self._growing.marks != marks:
            self._growing, new = Growing(rules, marks), events
        return self._growing.grown(new, events)

    def _meet(self, identities: Identities) -> None:
        trees = {}
        for customer in identities.customers:
            before = self._trees.get(customer.name)
            tree = _Tree.of(customer)
            if before and tree.has_grown_from(before, self._named):
                trees[customer.name] = tree._replace(era=before.era)
            else:
                trees[customer.name] = tree._replace(era=next(self._eras))
        self._trees, self._named = trees, identities.named

    def whose(self, customer: Customer) -> Facts:
        return customer.name, self._trees[customer.name].era

    def recall(self, name: Facts, follows_from: Facts, make: Callable[[], T]) -> T:
        before = self._before.get(name)
        if before is None or before[0] != follows_from:
            before = follows_from, make()
        self._now[name] = before
        found: T = before[1]
        return found

    def standing(
        self, journey: Journey, watermarks: Watermarks, judge: Callable[[Journey, Watermarks], Standing]
    ) -> Standing:
        def judged() -> tuple[Standing, Sides]:
            compared = Compared(watermarks)
            return judge(journey, compared), compared.sides()

        name = ("standing", journey.id)
        follows_from = (
            self.whose(journey.customer),
            journey.start, journey.events, journey.contacts, journey.guessed,
        )  # fmt: skip
        standing, sides = self.recall(name, follows_from, judged)
        if not sides.are_the_same_for(watermarks):
            standing, sides = judged()
            self._now[name] = follows_from, (standing, sides)
        return standing

    def folded(self) -> None:
        self._before, self._now = self._now, {}


class _Tree(NamedTuple):
    """A customer's identifiers, and the event of each of her links by its ends."""

    identifiers: frozenset[str]
    links: dict[tuple[str, str], Event]
    is_tree: bool
    era: int = 0

    @classmethod
    def of(cls, customer: Customer) -> "_Tree":
        links = {(link.a, link.b): link.event for link in customer.links}
        is_tree = len(customer.links) == max(len(customer.identifiers) - 1, 0)
        return cls(customer.known, links, is_tree)

    def has_grown_from(self, before: "_Tree", named: frozenset[str]) -> bool:
        """`named`: by the events that there were before."""
        return (
            self.is_tree
            and before.is_tree
            and before.links.items() <= self.links.items()
            and before.identifiers <= self.identifiers
            and named.isdisjoint(self.identifiers - before.identifiers)
        )
