"""Stitch: observations meet in neighbourhoods; what these come to goes out as journeys, customers and alerts.

All that follows from a batch goes out in one append, which is all there or not at all: messages, announced rows,
documents, events that depart, tokens, other rows. Only where a partition is far behind, or very many neighbourhoods
are judged at once, does it take several appends, in that order: a crash between two of them repeats the batch and
changes no result, since rows that announce are there before, or with, what they announce, and rows that remove
events come last, after the messages that carry those on. In every partition a token stands behind all messages that
it is about.
"""

import time
from collections.abc import Callable, Sequence

import orjson

from journeys import messages
from journeys.journey_map import JourneyMap
from journeys.silence import home
from journeys.withdrawals import REBUILT
from stream.carried import overdue
from stream.holding import Holding
from stream.judging import Judging
from stream.map_version import MAP_ROW
from stream.memories import Memories
from stream.metrics import Metrics
from stream.outgoing import Outgoing
from stream.partition_rows import MemoryRows, RowsOf
from stream.sending import Sender, until_available
from stream.state import PartitionState
from stream.topics import Topics
from stream.transports.log import Entry, Log, Record
from stream.unjudged import Unjudged

JUDGED_TOGETHER, JUDGED_AFTER = 100_000, 10.0
"""Records that are judged together at most, and seconds that the first of them wait, when a partition is far behind: a
crash has them read again, and a worker that is killed time and again must get on all the same.
"""


class Stitch:
    """Handles the batches of one worker's partitions of `observations`.

    `on_events`: judge the neighbourhoods that a batch touched (live), or only when told that all inputs are
    read (replay).
    """

    def __init__(
        self,
        journey_map: JourneyMap,
        log: Log,
        sender: Sender,
        topics: Topics,
        metrics: Metrics,
        on_events: bool,
        rows_of: RowsOf = MemoryRows,
        now: Callable[[], float] = time.monotonic,
        memories: Memories | None = None,
    ) -> None:
        self._map = journey_map
        self._now = now
        self._log = log
        self._sender = sender
        self._topics = topics
        self._metrics = metrics
        self._on_events = on_events
        memories = memories or Memories()
        self._judging = Judging(journey_map, log, topics, metrics, memories)
        self.holding = Holding(journey_map, log, sender, topics, metrics, rows_of, memories)

    async def handle(self, partition: int, records: Sequence[Record], is_followed: bool = False) -> bool:
        """Returns when everything that follows from the records is durable, and true.

        `is_followed`: more records are waiting. Then only the messages to other partitions are on their way, and it
        is false; with some later records all that follows from these is durable, too, so that what many events in a
        row touch is judged once.

        Fenced when another worker has taken over the partition: from then on nothing is written, of this batch
        or of others, until the partition is assigned anew.
        """
        held = await self.holding.of(partition)
        now = self._now()
        since = held.unjudged.since = min(now, held.unjudged.since)
        await held.unjudged.read(held.state, records)
        await self._add_messages(held.unjudged.following.take_entries(), held.outgoing)
        if is_followed and held.unjudged.records < JUDGED_TOGETHER and now - since < JUDGED_AFTER:
            await held.outgoing.send()
            return False
        await self._conclude(held.unjudged, held.state, held.outgoing)
        held.unjudged = Unjudged(dict(held.state.marks))
        return True

    async def _conclude(self, unjudged: Unjudged, state: PartitionState, outgoing: Outgoing) -> None:
        outcome = unjudged.outcome
        outgoing.keep(outcome.announcements())
        settled = state.has_settled(outcome.touched)
        if self._on_events:
            due = dict.fromkeys(outcome.touched)
            if unjudged.is_first:
                due |= dict.fromkeys(state.with_alerts())
            if unjudged.reported:
                due |= dict.fromkeys(map(home, state.heard))
            time_may_tell = unjudged.is_first or settled or unjudged.reported or state.marks != unjudged.marks
            if time_may_tell:
                due |= dict.fromkeys(state.passed())
            await self._judging.judge(state, due, state.marks, None, outcome, outgoing)
            if time_may_tell:
                for identifier in state.over():
                    state.close(identifier, outcome)
        for as_of, heard in unjudged.told_to_judge:
            await self._judging.judge_all(state, as_of, heard, outcome, outgoing)
        await self._add_messages(unjudged.following.departures(), outgoing)
        if token := state.proposal():
            for partition in range(await self._sender.partitions(self._topics.observations)):
                outgoing.add_to((self._topics.observations, partition), Entry(None, messages.token(token)))
        state.keep_rounds(outcome)
        outgoing.keep(outcome.row_changes())
        await outgoing.flush()
        if state.is_rebuilt(self._map.departments):
            await self._withdraw_carried(state, outgoing)
        await until_available(state.rows.batch_done)

    async def _add_messages(self, entries: list[Entry], outgoing: Outgoing) -> None:
        await outgoing.add(self._topics.observations, entries)
        self._metrics.messages.inc(len(entries))

    async def _withdraw_carried(self, state: PartitionState, outgoing: Outgoing) -> None:
        """Everything is read again since a rebuild: alerts from before that nobody announced anew are no more."""
        outgoing.keep([(MAP_ROW, state.made_under.encode())])
        await outgoing.flush()  # nothing new; but once it is there, all that was announced before can be read
        count = await self._sender.partitions(self._topics.observations)
        rebuilt = state.made_under.rebuilt or 0
        alerts = await until_available(
            lambda: overdue(self._log, self._topics, state.partition, count, rebuilt)
        )
        await outgoing.add(self._topics.alerts, alerts)
        for alert in alerts:
            self._metrics.withdrawn.labels(orjson.loads(alert.value or b"{}")["kind"], REBUILT).inc()
        state.made_under = state.made_under._replace(rebuilt=None)
        outgoing.keep([(MAP_ROW, state.made_under.encode())])
        await outgoing.flush()
