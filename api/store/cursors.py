"""Pages of a newest-first list: the cursor names the last item given, so no page skips or repeats one."""

import base64
import binascii
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, and_, or_

from api.store.errors import InvalidCursor


class Page(NamedTuple):
    """Documents, and the cursor that gives the next page (None: this is the last)."""

    items: list[dict[str, Any]]
    next: str | None


def cursor_after(instant: int, key: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([instant, key])).decode().rstrip("=")


def older_than(cursor: str, instant: ColumnElement[int], key: ColumnElement[str]) -> ColumnElement[bool]:
    """The rows after the cursor, in descending order of (instant, key)."""
    last_instant, last_key = _read(cursor)
    return or_(instant < last_instant, and_(instant == last_instant, key < last_key))


def _read(cursor: str) -> tuple[int, str]:
    try:
        decoded = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        decoded = None
    match decoded:
        case [int() as instant, str() as key] if "\x00" not in key:
            return instant, key
        case _:
            raise InvalidCursor(f"expected a cursor from a previous page, found {cursor[:80]!r}")
