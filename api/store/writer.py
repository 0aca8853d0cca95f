"""Writes published documents and the position they were read at, in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Table, delete, insert, select, update
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
    for start in range(0, len(keys), KEYS_A_STATEMENT):
        chunk = keys[start : start + KEYS_A_STATEMENT]
        for owner in projection.owners:
            connection.execute(delete(owner.table).where(owner.in_(chunk)))
    for table, values in rows.items():
        connection.execute(insert(table), values)
