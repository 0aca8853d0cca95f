"""Documents: a journey and a customer as others read them. Every instant is RFC 3339 in UTC; spellings are
snake_case.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from journeys.events import Event
from journeys.identity import Customer, Link, by_type
from journeys.instants import format_instant, parse_instant
from journeys.journey import Journey, digest, identifiers_of, in_time
from journeys.journey_map import COMMAND_TYPES, EventType
from journeys.judgement import DEADLINE, Judgement

SCHEMA = 1
END_OF_TIME = parse_instant("9999-12-31T23:59:59Z")
Document = dict[str, Any]


@lru_cache(maxsize=16384)
def _formatted(instant: int) -> str:
    return format_instant(min(instant, END_OF_TIME))


def when(instant: int | None) -> str | None:
    return None if instant is None else _formatted(instant)


def _at(event: Event | None) -> str | None:
    return _formatted(event.time) if event else None


def origin_of(event: Event) -> list[Any]:
    """The lowest position an event was read at."""
    return event.origins[0][:3] if event.origins else [None, None, None]


def customer_id(customer: Customer) -> str:
    """Made of the strongest identifier, so that it does not depend on where the customer's events live."""
    return digest("customer", customer.name)


def link_entry(link: Link) -> Document:
    event = link.event
    return {
        "a": link.a,
        "b": link.b,
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "at": _formatted(event.time),
    }


def event_entry(event: Event) -> Document:
    """An event as a cause; `by` and `reason` are what an operator said of a command."""
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "at": when(event.time),
        "by": event.fields.get("by") if event.type in COMMAND_TYPES else None,
        "reason": event.fields.get("reason") if event.type in COMMAND_TYPES else None,
    }


def timeline_entry(event: Event, event_types: Mapping[str, EventType]) -> Document:
    topic, partition, offset = origin_of(event)
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "department": event_types[event.type].department,
        "at": _formatted(event.time),
        "fields": event.fields,
        "identifiers": event.identifiers,
        "topic": topic,
        "partition": partition,
        "offset": offset,
    }


def journey_document(
    journey: Journey,
    judgements: Iterable[Judgement],
    alerts: list[Document],
    event_types: Mapping[str, EventType],
) -> Document:
    happened = journey.events
    if journey.contacts:
        happened = sorted((*happened, *journey.contacts), key=in_time)
    return {
        "schema": SCHEMA,
        "id": journey.id,
        "type": journey.type.name,
        "customer": customer_id(journey.customer),
        "status": journey.status,
        "correlates": journey.correlates,
        "started_at": when(journey.start.time),
        "last_event_at": when(happened[-1].time),
        "ended_at": when(journey.ended_at),
        "identifiers": by_type(identifiers_of(happened)),
        "steps": [
            {"event": step, "at": _at(journey.first(step)), "optional": step in journey.type.optional}
            for step in journey.type.steps
        ],
        "handoffs": [_handoff(judgement, event_types) for judgement in judgements],
        "broken": sorted({alert["kind"] for alert in alerts}),
        "alerts": sorted(alert["fingerprint"] for alert in alerts),
        "timeline": [timeline_entry(event, event_types) for event in happened],
    }


def _handoff(judgement: Judgement, event_types: Mapping[str, EventType]) -> Document:
    handoff, given, taken = judgement.handoff, judgement.given, judgement.taken
    late_by = (b.late_by for b in judgement.broken if b.group == DEADLINE and b.late_by is not None)
    late = next(late_by, None)
    return {
        "handoff": handoff.name,
        "from": handoff.source,
        "to": handoff.target,
        "from_department": event_types[handoff.source].department,
        "department": event_types[handoff.target].department,
        "status": judgement.status,
        "from_at": _at(given),
        "to_at": _at(taken),
        "due_at": when(judgement.due_at),
        "seconds": (taken.time - given.time) / 1e6 if given and taken else None,
        "late_by_seconds": None if late is None else late / 1e6,
    }


def customer_document(
    customer: Customer,
    journeys: Iterable[Journey],
    alerts: Iterable[Document],
    unattached: Iterable[Event],
    event_types: Mapping[str, EventType],
) -> Document:
    return {
        "schema": SCHEMA,
        "id": customer_id(customer),
        "identifiers": by_type(customer.identifiers),
        "journeys": sorted(journey.id for journey in journeys),
        "alerts": sorted(alert["fingerprint"] for alert in alerts),
        "events": len(customer.events),
        "first_seen": when(customer.events[0].time),
        "last_seen": when(customer.events[-1].time),
        "links": [link_entry(link) for link in customer.links],
        "unattached": [timeline_entry(event, event_types) for event in unattached],
    }
