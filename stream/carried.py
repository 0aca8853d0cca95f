"""Alerts that outlive a rebuild: what receivers were told, they are not told again.

A receiver's notifier knows what it told from the alerts topic, so that topic is kept when results are rebuilt.
The last state of each alert is appended once more, marked as carried: to a receiver no news, for the read
model gone. What the rebuilt state announces takes its place. When everything is read again, the alerts that
are still carried and open are withdrawn.
"""

from collections.abc import AsyncIterator

import orjson

from journeys.history import withdrawn
from stream.topics import Topics
from stream.transports.log import Entry, Log, Record, partition_for

CARRIED_HEADER = "carried"


def is_carried(record: Record) -> bool:
    return any(name == CARRIED_HEADER for name, _ in record.headers)


async def carry(log: Log, topics: Topics) -> int:
    """Mark the alerts; may be repeated. Gives how many there are."""
    count = 0
    for partition in range(await log.partitions(topics.alerts)):
        latest = [record async for record in _latest(log, topics.alerts, partition)]
        count += len(latest)
        entries = [
            Entry(record.key, record.value, ((CARRIED_HEADER, b"1"),))
            for record in latest
            if not is_carried(record)
        ]
        await log.append({(topics.alerts, partition): entries})
    return count


async def overdue(log: Log, topics: Topics, share: int, shares: int, at: int) -> list[Entry]:
    """Withdrawn at the instant `at` (µs): the alerts of one of several shares that are still carried, and open."""
    entries = []
    for partition in range(await log.partitions(topics.alerts)):
        async for record in _latest(log, topics.alerts, partition):
            if is_carried(record) and partition_for(record.key, shares) == share:
                alert = orjson.loads(record.value or b"")
                if alert["status"] == "open":
                    document = orjson.dumps(withdrawn(alert, at), option=orjson.OPT_SORT_KEYS)
                    entries.append(Entry(record.key, document))
    return entries


async def _latest(log: Log, topic: str, partition: int) -> AsyncIterator[Record]:
    latest: dict[bytes | None, Record] = {}
    async for records in log.read(topic, partition):
        latest |= {record.key: record for record in records}
    for record in latest.values():
        if record.value is not None:
            yield record
