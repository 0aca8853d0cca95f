"""`/v1/handoffs`: how each handoff between departments is doing."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.dependencies import Given, Instant
from api.store.figures import HandoffFigures

router = APIRouter(tags=["handoffs"])


class Handoffs(BaseModel):
    handoffs: list[HandoffFigures]


@router.get("/v1/handoffs", summary="How each handoff is doing: counts by status, and how long it takes")
def show_handoffs(
    given: Given,
    since: Annotated[Instant | None, Query(description="Only handoffs begun since then")] = None,
    journey_type: str | None = None,
) -> Handoffs:
    return Handoffs(handoffs=given.read_model.reader.handoffs(since, journey_type))
