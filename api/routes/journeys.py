"""`/v1/journeys`: find journeys, and see one with its alerts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.dependencies import Cursor, Given, Instant, Limit, json_response
from api.identifier_search import spellings
from api.problems import Problem
from api.routes.alerts import Alert
from api.store.searches import JourneySearch

router = APIRouter(tags=["journeys"])


class Step(BaseModel):
    event: str
    at: str | None
    optional: bool


class Handoff(BaseModel):
    """`department` owes `to`; `seconds` is the time from `from` to `to`."""

    handoff: str
    from_department: str
    department: str
    status: str
    from_at: str | None
    to_at: str | None
    due_at: str | None
    seconds: float | None
    late_by_seconds: float | None


class TimelineEntry(BaseModel):
    """An event of the customer; topic, partition and offset say where the log has it."""

    source: str
    id: str
    type: str
    department: str
    at: str
    fields: dict[str, Any]
    identifiers: list[str]
    topic: str | None
    partition: int | None
    offset: int | None


class JourneySummary(BaseModel):
    """A journey without its events."""

    id: str
    type: str
    customer: str
    status: Literal["open", "completed", "cancelled"]
    correlates: str | None
    started_at: str
    last_event_at: str
    ended_at: str | None
    identifiers: dict[str, list[str]]
    steps: list[Step]
    handoffs: list[Handoff]
    broken: list[str]


class Journey(JourneySummary):
    """A journey with its events in time order and its alerts, the earliest opened first."""

    timeline: list[TimelineEntry]
    alerts: list[Alert]


class JourneyPage(BaseModel):
    journeys: list[JourneySummary]
    next: str | None


@router.get("/v1/journeys", response_model=JourneyPage, summary="Find journeys, the latest started first")
def find_journeys(
    given: Given,
    identifier: Annotated[str | None, Query(description="`type:value`, or a value of any type")] = None,
    type: str | None = None,
    status: str | None = None,
    broken: Annotated[str | None, Query(description="A kind of broken handoff")] = None,
    department: Annotated[str | None, Query(description="Gives or owes one of the handoffs")] = None,
    started_since: Instant | None = None,
    started_until: Instant | None = None,
    updated_since: Instant | None = None,
    updated_until: Instant | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    search = JourneySearch(
        identifiers=spellings(identifier, given.journey_map) if identifier is not None else (),
        type=type,
        status=status,
        broken=broken,
        department=department,
        started_since=started_since,
        started_until=started_until,
        updated_since=updated_since,
        updated_until=updated_until,
    )
    page = given.read_model.reader.journeys(search, limit, cursor)
    for journey in page.items:
        del journey["timeline"]
    return json_response({"journeys": page.items, "next": page.next})


@router.get("/v1/journeys/{id}", response_model=Journey, summary="One journey with its events and alerts")
def show_journey(given: Given, id: str) -> Response:
    reader = given.read_model.reader
    journey = reader.journey(id)
    if journey is None:
        raise Problem(404, f"there is no journey {id}; it may not have arrived yet")
    return json_response(journey | {"alerts": reader.alerts_of(journey)})
