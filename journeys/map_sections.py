"""The keys of a journey map, and what each may say."""

import re
from typing import Any

import phonenumbers

from journeys.identifiers import NORMALISERS, fold
from journeys.map_parts import (
    Condition,
    Contact,
    Department,
    EventType,
    Handoff,
    IdentifierType,
    JourneyType,
    Promise,
)
from journeys.map_syntax import (
    Reader,
    Section,
    count,
    declared,
    duration,
    duration_or_none,
    flag,
    many,
    named,
    one_of,
    own_name,
    scalar,
    share_or_duration,
    text,
)
from journeys.map_yaml import Place, nearest, plain
from journeys.payload import check_path

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_severity = one_of("info", "warning", "critical")
_event = declared("event type")
_events = many(_event)


def _region(place: Place) -> str:
    region = text(place)
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        place.note(
            f"expected a country code such as DE, found {region!r}"
            + nearest(region, phonenumbers.SUPPORTED_REGIONS)
        )
    return region


def _topic(place: Place) -> str:
    topic = text(place)
    if topic and (not _TOPIC.fullmatch(topic) or not own_name(topic, place)):
        place.expected("a Kafka topic of letters, digits, dot, _ and -")
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
        "identifies": one_of("customer", "journey"),
        "routes": flag,
        "region": _region,
        "junk": many(_junk),
    }
)
EVENT = Section(
    {
        "department": declared("department"),
        "identifiers": _by_name("identifier", many(_path)),
        "fields": _by_name(None, _path),
    },
    required=("identifiers",),
)
PROMISE = Section(
    {"event": _event, "field": text, "pick": one_of("earliest", "latest", "newest")},
    required=("event", "field"),
)
HANDOFF = Section(
    {
        "from": _event,
        "to": _event,
        "within": duration,
        "by": PROMISE,
        "fails_on": _events,
        "accepted_by": _events,
        "agree_on": many(text),
        "order": flag,
        "once": flag,
        "jeopardy_at": share_or_duration,
        "severity": _severity,
        "owner": text,
        "runbook": text,
    },
    required=("from", "to"),
)
CONDITION = Section({"field": text, "equals": scalar}, required=("field", "equals"))
CONTACT = Section(
    {
        "recognised": CONDITION,
        "repeat_within": duration,
        "severity": _severity,
        "owner": text,
        "runbook": text,
    }
)


def _event_name(name: str, place: Place) -> bool:
    if name.split() != [name] or len(name) > 200:
        place.note(f"expected an event type without spaces of at most 200 characters, found {name!r}")
        return False
    return own_name(name, place)


def department(name: str, place: Place) -> Department:
    values = DEPARTMENT(place) if plain(place.node) is not None else {}
    return Department(name, **{"topic": f"{name}.events", **values})


def identifier(name: str, place: Place) -> dict[str, Any]:
    """The keys of an identifier; `email: phone` is short for `email: {normaliser: phone}`."""
    if isinstance(plain(place.node), str):
        return {"normaliser": IDENTIFIER.keys["normaliser"](place)}
    values = IDENTIFIER(place)
    if "window" in values and "limit" not in values:
        place.get("window").note("a window needs a limit")
    if "region" in values and values.get("normaliser") != "phone":
        place.get("region").note("only the normaliser phone needs a region")
    return values


def event_type(name: str, place: Place) -> EventType:
    values = EVENT(place)
    known = place.file.declared["department"]
    prefix = name.partition(".")[0]
    owner = values.get("department", prefix)
    if "department" not in values and prefix not in known:
        place.note(
            f"the key 'department' is missing, and {prefix!r} is no department{nearest(prefix, known)}"
        )
    found = values.get("identifiers", {})
    if "identifiers" in values and not found:
        place.get("identifiers").note("expected at least one identifier, or the event belongs to nobody")
    for both in found.keys() & values.get("fields", {}).keys():
        place.get("fields").get(both).note(f"{both!r} is an identifier of this event already")
    return EventType(name, owner, found, values.get("fields", {}))


def handoff(name: str, place: Place) -> Handoff:
    values = HANDOFF(place)
    source, target = values.pop("from", ""), values.pop("to", "")
    if source and source == target:
        place.note("a handoff goes from one event type to another, not to the same")
    if not values.keys() & {"within", "by", "fails_on", "accepted_by", "agree_on", "order", "once"}:
        place.note("expected a rule: within, by, fails_on, accepted_by, agree_on, order or once")
    if {"within", "by"} <= values.keys():
        place.get("by").note("within and by exclude each other: a handoff has one deadline")
    for key in ("accepted_by", "jeopardy_at"):
        if key in values and not values.keys() & {"within", "by"}:
            place.get(key).note(f"{key} needs a deadline: add within or by")
    for said in values.get("agree_on", ()):
        for event in (source, target):
            _check_says(place.get("agree_on"), event, said)
    if promise := values.get("by"):
        values["by"] = _promise(promise, place.get("by"))
    owed_by = place.file.events.get(target)
    owner = place.file.owners.get(owed_by.department, "") if owed_by else ""
    return Handoff(name, source, target, **{"owner": owner, **values})


def _promise(values: dict[str, Any], place: Place) -> Promise:
    event = place.file.events.get(values.get("event", ""))
    if event and values.get("field") and values["field"] not in event.fields:
        place.get("field").note(
            f"{event.type} has no field {values['field']!r}{nearest(values['field'], event.fields)}"
        )
    return Promise(**{"event": "", "field": "", **values})


def _check_says(place: Place, event_type: str, name: str) -> None:
    event = place.file.events.get(event_type)
    if event and name and not event.says(name):
        known = [*event.fields, *event.identifiers]
        place.note(f"{event_type} has neither a field nor an identifier {name!r}{nearest(name, known)}")


JOURNEY = Section(
    {
        "starts": _events,
        "correlates": declared("identifier"),
        "steps": _events,
        "optional": _events,
        "cancels": _events,
        "ends": _events,
        "stalls_after": duration,
        "severity": _severity,
        "handoffs": named(handoff),
    },
    required=("starts",),
)


def journey(name: str, place: Place) -> JourneyType:
    values = JOURNEY(place)
    starts, handoffs = values.pop("starts", ()), values.pop("handoffs", {})
    if correlates := values.get("correlates"):
        for start in starts:
            event = place.file.events.get(start)
            if event and correlates not in event.identifiers:
                place.get("correlates").note(
                    f"{start} starts the journey but has no identifier {correlates!r}"
                )
    along = [*starts, *(event for one in handoffs.values() for event in (one.source, one.target))]
    steps = values.pop("steps", tuple(dict.fromkeys(along)))
    steps = tuple(dict.fromkeys((*steps, *values.get("optional", ()))))
    return JourneyType(name, starts, handoffs, steps, **values)


def contact(name: str, place: Place) -> Contact:
    values = CONTACT(place)
    event = place.file.events.get(name)
    if event is None:
        place.note(f"unknown event type {name!r}{nearest(name, place.file.events)}")
    if not values.keys() & {"recognised", "repeat_within"}:
        place.note("expected a rule: recognised or repeat_within")
    if condition := values.get("recognised"):
        if "field" in condition:
            _check_says(place.get("recognised").get("field"), name, condition["field"])
        values["recognised"] = Condition(**{"field": "", "equals": "", **condition})
    owner = place.file.owners.get(event.department, "") if event else ""
    return Contact(name, **{"owner": owner, **values})


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
        types[name] = IdentifierType(name, **values)
    return types


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
    events: dict[str, EventType] = named(event_type, check=_event_name)(place)
    place.file.events.update(events)
    return events


MAP = Section(
    {
        "name": text,
        "default_region": _region,
        "departments": _departments,
        "identifiers": _identifiers,
        "events": _event_types,
        "journeys": named(journey),
        "contacts": named(contact, check=_event_name),
    },
    required=("departments", "identifiers", "events", "journeys"),
)


def read_map(place: Place) -> dict[str, Any]:
    """The parts of a map by their key, with defaults; problems are noted in the place's file."""
    parts: dict[str, Any] = {
        "name": None,
        "default_region": None,
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
    return parts
