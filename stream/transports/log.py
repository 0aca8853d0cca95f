"""The log: topics cut into partitions, each an append-only sequence of records with rising offsets.

Two implementations keep the same promises: `SqliteLog` (one machine, one file) and `KafkaLog` (a Kafka
cluster). Offsets rise within a partition, with gaps where the log was compacted. "Next offset" is always the
offset that will be written or read next, never the last one that was.
"""

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from aiokafka.partitioner import murmur2

MAX_ENTRY_BYTES = 1_000_000
"""Key, value and headers of one entry together; a Kafka broker takes 1,048,588 bytes a batch by default."""

BATCH_BYTES = 900_000
"""A record batch is closed before it grows beyond this."""

_YEAR_2000_MS = 946_684_800_000

Headers = tuple[tuple[str, bytes | None], ...]
Partition = tuple[str, int]
Offsets = dict[Partition, int]


class Record(NamedTuple):
    """What was read. `timestamp` is in milliseconds since 1970 UTC; `value` is None for a tombstone."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def received_at(self) -> int | None:
        """When the log got it, in microseconds since 1970 UTC; None where the timestamp is no time, such as 0 or -1."""
        return self.timestamp * 1000 if self.timestamp >= _YEAR_2000_MS else None


class Entry(NamedTuple):
    """What is to be written. `timestamp` is in milliseconds since 1970 UTC; None means now."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int | None = None

    @property
    def size(self) -> int:
        content = len(self.key or b"") + len(self.value or b"")
        if not self.headers:
            return content
        return content + sum(len(name) + len(value or b"") for name, value in self.headers)


class LogError(Exception):
    """The log refuses: trying again changes nothing until somebody mends what the message names."""


class LogUnavailable(LogError):
    """The log is away for now: try again."""


class GroupInUse(LogError):
    """Somebody consumes as the group, or died a few seconds ago."""


class EntryTooLarge(LogError):
    """An entry is larger than the log takes; nothing of the call was written."""


class Fenced(LogError):
    """Somebody else took hold of the name, or the hold was lost; nothing of the call was written."""


class Appender(Protocol):
    """Appends under a name of which it is the latest holder: see `Log.hold`. One call at a time."""

    async def append(self, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        """Writes all of the entries or none, keeping their order within a partition; durable when it returns.

        Gives the next offset of each partition after its last entry, as `Log.append` does.
        Readers see it then or a moment later, in one partition before another, but everywhere before the next
        append of this or another holder returns.

        Fenced, then and ever after, once the name has another holder. After LogUnavailable, or when cancelled,
        all may still be written, until the next call returns or another holder takes the name: who tries the
        same again may write it twice, so it must be harmless twice. After another LogError but EntryTooLarge the
        appender is of no more use."""

    async def release(self) -> None:
        """Frees what the hold takes here; the name stays held until somebody else takes hold of it."""


class Log(Protocol):
    async def start(self) -> None:
        """Opens the log, before any other method. LogUnavailable when it cannot be reached."""

    async def stop(self) -> None: ...

    async def create_topics(self, partitions: Mapping[str, int], compacted: Collection[str] = ()) -> None:
        """Creates the topics that are missing (name → number of partitions); may be repeated.

        LogError when a topic exists with another number of partitions."""

    async def partitions(self, topic: str) -> int:
        """LogError when the topic does not exist."""

    async def append(
        self,
        batches: Mapping[Partition, Sequence[Entry]],
        committing: Mapping[tuple[str, str, int], int] | None = None,
    ) -> Offsets:
        """Writes the entries, keeping their order within a partition; all are durable when it returns.

        Gives the next offset of each partition after its last entry; those before it rise without a gap, unless
        somebody else wrote there meanwhile.
        After an error, or when cancelled, any part may have been written; after EntryTooLarge nothing was.
        The embedded log writes all or nothing, and stores `committing` (group, topic, partition → next
        offset to read) in the same transaction; Kafka takes no `committing`."""

    async def hold(self, name: str) -> Appender:
        """Takes hold of a name from whoever holds it: once this returns, earlier holders can write nothing more.

        What they were about to write is written in full by now, or never. LogUnavailable."""

    async def ends(self, topics: Collection[str]) -> Offsets:
        """Next offset to be written, for every partition of the topics."""

    async def tombstones_kept(self, topic: str) -> int:
        """For how many milliseconds at least a tombstone of a compacted topic can be read."""

    async def committed(self, group: str, topics: Collection[str]) -> Offsets:
        """Next offset the group is to read, for every partition of the topics; 0 where it never committed."""

    async def in_use(self, groups: Collection[str]) -> list[str]:
        """Those of the groups that somebody is consuming as now."""

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Stores the next offsets the group is to read, lower ones too, while nobody consumes as the group.

        GroupInUse where Kafka sees that somebody does."""

    async def discard(self, topics: Collection[str], groups: Collection[str]) -> None:
        """The topics lose all records, their offsets begin at 0 again; the groups lose all their offsets.

        May be repeated, and must be after an error; the embedded log does all or nothing. Kafka deletes the
        topics and creates them again with the same partitions, replicas and settings. LogError when one does
        not exist, GroupInUse. Nobody may read or write the topics meanwhile."""

    def read(
        self, topic: str, partition: int, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[list[Record], None]:
        """The records from `start` to before `end` (default: the partition's end as of now), in order.

        Close it when you stop before the end."""


@lru_cache(maxsize=1 << 18)
def _hash_of(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_for(key: bytes | None, partitions: int) -> int:
    """The partition every Kafka client chooses for the key; no key counts as an empty one."""
    return _hash_of(key or b"") % partitions if partitions > 1 else 0


def cut_into_runs(batches: Mapping[Partition, Sequence[Entry]]) -> dict[Partition, list[Sequence[Entry]]]:
    """The entries in runs of at most BATCH_BYTES; one large entry is a run of its own. EntryTooLarge."""
    return {to: list(_runs(to, entries)) for to, entries in batches.items()}


def _runs(to: Partition, entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    start, size = 0, 0
    for position, entry in enumerate(entries):
        own = entry.size
        if size + own > BATCH_BYTES:
            if own > MAX_ENTRY_BYTES:
                raise EntryTooLarge(_too_large(to, position, entry))
            if position > start:
                yield entries[start:position]
                start, size = position, 0
        size += own + _OVERHEAD + _HEADER_OVERHEAD * len(entry.headers)
    if entries:
        yield entries[start:]


def _too_large(to: Partition, position: int, entry: Entry) -> str:
    return (
        f"{to[0]}/{to[1]}: entry {position} with key {(entry.key or b'')[:80]!r} has {entry.size:,} bytes; "
        f"the log takes {MAX_ENTRY_BYTES:,}: send less"
    )


_OVERHEAD = 21
_HEADER_OVERHEAD = 10


def open_log(url: str) -> Log:
    """`embedded:///path/to/log.sqlite` or `kafka://host:port[,host:port]`; LogError for any other."""
    scheme, _, _ = url.partition("://")
    if scheme == "embedded":
        from stream.transports.sqlite_log import SqliteLog, log_path

        return SqliteLog(log_path(url))
    if scheme == "kafka":
        from stream.transports.kafka_log import KafkaLog

        return KafkaLog(url)
    raise LogError(f"{scheme}://…: expected embedded:///path/to/log.sqlite or kafka://host:port[,host:port]")
