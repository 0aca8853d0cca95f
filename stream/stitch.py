"""Stitch: observations meet in neighbourhoods; what these come to goes out as journeys, customers and alerts.

The order of a batch: decide, messages, announced rows, outputs, other rows; each awaited. A crash between any
two steps repeats the batch and changes no result.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

import orjson

from journeys import messages
from journeys.events import id_reused
from journeys.fold import Fold, Folded
from journeys.handoffs import LONG_AGO, Watermarks
from journeys.identity import strength, type_of
from journeys.journey_map import JourneyMap
from journeys.rounds import Token
from journeys.routing import ABSORB, JOIN, OBSERVE, Outcome, Root, RowKey
from journeys.silence import home, silences
from stream.carried import overdue
from stream.changelog import changelog_entries
from stream.dead_letters import dead_letter
from stream.following import Following, round_of
from stream.map_version import MAP_ROW
from stream.metrics import Metrics
from stream.outputs import Outputs, has_alerts
from stream.sending import Batches, Sender, until_available
from stream.state import PartitionState
from stream.topics import Topics
from stream.transports.log import Entry, Log, Record, partition_for

logger = logging.getLogger(__name__)

FOLDED_AT_ONCE = 500


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
    ) -> None:
        self._map = journey_map
        self._fold = Fold(journey_map)
        self._log = log
        self._sender = sender
        self._topics = topics
        self._metrics = metrics
        self._on_events = on_events
        self._outputs = Outputs(topics, metrics)
        self._states: dict[int, PartitionState] = {}

    def routes(self, identifier: str) -> bool:
        """Whether events meet by this identifier, or too many customers share its type."""
        rule = self._map.identifiers.get(type_of(identifier))
        return rule is None or rule.routes

    def forget(self, partitions: Iterable[int]) -> None:
        """Partitions were taken away: their state is read back when they come again."""
        for partition in partitions:
            self._states.pop(partition, None)

    async def handle(self, partition: int, records: Sequence[Record]) -> None:
        """Returns when everything that follows from the records is durable."""
        state = self._states.get(partition)
        fresh = state is None
        if state is None:
            state, outcome = await self._assigned(partition)
        else:
            outcome = Outcome()
        marks = dict(state.marks)
        told_to_judge: list[tuple[int, dict[str, int]]] = []
        reported = False
        following = Following(outcome)
        for record in records:
            kind, *content = messages.decode(record.value or b"")
            is_new = state.rounds.passes(record.offset)
            if kind in (OBSERVE, JOIN, ABSORB):
                round = round_of(record)
                if round is not None and is_new:
                    state.rounds.handled(round)
                state.neighbourhoods.handle((record.key or b"").decode(), (kind, *content), outcome)
                if kind == ABSORB:
                    state.said_elsewhere(content[-1])
                following.belongs_to(state.rounds.current if round is None else round)
            elif kind == messages.WATERMARK:
                reported = True
                for report in content[0]:
                    state.watermarks.report(*report)
            elif kind == messages.HEARD:
                state.hear(content[0], content[1], outcome)
            elif kind == messages.TOKEN:
                following.relay(state.rounds.take(Token(*content[0])) if is_new else None)
            else:
                told_to_judge.append((content[0], content[1]))
        await self._send(state, following)
        state.keep_rounds(outcome)
        await self._append_rows(state, outcome.announcements())
        due = dict.fromkeys(outcome.touched if self._on_events else ())
        if fresh and self._on_events:
            roots = state.neighbourhoods.roots.items()
            due |= dict.fromkeys(identifier for identifier, root in roots if has_alerts(root.announced))
        if self._on_events and reported:
            due |= dict.fromkeys(map(home, state.heard))
        if self._on_events and (fresh or state.marks != marks):
            due |= dict.fromkeys(state.deadlines.passed(state.marks))
        await self._judge(state, due, state.marks, None, outcome)
        for as_of, heard in told_to_judge:
            for name in self._map.departments:
                state.watermarks.passed(name, as_of, heard.get(name))
            state.judge_on(state.watermarks.by_department)
            await self._judge_all(state, as_of, outcome)
        await self._append_rows(state, outcome.row_changes())
        if state.is_rebuilt(self._map.departments):
            await self._withdraw_carried(state)

    async def _withdraw_carried(self, state: PartitionState) -> None:
        """Everything is read again since a rebuild: alerts from before that nobody announced anew are no more."""
        count = await self._sender.partitions(self._topics.observations)
        rebuilt = state.made_under.rebuilt or 0
        alerts = await until_available(
            lambda: overdue(self._log, self._topics, state.partition, count, rebuilt)
        )
        await self._sender.send(self._topics.alerts, alerts)
        state.made_under = state.made_under._replace(rebuilt=None)
        await self._append_rows(state, [(MAP_ROW, state.made_under.encode())])

    async def _assigned(self, partition: int) -> tuple[PartitionState, Outcome]:
        count = await self._sender.partitions(self._topics.observations)
        rules = self._map.identifiers
        state = PartitionState(
            partition,
            count,
            self._map,
            precedes=lambda a, b: strength(a, rules) < strength(b, rules),
            routes=self.routes,
            is_mine=lambda identifier: count == 1 or partition_for(identifier.encode(), count) == partition,
        )
        outcome = await until_available(lambda: state.load(self._log, self._topics.state))
        self._states[partition] = state
        return state, outcome

    async def _send(self, state: PartitionState, following: Following) -> None:
        """The messages that follow from a batch, and only then the tokens that say so."""
        entries = following.entries()
        await self._sender.send(self._topics.observations, entries)
        self._metrics.messages.inc(len(entries))
        count = await self._sender.partitions(self._topics.observations)
        if count == 1:
            return
        batches: Batches = defaultdict(list)
        for token in following.tokens:
            for other in range(count):
                if other != state.partition:
                    batches[self._topics.observations, other].append(Entry(None, messages.token(token)))
        if proposal := state.rounds.propose(state.watermarks.by_department):
            batches[self._topics.observations, state.partition].append(Entry(None, messages.token(proposal)))
        await self._sender.append(batches)

    async def _judge_all(self, state: PartitionState, as_of: int, outcome: Outcome) -> None:
        """Judge every neighbourhood as of an instant, and tell what was counted."""
        everything = list(state.neighbourhoods.roots)
        tally = await self._judge(state, everything, state.marks, as_of, outcome)
        document = orjson.dumps({"as_of": as_of, **tally}, option=orjson.OPT_SORT_KEYS)
        await self._sender.send(self._topics.tallies, [Entry(str(state.partition).encode(), document)])

    async def _judge(
        self,
        state: PartitionState,
        identifiers: Iterable[str],
        watermarks: Watermarks,
        as_of: int | None,
        outcome: Outcome,
    ) -> dict[str, int]:
        """Fold the neighbourhoods, a few at a time, and send what is news of them; tell what was counted."""
        tally = {"folded": 0, "duplicates": 0, "after_as_of": 0, "identifiers_dropped": 0}
        judged_at = as_of if as_of is not None else min(watermarks.values(), default=None)
        waiting = iter(identifiers)
        while chunk := list(islice(waiting, FOLDED_AT_ONCE)):
            said = Outcome()
            outputs: dict[str, list[Entry]] = {}
            for identifier in chunk:
                root = state.neighbourhoods.roots.get(identifier)
                if root is None:
                    state.wait(identifier, {}, outcome)
                    continue
                folded = self._folded(state, identifier, root, watermarks, as_of)
                state.wait(identifier, folded.due, outcome)
                for name in tally:
                    tally[name] += getattr(folded, name)
                for topic, entry in self._outputs.of(state, identifier, folded, judged_at, said):
                    outputs.setdefault(topic, []).append(entry)
                await self._refuse(state, folded)
            if outputs:
                state.judged(watermarks, said)
            await self._append_rows(state, said.announcements())
            outcome.rows.update((key, value) for key, value in said.rows.items() if value is None)
            for topic, entries in outputs.items():
                await self._sender.send(topic, entries)
            self._metrics.folds.inc(len(chunk))
        return tally

    def _folded(
        self, state: PartitionState, identifier: str, root: Root, watermarks: Watermarks, as_of: int | None
    ) -> Folded:
        """What a neighbourhood comes to; the home of a department comes to its silences."""
        name = identifier.partition(":")[2]
        if name not in state.heard or identifier != home(name):
            return self._fold(root.events.values(), watermarks, as_of)
        read = state.watermarks.read.get(name, LONG_AGO)
        department = self._map.departments[name]
        return Folded(alerts=silences(department, state.heard[name], read, self._map.version))

    async def _refuse(self, state: PartitionState, folded: Folded) -> None:
        """An event with the (source, id) of another but different content is a dead letter, at every place
        it came from.
        """
        for event in folded.refused:
            if event.key in state.sent:
                continue
            state.sent[event.key] = 1
            error = id_reused(event)
            for topic, partition, offset in event.origins:
                async for records in self._log.read(topic, partition, offset, offset + 1):
                    letters = [dead_letter(error, topic, partition, record) for record in records]
                    await self._sender.send(self._topics.dead_letters, letters)
                    self._metrics.dead_letters.labels(error.reason).inc(len(letters))

    async def _append_rows(self, state: PartitionState, rows: Sequence[tuple[RowKey, bytes | None]]) -> None:
        if rows:
            batches: Batches = defaultdict(list)
            batches[self._topics.state, state.partition] = changelog_entries(rows)
            await self._sender.append(batches)
