"""The fold: a neighbourhood's set of events becomes customers, journeys and alerts, at given watermarks.

A pure function of the set: duplicates, reordering, replays and crashes cannot change what comes out. Of
several events with one (source, id) and different content, the earliest (then the one with the smallest
digest) counts; the others are refused.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from journeys.alerts import Announcer
from journeys.conflicts import found_conflicts
from journeys.contacts import judge_contacts
from journeys.documents import Document, customer_document, customer_id, journey_document
from journeys.events import MOST_ORIGINS, Event
from journeys.handoffs import judge
from journeys.identity import Customer, IdentityRules, of_many, resolve
from journeys.journey import Journey, assemble, attach_contacts, identifiers_of, in_time, rules_of
from journeys.journey_map import JourneyMap
from journeys.judgement import Judgement, RestsOn, Watermarks
from journeys.stalls import stalls
from journeys.turns import Turn, stories, tell, turning_points
from journeys.witnesses import Witnesses, missing_of


@dataclass(slots=True)
class Folded:
    """What a neighbourhood comes to.

    `due` is department → the earliest instant at which its watermark may change it; `shared` the identifiers that
    its events show to be over their limit; `latest` the time of its latest event; `capped` the events that came so
    often that not all of their duplicates are counted. `rests_on`: fingerprint → the watermarks that an alert needs
    to have passed. `settling`: where not all of the neighbourhood may have met yet, the alerts told of it already: no
    other comes that rests on watermarks.
    """

    customers: list[Document] = field(default_factory=list)
    journeys: list[Document] = field(default_factory=list)
    alerts: list[Document] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    due: dict[str, int] = field(default_factory=dict)
    rests_on: dict[str, RestsOn] = field(default_factory=dict)
    settling: Collection[str] | None = None
    shared: frozenset[str] = frozenset()
    latest: int = 0
    folded: int = 0
    duplicates: int = 0
    capped: int = 0
    after_as_of: int = 0
    identifiers_dropped: int = 0

    def wait(self, department: str, instant: int) -> None:
        self.due[department] = min(instant, self.due.get(department, instant))

    def may_tell(self, rests_on: RestsOn, watermarks: Watermarks) -> bool:
        """Whether nothing that is still to be read can undo what rests on that; else that is waited for."""
        lacking = missing_of(rests_on, watermarks)
        if lacking:
            self.wait(*lacking)
        return lacking is None

    def tell(self, alert: Document, rests_on: RestsOn, alerts: list[Document]) -> None:
        """Add to `alerts` what may be told."""
        if rests_on and self.settling is not None and alert["fingerprint"] not in self.settling:
            self.wait(*rests_on[0])
            return
        self.rests_on[alert["fingerprint"]] = rests_on
        alerts.append(alert)


class Fold:
    """The fold under one journey map."""

    def __init__(self, journey_map: JourneyMap) -> None:
        self._map = journey_map
        self._rules = rules_of(journey_map)
        self._identity = IdentityRules.of(journey_map)
        self._witnesses = Witnesses(journey_map)
        uncorrelated = (start for rules in self._rules if rules.prefix is None for start in rules.starts)
        repeated = (type for type, contact in journey_map.contacts.items() if contact.repeat_within)
        self._told_apart_by = frozenset((*uncorrelated, *repeated))

    def __call__(
        self,
        rows: Iterable[bytes],
        watermarks: Watermarks,
        as_of: int | None = None,
        marks: frozenset[str] = frozenset(),
        settling: Collection[str] | None = None,
    ) -> Folded:
        """Fold encoded events. With `as_of` only events up to that instant are folded, the others counted.

        `marks`: identifiers known to be shared. `settling` as in what is given.
        """
        folded = Folded(settling=settling)
        events = _each_once(rows, folded)
        if as_of is not None:
            kept = [event for event in events if event.time <= as_of]
            folded.after_as_of = len(events) - len(kept)
            events = kept
        folded.folded = len(events)
        folded.identifiers_dropped = sum(event.dropped for event in events)
        if events:
            customers = self._come_to(events, watermarks, marks, folded)
            if folded.alerts and (points := turning_points(events, customers, self._told_apart_by)):
                # What is shared is so for all time, or the story would depend on when it was known.
                shared = marks | folded.shared
                named = identifiers_of(events)
                for turning, own in stories(points, events, shared | of_many(named, self._identity)):
                    turns = [self._just_before(point, own, watermarks, shared, folded) for point in turning]
                    tell(_about(own, folded.alerts), turns)
        return folded

    def _just_before(
        self,
        point: Event,
        events: list[Event],
        watermarks: Watermarks,
        marks: frozenset[str],
        folded: Folded,
    ) -> Turn:
        """What the events before a point come to; `folded` waits for what may change that."""
        before = [event for event in events if in_time(event) < in_time(point)]
        seen = {department: min(mark, point.time) for department, mark in watermarks.items()}
        then = Folded()
        if before:
            self._come_to(before, seen, marks, then)
        for department, instant in then.due.items():
            if instant < point.time:
                folded.wait(department, instant)
        return Turn(point, {alert["fingerprint"]: alert for alert in then.alerts})

    def _come_to(
        self, events: list[Event], watermarks: Watermarks, marks: frozenset[str], folded: Folded
    ) -> list[Customer]:
        """What the events come to, added to `folded`; the customers."""
        identities = resolve(events, self._identity, marks)
        folded.shared, folded.latest = identities.shared, events[-1].time
        journeys = [journey for rules in self._rules for journey in assemble(rules, identities.customers)]
        attach_contacts(identities.customers, journeys, self._map.contacts)
        mine: defaultdict[int, list[Journey]] = defaultdict(list)
        for journey in journeys:
            mine[id(journey.customer)].append(journey)
        announcer = Announcer(self._map, watermarks)
        alerts: dict[int, list[Document]] = {id(customer): [] for customer in identities.customers}
        for conflict in found_conflicts(identities):
            rests_on = self._witnesses.of_conflict(conflict)
            if folded.may_tell(rests_on, watermarks):
                folded.tell(announcer.of_conflict(conflict), rests_on, alerts[id(conflict.holder)])
        self._contacts(identities.customers, mine, watermarks, announcer, folded, alerts)
        judged = [self._handoffs(journey, watermarks, announcer, folded, alerts) for journey in journeys]
        alerts_of = {holder: _by_journey(own) for holder, own in alerts.items() if own}
        for journey, judgements in zip(journeys, judged, strict=True):
            own = alerts_of.get(id(journey.customer), {}).get(journey.id, [])
            folded.journeys.append(journey_document(journey, judgements, own, self._map.events))
        attached = {event.key for journey in journeys for event in (*journey.events, *journey.contacts)}
        for customer in identities.customers:
            unattached = [event for event in customer.events if event.key not in attached]
            folded.alerts += alerts[id(customer)]
            folded.customers.append(
                customer_document(
                    customer, mine[id(customer)], alerts[id(customer)], unattached, self._map.events
                )
            )
        return identities.customers

    def _handoffs(
        self,
        journey: Journey,
        watermarks: Watermarks,
        announcer: Announcer,
        folded: Folded,
        alerts: dict[int, list[Document]],
    ) -> list[Judgement]:
        own = alerts[id(journey.customer)]
        is_this = self._witnesses.of_start(journey)
        judgements = []
        for handoff in journey.type.handoffs.values():
            judgement = judge(journey, handoff, self._map, watermarks, self._witnesses)
            judgements.append(judgement)
            for waits_for in judgement.waits_for:
                folded.wait(*waits_for)
            for broken in judgement.broken:
                if folded.may_tell(rests_on := (*broken.rests_on, *is_this), watermarks):
                    alert = announcer.of_handoff(journey, handoff, customer_id(journey.customer), broken)
                    folded.tell(alert, rests_on, own)
        for broken in stalls(journey, self._map, self._witnesses):
            if folded.may_tell(rests_on := (*broken.rests_on, *is_this), watermarks):
                folded.tell(announcer.of_stall(journey, customer_id(journey.customer), broken), rests_on, own)
        return judgements

    def _contacts(
        self, customers: list[Customer], mine: Mapping[int, list[Journey]], watermarks: Watermarks,
        announcer: Announcer, folded: Folded, alerts: dict[int, list[Document]],
    ) -> None:  # fmt: skip
        if not self._map.contacts:
            return
        for customer in customers:
            contacts = judge_contacts(customer, mine.get(id(customer), []), self._map, watermarks)
            for waits_for in contacts.waits_for:
                folded.wait(*waits_for)
            for found in contacts.broken:
                if folded.may_tell(rests_on := found.broken.rests_on, watermarks):
                    alert = announcer.of_contact(found, customer, customer_id(customer))
                    folded.tell(alert, rests_on, alerts[id(customer)])


def _about(events: list[Event], alerts: list[Document]) -> list[Document]:
    """The alerts whose proof begins with one of the events."""
    own = {(event.source, event.id) for event in events}
    return [alert for alert in alerts if (alert["evidence"][0]["source"], alert["evidence"][0]["id"]) in own]


def _by_journey(alerts: Iterable[Document]) -> dict[str | None, list[Document]]:
    found: defaultdict[str | None, list[Document]] = defaultdict(list)
    for alert in alerts:
        found[alert["journey"]].append(alert)
    return found


def _each_once(rows: Iterable[bytes], folded: Folded) -> list[Event]:
    """The events in time order, one for each (source, id)."""
    events = sorted(map(Event.decode, rows), key=in_time)
    if len({event.identity for event in events}) < len(events):
        events = sorted(_first_of_each(events, folded), key=in_time)
    for event in events:
        folded.duplicates += len(event.origins) - 1
        folded.capped += len(event.origins) >= MOST_ORIGINS
    return events


def _first_of_each(events: Iterable[Event], folded: Folded) -> Iterable[Event]:
    counted: dict[str, Event] = {}
    for event in sorted(events, key=attrgetter("time", "key")):
        if counted.setdefault(event.identity, event) is not event:
            folded.refused.append(event)
            folded.capped += len(event.origins) >= MOST_ORIGINS
    return counted.values()
