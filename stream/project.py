"""Project: documents from the compacted topics go into the read model, with the log position in the same
transaction.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from journeys.errors import InvalidEvent
from stream.carried import is_carried
from stream.dead_letters import dead_letter
from stream.metrics import Metrics
from stream.sending import Sender, until_available
from stream.topics import Topics
from stream.transports.log import GroupInUse, Log, LogError, Offsets, Partition, Record

UNUSABLE = "unusable_document"
DEAD_AFTER_SECONDS = 20.0
"""For so long, at most, a worker that was killed counts as one of its group."""


class ReadModelAway(Exception):
    """The database does not answer for now; nothing was written."""


class UnusableDocuments(Exception):
    """Some documents cannot be written, by offset with why; nothing was written."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        self.problems = problems


class DocumentWriter(Protocol):
    def apply(
        self,
        topic: str,
        partition: int,
        records: Sequence[tuple[int, str, bytes | None]],
        refused: Collection[int] = (),
    ) -> None:
        """Write (offset, id, document or None) and the position, in one transaction, skipping what is below it.

        The position moves past the `refused` offsets, too, but they are not written. ReadModelAway when it may
        work later, UnusableDocuments when it may without these.
        """

    def positions(self) -> Offsets:
        """Next offset to be written of each partition that was ever written; ReadModelAway."""


class Project:
    """Hands batches to the writer, off the event loop; waits while the database is away."""

    def __init__(
        self,
        writer: DocumentWriter,
        sender: Sender,
        topics: Topics,
        metrics: Metrics,
    ) -> None:
        self._writer = writer
        self._sender = sender
        self._topics = topics
        self._metrics = metrics

    async def handle(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Returns when the records are in the read model; what it cannot hold is a dead letter, durable before."""
        rows = [(r.offset, _text(r.key), None if is_carried(r) else r.value) for r in records]
        problems = {r.offset: "its key is not an id in UTF-8" for r in records if not _is_text(r.key)}
        refused: set[int] = set()
        while True:
            await self._refuse(topic, partition, records, problems)
            refused.update(problems)
            try:
                await until_available(
                    lambda: asyncio.to_thread(self._writer.apply, topic, partition, rows, refused),
                    ReadModelAway,
                )
                return
            except UnusableDocuments as error:
                problems = dict(error.problems)

    async def _refuse(
        self, topic: str, partition: int, records: Sequence[Record], problems: Mapping[int, str]
    ) -> None:
        letters = [
            dead_letter(InvalidEvent(UNUSABLE, problems[record.offset]), topic, partition, record)
            for record in records
            if record.offset in problems
        ]
        await self._sender.send(self._topics.dead_letters, letters)
        self._metrics.dead_letters.labels(UNUSABLE).inc(len(letters))


async def catch_up(log: Log, topics: Topics, positions: Callable[[], Offsets]) -> Offsets:
    """Let project read again what the database lacks, before it starts: gives where it goes back to.

    A new database, or one from a backup, holds less than was committed. LogError when it holds what the log
    does not; GroupInUse when other workers are projecting into it.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + DEAD_AFTER_SECONDS
    while True:
        behind = await _behind(log, topics, positions)
        try:
            if behind:
                await log.commit(topics.group("project"), behind)
            return behind
        except GroupInUse:
            if clock() > deadline:
                raise
            await asyncio.sleep(1)


async def _behind(log: Log, topics: Topics, positions: Callable[[], Offsets]) -> Offsets:
    # Committed before held: what a running worker projects meanwhile must not look like less than committed.
    committed = await log.committed(topics.group("project"), topics.documents)
    held = await until_available(lambda: asyncio.to_thread(positions), ReadModelAway)
    for tp, end in (await log.ends(topics.documents)).items():
        if held.get(tp, 0) > end:
            raise LogError(
                f"the read model has read {tp[0]}/{tp[1]} up to offset {held[tp] - 1}, and the log ends before: "
                "it is of another log; name the right one, or a new --read-model, which fills by itself"
            )
    starts = {tp: held.get(tp, 0) for tp in committed}
    return {tp: starts[tp] for tp, end in committed.items() if await _any_record(log, tp, starts[tp], end)}


async def _any_record(log: Log, tp: Partition, start: int, end: int) -> bool:
    """What lies between may be no record: a gap that compaction left, or the end of a transaction."""
    async with aclosing(log.read(*tp, start, max(start, end))) as reading:
        async for _ in reading:
            return True
    return False


def _is_text(key: bytes | None) -> bool:
    try:
        return key is not None and bool(key.decode())
    except UnicodeDecodeError:
        return False


def _text(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")
