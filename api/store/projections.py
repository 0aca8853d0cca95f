"""Which rows a published document becomes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, Table

from api.store import tables
from journeys.instants import parse_instant

Document = dict[str, Any]
Row = tuple[Table, dict[str, Any]]


class Projection(NamedTuple):
    """`owners` are the columns that hold the document's key, the document's own table first."""

    owners: tuple[Column[str], ...]
    rows: Callable[[str, Document, bytes], Iterator[Row]]


def journey_rows(key: str, journey: Document, raw: bytes) -> Iterator[Row]:
    yield (
        tables.journeys,
        {
            "id": key,
            "type": journey["type"],
            "status": journey["status"],
            "started_at": parse_instant(journey["started_at"]),
            "last_event_at": parse_instant(journey["last_event_at"]),
            "document": raw,
        },
    )
    for kind in dict.fromkeys(journey["broken"]):
        yield tables.journey_breaks, {"kind": kind, "journey": key}
    for kind, value in identifiers(journey):
        yield tables.journey_identifiers, {"type": kind, "value": value, "journey": key}
    for nth, handoff in enumerate(journey["handoffs"]):
        yield (
            tables.handoffs,
            {
                "journey": key,
                "nth": nth,
                "journey_type": journey["type"],
                "handoff": handoff["handoff"],
                "from_department": handoff["from_department"],
                "department": handoff["department"],
                "status": handoff["status"],
                "from_at": _instant(handoff["from_at"]),
                "to_at": _instant(handoff["to_at"]),
                "due_at": _instant(handoff["due_at"]),
                "seconds": handoff["seconds"],
            },
        )


def customer_rows(key: str, customer: Document, raw: bytes) -> Iterator[Row]:
    yield tables.customers, {"id": key, "document": raw}
    for kind, value in identifiers(customer):
        yield tables.customer_identifiers, {"type": kind, "value": value, "customer": key}


def alert_rows(key: str, alert: Document, raw: bytes) -> Iterator[Row]:
    yield (
        tables.alerts,
        {
            "fingerprint": key,
            "journey": alert["journey"],
            "kind": alert["kind"],
            "department": alert["department"],
            "severity": alert["severity"],
            "status": alert["status"],
            "opened_at": parse_instant(alert["opened_at"]),
            "document": raw,
        },
    )


def identifiers(document: Document) -> Iterator[tuple[str, str]]:
    """Each (type, value) once, without the NUL that PostgreSQL can't hold."""
    pairs = ((kind, str(value)) for kind, values in document["identifiers"].items() for value in values)
    yield from dict.fromkeys((kind, without_nul(value)) for kind, value in pairs)


def without_nul(text: str) -> str:
    return text.replace("\x00", "")


def _instant(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)


PROJECTIONS = {
    "journeys": Projection(
        (
            tables.journeys.c.id,
            tables.journey_breaks.c.journey,
            tables.journey_identifiers.c.journey,
            tables.handoffs.c.journey,
        ),
        journey_rows,
    ),
    "customers": Projection((tables.customers.c.id, tables.customer_identifiers.c.customer), customer_rows),
    "alerts": Projection((tables.alerts.c.fingerprint,), alert_rows),
}
