"""`/v1/alerts`: broken handoffs with their proof, and who has taken them on."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from api.dependencies import Cursor, Given, Limit, Parts, json_response
from api.problems import Problem
from api.store.acknowledgements import Acknowledgement as StoredAcknowledgement
from api.store.searches import AlertSearch
from journeys.instants import parse_instant

router = APIRouter(tags=["alerts"])

Status = Literal["open", "acknowledged", "resolved", "withdrawn"]


class Link(BaseModel):
    """The event that bears both identifiers, and so joins them."""

    a: str
    b: str
    source: str
    id: str
    type: str
    at: str


class Evidence(BaseModel):
    """An event that proves it; topic, partition and offset say where the log has it."""

    source: str
    id: str
    type: str
    at: str
    topic: str | None
    partition: int | None
    offset: int | None


class Cause(BaseModel):
    """The event that made an alert what it is since; by whom and why, if it is an operator's command."""

    source: str
    id: str
    type: str
    at: str
    by: str | None
    reason: str | None


class Revision(BaseModel):
    """What an alert was from then on; no cause: the time that passed."""

    at: str
    kind: str
    status: Literal["open", "resolved", "withdrawn"]
    cause: Cause | None


class Side(BaseModel):
    """One of two that claim the same, and the chain from it to that."""

    identifier: str
    customer: str | None
    links: list[Link]


class Conflict(BaseModel):
    """What can not both be true of one customer, the rule that decided, and the link that does not hold."""

    rule: str
    refused: Link
    sides: list[Side]


class Acknowledgement(BaseModel):
    by: str
    note: str
    at: str


class Alert(BaseModel):
    """A broken handoff. `department` owes it; `judged_at` is how far its events had been read."""

    fingerprint: str
    kind: str
    journey: str | None
    journey_type: str | None
    customer: str | None
    handoff: str | None
    department: str
    severity: Literal["info", "warning", "critical"]
    status: Status
    opened_at: str
    due_at: str | None
    resolved_at: str | None
    occurred_at: str | None
    late_by_seconds: float | None
    owner: str | None
    runbook: str | None
    summary: str
    identifiers: dict[str, list[str]]
    evidence: list[Evidence]
    links: list[Link]
    weakest_link: Link | None
    conflict: Conflict | None
    supersedes: list[str]
    history: list[Revision]
    map_version: str
    judged_at: str | None
    acknowledgement: Acknowledgement | None


class AlertPage(BaseModel):
    alerts: list[Alert]
    next: str | None


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")]


class TakeOn(BaseModel):
    """Who takes the alert on, and what they know of it."""

    by: Annotated[Text, Field(min_length=1, max_length=200)]
    note: Text = ""


@router.get("/v1/alerts", response_model=AlertPage, summary="Find alerts, the latest opened first")
def find_alerts(
    given: Given,
    status: Status | None = None,
    kind: str | None = None,
    department: str | None = None,
    severity: str | None = None,
    journey: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    search = AlertSearch(status, kind, department, severity, journey)
    page = given.read_model.reader.alerts(search, limit, cursor)
    return json_response({"alerts": page.items, "next": page.next})


@router.get("/v1/alerts/{fingerprint}", response_model=Alert, summary="One alert with its proof")
def show_alert(given: Given, fingerprint: str) -> Response:
    return json_response(_alert(given, fingerprint))


@router.post(
    "/v1/alerts/{fingerprint}/ack",
    response_model=Alert,
    summary="Acknowledge an open alert; the first to do so keeps it",
)
def acknowledge(given: Given, fingerprint: str, body: TakeOn) -> Response:
    alert = _alert(given, fingerprint)
    if alert["status"] not in ("open", "acknowledged"):
        raise Problem(409, f"the alert is {alert['status']}; only an open one can be acknowledged")
    now = parse_instant(datetime.now(UTC).isoformat())
    given.read_model.acknowledgements.give(fingerprint, StoredAcknowledgement(body.by, body.note, now))
    return json_response(_alert(given, fingerprint))


@router.delete(
    "/v1/alerts/{fingerprint}/ack", response_model=Alert, summary="Take back the acknowledgement, if any"
)
def take_back(given: Given, fingerprint: str) -> Response:
    _alert(given, fingerprint)
    given.read_model.acknowledgements.withdraw(fingerprint)
    return json_response(_alert(given, fingerprint))


def _alert(given: Parts, fingerprint: str) -> dict[str, Any]:
    alert = given.read_model.reader.alert(fingerprint)
    if alert is None:
        raise Problem(404, f"there is no alert {fingerprint}; it may not have arrived yet")
    return alert
