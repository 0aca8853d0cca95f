"""The journey map's sections, read in the order in which they refer to each other."""

from typing import Any

from journeys.instants import parse_duration
from journeys.map_parts import Department, EventType
from journeys.map_promises import contact, journey
from journeys.map_sources import (
    check_hands,
    department,
    event_name,
    event_type,
    identifier,
    identifier_types,
    region_code,
)
from journeys.map_syntax import Section, duration, named, text
from journeys.map_yaml import Place, plain

KEEP_CLOSED = parse_duration("30d")


def _departments(place: Place) -> dict[str, Department]:
    departments: dict[str, Department] = named(department)(place)
    place.file.declared["department"] = departments
    place.file.owners.update({name: one.owner for name, one in departments.items()})
    return departments


def _identifiers(place: Place) -> dict[str, dict[str, Any]]:
    keys: dict[str, dict[str, Any]] = named(identifier)(place)
    place.file.declared["identifier"] = keys
    return keys


def _event_types(place: Place) -> dict[str, EventType]:
    # Any event may be named before it is read, so that one broken event is not reported at each mention.
    place.file.declared["event type"] = [name for name, _ in place.entries()]
    events: dict[str, EventType] = named(event_type, check=event_name)(place)
    place.file.events.update(events)
    return events


MAP = Section(
    {
        "name": text,
        "default_region": region_code,
        "keep_closed": duration,
        "departments": _departments,
        "identifiers": _identifiers,
        "events": _event_types,
        "journeys": named(journey),
        "contacts": named(contact, check=event_name),
    },
    required=("departments", "identifiers", "events", "journeys"),
)


def read_map(place: Place) -> dict[str, Any]:
    """The parts of a map by their key, with defaults; problems are noted in the place's file."""
    parts: dict[str, Any] = {
        "name": None,
        "default_region": None,
        "keep_closed": KEEP_CLOSED,
        "departments": {},
        "identifiers": {},
        "events": {},
        "journeys": {},
        "contacts": {},
    }
    parts |= MAP(place)
    for key in MAP.required:
        if plain(place.get(key).node) == {}:
            place.get(key).note("expected at least one entry")
    correlating = {one.correlates for one in parts["journeys"].values()}
    region = parts["default_region"]
    parts["identifiers"] = identifier_types(
        parts["identifiers"], correlating, region, place.get("identifiers")
    )
    check_hands(parts["identifiers"], parts["events"], place)
    return parts
