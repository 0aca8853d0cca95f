"""`/v1/departments`: who owes events, who is silent, and what is not judged for that."""

import time

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import Given
from journeys.instants import format_instant

router = APIRouter(tags=["departments"])


class Department(BaseModel):
    department: str
    owner: str
    silent_since: str | None = Field(description="When it had not been heard for too long; null: it is heard")
    withheld: int = Field(description="Handoffs it owes that are due, and not judged while it is silent")


class Departments(BaseModel):
    departments: list[Department]


@router.get(
    "/v1/departments", summary="Each department of the map: whether it is silent, and verdicts withheld"
)
def show_departments(given: Given) -> Departments:
    silences = given.read_model.reader.silences(time.time_ns() // 1000)
    shown = []
    for name, department in given.journey_map.departments.items():
        silence = silences.get(name)
        shown.append(
            Department(
                department=name,
                owner=department.owner,
                silent_since=format_instant(silence.since) if silence else None,
                withheld=silence.withheld if silence else 0,
            )
        )
    return Departments(departments=shown)
