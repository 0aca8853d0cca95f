"""Rows of a partition state as entries of the changelog topic."""

from collections.abc import Iterable

from journeys.routing import RowKey
from stream.transports.log import Entry

_SEPARATOR = "\x1f"


def changelog_entries(rows: Iterable[tuple[RowKey, bytes | None]]) -> list[Entry]:
    return [Entry(_SEPARATOR.join(key).encode(), value) for key, value in rows]


def row_key(key: bytes | None) -> RowKey:
    """Of a record of the changelog."""
    kind, identifier, detail = (key or b"").decode().split(_SEPARATOR)
    return kind, identifier, detail
