"""What a state was made under: under another map its rows mean something else, and among more or fewer partitions
they lie where nothing looks for them.

The first row of a partition's changelog names the map's version and the number of partitions; after `baton rebuild`
also when that was.
"""

import uuid
from collections.abc import Mapping
from contextlib import aclosing
from typing import NamedTuple, Self

import orjson

from journeys.actors import MAP, RowKey
from journeys.journey_map import JourneyMap
from stream.changelog import row_key
from stream.transports.log import Log, LogError

MAP_ROW: RowKey = (MAP, "", "")


class MadeUnder(NamedTuple):
    """`rebuilt`: when the state was begun anew (µs since 1970), as long as that has consequences to come.
    `changelog`: a name that no other has; none if it was begun before they had names. `partitions`: of the state;
    0 if it was begun before they were counted.
    """

    version: str
    rebuilt: int | None = None
    changelog: str = ""
    partitions: int = 0

    @classmethod
    def new(cls, journey_map: JourneyMap, partitions: int, rebuilt: int | None = None) -> Self:
        return cls(journey_map.version, rebuilt, uuid.uuid4().hex, partitions)

    @classmethod
    def decode(cls, row: bytes) -> Self:
        return cls(**orjson.loads(row))

    def encode(self) -> bytes:
        return orjson.dumps(self._asdict())


REBUILD = "baton rebuild --map MAP --data DIR, on Kafka --broker URL --read-model URL, as the worker has them"


def made_under(
    rows: Mapping[RowKey, bytes], journey_map: JourneyMap, partitions: int, where: str
) -> MadeUnder:
    """What the rows say. LogError when they were made under another map, or among another number of partitions."""
    row = rows.get(MAP_ROW)
    found = MadeUnder.decode(row) if row else None
    if found is None or found.version != journey_map.version:
        before = f"version {found.version} of the journey map" if found else "an unknown journey map"
        raise LogError(
            f"{where} was made under {before}, and {journey_map.name} is now version {journey_map.version}: "
            f"go back to that map, or read everything again under this one: {REBUILD}"
        )
    if found.partitions not in (0, partitions):
        raise LogError(
            f"{where} was made as one of {found.partitions} partitions, and now there are {partitions}: identifiers "
            f"lie in other partitions than before. Read everything again, with all workers stopped: {REBUILD}"
        )
    return found


async def refuse_other_state(log: Log, topic: str, journey_map: JourneyMap) -> None:
    """LogError when a partition of the state was made under another map, or among another number of partitions."""
    count = await log.partitions(topic)
    for partition in range(count):
        if seen := await _first_rows(log, topic, partition):
            made_under(seen, journey_map, count, f"{topic}/{partition}")


async def first_named(log: Log, topic: str, partition: int) -> MadeUnder | None:
    """What the changelog of a partition says it is; None: nothing is there yet."""
    row = (await _first_rows(log, topic, partition)).get(MAP_ROW)
    return MadeUnder.decode(row) if row else None


async def _first_rows(log: Log, topic: str, partition: int) -> dict[RowKey, bytes]:
    """Up to the one that names the map; quick, for that is the first."""
    seen: dict[RowKey, bytes] = {}
    async with aclosing(log.read(topic, partition)) as batches:
        async for records in batches:
            seen |= {row_key(record.key): record.value for record in records if record.value is not None}
            if MAP_ROW in seen:
                break
    return seen
