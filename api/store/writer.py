"""Writes published documents and the position they were read at, in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Executable,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from api.store.errors import StalePosition, UnusableDocument, is_refusal, store_errors
from api.store.projections import PROJECTIONS, Projection, Row
from api.store.tables import PROJECTED, positions

# A statement names at most this many keys, well below every database's limit on parameters.
KEYS_A_STATEMENT = 500

Record = tuple[int, str, bytes | None]


class Writer:
    """Applies records of the compacted topics to the read model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def apply(
        self, topic: str, partition: int, records: Sequence[Record], refused: Collection[int] = ()
    ) -> None:
        """Write (offset, key, document; None deletes), ascending by offset, and move the position past them.

        One transaction. Idempotent: records below the position are skipped, gaps above it accepted; the last
        record of a key wins. Those at `refused` offsets are passed over, as if they were not there, but for the
        position. The topic's name ends in journeys, customers or alerts.

        Raises StoreUnavailable (nothing written, try again), StalePosition (another process owns the
        partition) and UnusableDocument (nothing written; try again with its offsets refused).
        """
        projection = _projection_of(topic)
        with store_errors(), self._engine.begin() as connection:
            seen = _position(connection, topic, partition)
            fresh = [record for record in records if seen is None or record[0] >= seen]
            if not fresh:
                return
            _advance(connection, topic, partition, seen, fresh[-1][0] + 1)
            latest = {key: (offset, document) for offset, key, document in fresh if offset not in refused}
            place = f"{topic}/{partition}"
            rows = _rows(projection, place, latest)
            try:
                with connection.begin_nested():
                    _replace(connection, projection, list(latest), rows)
            except (StatementError, OverflowError) as error:
                if not is_refusal(error) or not (problems := _refusals(connection, projection, latest)):
                    raise
                raise UnusableDocument(place, problems) from error

    def clear(self) -> None:
        """Forget all documents and positions, as if nothing had been read; acknowledgements stay."""
        with store_errors(), self._engine.begin() as connection:
            for table in PROJECTED:
                connection.execute(delete(table))

    def positions(self) -> dict[tuple[str, int], int]:
        """The next offset to be read of each (topic, partition) that was ever projected."""
        with store_errors(), self._engine.connect() as connection:
            return {
                (topic, partition): offset
                for topic, partition, offset in connection.execute(select(positions))
            }


def _projection_of(topic: str) -> Projection:
    for kind, projection in PROJECTIONS.items():
        if topic.endswith(kind):
            return projection
    raise ValueError(f"expected a topic whose name ends in one of {', '.join(PROJECTIONS)}; found {topic}")


def _position(connection: Connection, topic: str, partition: int) -> int | None:
    query = select(positions.c.next_offset).where(
        positions.c.topic == topic, positions.c.partition == partition
    )
    return connection.execute(query).scalar()


def _advance(connection: Connection, topic: str, partition: int, seen: int | None, offset: int) -> None:
    stale = StalePosition(f"another process has moved the position of {topic}/{partition} on from {seen}")
    if seen is None:
        try:
            connection.execute(insert(positions).values(topic=topic, partition=partition, next_offset=offset))
        except IntegrityError:
            raise stale from None
        return
    mine = (positions.c.topic == topic, positions.c.partition == partition, positions.c.next_offset == seen)
    if connection.execute(update(positions).where(*mine).values(next_offset=offset)).rowcount == 0:
        raise stale


def _rows(
    projection: Projection, place: str, latest: Mapping[str, tuple[int, bytes | None]]
) -> dict[Table, list[dict[str, Any]]]:
    rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
    problems: dict[int, str] = {}
    for key, (offset, raw) in latest.items():
        if raw is None:
            continue
        try:
            for table, row in _rows_of(projection, key, raw):
                rows[table].append(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems[offset] = f"key {key}: not a document of this schema ({error!r})"
    if problems:
        raise UnusableDocument(place, problems)
    return rows


def _rows_of(projection: Projection, key: str, raw: bytes) -> Iterator[Row]:
    return projection.rows(key, orjson.loads(raw), raw)


def _refusals(
    connection: Connection, projection: Projection, latest: Mapping[str, tuple[int, bytes | None]]
) -> dict[int, str]:
    """The offsets of those documents that the database refuses, with why; writes nothing for good."""
    problems: dict[int, str] = {}
    for key, (offset, raw) in latest.items():
        try:
            with connection.begin_nested():
                _replace(connection, projection, [key], _rows(projection, "", {key: (offset, raw)}))
        except (StatementError, OverflowError) as error:
            if not is_refusal(error):
                raise
            problems[offset] = f"key {key!r}: the database refuses it ({getattr(error, 'orig', error)})"
    return problems


def _replace(
    connection: Connection, projection: Projection, keys: list[str], rows: dict[Table, list[dict[str, Any]]]
) -> None:
    """Leave the documents these rows and no others. What identifies a journey that was told anew is mostly there
    already, and is not written again.
    """
    for owner in projection.owners:
        table, key = owner.table, list(owner.table.primary_key)
        new = {tuple(row[column.name] for column in key): row for row in rows.get(table, ())}
        there = set(_keys_of(connection, key, owner, keys))
        this = and_(*(column == bindparam(f"this {column.name}") for column in key))
        _each(connection, delete(table).where(this), (_this(key, k) for k in there - new.keys()))
        _each(connection, insert(table), (row for k, row in new.items() if k not in there))
        if rest := [column.name for column in table.columns if not column.primary_key]:
            changed = update(table).where(this).values({name: bindparam(f"new {name}") for name in rest})
            values = (
                _this(key, k) | {f"new {name}": row[name] for name in rest}
                for k, row in new.items()
                if k in there
            )
            _each(connection, changed, values)


def _keys_of(
    connection: Connection, key: list[Column[Any]], owner: Column[str], documents: list[str]
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(documents), KEYS_A_STATEMENT):
        query = select(*key).where(owner.in_(documents[start : start + KEYS_A_STATEMENT]))
        yield from map(tuple, connection.execute(query))


def _this(key: list[Column[Any]], values: tuple[Any, ...]) -> dict[str, Any]:
    return {f"this {column.name}": value for column, value in zip(key, values, strict=True)}


def _each(connection: Connection, statement: Executable, values: Iterable[dict[str, Any]]) -> None:
    if values := list(values):
        connection.execute(statement, values)
