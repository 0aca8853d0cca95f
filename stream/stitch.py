"""Stitch: observations meet in neighbourhoods; what these come to goes out as journeys, customers and alerts.

The order of a batch: decide, messages, announced rows, outputs, events that depart and tokens, other rows; each
awaited. A crash between any two steps repeats the batch and changes no result.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import orjson

from journeys import messages
from journeys.events import Event
from journeys.identity import strength, type_of
from journeys.journey_map import JourneyMap
from journeys.rounds import Token
from journeys.routing import Outcome, address
from journeys.sharing import Limits
from journeys.silence import home
from journeys.withdrawals import REBUILT
from stream.batch import read_batch
from stream.carried import overdue
from stream.changelog import Rows, write_rows
from stream.judging import Judging
from stream.loading import Loading
from stream.map_version import MAP_ROW
from stream.metrics import Metrics
from stream.partition_rows import MemoryRows, RowsOf
from stream.sending import Batches, Sender, until_available
from stream.state import PartitionState
from stream.topics import Topics
from stream.transports.log import Entry, Log, Record, partition_for


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
    ) -> None:
        self._map = journey_map
        self._log = log
        self._sender = sender
        self._topics = topics
        self._metrics = metrics
        self._on_events = on_events
        self._limits = Limits(journey_map.identifiers)
        self._rows_of = rows_of
        self._loading = Loading(metrics)
        self._judging = Judging(journey_map, log, sender, topics, metrics)
        self._states: dict[int, PartitionState] = {}
        self._at_work: set[int] = set()

    def routes(self, identifier: str) -> bool:
        """Whether events meet by this identifier, or too many customers share its type."""
        rule = self._map.identifiers.get(type_of(identifier))
        return rule is None or rule.routes

    def address(self, event: Event) -> tuple[str, list[str]]:
        """The identifier to send an event to, and those of the event's that are known here to be shared."""
        shared = [i for i in event.identifiers if self._is_shared(i)] if self._limits.of else []
        return address(event, self.routes, shared), shared

    def _is_shared(self, identifier: str) -> bool:
        return any(identifier in state.neighbourhoods.marked for state in self._states.values())

    def forget(self, partitions: Iterable[int]) -> None:
        """Partitions were taken away: their state is read back when they come again."""
        for partition in partitions:
            state = self._states.pop(partition, None)
            if state is not None and partition not in self._at_work:
                state.rows.close()

    def close(self) -> None:
        self.forget(list(self._states))

    async def handle(self, partition: int, records: Sequence[Record]) -> None:
        """Returns when everything that follows from the records is durable."""
        self._at_work.add(partition)
        state = self._states.get(partition)
        fresh = state is None
        if state is None:
            state = self._states[partition] = await self._new_state(partition)
        try:
            await self._handle(state, records, fresh)
        except BaseException:
            self._states.pop(partition, None)
            raise
        finally:
            self._at_work.discard(partition)
            if self._states.get(partition) is not state:
                state.rows.close()

    async def _handle(self, state: PartitionState, records: Sequence[Record], fresh: bool) -> None:
        outcome = Outcome()
        if fresh:
            outcome = await until_available(lambda: state.load(self._log, self._topics.state, self._loading))
        marks = dict(state.marks)
        read = read_batch(state, records, outcome)
        await state.resume(read.stopped, outcome, read.following)
        settled = state.has_settled(outcome.touched)
        await self._send(read.following.entries())
        await self._keep(state, outcome.announcements())
        if self._on_events:
            due = dict.fromkeys(outcome.touched)
            if fresh:
                due |= dict.fromkeys(state.with_alerts())
            if read.reported:
                due |= dict.fromkeys(map(home, state.heard))
            if fresh or settled or read.reported or state.marks != marks:
                due |= dict.fromkeys(state.passed())
            await self._judging.judge(state, due, state.marks, None, outcome)
        for as_of, heard in read.told_to_judge:
            await self._judging.judge_all(state, as_of, heard, outcome)
        await self._send(read.following.departures())
        await self._end_rounds(state, read.following.tokens)
        state.keep_rounds(outcome)
        await self._keep(state, outcome.row_changes())
        if state.is_rebuilt(self._map.departments):
            await self._withdraw_carried(state)
        await until_available(state.rows.batch_done)

    async def _withdraw_carried(self, state: PartitionState) -> None:
        """Everything is read again since a rebuild: alerts from before that nobody announced anew are no more."""
        count = await self._sender.partitions(self._topics.observations)
        rebuilt = state.made_under.rebuilt or 0
        alerts = await until_available(
            lambda: overdue(self._log, self._topics, state.partition, count, rebuilt)
        )
        await self._sender.send(self._topics.alerts, alerts)
        for alert in alerts:
            self._metrics.withdrawn.labels(orjson.loads(alert.value or b"{}")["kind"], REBUILT).inc()
        state.made_under = state.made_under._replace(rebuilt=None)
        await self._keep(state, [(MAP_ROW, state.made_under.encode())])

    async def _new_state(self, partition: int) -> PartitionState:
        count = await self._sender.partitions(self._topics.observations)
        rules = self._map.identifiers
        return PartitionState(
            partition,
            count,
            self._map,
            precedes=lambda a, b: strength(a, rules) < strength(b, rules),
            routes=self.routes,
            is_mine=lambda identifier: count == 1 or partition_for(identifier.encode(), count) == partition,
            limits=self._limits,
            rows=self._rows_of(self._log, self._topics.state, partition),
        )

    async def _send(self, entries: list[Entry]) -> None:
        await self._sender.send(self._topics.observations, entries)
        self._metrics.messages.inc(len(entries))

    async def _end_rounds(self, state: PartitionState, tokens: Iterable[Token]) -> None:
        """Tell the other partitions, after all messages that these are about."""
        count = await self._sender.partitions(self._topics.observations)
        if count == 1:
            return
        batches: Batches = defaultdict(list)
        for token in tokens:
            for other in range(count):
                if other != state.partition:
                    batches[self._topics.observations, other].append(Entry(None, messages.token(token)))
        if proposal := state.proposal():
            batches[self._topics.observations, state.partition].append(Entry(None, messages.token(proposal)))
        await self._sender.append(batches)

    async def _keep(self, state: PartitionState, rows: Rows) -> None:
        await write_rows(self._sender, self._topics.state, state.partition, rows, state.rows)
