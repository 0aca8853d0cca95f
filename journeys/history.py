"""History: what an alert was since when, and what made it so.

A function of the set of events, as all of the fold: told by event time, the same whatever order they came in.
"""

from journeys.documents import Document, event_entry, when
from journeys.events import Event
from journeys.judgement import IDENTITY_LATE, LATE, OPEN, RESOLVED, WITHDRAWN, Broken


def history_of(broken: Broken) -> list[Document]:
    """What it was since when, in order; the cause is an event, null for the time that passed."""
    found = [revision(at, kind, OPEN, None) for at, kind in broken.before]
    if broken.kind not in (LATE, IDENTITY_LATE):
        found.append(revision(broken.opened_at, broken.kind, OPEN, _at(broken, broken.opened_at)))
    if broken.resolved_at is not None:
        cause = broken.mended_by or _at(broken, broken.resolved_at)
        found.append(revision(broken.resolved_at, broken.kind, RESOLVED, cause))
    return found


def revision(at: int, kind: str, status: str, cause: Event | None) -> Document:
    """One line of a history."""
    return {"at": when(at), "kind": kind, "status": status, "cause": event_entry(cause) if cause else None}


def withdrawn(alert: Document, at: int | None) -> Document:
    """An announced alert that the events no longer bear out: its cause happened in time after all."""
    since = when(at) or alert["resolved_at"] or alert["opened_at"]
    last = {"at": since, "kind": alert["kind"], "status": WITHDRAWN, "cause": None}
    return {**alert, "status": WITHDRAWN, "resolved_at": since, "history": [*alert["history"], last]}


def _at(broken: Broken, time: int) -> Event | None:
    return next((event for event in reversed(broken.evidence) if event.time == time), None)
