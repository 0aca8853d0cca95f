"""What can go wrong between the read model and its database, by what the caller should do about it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import exc


class StoreUnavailable(Exception):
    """The database does not answer or is locked. Nothing was written: try again later."""


class StalePosition(Exception):
    """Another process has moved this partition's position: stop projecting the partition, it is not yours."""


class UnusableDocument(ValueError):
    """Published documents lack what the read model needs, by offset with why; trying again won't help."""

    def __init__(self, place: str, problems: Mapping[int, str]) -> None:
        super().__init__(f"{place} " + "; ".join(f"offset {at}, {why}" for at, why in problems.items()))
        self.problems = problems


class InvalidCursor(ValueError):
    """The caller's fault: the cursor was not given out by this search."""


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
