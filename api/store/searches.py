"""What journeys and alerts are searched by: all that is set must hold. Instants are microseconds UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from api.store.projections import without_nul
from api.store.tables import acknowledgements, alerts, handoffs, journey_breaks, journey_identifiers, journeys

# An identifier as searched for: its type, or None for any, and its value.
Wanted = tuple[str | None, str]
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class JourneySearch:
    """`since` is included, `until` is not. `department` gives or owes a handoff. No `identifiers` is any."""

    identifiers: Sequence[Wanted] = ()
    type: str | None = None
    status: str | None = None
    broken: str | None = None
    department: str | None = None
    started_since: int | None = None
    started_until: int | None = None
    updated_since: int | None = None
    updated_until: int | None = None

    def conditions(self) -> Conditions:
        conditions = equal((journeys.c.type, self.type), (journeys.c.status, self.status))
        conditions += between(journeys.c.started_at, self.started_since, self.started_until)
        conditions += between(journeys.c.last_event_at, self.updated_since, self.updated_until)
        if self.identifiers:
            ids = journey_identifiers.c
            bearing = select(ids.journey).where(any_of(self.identifiers, ids.type, ids.value))
            conditions.append(journeys.c.id.in_(bearing))
        if self.broken is not None:
            broken = select(journey_breaks.c.journey).where(journey_breaks.c.kind == self.broken)
            conditions.append(journeys.c.id.in_(broken))
        if self.department is not None:
            part = or_(
                handoffs.c.department == self.department, handoffs.c.from_department == self.department
            )
            conditions.append(exists().where(handoffs.c.journey == journeys.c.id, part))
        return conditions


@dataclass(frozen=True)
class AlertSearch:
    """An open alert has the status `acknowledged` once somebody acknowledged it, before that `open`."""

    status: str | None = None
    kind: str | None = None
    department: str | None = None
    severity: str | None = None
    journey: str | None = None

    def conditions(self) -> Conditions:
        acknowledged = acknowledgements.c.fingerprint
        conditions = equal(
            (alerts.c.status, "open" if self.status == "acknowledged" else self.status),
            (alerts.c.kind, self.kind),
            (alerts.c.department, self.department),
            (alerts.c.severity, self.severity),
            (alerts.c.journey, self.journey),
        )
        if self.status == "open":
            conditions.append(acknowledged.is_(None))
        if self.status == "acknowledged":
            conditions.append(acknowledged.is_not(None))
        return conditions


def equal(*wanted: tuple[ColumnElement[Any], str | None]) -> Conditions:
    return [column == value for column, value in wanted if value is not None]


def between(column: ColumnElement[Any], since: int | None, until: int | None) -> Conditions:
    conditions: Conditions = []
    if since is not None:
        conditions.append(column >= since)
    if until is not None:
        conditions.append(column < until)
    return conditions


def any_of(
    wanted: Sequence[Wanted], kind: ColumnElement[str], value: ColumnElement[str]
) -> ColumnElement[bool]:
    return or_(
        *(
            value == without_nul(text)
            if of_type is None
            else and_(kind == of_type, value == without_nul(text))
            for of_type, text in wanted
        )
    )
