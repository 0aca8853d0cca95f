"""What both Faust drivers share: one event per record batch, and only finished batches are committed.

The event's message is a `Batch` of one partition, its offset is that of the last record. Until the agent takes the
records, what arrives meanwhile joins them: a busy agent gets fewer and larger batches, and no partition waits behind
several small ones of another. In place of Faust's bookkeeping of single offsets and gaps there is a queue of
delivered batches per partition: the committed offset is the end of the longest prefix of batches that the agent has
called `finish` for. Faust's own acknowledgement only tells when an agent is idle: Faust also gives it for a batch
that failed, or that an agent was cancelled at. When all is finished, what follows that is no record (the end of a
transaction, a gap that compaction left) is committed, too: so a group that has read everything has committed the
end. `_read_offset` is the next offset to deliver, not the last one delivered.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from faust.transport.consumer import Consumer, Fetcher
from faust.types import TP, ConsumerMessage, Message
from faust.types.tuples import ack_lock
from mode.utils.futures import notify

from stream.transports.log import Record

MAX_RECORDS = 5_000
MAX_BYTES = 4_000_000


def batches_of(records: Sequence[Record], start: int) -> Iterator[list[Record]]:
    """Cuts the records from offset `start` on into batches of at most MAX_RECORDS and about MAX_BYTES."""
    batch: list[Record] = []
    size = 0
    for record in records:
        if record.offset < start:
            continue
        batch.append(record)
        size += len(record.value or b"")
        if len(batch) >= MAX_RECORDS or size >= MAX_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Batch(ConsumerMessage):  # type: ignore[misc]
    """The message of records of one partition, in order, that become more until they are taken."""

    __slots__ = ("is_finished", "is_taken", "records", "size")

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.records: list[Record] = fields.pop("records")
        super().__init__(*arguments, **fields, value=None)
        self.is_finished = self.is_taken = False
        self.size = _size_of(self.records)

    def take(self) -> list[Record]:
        """The records, as many as there are now; once."""
        self.is_taken = True
        records, self.records = self.records, []
        return records

    def grows_by(self, records: Sequence[Record]) -> bool:
        """Whether the records, which follow its own, joined them."""
        size = _size_of(records)
        if self.is_taken or len(self.records) + len(records) > MAX_RECORDS or self.size + size > MAX_BYTES:
            return False
        self.records += records
        self.size += size
        return True


def _size_of(records: Sequence[Record]) -> int:
    return sum(len(record.value or b"") for record in records)


class BatchedConsumer(Consumer):  # type: ignore[misc]
    """Base of both drivers' consumers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._delivered: dict[TP, deque[Batch]] = {}
        self._passed: Mapping[TP, int] = {}
        self._is_complete = True
        super().__init__(*arguments, **options)

    def finish(self, batch: Batch) -> None:
        """All that follows from what was taken is durable: it may be committed, after those before it."""
        assert batch.is_taken
        batch.is_finished = True

    def is_followed(self, batch: Batch) -> bool:
        """Whether more of its partition waits for the agent: it is full, and the agent is behind."""
        delivered = self._delivered.get(batch.tp)
        return bool(delivered and delivered[-1].offset > batch.offset)

    async def rejoin(self) -> None:
        """Gives all partitions back and asks for them anew, from the committed offsets on."""
        raise NotImplementedError

    def _records(self, fetched: Sequence[Any]) -> Sequence[Record]:
        """What was fetched of a partition, as records."""
        raise NotImplementedError

    def _fetched_up_to(self) -> Mapping[TP, int]:
        """The next offset to fetch of each partition, as of the last fetch."""
        raise NotImplementedError

    async def _drain_messages(self, fetcher: Fetcher) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                fetched, active = await self._wait_next_records(timeout=1.0)
                if not self.should_stop:
                    await self._take(fetched or {}, active)
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.app.should_stop:
                raise

    async def _take(self, fetched: Mapping[Any, Sequence[Any]], active: Iterable[TP] | None) -> None:
        up_to = self._fetched_up_to()
        if fetched and not await self._deliver(fetched, active):
            self._is_complete = False
        if self._is_complete:
            self._passed = up_to

    async def _deliver(self, fetched: Mapping[Any, Sequence[Any]], active: Iterable[TP] | None) -> bool:
        """Whether all was handed over; what was not comes again after the next assignment."""
        if not self.flow_active:
            await self._seek_back()
            return False
        complete = True
        generation = self.app.consumer_generation_id
        for partition, raw in fetched.items():
            tp = TP(partition.topic, partition.partition)
            if active is not None and tp not in active:
                complete = False
                continue
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            for batch in batches_of(self._records(raw), self._read_offset[tp] or 0):
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return False
                await self._hand_over(tp, batch)
        return complete

    async def _hand_over(self, tp: TP, records: list[Record]) -> None:
        delivered = self._delivered.setdefault(tp, deque())
        if delivered and delivered[-1].grows_by(records):
            delivered[-1].offset = records[-1].offset
        else:
            delivered.append(self._to_message(tp, records))
            await self.wait_first(self.callback(delivered[-1]), self.suspend_flow.wait())
        self._read_offset[tp] = records[-1].offset + 1

    async def _seek_back(self) -> None:
        """Records that came while partitions change hands are fetched again from the committed offsets."""
        try:
            await self.perform_seek()
        except Exception as error:
            self.log.warning("Cannot seek while partitions change hands: %r", error)

    def _to_message(self, tp: TP, records: list[Record]) -> Batch:
        last = records[-1]
        return Batch(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            timestamp_type=0,
            headers=[],
            key=None,
            records=records,
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue holds up delivery, which is enough; Faust would stop fetching for a second as well."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See on_buffer_full."""

    def ack(self, message: Message) -> bool:
        with ack_lock:
            if message.acked:
                return False
            message.acked = True
            self._unacked_messages.discard(message)
            notify(self._waiting_for_ack)
            return True

    def _filter_tps_with_pending_acks(self, topics: Iterable[Any] | None = None) -> list[TP]:
        known = self._delivered.keys() | self._passed.keys()
        return [tp for tp in known if topics is None or tp in topics or tp.topic in topics]

    def _new_offset(self, tp: TP) -> int | None:
        delivered = self._delivered.get(tp)
        end = 0
        while delivered and delivered[0].is_finished:
            end = delivered.popleft().offset + 1
        if not delivered:
            end = max(end, self._passed.get(tp, 0))
        return end or None

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Fetching restarts at the committed offsets: what was delivered before no longer counts."""
        self._delivered.clear()
        self._passed = {}
        self._is_complete = True
        await super().on_partitions_assigned(assigned, generation_id)
