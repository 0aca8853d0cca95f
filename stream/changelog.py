"""Rows of a partition state as entries of the changelog topic."""

from collections.abc import Sequence
from typing import Protocol

from journeys.actors import RowKey
from stream.transports.log import Entry

Rows = Sequence[tuple[RowKey, bytes | None]]

SEPARATOR = "\x1f"


def changelog_entries(rows: Rows) -> list[Entry]:
    return [Entry(SEPARATOR.join(key).encode(), value) for key, value in rows]


class Told(Protocol):
    """Who is told what was written."""

    def wrote(self, rows: Rows, end: int) -> None: ...


def row_key(key: bytes | None) -> RowKey:
    """Of a record of the changelog."""
    kind, identifier, detail = (key or b"").decode().split(SEPARATOR)
    return kind, identifier, detail
