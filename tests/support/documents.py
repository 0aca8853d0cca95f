"""Sample documents as the log publishes them: one customer's SIM purchase, bent to what a test needs."""

from typing import Any

import orjson

Document = dict[str, Any]


def encoded(document: Document) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def entry(id: str, type: str, at: str, identifiers: list[str], fields: Document | None = None) -> Document:
    """An event of a timeline."""
    department = type.partition(".")[0]
    return {
        "source": f"/{department}",
        "id": id,
        "type": type,
        "department": department,
        "at": at,
        "fields": fields or {},
        "identifiers": identifiers,
        "topic": f"{department}.events",
        "partition": 0,
        "offset": 7,
    }


def handoff(name: str, source: str, target: str, status: str, **changes: Any) -> Document:
    return {
        "handoff": name,
        "from": source,
        "to": target,
        "from_department": source.partition(".")[0],
        "department": target.partition(".")[0],
        "status": status,
        "from_at": "2026-01-15T10:00:00Z",
        "to_at": None,
        "due_at": "2026-01-15T14:00:00Z",
        "seconds": None,
        "late_by_seconds": None,
    } | changes


def journey(id: str = "j1", **changes: Any) -> Document:
    """A purchase: paid in the shop, shipped late, never activated; the buyer called as a stranger."""
    ann = ["order:A1", "email:ann@example.com"]
    return {
        "schema": 1,
        "id": id,
        "type": "purchase",
        "customer": "c1",
        "status": "open",
        "correlates": "order:A1",
        "started_at": "2026-01-15T10:00:00Z",
        "last_event_at": "2026-01-17T09:30:00Z",
        "ended_at": None,
        "identifiers": {
            "order": ["A1"],
            "email": ["ann@example.com"],
            "iccid": ["8949020000001234567"],
            "phone": ["+4915112345678"],
        },
        "steps": [
            {"event": "shop.order_placed", "at": "2026-01-15T10:00:00Z", "optional": False},
            {"event": "shop.order_paid", "at": "2026-01-15T10:02:10Z", "optional": False},
            {"event": "logistics.parcel_shipped", "at": "2026-01-16T08:40:00Z", "optional": False},
            {"event": "activation.sim_activated", "at": None, "optional": False},
        ],
        "handoffs": [
            handoff(
                "payment",
                "shop.order_placed",
                "shop.order_paid",
                "done",
                to_at="2026-01-15T10:02:10Z",
                due_at="2026-01-15T11:00:00Z",
                seconds=130.0,
            ),
            handoff(
                "shipping",
                "shop.order_paid",
                "logistics.parcel_shipped",
                "late",
                from_at="2026-01-15T10:02:10Z",
                to_at="2026-01-16T08:40:00Z",
                due_at="2026-01-15T18:02:10Z",
                seconds=81470.0,
                late_by_seconds=52670.0,
            ),
            handoff(
                "activation",
                "logistics.parcel_shipped",
                "activation.sim_activated",
                "missing",
                from_at="2026-01-16T08:40:00Z",
                due_at="2026-01-16T20:40:00Z",
            ),
        ],
        "broken": ["late", "missing", "unrecognised_caller"],
        "alerts": ["f1", "f2", "f3"],
        "timeline": [
            entry(
                "s-1",
                "shop.order_placed",
                "2026-01-15T10:00:00Z",
                ann,
                {"plan": "Flex 20 GB", "total": "19.99"},
            ),
            entry("s-2", "shop.order_paid", "2026-01-15T10:02:10Z", ["order:A1"]),
            entry(
                "l-1",
                "logistics.parcel_shipped",
                "2026-01-16T08:40:00Z",
                ["order:A1", "iccid:8949020000001234567"],
                {"carrier": "DHL"},
            ),
            entry(
                "a-1",
                "activation.requested",
                "2026-01-16T18:05:00Z",
                ["iccid:8949020000001234567", "phone:+4915112345678"],
            ),
            entry(
                "c-1",
                "call_center.call_received",
                "2026-01-17T09:30:00Z",
                ["phone:+4915112345678"],
                {"recognised": False, "reason": "My SIM does not work"},
            ),
        ],
    } | changes


def customer(id: str = "c1", **changes: Any) -> Document:
    return {
        "schema": 1,
        "id": id,
        "identifiers": {
            "order": ["A1"],
            "email": ["ann@example.com"],
            "iccid": ["8949020000001234567"],
            "phone": ["+4915112345678"],
        },
        "journeys": ["j1"],
        "alerts": ["f1", "f2", "f3"],
        "events": 5,
        "first_seen": "2026-01-15T10:00:00Z",
        "last_seen": "2026-01-17T09:30:00Z",
        "links": [link_to_shop(), link_to_sim(), link_to_phone()],
        "unattached": [],
    } | changes


def link(a: str, b: str, source: str, id: str, type: str, at: str) -> Document:
    """What joined two identifiers: the event that bears both."""
    return {"a": a, "b": b, "source": source, "id": id, "type": type, "at": at}


def link_to_shop() -> Document:
    return link(
        "email:ann@example.com", "order:A1", "/shop", "s-1", "shop.order_placed", "2026-01-15T10:00:00Z"
    )


def link_to_sim() -> Document:
    sim = "iccid:8949020000001234567"
    return link("order:A1", sim, "/logistics", "l-1", "logistics.parcel_shipped", "2026-01-16T08:40:00Z")


def link_to_phone() -> Document:
    sim, phone = "iccid:8949020000001234567", "phone:+4915112345678"
    return link(sim, phone, "/activation", "a-1", "activation.requested", "2026-01-16T18:05:00Z")


def alert(fingerprint: str = "f1", **changes: Any) -> Document:
    """The activation that is missing."""
    return {
        "schema": 1,
        "fingerprint": fingerprint,
        "kind": "missing",
        "journey": "j1",
        "journey_type": "purchase",
        "customer": "c1",
        "handoff": "activation",
        "department": "activation",
        "severity": "critical",
        "status": "open",
        "opened_at": "2026-01-16T20:40:00Z",
        "due_at": "2026-01-16T20:40:00Z",
        "resolved_at": None,
        "occurred_at": None,
        "late_by_seconds": None,
        "owner": "activation-oncall",
        "runbook": "https://runbooks.example/activation",
        "summary": "The SIM of order A1, shipped on 16 January at 08:40, should have been active by 20:40.",
        "identifiers": {"order": ["A1"], "iccid": ["8949020000001234567"]},
        "evidence": [evidence("l-1", "logistics.parcel_shipped", "2026-01-16T08:40:00Z")],
        "links": [link_to_sim()],
        "weakest_link": link_to_sim(),
        "conflict": None,
        "supersedes": [],
        "history": [revision("2026-01-16T20:40:00Z", "missing", "open")],
        "map_version": "0a1b2c3d4e5f",
        "judged_at": "2026-01-17T10:00:00Z",
    } | changes


def revision(at: str, kind: str, status: str, cause: Document | None = None) -> Document:
    return {"at": at, "kind": kind, "status": status, "cause": cause}


def evidence(id: str, type: str, at: str) -> Document:
    department = type.partition(".")[0]
    place = {"topic": f"{department}.events", "partition": 0, "offset": 7}
    return {"source": f"/{department}", "id": id, "type": type, "at": at} | place


def late_shipping_alert(fingerprint: str = "f2") -> Document:
    return alert(
        fingerprint,
        kind="late",
        handoff="shipping",
        department="logistics",
        severity="warning",
        status="resolved",
        opened_at="2026-01-15T18:02:10Z",
        due_at="2026-01-15T18:02:10Z",
        resolved_at="2026-01-16T08:40:00Z",
        late_by_seconds=52670.0,
        owner="logistics",
        runbook=None,
        summary="Order A1 was shipped 14 hours 37 minutes late.",
        evidence=[
            evidence("s-2", "shop.order_paid", "2026-01-15T10:02:10Z"),
            evidence("l-1", "logistics.parcel_shipped", "2026-01-16T08:40:00Z"),
        ],
        links=[],
        weakest_link=None,
        history=[
            revision("2026-01-15T18:02:10Z", "missing", "open"),
            revision("2026-01-16T08:40:00Z", "late", "resolved", cause("l-1", "logistics.parcel_shipped")),
        ],
    )


def cause(id: str, type: str, by: str | None = None, reason: str | None = None) -> Document:
    source = f"/{type.partition('.')[0]}"
    at = "2026-01-16T08:40:00Z"
    return {"source": source, "id": id, "type": type, "at": at, "by": by, "reason": reason}


def conflict_alert(fingerprint: str = "f4") -> Document:
    """Two CRM numbers claim one phone; an operator had parted them once."""
    refused = link(
        "crm:C2", "phone:+4915112345678", "/shop", "s-9", "shop.order_placed", "2026-01-17T08:00:00Z"
    )
    held = link("crm:C1", "phone:+4915112345678", "/shop", "s-1", "shop.order_placed", "2026-01-15T10:00:00Z")
    return alert(
        fingerprint,
        kind="identity_conflict",
        journey=None,
        journey_type=None,
        handoff=None,
        severity="warning",
        opened_at="2026-01-17T08:00:00Z",
        due_at=None,
        summary="two different crm identifiers claim to be the same customer",
        links=[held, refused],
        weakest_link=refused,
        conflict={
            "rule": "crm is unique; the weaker link, phone, was refused",
            "refused": refused,
            "sides": [
                {"identifier": "crm:C1", "customer": "c1", "links": [held]},
                {"identifier": "crm:C2", "customer": "c2", "links": [refused]},
            ],
        },
        history=[
            revision(
                "2026-01-17T08:00:00Z",
                "identity_conflict",
                "open",
                cause("u-1", "baton.unlink", by="eve", reason="two persons"),
            )
        ],
    )


def stranger_alert(fingerprint: str = "f3") -> Document:
    return alert(
        fingerprint,
        kind="unrecognised_caller",
        handoff=None,
        department="call_center",
        severity="warning",
        opened_at="2026-01-17T09:30:00Z",
        due_at=None,
        occurred_at="2026-01-17T09:30:00Z",
        owner="call-center lead",
        runbook=None,
        summary="The buyer of order A1 called and was not recognised.",
        identifiers={"phone": ["+4915112345678"]},
        evidence=[evidence("c-1", "call_center.call_received", "2026-01-17T09:30:00Z")],
        links=[link_to_sim(), link_to_phone()],
        weakest_link=link_to_phone(),
    )
