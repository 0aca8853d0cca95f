"""Turns: operators' commands and late links move alerts, which tell of it in their history.

What an alert was before is what the events before that turn come to: the same fold over a smaller set. So it is a
function of the set too, and nothing is remembered of what was told when.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from journeys.documents import Document
from journeys.events import Event
from journeys.history import revision
from journeys.identity import LINK, UNLINK, Customer, Link
from journeys.instants import parse_instant
from journeys.journey import in_time
from journeys.judgement import WITHDRAWN
from journeys.links import Groups

MOST_TURNS = 10
MOST_EVENTS = 10_000
"""How much is folded again for the sake of history; of more turns the latest are told."""


class Turn(NamedTuple):
    """An event that may have moved alerts, and the alerts just before it, by fingerprint."""

    event: Event
    alerts: dict[str, Document]


def turning_points(
    events: Iterable[Event], customers: Iterable[Customer], told_apart_by: frozenset[str]
) -> list[Event]:
    """The commands, and the links that came to join what would be another journey or contact without them.

    `told_apart_by`: the event types that alerts are told apart by. In time order.
    """
    found = {event.key: event for event in events if event.type in (LINK, UNLINK)}
    for customer in customers:
        own = [event for event in customer.events if event.type in told_apart_by]
        for one, other in pairwise(own):
            if link := customer.joined_after(other.time, one, other):
                found[link.event.key] = link.event
    return sorted(found.values(), key=in_time)


def stories(
    points: Iterable[Event], events: Iterable[Event], apart: frozenset[str]
) -> list[tuple[list[Event], list[Event]]]:
    """(points, events) of what has to do with each other: connected by identifiers that are not apart.

    Not by where they are kept: which events meet besides may depend on the order in which they came in.
    """
    together = Groups((), {})
    for event in events:
        named = _named(event, apart)
        for other in named[1:]:
            together.unite(Link(named[0], other, event))
    of: dict[str, tuple[list[Event], list[Event]]] = {}
    for point in points:
        of.setdefault(together.root(_named(point, apart)[0]), ([], []))[0].append(point)
    for event in events:
        if story := of.get(together.root(_named(event, apart)[0])):
            story[1].append(event)
    return [(_latest(found, len(own)), own) for found, own in of.values()]


def _named(event: Event, apart: frozenset[str]) -> list[str]:
    return [i for i in event.identifiers if i not in apart] or [f"event:{event.identity}"]


def _latest(points: list[Event], events: int) -> list[Event]:
    most = min(MOST_TURNS, MOST_EVENTS // events)
    return points[-most:] if most else []


def tell(alerts: Sequence[Document], turns: Sequence[Turn]) -> None:
    """Complete the alerts' histories, and what they supersede, by the turns in time order."""
    if not turns:
        return
    superseded = _superseded(alerts, turns)
    for alert in alerts:
        alert["history"] = _retold(alert, turns)
        alert["supersedes"] = sorted(superseded.get(alert["fingerprint"], ()))


def _retold(alert: Document, turns: Sequence[Turn]) -> list[Document]:
    told: list[Document] = []
    since: Event | None = None
    for turn in turns:
        before = turn.alerts.get(alert["fingerprint"])
        _go_on(told, before["history"] if before else [], since)
        since = turn.event
    _go_on(told, alert["history"], since)
    return told


def _go_on(told: list[Document], history: list[Document], since: Event | None) -> None:
    """With a history that holds since an event; what it says of the time before is that event's doing."""
    if since is None:
        told += history
        return
    until = [entry for entry in history if parse_instant(entry["at"]) <= since.time]
    last = told[-1] if told else None
    if until:
        kind, status = until[-1]["kind"], until[-1]["status"]
        if last is None or (last["kind"], last["status"]) != (kind, status):
            told.append(revision(since.time, kind, status, since))
    elif last is not None and last["status"] != WITHDRAWN:
        told.append(revision(since.time, last["kind"], WITHDRAWN, since))
    told += history[len(until) :]


def _superseded(alerts: Sequence[Document], turns: Sequence[Turn]) -> dict[str, set[str]]:
    """Fingerprint → those that it goes on for: of one handoff and about one event, and gone when it came."""
    after = [*(turn.alerts for turn in turns[1:]), {alert["fingerprint"]: alert for alert in alerts}]
    found: dict[str, set[str]] = {}
    for turn, now in zip(turns, after, strict=True):
        gone = {_about(alert): name for name, alert in turn.alerts.items() if name not in now}
        for name, alert in now.items():
            if name not in turn.alerts and (old := gone.get(_about(alert))) is not None:
                found[name] = {old, *found.get(old, ())} - {name}
    return found


def _about(alert: Document) -> tuple[Any, ...]:
    first = alert["evidence"][0]
    return alert["handoff"], alert["journey_type"], first["source"], first["id"]
