"""Reads the read model. Every method reads one moment of it, so what it gives fits together."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import orjson
from sqlalchemy import Engine, RowMapping, Select, exists, func, or_, select

from api.store import departments, tables
from api.store.cursors import Page, cursor_after, older_than
from api.store.errors import store_errors
from api.store.figures import HandoffFigures, handoff_figures
from api.store.projections import Document
from api.store.searches import AlertSearch, JourneySearch, Wanted, any_of
from api.store.tables import acknowledgements, alerts, journeys
from journeys.instants import format_instant

KEYS = {"journeys": journeys.c.id, "customers": tables.customers.c.id, "alerts": alerts.c.fingerprint}
ROWS_A_FETCH = 500


class Reader:
    """Documents of the read model, and figures over them. Raises StoreUnavailable and InvalidCursor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def journeys(self, search: JourneySearch, limit: int, cursor: str | None = None) -> Page:
        """Journeys that match, the latest started first."""
        query = select(journeys.c.document, journeys.c.started_at, journeys.c.id).where(*search.conditions())
        rows, more = self._page(query, journeys.c.started_at, journeys.c.id, limit, cursor)
        return Page([_document(row) for row in rows], more)

    def journey(self, key: str) -> Document | None:
        return self._one(select(journeys.c.document).where(journeys.c.id == key))

    def customer(self, key: str) -> Document | None:
        return self._one(select(tables.customers.c.document).where(tables.customers.c.id == key))

    def customers(self, identifiers: Sequence[Wanted], limit: int) -> list[Document]:
        """The customers that bear any of these identifiers, by id."""
        ids = tables.customer_identifiers
        bearing = exists().where(
            ids.c.customer == tables.customers.c.id, any_of(identifiers, ids.c.type, ids.c.value)
        )
        query = (
            select(tables.customers.c.document).where(bearing).order_by(tables.customers.c.id).limit(limit)
        )
        with store_errors(), self._engine.connect() as connection:
            return [orjson.loads(raw) for raw in connection.execute(query).scalars()]

    def alerts(self, search: AlertSearch, limit: int, cursor: str | None = None) -> Page:
        """Alerts that match, the latest opened first."""
        query = _select_alerts(alerts.c.opened_at, alerts.c.fingerprint).where(*search.conditions())
        rows, more = self._page(query, alerts.c.opened_at, alerts.c.fingerprint, limit, cursor)
        return Page([_alert(row) for row in rows], more)

    def alert(self, fingerprint: str) -> Document | None:
        row = self._row(_select_alerts().where(alerts.c.fingerprint == fingerprint))
        return None if row is None else _alert(row)

    def alerts_of(self, journey: Document) -> list[Document]:
        """The journey's alerts, the earliest opened first."""
        mine = or_(alerts.c.journey == journey["id"], alerts.c.fingerprint.in_(journey["alerts"]))
        query = _select_alerts().where(mine).order_by(alerts.c.opened_at, alerts.c.fingerprint)
        with store_errors(), self._engine.connect() as connection:
            return [_alert(row) for row in connection.execute(query).mappings()]

    def handoffs(self, since: int | None = None, journey_type: str | None = None) -> list[HandoffFigures]:
        """Figures of each handoff of each type of journey, of those begun since then."""
        with store_errors(), self._engine.connect() as connection:
            return handoff_figures(connection, since, journey_type)

    def silences(self, now: int) -> dict[str, departments.Silence]:
        """The departments that are silent, by name, and what is withheld of what they owe by now."""
        with store_errors(), self._engine.connect() as connection:
            return departments.silences(connection, now)

    def open_alerts(self) -> list[tuple[str, str, int]]:
        """How many alerts are open, acknowledged or not, by (kind, department)."""
        group = (alerts.c.kind, alerts.c.department)
        query = select(*group, func.count()).where(alerts.c.status == "open").group_by(*group)
        with store_errors(), self._engine.connect() as connection:
            return [(kind, department, count) for kind, department, count in connection.execute(query)]

    def documents(self, kind: Literal["journeys", "customers", "alerts"]) -> Iterator[bytes]:
        """Every document as it was published, byte for byte, by ascending id, as of one moment."""
        key = KEYS[kind]
        query = select(key.table.c.document).order_by(key).execution_options(yield_per=ROWS_A_FETCH)
        with store_errors(), self._engine.connect() as connection:
            for raw in connection.execute(query).scalars():
                yield bytes(raw)

    def _one(self, query: Select[Any]) -> Document | None:
        row = self._row(query)
        return None if row is None else _document(row)

    def _row(self, query: Select[Any]) -> RowMapping | None:
        with store_errors(), self._engine.connect() as connection:
            return connection.execute(query).mappings().first()

    def _page(
        self, query: Select[Any], instant: Any, key: Any, limit: int, cursor: str | None
    ) -> tuple[Sequence[RowMapping], str | None]:
        if cursor is not None:
            query = query.where(older_than(cursor, instant, key))
        query = query.order_by(instant.desc(), key.desc()).limit(limit + 1)
        with store_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        page = rows[:limit]
        more = cursor_after(page[-1][instant.name], page[-1][key.name]) if len(rows) > limit else None
        return page, more


def _document(row: RowMapping) -> Document:
    document: Document = orjson.loads(row["document"])
    return document


def _alert(row: RowMapping) -> Document:
    alert = _document(row) | {"acknowledgement": None}
    if row["by"] is not None:
        alert["acknowledgement"] = {"by": row["by"], "note": row["note"], "at": format_instant(row["at"])}
        if alert["status"] == "open":
            alert["status"] = "acknowledged"
    return alert


def _select_alerts(*columns: Any) -> Select[Any]:
    ack = acknowledgements.c
    joined = alerts.outerjoin(acknowledgements, alerts.c.fingerprint == ack.fingerprint)
    return select(alerts.c.document, *columns, ack.by, ack.note, ack.at).select_from(joined)
