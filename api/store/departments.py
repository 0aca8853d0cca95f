"""Departments: which are silent, and how many verdicts on what they owe are withheld meanwhile."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from api.store.tables import alerts, handoffs
from journeys.silence import SILENT


@dataclass
class Silence:
    """`since`: the instant after which nothing that the department owes is judged. `withheld`: handoffs due by now."""

    since: int
    withheld: int


def silences(connection: Connection, now: int) -> dict[str, Silence]:
    """The departments that are silent, by name."""
    is_silent = (alerts.c.kind == SILENT, alerts.c.status == "open")
    opened = select(alerts.c.department, func.max(alerts.c.opened_at)).where(*is_silent)
    found = {
        department: Silence(since, 0)
        for department, since in connection.execute(opened.group_by(alerts.c.department))
    }
    if found:
        since_then = or_(
            *(
                and_(handoffs.c.department == department, handoffs.c.due_at >= silence.since)
                for department, silence in found.items()
            )
        )
        counted = (
            select(handoffs.c.department, func.count())
            .where(handoffs.c.status == "waiting", handoffs.c.due_at < now, since_then)
            .group_by(handoffs.c.department)
        )
        for department, count in connection.execute(counted):
            found[department].withheld = count
    return found
