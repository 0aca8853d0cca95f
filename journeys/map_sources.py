"""Departments, identifiers and events: the keys of the map's first half, and what each may say."""

import math
import re
from dataclasses import replace
from typing import Any

import phonenumbers

from journeys.errors import InvalidEvent
from journeys.identifiers import NORMALISERS, fold
from journeys.map_parts import Department, EventType, IdentifierType
from journeys.map_syntax import (
    Reader,
    Section,
    count,
    declared,
    duration,
    duration_or_none,
    flag,
    many,
    one_of,
    own_name,
    scalar,
    text,
)
from journeys.map_yaml import Place, nearest, plain
from journeys.payload import check_path

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


def region_code(place: Place) -> str:
    region = text(place)
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        place.note(
            f"expected a country code such as DE, found {region!r}"
            + nearest(region, phonenumbers.SUPPORTED_REGIONS)
        )
    return region


def _topic(place: Place) -> str:
    topic = text(place)
    if topic and (not _TOPIC.fullmatch(topic) or topic in (".", "..")):
        place.expected("a Kafka topic of letters, digits, dot, _ and -")
    elif topic:
        own_name(topic, place)
    return topic


def _path(place: Place) -> str:
    path = text(place)
    try:
        if path:
            check_path(path)
    except ValueError as error:
        place.note(str(error))
    return path


def _junk(place: Place) -> str:
    return fold(str(scalar(place)))


def _by_name(kind: str | None, reader: Reader) -> Reader:
    """Values by a name; the name must be declared where its kind is given."""

    def read(place: Place) -> dict[str, Any]:
        values = {}
        for name, inner in place.entries():
            known = place.file.declared.get(kind, ()) if kind else (name,)
            if name not in known:
                inner.note(f"unknown {kind} {name!r}{nearest(name, known)}")
            values[name] = reader(inner)
        return values

    return read


DEPARTMENT = Section(
    {"topic": _topic, "owner": text, "silent_after": duration, "allowed_delay": duration_or_none}
)
IDENTIFIER = Section(
    {
        "normaliser": one_of(*NORMALISERS),
        "priority": count,
        "unique": flag,
        "limit": count,
        "window": duration,
        "limit_within": count,
        "changes_hands_after": duration,
        "identifies": one_of("customer", "journey"),
        "routes": flag,
        "region": region_code,
        "junk": many(_junk),
    }
)
EVENT = Section(
    {
        "department": declared("department"),
        "identifiers": _by_name("identifier", many(_path)),
        "fields": _by_name(None, _path),
        "releases": many(declared("identifier")),
    },
    required=("identifiers",),
)


def event_name(name: str, place: Place) -> bool:
    if name.split() != [name] or len(name) > 200:
        place.note(f"expected an event type without spaces of at most 200 characters, found {name!r}")
        return False
    return own_name(name, place)


def department(name: str, place: Place) -> Department:
    values = DEPARTMENT(place) if plain(place.node) is not None else {}
    return Department(name, **{"topic": f"{name}.events", **values})


def identifier(name: str, place: Place) -> dict[str, Any]:
    """The keys of an identifier; `email: email` is short for `email: {normaliser: email}`."""
    if isinstance(plain(place.node), str):
        return {"normaliser": IDENTIFIER.keys["normaliser"](place)}
    values = IDENTIFIER(place)
    for one, other in (("window", "limit_within"), ("limit_within", "window")):
        if one in values and other not in values:
            place.get(one).note(f"{one} needs {other}: so many values in any span of that length")
    if values.get("limit_within", 0) > values.get("limit", math.inf):
        place.get("limit_within").note(
            f"expected at most the limit, {values['limit']}, which holds for all time"
        )
    if values.get("unique") and "changes_hands_after" in values:
        place.get("changes_hands_after").note("what is unique to a customer does not change hands")
    if "region" in values and values.get("normaliser") != "phone":
        place.get("region").note("only the normaliser phone needs a region")
    return values


def identifier_types(
    keys: dict[str, dict[str, Any]], correlating: set[str | None], region: str | None, place: Place
) -> dict[str, IdentifierType]:
    """The identifiers with what they leave out: place as priority, the map's region, what they identify."""
    types: dict[str, IdentifierType] = {}
    for position, (name, declared_keys) in enumerate(keys.items(), start=1):
        identifies = "journey" if name in correlating else "customer"
        values = {"priority": position, "identifies": identifies, **declared_keys}
        if values.get("normaliser") == "phone":
            values.setdefault("region", region)
        taken = {other.priority: other.name for other in types.values()}
        if values["priority"] in taken:
            place.get(name).note(
                f"priority {values['priority']} is that of {taken[values['priority']]!r} already"
                " (an identifier without priority has its place in the list)"
            )
        plainly = IdentifierType(name, **values | {"junk": ()})
        spelled = _spelled(plainly, values.get("junk", ()), place.get(name))
        junk = (*values.get("junk", ()), *(fold(spelling) for spelling in spelled if spelling))
        types[name] = replace(plainly, junk=tuple(dict.fromkeys(junk)))
    return types


def _spelled(plainly: IdentifierType, words: tuple[str, ...], place: Place) -> list[str | None]:
    try:
        return [plainly.normalise(word) for word in words]
    except InvalidEvent as error:
        place.get("junk").note(error.detail)
        return []


def check_hands(types: dict[str, IdentifierType], events: dict[str, EventType], place: Place) -> None:
    """Only what identifies a customer, and is not unique to her, may move to another."""
    for name, rule in types.items():
        if rule.changes_hands_after is not None and rule.identifies == "journey":
            at = place.get("identifiers").get(name).get("changes_hands_after")
            at.note(f"{name!r} identifies a journey: only what identifies a customer changes hands")
    for event in events.values():
        at = place.get("events").get(event.type).get("releases")
        for name in event.releases:
            released = types.get(name)
            if name not in event.identifiers:
                at.note(f"{event.type} has no identifier {name!r}{nearest(name, event.identifiers)}")
            elif released and (released.unique or released.identifies == "journey"):
                what = "is unique to a customer" if released.unique else "identifies a journey"
                at.note(f"{name!r} {what}, and does not change hands")


def event_type(name: str, place: Place) -> EventType:
    values = EVENT(place)
    known = place.file.declared.get("department", ())
    prefix = name.partition(".")[0]
    owner = values.get("department", prefix)
    if "department" not in values and prefix not in known:
        place.note(
            f"the key 'department' is missing, and {prefix!r} is no department{nearest(prefix, known)}"
        )
    identifiers, fields = values.get("identifiers", {}), values.get("fields", {})
    if plain(place.get("identifiers").node) == {}:
        place.get("identifiers").note("expected at least one identifier, or the event belongs to nobody")
    for both in identifiers.keys() & fields.keys():
        place.get("fields").get(both).note(f"{both!r} is an identifier of this event already")
    return EventType(name, owner, identifiers, fields, values.get("releases", ()))
