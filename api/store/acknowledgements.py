"""Who has taken on an open alert. Written by people, never by the projection."""

from typing import NamedTuple

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from api.store.errors import store_errors
from api.store.tables import acknowledgements


class Acknowledgement(NamedTuple):
    """`at` is in microseconds since 1970 UTC."""

    by: str
    note: str
    at: int


class Acknowledgements:
    """Acknowledgements by the alert's fingerprint; they outlive a rebuild of the rest of the read model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def give(self, fingerprint: str, acknowledgement: Acknowledgement) -> None:
        """Record it durably, unless the alert has one: the first to acknowledge keeps it."""
        row = {"fingerprint": fingerprint, **acknowledgement._asdict()}
        with store_errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(acknowledgements).values(row))
            except IntegrityError:
                return

    def withdraw(self, fingerprint: str) -> None:
        """Remove it, if there is one."""
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(acknowledgements).where(acknowledgements.c.fingerprint == fingerprint))

    def of(self, fingerprint: str) -> Acknowledgement | None:
        table = acknowledgements
        query = select(table.c.by, table.c.note, table.c.at).where(table.c.fingerprint == fingerprint)
        with store_errors(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Acknowledgement(*row)
