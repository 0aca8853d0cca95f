"""What can go wrong between the read model and its database, by what the caller should do about it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.engine import ExceptionContext


class StoreError(Exception):
    """The read model cannot be used; the message says what to do."""


class StoreUnavailable(StoreError):
    """The database does not answer or is locked. Nothing was written: try again later."""


class StoreDamaged(StoreError):
    """The read model's file is damaged: somebody must delete it, or restore a backup."""


class StalePosition(Exception):
    """Another process has moved this partition's position: stop projecting the partition, it is not yours."""


class UnusableDocument(ValueError):
    """Published documents lack what the read model needs, by offset with why; trying again won't help."""

    def __init__(self, place: str, problems: Mapping[int, str]) -> None:
        super().__init__(f"{place} " + "; ".join(f"offset {at}, {why}" for at, why in problems.items()))
        self.problems = problems


class InvalidCursor(ValueError):
    """The caller's fault: the cursor was not given out by this search."""


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def refuse_damaged(context: ExceptionContext, path: str | None) -> None:
    """Turn SQLite's error for a damaged file into StoreDamaged; a listener for SQLAlchemy's handle_error."""
    error = context.original_exception
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
        raise StoreDamaged(
            f"{path or 'the read model'} is damaged, or no read model ({error}): stop the worker and the API, delete "
            "it with the -wal and -shm beside it, and start them again: the worker fills it by itself. "
            "Acknowledgements come back from a backup alone"
        )


def is_refusal(error: Exception) -> bool:
    """Whether the database takes these values at no time: text with NUL, numbers out of range, missing values."""
    return not isinstance(error, exc.OperationalError) and not getattr(error, "connection_invalidated", False)


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn transient errors of the database into StoreUnavailable."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise StoreUnavailable(f"the read model's database is not available: {error.orig}") from error
    except exc.TimeoutError as error:
        raise StoreUnavailable("every connection to the read model's database is busy") from error
    except exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise StoreUnavailable(f"lost the read model's database: {error.orig}") from error
