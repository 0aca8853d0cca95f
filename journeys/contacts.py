"""Contacts: a customer who calls and is not recognised, and one who has to call again.

The caller's journey may become known only in hindsight, when a later event links the number: the alert then
opens at the time of that event.
"""

from collections.abc import Iterator
from typing import NamedTuple

from journeys.events import Event
from journeys.handoffs import LONG_AGO, Broken, Watermarks
from journeys.identity import LINK, Customer
from journeys.journey import Journey, contacts_with, latest_at
from journeys.journey_map import Contact, JourneyMap

UNRECOGNISED, REPEAT = "unrecognised_caller", "repeat_contact"


class BrokenContact(NamedTuple):
    """A contact that broke a handoff.

    `journey` is the one it belongs to, if any. The fingerprint is made of `contact`.
    """

    contact: Event
    rule: Contact
    journey: Journey | None
    broken: Broken


class Contacts(NamedTuple):
    """What broke in a customer's contacts, and the instants at which that may change."""

    broken: list[BrokenContact]
    waits_for: list[tuple[str, int]]


def judge_contacts(
    customer: Customer,
    journeys: list[Journey],
    commands: list[Event],
    journey_map: JourneyMap,
    watermarks: Watermarks,
) -> Contacts:
    """Judge one customer's contacts.

    `journeys` are the customer's own; `commands` the operators' links in time order.
    """
    found = Contacts([], [])
    contacts = contacts_with(customer, journey_map.contacts)
    if not contacts:
        return found
    found.broken.extend(_unrecognised(customer, contacts, journeys, commands, journey_map))
    for type, rule in journey_map.contacts.items():
        if rule.repeat_within is not None:
            own = [event for event in contacts if event.type == type]
            _repeats(own, rule, rule.repeat_within, journeys, journey_map, watermarks, found)
    return found


def _unrecognised(
    customer: Customer,
    contacts: list[Event],
    journeys: list[Journey],
    commands: list[Event],
    journey_map: JourneyMap,
) -> Iterator[BrokenContact]:
    for contact in contacts:
        rule = journey_map.contacts[contact.type]
        if rule.recognised is None or _recognised(contact, rule):
            continue
        before = [journey for journey in journeys if journey.start.time < contact.time]
        if not before:
            continue
        known_at, linking = min(
            (_linked_at(customer, commands, journey.start, contact) for journey in before),
            key=lambda found: found[0],
        )
        resolved = next(
            (c for c in contacts if c.time > contact.time and _recognised(c, journey_map.contacts[c.type])),
            None,
        )
        journey = next((j for j in journeys if contact in j.contacts), None) or latest_at(
            journeys, contact.time
        )
        evidence = {
            event.key: event
            for event in (journey.start if journey else None, contact, linking, resolved)
            if event
        }
        broken = Broken(
            UNRECOGNISED,
            UNRECOGNISED,
            0,
            journey_map.events[contact.type].department,
            known_at,
            tuple(sorted(evidence.values(), key=lambda event: (event.time, event.key))),
            resolved_at=max(resolved.time, known_at) if resolved else None,
        )
        yield BrokenContact(contact, rule, journey, broken)


def _recognised(contact: Event, rule: Contact) -> bool:
    condition = rule.recognised
    return condition is not None and contact.fields.get(condition.field) == condition.equals


def _linked_at(
    customer: Customer, commands: list[Event], start: Event, contact: Event
) -> tuple[int, Event | None]:
    """When it came to be known that a journey's start and a contact are one customer's, and by which event.

    The events' links are followed in time order (Kruskal's bottleneck): the earliest instant at which both
    are joined.
    """
    groups: dict[str, str] = {}

    def root(identifier: str) -> str:
        while (parent := groups.setdefault(identifier, identifier)) != identifier:
            identifier = parent
        return identifier

    mine = set(customer.identifiers)
    links = [event for event in commands if event.type == LINK]
    for event in sorted((*customer.events, *links), key=lambda e: (e.time, e.source, e.id)):
        usable = [i for i in event.identifiers if i in mine]
        for other in usable[1:]:
            groups[root(other)] = root(usable[0])
        if event.time >= contact.time and any(
            root(a) == root(b) for a in start.identifiers for b in contact.identifiers
        ):
            return max(event.time, contact.time), None if event.key == contact.key else event
    return contact.time, None


def _repeats(
    contacts: list[Event],
    rule: Contact,
    window: int,
    journeys: list[Journey],
    journey_map: JourneyMap,
    watermarks: Watermarks,
    found: Contacts,
) -> None:
    """Runs of contacts, each within the window of the one before: one alert a run, over when the window
    has passed.
    """
    runs: list[list[Event]] = []
    for contact in contacts:
        if runs and contact.time - runs[-1][-1].time <= window:
            runs[-1].append(contact)
        else:
            runs.append([contact])
    for run in runs:
        if len(run) < 2:
            continue
        department = journey_map.events[run[0].type].department
        over = run[-1].time + window
        resolved = over if watermarks.get(department, LONG_AGO) > over else None
        if resolved is None:
            found.waits_for.append((department, over))
        broken = Broken(REPEAT, REPEAT, 0, department, run[1].time, tuple(run), resolved_at=resolved)
        found.broken.append(BrokenContact(run[0], rule, latest_at(journeys, run[0].time), broken))
