"""What the routes are given, built once in create_app; and the types of parameters that several share."""

from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request, Response
from pydantic import BeforeValidator, WithJsonSchema

from api.metrics import Metrics
from api.ports import EventLog
from api.store.read_model import ReadModel
from journeys.instants import parse_instant
from journeys.journey_map import JourneyMap


@dataclass(frozen=True)
class Parts:
    """The app's parts."""

    read_model: ReadModel
    events: EventLog
    journey_map: JourneyMap
    metrics: Metrics


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Given = Annotated[Parts, Depends(_parts)]
Limit = Annotated[int, Query(ge=1, le=200, description="At most this many")]
Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Instant = Annotated[
    int,
    BeforeValidator(parse_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-15T10:00:00Z"]}),
]


def json_response(content: Any) -> Response:
    """A document goes out as it is stored: its model describes it and never filters it."""
    return Response(orjson.dumps(content), media_type="application/json")
