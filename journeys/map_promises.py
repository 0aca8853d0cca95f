"""Journeys, handoffs and contacts: the keys that say what is promised, and what each may say."""

from typing import Any

from journeys.map_parts import Condition, Contact, Handoff, JourneyType, Promise
from journeys.map_syntax import (
    Section,
    declared,
    duration,
    flag,
    many,
    named,
    one_of,
    scalar,
    share_or_duration,
    text,
)
from journeys.map_yaml import Place, nearest

_severity = one_of("info", "warning", "critical")
_event = declared("event type")
_events = many(_event)

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
            _must_say(place.get("agree_on"), event, said)
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


def _must_say(place: Place, event_type: str, name: str) -> None:
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
    correlates = values.get("correlates")
    if correlates in place.file.declared.get("identifier", ()):
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
            _must_say(place.get("recognised").get("field"), name, condition["field"])
        values["recognised"] = Condition(**{"field": "", "equals": "", **condition})
    owner = place.file.owners.get(event.department, "") if event else ""
    return Contact(name, **{"owner": owner, **values})
