"""A journey: the events of one customer's purpose, from what started it to what ended it.

Which events are one journey: those with the same correlating value; those that an identifier of a journey
(such as a SIM card) ties to it; then, by customer, those that come after its start. A pure fold: no clock, no
order of arrival.
"""

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from journeys.events import Event
from journeys.identity import Customer
from journeys.journey_map import Contact, IdentifierType, JourneyMap, JourneyType
from journeys.ties import Ties

OPEN, COMPLETED, CANCELLED = "open", "completed", "cancelled"

in_time = attrgetter("time", "source", "id")
"""The order of events: by time, then source and id."""


@dataclass(slots=True)
class Journey:
    """One journey of one customer; `events` in time order, `contacts` are the calls that belong to it.

    `firsts`: event type → the first event of it, once the journey is assembled.
    `guessed`: the keys of events that name neither it nor what is tied to it, and are its own by their customer only.
    """

    type: JourneyType
    start: Event
    correlates: str | None
    customer: Customer
    events: list[Event]
    contacts: list[Event] = field(default_factory=list)
    firsts: dict[str, Event] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    cancelled_by: Event | None = None
    completed_at: int | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        start = (str(self.start.time), self.start.source, self.start.id)
        self.id = digest(self.type.name, *([self.correlates] if self.correlates else start))

    @property
    def cancelled_at(self) -> int | None:
        return self.cancelled_by.time if self.cancelled_by else None

    @property
    def status(self) -> str:
        if self.completed_at is not None and (
            self.cancelled_at is None or self.completed_at < self.cancelled_at
        ):
            return COMPLETED
        return OPEN if self.cancelled_at is None else CANCELLED

    @property
    def ended_at(self) -> int | None:
        if self.completed_at is None or self.cancelled_at is None:
            return self.cancelled_at if self.completed_at is None else self.completed_at
        return min(self.completed_at, self.cancelled_at)

    def is_open_at(self, time: int) -> bool:
        return self.start.time <= time and ((ended := self.ended_at) is None or ended > time)

    def first(self, type: str) -> Event | None:
        return self.firsts.get(type)

    def all(self, types: Iterable[str]) -> list[Event]:
        if self.firsts.keys().isdisjoint(types):
            return []
        return [event for event in self.events if event.type in types]


class JourneyRules:
    """A journey type with what is looked up for every event worked out once."""

    def __init__(self, journey_type: JourneyType, identifiers: Mapping[str, IdentifierType]) -> None:
        self.type = journey_type
        self.starts = frozenset(journey_type.starts)
        self.cancels = frozenset(journey_type.cancels)
        self.ends = frozenset(journey_type.ends)
        self.required = tuple(step for step in journey_type.steps if step not in journey_type.optional)
        handoffs = journey_type.handoffs.values()
        promised = (handoff.by.event for handoff in handoffs if handoff.by)
        followed = (t for h in handoffs for t in (h.source, h.target, *h.fails_on, *h.accepted_by))
        self.event_types = frozenset(
            (
                *self.starts,
                *journey_type.steps,
                *journey_type.optional,
                *self.cancels,
                *self.ends,
                *promised,
                *followed,
            )
        )
        correlating = journey_type.correlates
        self.prefix = f"{correlating}:" if correlating else None
        self.ties = tuple(
            f"{name}:"
            for name, rule in identifiers.items()
            if rule.identifies == "journey" and name != correlating
        )


def assemble(rules: JourneyRules, customers: list[Customer]) -> list[Journey]:
    """All journeys of one type in a neighbourhood, each with its events and its end worked out."""
    if rules.prefix is None:
        journeys = [journey for customer in customers for journey in _in_turn(rules, customer)]
    else:
        journeys = _correlated(rules, customers)
    for journey in journeys:
        _finish(journey, rules)
    return journeys


def attach_contacts(
    customers: list[Customer], journeys: list[Journey], contacts: Mapping[str, Contact]
) -> None:
    """Give each contact to the journey it names, else its customer's latest open journey then, else the
    latest.
    """
    if not contacts or not journeys:
        return
    by_name = {journey.correlates: journey for journey in journeys if journey.correlates}
    journeys_of: defaultdict[int, list[Journey]] = defaultdict(list)
    for journey in journeys:
        journeys_of[id(journey.customer)].append(journey)
    for customer in customers:
        if found := contacts_with(customer, contacts):
            own = Started(journeys_of[id(customer)])
            for contact in found:
                named = next((by_name[i] for i in contact.identifiers if i in by_name), None)
                chosen = named or own.latest_at(contact.time)
                if chosen:
                    chosen.contacts.append(contact)


class Started:
    """A customer's journeys by their start."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        self._journeys = sorted(journeys, key=lambda journey: (journey.start.time, journey.id))
        self._starts = [journey.start.time for journey in self._journeys]
        self._ends = [journey.ended_at for journey in self._journeys]

    def latest_at(self, time: int) -> Journey | None:
        """The latest journey open at that time, else the latest that had started, else none."""
        started = bisect_right(self._starts, time)
        for nth in reversed(range(started)):
            ended = self._ends[nth]
            if ended is None or ended > time:
                return self._journeys[nth]
        return self._journeys[started - 1] if started else None


def digest(*parts: str) -> str:
    """A short stable id of some text parts."""
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=10).hexdigest()


def _in_turn(rules: JourneyRules, customer: Customer) -> Iterator[Journey]:
    """Journeys one after the other: a start opens one unless one is open; what came before the first start
    joins it.
    """
    current: Journey | None = None
    early: list[Event] = []
    for event in customer.events:
        if event.type not in rules.event_types:
            continue
        if event.type in rules.starts and (current is None or _is_over(current, rules)):
            if current:
                yield current
            current = Journey(rules.type, event, None, customer, [*early, event])
            early = []
        elif current is None:
            early.append(event)
        else:
            current.events.append(event)
    if current:
        yield current


def _is_over(journey: Journey, rules: JourneyRules) -> bool:
    _finish(journey, rules)
    return journey.status != OPEN


def _correlated(rules: JourneyRules, customers: list[Customer]) -> list[Journey]:
    assert rules.prefix is not None
    members: defaultdict[str, list[Event]] = defaultdict(list)
    started: dict[str, tuple[Event, Customer]] = {}
    loose: list[tuple[Event, Customer]] = []
    ties = Ties(rules.ties)
    for customer in customers:
        for event in customer.events:
            if event.type not in rules.event_types:
                continue
            values = [i for i in event.identifiers if i.startswith(rules.prefix)]
            if not values:
                loose.append((event, customer))
            for value in values:
                members[value].append(event)
                if event.type in rules.starts and (value not in started or event[2] < started[value][0].time):
                    started[value] = (event, customer)
            if values and rules.ties:
                ties.add(event, values)
    ties.settle()
    journeys = {
        value: Journey(rules.type, start, value, customer, members[value])
        for value, (start, customer) in sorted(started.items())
    }
    untied = []
    for event, customer in loose:
        tied = [journeys[value] for value in ties.of(event) if value in journeys]
        for journey in tied:
            journey.events.append(event)
        if not tied:
            untied.append((event, customer))
    for event, customer in untied:
        for journey in _by_customer(event, customer, journeys.values()):
            journey.events.append(event)
            journey.guessed.add(event.key)
    if loose or len(customers) > 1:
        for journey in journeys.values():
            journey.events.sort(key=in_time)
    return list(journeys.values())


def _by_customer(event: Event, customer: Customer, journeys: Iterable[Journey]) -> list[Journey]:
    """The customer's latest journey started by then that still lacks such an event.

    Else the latest; else the next. Of several only those that bear an identifier of the event, such as a line's number,
    if not all of them do.
    """
    own = sorted((j for j in journeys if j.customer is customer), key=lambda j: (j.start.time, j.id))
    before = [journey for journey in own if journey.start.time <= event.time]
    if len(before) > 1:
        before = _bearing(event, before) or before
    lacking = [journey for journey in before if all(each.type != event.type for each in journey.events)]
    return (lacking or before)[-1:] or own[:1]


def _bearing(event: Event, journeys: list[Journey]) -> list[Journey]:
    """Those that bear an identifier of the event which not all of them bear."""
    borne = [{i for each in journey.events for i in each.identifiers} for journey in journeys]
    common: set[str] = set.intersection(*borne)
    telling = set(event.identifiers) - common
    return [journey for journey, mine in zip(journeys, borne, strict=True) if not telling.isdisjoint(mine)]


def _finish(journey: Journey, rules: JourneyRules) -> None:
    journey.firsts = first = {event.type: event for event in reversed(journey.events)}
    cancels = [first[type] for type in rules.cancels if type in first]
    journey.cancelled_by = min(cancels, key=in_time) if cancels else None
    if rules.ends:
        journey.completed_at = min((first[type].time for type in rules.ends if type in first), default=None)
    elif rules.required and all(step in first for step in rules.required):
        journey.completed_at = max(first[step].time for step in rules.required)


def contacts_with(customer: Customer, contacts: Mapping[str, Contact]) -> list[Event]:
    """The customer's contacts in time order."""
    return [event for event in customer.events if event.type in contacts]


def identifiers_of(events: Iterable[Event]) -> set[str]:
    return {identifier for event in events for identifier in event.identifiers}


def rules_of(journey_map: JourneyMap) -> list[JourneyRules]:
    return [
        JourneyRules(journey_type, journey_map.identifiers) for journey_type in journey_map.journeys.values()
    ]
