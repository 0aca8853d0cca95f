"""Contacts: a customer who calls and is not recognised, and one who has to call again.

The caller's journey may become known only in hindsight, when a later event links the number: the alert then
opens at the time of that event.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache, partial
from operator import attrgetter
from typing import NamedTuple

from journeys.events import Event
from journeys.identity import Customer
from journeys.journey import Journey, Started, contacts_with
from journeys.journey_map import Contact, JourneyMap
from journeys.judgement import Broken, RestsOn, Watermarks
from journeys.witnesses import Witnesses, after, missing_of, up_to

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
    journey_map: JourneyMap,
    watermarks: Watermarks,
    witnesses: Witnesses,
) -> Contacts:
    """Judge one customer's contacts; `journeys` are the customer's own."""
    found = Contacts([], [])
    contacts = contacts_with(customer, journey_map.contacts)
    if not contacts:
        return found
    unsure_from = cache(partial(witnesses.unsure_from, customer, journeys))

    def whose(time: int) -> RestsOn:
        return witnesses.of_everyone(time) if unsure_from() <= time else ()

    found.broken.extend(_unrecognised(customer, contacts, journeys, journey_map, whose))
    for type, rule in journey_map.contacts.items():
        if rule.repeat_within is not None:
            own = [event for event in contacts if event.type == type]
            _repeats(own, rule, rule.repeat_within, journeys, journey_map, watermarks, whose, found)
    return found


def _unrecognised(
    customer: Customer,
    contacts: list[Event],
    journeys: list[Journey],
    journey_map: JourneyMap,
    whose: Callable[[int], RestsOn],
) -> Iterator[BrokenContact]:
    journey_of = {contact.key: journey for journey in reversed(journeys) for contact in journey.contacts}
    started = Started(journeys)
    recognised = [c for c in contacts if _recognised(c, journey_map.contacts[c.type])]
    for contact in contacts:
        rule = journey_map.contacts[contact.type]
        if rule.recognised is None or _recognised(contact, rule):
            continue
        first_known = _first_known(customer, journeys, contact)
        if first_known is None:
            continue
        known_at, linking = first_known
        later = bisect_right(recognised, contact.time, key=attrgetter("time"))
        resolved = recognised[later] if later < len(recognised) else None
        journey = journey_of.get(contact.key) or started.latest_at(contact.time)
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
            mended_by=resolved,
            rests_on=whose(known_at),
        )
        yield BrokenContact(contact, rule, journey, broken)


def _recognised(contact: Event, rule: Contact) -> bool:
    condition = rule.recognised
    return condition is not None and contact.fields.get(condition.field) == condition.equals


def _first_known(
    customer: Customer, journeys: list[Journey], contact: Event
) -> tuple[int, Event | None] | None:
    """When it came to be known that a contact is of a customer with journeys; it cannot be before the contact.

    None: no journey had started by then.
    """
    found = []
    for journey in journeys:
        if journey.start.time < contact.time:
            found.append(_known_at(customer, journey.start, contact))
            if found[-1][0] == contact.time:
                break
    return min(found, key=lambda each: each[0], default=None)


def _known_at(customer: Customer, start: Event, contact: Event) -> tuple[int, Event | None]:
    """When it came to be known that a journey's start and a contact are one customer's; the event by which, if later
    than the contact.
    """
    link = customer.joined_after(contact.time - 1, start, contact)
    if link is None or link.event.key == contact.key:
        return contact.time, None
    return link.event.time, link.event


def _repeats(
    contacts: list[Event],
    rule: Contact,
    window: int,
    journeys: list[Journey],
    journey_map: JourneyMap,
    watermarks: Watermarks,
    whose: Callable[[int], RestsOn],
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
    started = Started(journeys)
    for run in runs:
        if len(run) < 2:
            continue
        department = journey_map.events[run[0].type].department
        over = run[-1].time + window
        began = (*up_to((journey_map.departments[department].read,), run[0].time), *whose(run[1].time))
        ended = after((department,), over)
        is_over = missing_of(ended, watermarks) is None
        if not is_over:
            found.waits_for.append((department, over))
        broken = Broken(
            REPEAT, REPEAT, 0, department, run[1].time, tuple(run), resolved_at=over if is_over else None,
            rests_on=(*began, *ended) if is_over else began,
        )  # fmt: skip
        found.broken.append(BrokenContact(run[0], rule, started.latest_at(run[0].time), broken))
