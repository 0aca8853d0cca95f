"""Comparison: what another map makes of the same history, alert by alert."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from journeys.documents import Document

MOVING = ("kind", "opened_at", "due_at", "severity", "owner", "department")
"""What tells an alert from the same alert under another map; the rest follows from these or from its events."""


class Moved(NamedTuple):
    """One alert under both maps, and in which of MOVING they differ."""

    before: Document
    after: Document
    differs: tuple[str, ...]


class Comparison(NamedTuple):
    """Alerts that are gone, new, and moved, each in the order of their opening; and how many are the same."""

    gone: list[Document]
    new: list[Document]
    moved: list[Moved]
    same: int


def compare(before: Iterable[Document], after: Iterable[Document]) -> Comparison:
    """Alerts of two runs over the same events, each as of the same time.

    Those with one fingerprint are the same alert. Of the others, those about the same events and of one handoff
    are: its name or its journey's start changed, not what broke.
    """
    old, new = _by_fingerprint(before), _by_fingerprint(after)
    pairs = [(old.pop(fingerprint), new.pop(fingerprint)) for fingerprint in [*old] if fingerprint in new]
    abouts = {_about(alert): fingerprint for fingerprint, alert in new.items()}
    for fingerprint, alert in [*old.items()]:
        if (other := abouts.pop(_about(alert), None)) is not None:
            pairs.append((old.pop(fingerprint), new.pop(other)))
    moved = [
        Moved(one, other, differs)
        for one, other in pairs
        if (differs := tuple(name for name in MOVING if one[name] != other[name]))
    ]
    moved.sort(key=lambda each: _order(each.before))
    return Comparison(
        sorted(old.values(), key=_order), sorted(new.values(), key=_order), moved, len(pairs) - len(moved)
    )


def mended(alerts: Iterable[Document]) -> int:
    """How many were over by themselves: resolved, without anybody's doing as far as the events tell."""
    return sum(alert["status"] == "resolved" for alert in alerts)


def _by_fingerprint(alerts: Iterable[Document]) -> dict[str, Document]:
    return {alert["fingerprint"]: alert for alert in alerts}


def _about(alert: Mapping[str, Any]) -> tuple[Any, ...]:
    events = tuple((event["source"], event["id"]) for event in alert["evidence"])
    return alert["kind"], alert["handoff"], events or alert["fingerprint"]


def _order(alert: Document) -> tuple[str, str]:
    return alert["opened_at"], alert["fingerprint"]
