"""`POST /v1/events`: CloudEvents in, answered once the log has them."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.cloudevents import MAX_BATCH_BYTES, events_in, largest_body
from api.dependencies import Given, Parts
from api.problems import Problem
from journeys.errors import InvalidEvent
from journeys.events import CloudEvent, parse_event, record_key
from journeys.journey_map import INBOX, JourneyMap

router = APIRouter(tags=["events"])

EVENT = CloudEvent.model_json_schema()
BODIES = {
    "application/cloudevents+json": {"schema": EVENT},
    "application/cloudevents-batch+json": {"schema": {"type": "array", "items": EVENT, "maxItems": 500}},
    "*/*": {"schema": {"description": "Binary mode: attributes in ce- headers, data in the body"}},
}


class Accepted(BaseModel):
    """How many events the log now has, durably."""

    accepted: int


@router.post(
    "/v1/events",
    status_code=202,
    summary="Take one event, or a batch of which all are taken or none",
    openapi_extra={"requestBody": {"required": True, "content": BODIES}},
)
async def take_events(request: Request, given: Given) -> Accepted:
    try:
        body = await _read(request, largest_body(request.headers))
        events = events_in(request.headers, body)
    except InvalidEvent as error:
        raise _refused(given, 1, {0: error}) from None
    records = _records(given, events)
    if records:
        await given.events.append(records)
    given.metrics.events_accepted.inc(len(records))
    return Accepted(accepted=len(records))


async def _read(request: Request, limit: int) -> bytes:
    """The body, of which no more than the limit is ever read."""
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    if declared.isdecimal() and int(declared) <= limit:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    of_what = "a batch" if limit == MAX_BATCH_BYTES else "an event"
    raise InvalidEvent("too_large", f"expected {of_what} of at most {limit} bytes")


def _records(given: Parts, events: list[bytes]) -> list[tuple[str, bytes, bytes]]:
    records, refused = [], {}
    for index, raw in enumerate(events):
        try:
            event, _ = parse_event(raw)
        except InvalidEvent as error:
            refused[index] = error
        else:
            records.append((_topic(given.journey_map, event), _key(event), raw))
    if refused:
        raise _refused(given, len(events), refused)
    return records


def _topic(journey_map: JourneyMap, event: CloudEvent) -> str:
    return journey_map.topic_of(event.type) or INBOX


def _key(event: CloudEvent) -> bytes:
    """What keeps a sender's events in order: its own partition key, else nothing but the event itself."""
    own = (event.model_extra or {}).get("partitionkey")
    return str(record_key(own if isinstance(own, str) else None, event.source, event.id)).encode()


def _refused(given: Parts, size: int, refused: dict[int, InvalidEvent]) -> Problem:
    for error in refused.values():
        given.metrics.events_refused.labels(error.reason).inc()
    first = next(iter(refused.values()))
    status = 413 if all(error.reason == "too_large" for error in refused.values()) else 400
    if size == 1:
        return Problem(status, first.detail, reason=first.reason)
    errors = [{"index": index, "reason": e.reason, "detail": e.detail} for index, e in refused.items()]
    detail = f"{len(refused)} of {size} events can't be taken, so none was; the first: {first.detail}"
    return Problem(status, detail, reason=first.reason, errors=errors)
