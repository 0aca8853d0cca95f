"""The fold: a neighbourhood's set of events becomes customers, journeys and alerts, at given watermarks.

A pure function of the set: duplicates, reordering, replays and crashes cannot change what comes out. Of
several events with one (source, id) and different content, the earliest (then the one with the smallest
digest) counts; the others are refused.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial

from journeys.alerts import Announcer
from journeys.conflicts import found_conflicts
from journeys.contacts import judge_contacts
from journeys.documents import Document, customer_document, journey_document
from journeys.events import Event
from journeys.folded import Folded
from journeys.handoffs import judge
from journeys.identity import Customer, IdentityRules, of_many
from journeys.journey import Journey, assemble, attach_contacts, identifiers_of, in_time, rules_of
from journeys.journey_map import Handoff, JourneyMap
from journeys.judgement import Broken, Judgement, Standing, Watermarks
from journeys.memory import Forgetting
from journeys.stalls import stalls
from journeys.turns import Turn, stories, tell, turning_points
from journeys.witnesses import Witnesses


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
        memory: Forgetting | None = None,
    ) -> Folded:
        """Fold encoded events. With `as_of` only events up to that instant are folded, the others counted.

        `marks`: identifiers known to be shared. `settling` as in what is given. `memory`: what earlier folds of the
        neighbourhood found; it changes nothing but how long this takes.
        """
        memory = memory or Forgetting()
        gathered = memory.gathered(rows)
        events = gathered.events
        folded = Folded(
            settling=settling,
            refused=gathered.refused,
            duplicates=gathered.duplicates,
            capped=gathered.capped,
        )
        if as_of is not None:
            kept = [event for event in events if event.time <= as_of]
            folded.after_as_of = len(events) - len(kept)
            events = kept
        folded.folded = len(events)
        folded.identifiers_dropped = sum(event.dropped for event in events)
        if events:
            customers = self._come_to(events, watermarks, marks, folded, memory)
            if folded.alerts and (points := turning_points(events, customers, self._told_apart_by)):
                # What is shared is so for all time, or the story would depend on when it was known.
                shared = marks | folded.shared
                named = identifiers_of(events)
                for turning, own in stories(points, events, shared | of_many(named, self._identity)):
                    turns = [
                        self._just_before(point, own, watermarks, shared, folded, memory) for point in turning
                    ]
                    tell(_about(own, folded.alerts), turns)
        memory.folded()
        return folded

    def _just_before(
        self,
        point: Event,
        events: list[Event],
        watermarks: Watermarks,
        marks: frozenset[str],
        folded: Folded,
        memory: Forgetting,
    ) -> Turn:
        """What the events before a point come to; `folded` waits for what may change that."""
        before = [event for event in events if in_time(event) < in_time(point)]
        seen = {department: min(mark, point.time) for department, mark in watermarks.items()}
        come_to = partial(self._before, before, seen, marks)
        then = memory.recall(("before", point.key), (before, seen, marks), come_to)
        for department, instant in then.due.items():
            if instant < point.time:
                folded.wait(department, instant)
        return Turn(point, {alert["fingerprint"]: alert for alert in then.alerts})

    def _before(self, events: list[Event], watermarks: Watermarks, marks: frozenset[str]) -> Folded:
        then = Folded()
        if events:
            self._come_to(events, watermarks, marks, then, Forgetting())
        return then

    def _come_to(
        self,
        events: list[Event],
        watermarks: Watermarks,
        marks: frozenset[str],
        folded: Folded,
        memory: Forgetting,
    ) -> list[Customer]:
        """What the events come to, added to `folded`; the customers."""
        identities = memory.resolved(events, self._identity, marks)
        folded.shared, folded.latest = identities.shared, events[-1].time
        journeys = [journey for rules in self._rules for journey in assemble(rules, identities.customers)]
        attach_contacts(identities.customers, journeys, self._map.contacts)
        mine: defaultdict[int, list[Journey]] = defaultdict(list)
        for journey in journeys:
            mine[id(journey.customer)].append(journey)
        announcer = Announcer(self._map, watermarks, memory)
        alerts: dict[int, list[Document]] = {id(customer): [] for customer in identities.customers}
        for conflict in found_conflicts(identities):
            rests_on = self._witnesses.of_conflict(conflict)
            if folded.may_tell(rests_on, watermarks):
                folded.tell(announcer.of_conflict(conflict), rests_on, alerts[id(conflict.holder)])
        self._contacts(identities.customers, mine, watermarks, announcer, folded, alerts)
        judged = [
            self._handoffs(journey, watermarks, announcer, folded, alerts, memory) for journey in journeys
        ]
        alerts_of = {holder: _by_journey(own) for holder, own in alerts.items() if own}
        for journey, judgements in zip(journeys, judged, strict=True):
            own = alerts_of.get(id(journey.customer), {}).get(journey.id, [])
            folded.journeys.append(self._document(journey, judgements, own, memory))
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
        memory: Forgetting,
    ) -> list[Judgement]:
        judgements, all_broken = memory.standing(journey, watermarks, self._standing)
        for judgement in judgements:
            for waits_for in judgement.waits_for:
                folded.wait(*waits_for)
        if all_broken:
            is_this = self._witnesses.of_start(journey)
            for handoff, broken in all_broken:
                if folded.may_tell(rests_on := (*broken.rests_on, *is_this), watermarks):
                    alert = (
                        announcer.of_handoff(journey, handoff, broken)
                        if handoff
                        else announcer.of_stall(journey, broken)
                    )
                    folded.tell(alert, rests_on, alerts[id(journey.customer)])
        return judgements

    def _standing(self, journey: Journey, watermarks: Watermarks) -> Standing:
        judgements: list[Judgement] = []
        all_broken: list[tuple[Handoff | None, Broken]] = []
        for handoff in journey.type.handoffs.values():
            judgement = judge(journey, handoff, self._map, watermarks, self._witnesses)
            judgements.append(judgement)
            for broken in judgement.broken:
                all_broken.append((handoff, broken))
        for broken in stalls(journey, self._map, self._witnesses):
            all_broken.append((None, broken))
        return Standing(judgements, all_broken)

    def _document(
        self, journey: Journey, judgements: list[Judgement], alerts: list[Document], memory: Forgetting
    ) -> Document:
        told = [(alert["fingerprint"], alert["kind"]) for alert in alerts]
        follows_from = (
            journey.customer.name,
            journey.start,
            journey.events,
            journey.contacts,
            judgements,
            told,
        )
        make = partial(journey_document, journey, judgements, alerts, self._map.events)
        return memory.recall(("document", journey.id), follows_from, make)

    def _contacts(
        self, customers: list[Customer], mine: Mapping[int, list[Journey]], watermarks: Watermarks,
        announcer: Announcer, folded: Folded, alerts: dict[int, list[Document]],
    ) -> None:  # fmt: skip
        if not self._map.contacts:
            return
        for customer in customers:
            own = mine.get(id(customer), [])
            contacts = judge_contacts(customer, own, self._map, watermarks, self._witnesses)
            for waits_for in contacts.waits_for:
                folded.wait(*waits_for)
            for found in contacts.broken:
                if folded.may_tell(rests_on := found.broken.rests_on, watermarks):
                    alert = announcer.of_contact(found, customer)
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
