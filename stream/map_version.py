"""The map that a state was made under: under another map its rows mean something else.

The first row of a partition's changelog names the map's version; after `baton rebuild` also when that was.
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
    `changelog`: a name that no other has; none if it was begun before they had names.
    """

    version: str
    rebuilt: int | None = None
    changelog: str = ""

    @classmethod
    def new(cls, journey_map: JourneyMap, rebuilt: int | None = None) -> Self:
        return cls(journey_map.version, rebuilt, uuid.uuid4().hex)

    @classmethod
    def decode(cls, row: bytes) -> Self:
        return cls(**orjson.loads(row))

    def encode(self) -> bytes:
        return orjson.dumps(self._asdict())


def made_under(rows: Mapping[RowKey, bytes], journey_map: JourneyMap, where: str) -> MadeUnder:
    """What the rows say. LogError when they were made under another map."""
    row = rows.get(MAP_ROW)
    found = MadeUnder.decode(row) if row else None
    if found is None or found.version != journey_map.version:
        before = f"version {found.version} of the journey map" if found else "an unknown journey map"
        raise LogError(
            f"{where} was made under {before}, and {journey_map.name} is now version {journey_map.version}: "
            "go back to that map, or read everything again under this one: baton rebuild --map MAP --data DIR, on "
            "Kafka --broker URL --read-model URL, as the worker has them"
        )
    return found


async def refuse_other_maps(log: Log, topic: str, journey_map: JourneyMap) -> None:
    """LogError when a partition of the state was made under another map."""
    for partition in range(await log.partitions(topic)):
        if seen := await _first_rows(log, topic, partition):
            made_under(seen, journey_map, f"{topic}/{partition}")


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
