"""Silence: a department that was not heard for too long is one broken thing, not a thousand missing handoffs.

What was heard of a department is a set of spans of event time, closer together than it may be silent: a union
of sets, so that order and repetition do not matter. The gaps between them are its silences. While it is
silent its watermark stands still, so that nothing it owes is called missing; heard again, all is judged as if
nothing had been.
"""

from collections.abc import Iterable
from typing import Any

from journeys.documents import SCHEMA, Document, when
from journeys.journey import digest
from journeys.journey_map import Department

SILENT = "silent_department"
HEARTBEAT = "baton.heartbeat"
Span = list[int]


def home(department: str) -> str:
    """The identifier at which everything heard of a department meets."""
    return f"baton.department:{department}"


def spans_of(times: Iterable[int], silent_after: int) -> list[Span]:
    """The spans that instants make, given in any order."""
    return merged([[time, time] for time in times], silent_after)


def merged(spans: Iterable[Span], silent_after: int) -> list[Span]:
    """The union of spans, in order; those not further apart than `silent_after` are one."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if union and start - union[-1][1] <= silent_after:
            union[-1][1] = max(end, union[-1][1])
        else:
            union.append([start, end])
    return union


def heard_until(spans: list[Span], now: int) -> int | None:
    """When the department was last heard, as of `now`; None: never."""
    return max((min(end, now) for start, end in spans if start <= now), default=None)


def capped(watermark: int, heard: int | None, silent_after: int | None) -> int:
    """The watermark that may be judged on: it stands still while the department is silent."""
    if heard is None or silent_after is None:
        return watermark
    return min(watermark, heard + silent_after)


def silences(department: Department, spans: list[Span], watermark: int, map_version: str) -> list[Document]:
    """An alert for each silence that began before the watermark, resolved when the department was heard
    again.
    """
    if department.silent_after is None:
        return []
    alerts = []
    for number, (_, end) in enumerate(spans):
        again = spans[number + 1][0] if number + 1 < len(spans) else None
        began = end + department.silent_after
        if watermark > began:
            heard = again if again is not None and again <= watermark else None
            alerts.append(_alert(department, end, began, heard, map_version))
    return alerts


def _alert(department: Department, last: int, began: int, heard: int | None, map_version: str) -> Document:
    since = (when(last) or "")[:16].replace("T", " ")
    name = department.name.replace("_", " ").capitalize()
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "journey",
            "journey_type",
            "customer",
            "handoff",
            "due_at",
            "occurred_at",
            "runbook",
            "weakest_link",
            "conflict",
        )
    )
    told = [(began, "open")] if heard is None else [(began, "open"), (heard, "resolved")]
    return {
        **nothing,
        "schema": SCHEMA,
        "fingerprint": digest(SILENT, department.name, str(last)),
        "kind": SILENT,
        "department": department.name,
        "severity": "critical",
        "status": "open" if heard is None else "resolved",
        "opened_at": when(began),
        "resolved_at": when(heard),
        "late_by_seconds": None if heard is None else (heard - began) / 1e6,
        "owner": department.owner,
        "summary": f"{name} has not been heard since {since} UTC; what it owes is not judged while it is silent",
        "identifiers": {},
        "evidence": [],
        "links": [],
        "conflict": None,
        "supersedes": [],
        "history": [{"at": when(at), "kind": SILENT, "status": status, "cause": None} for at, status in told],
        "map_version": map_version,
        "judged_at": when(began),
    }
