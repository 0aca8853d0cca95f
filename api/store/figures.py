"""Figures over all handoffs: how many by status, and how long they took."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from api.store.searches import Conditions, between, equal
from api.store.tables import handoffs

GROUP = (handoffs.c.journey_type, handoffs.c.handoff, handoffs.c.from_department, handoffs.c.department)


@dataclass
class HandoffFigures:
    """One handoff of one type of journey. Percentiles are nearest-rank, None where none came to its end."""

    journey_type: str
    handoff: str
    from_department: str
    department: str
    total: int
    statuses: dict[str, int]
    p50_seconds: float | None
    p95_seconds: float | None


def handoff_figures(
    connection: Connection, since: int | None, journey_type: str | None
) -> list[HandoffFigures]:
    """Figures by type of journey and handoff, of the handoffs begun since then, by name."""
    conditions = between(handoffs.c.from_at, since, None) + equal((handoffs.c.journey_type, journey_type))
    percentiles = {tuple(key): (p50, p95) for *key, p50, p95 in connection.execute(_percentiles(conditions))}
    figures: dict[tuple[str, ...], HandoffFigures] = {}
    for journey_type_, handoff, giver, department, status, count in connection.execute(_counts(conditions)):
        key = (journey_type_, handoff, giver, department)
        figure = figures.setdefault(key, HandoffFigures(*key, 0, {}, *percentiles.get(key, (None, None))))
        figure.statuses[status] = count
        figure.total += count
    return [figures[key] for key in sorted(figures)]


def _counts(conditions: Conditions) -> Select[Any]:
    counted = select(*GROUP, handoffs.c.status, func.count()).where(*conditions)
    return counted.group_by(*GROUP, handoffs.c.status).order_by(handoffs.c.status)


def _percentiles(conditions: Conditions) -> Select[Any]:
    # The smallest value whose share of values at or below it reaches the rank: PostgreSQL's percentile_disc,
    # in SQL that SQLite understands too.
    share = func.cume_dist().over(partition_by=GROUP, order_by=handoffs.c.seconds).label("share")
    ended = (
        select(*GROUP, handoffs.c.seconds, share)
        .where(handoffs.c.seconds.is_not(None), *conditions)
        .subquery()
    )
    key = tuple(ended.c[column.name] for column in GROUP)
    ranks = (func.min(case((ended.c.share >= rank, ended.c.seconds))) for rank in (0.5, 0.95))
    return select(*key, *ranks).group_by(*key)
