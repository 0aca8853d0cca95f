"""Withdrawals: why an alert that was announced is not borne out any more.

As far as it can be told from what there is: an event that came later than its department is allowed may have
been counted on; else who is who has changed, or what happened since tells otherwise, such as a promise that
was moved.
"""

from collections.abc import Iterable

from journeys.documents import Document
from journeys.events import Event
from journeys.folded import Folded
from journeys.silence import SILENT

LATE_EVENT, IDENTITY, REVISED, REBUILT = "late_event", "identity", "revised", "rebuilt"


def cause_of(alert: Document, folded: Folded, events: Iterable[Event]) -> str:
    """Why the fold of these events lacks an alert that was announced of them."""
    if alert["kind"] == SILENT:
        return LATE_EVENT
    late = {(event.source, event.id) for event in events if came_late(event)}
    journey = next((journey for journey in folded.journeys if journey["id"] == alert["journey"]), None)
    if late & ({(told["source"], told["id"]) for told in journey["timeline"]} if journey else late):
        return LATE_EVENT
    customers = {document["id"] for document in folded.customers}
    is_as_before = journey["customer"] == alert["customer"] if journey else not alert["journey"]
    return REVISED if is_as_before and alert["customer"] in customers else IDENTITY


def came_late(event: Event) -> bool:
    """Whether every copy of the event came later than its department is allowed."""
    return bool(event.origins) and all(len(origin) > 3 for origin in event.origins)
