"""Judging: neighbourhoods are folded, and what is news of them is sent."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice

import orjson

from journeys.actors import Root
from journeys.events import id_reused
from journeys.fold import Fold
from journeys.folded import Folded
from journeys.journey_map import JourneyMap
from journeys.judgement import LONG_AGO, Watermarks
from journeys.memory import Forgetting
from journeys.outcome import Outcome
from journeys.silence import home, silences
from stream.dead_letters import dead_letter
from stream.memories import NOTHING, Memories
from stream.metrics import Metrics
from stream.outgoing import Outgoing
from stream.outputs import Outputs
from stream.sending import until_available
from stream.state import PartitionState
from stream.topics import Topics
from stream.transports.log import Entry, Log, Record

FOLDED_AT_ONCE = 500


class Judging:
    """Folds and announces. What it adds for a neighbourhood, announced rows and documents, goes out in one append."""

    def __init__(
        self, journey_map: JourneyMap, log: Log, topics: Topics, metrics: Metrics, memories: Memories
    ) -> None:
        self._map = journey_map
        self._fold = Fold(journey_map)
        self._memories = memories
        self._log = log
        self._topics = topics
        self._metrics = metrics
        self._outputs = Outputs(topics, metrics)

    async def judge_all(
        self,
        state: PartitionState,
        as_of: int,
        heard: dict[str, int],
        outcome: Outcome,
        outgoing: Outgoing,
    ) -> None:
        """All inputs are read: judge every neighbourhood as of an instant, and tell what was counted.

        `heard`: when each department was last heard, by then. Who reads the tally can read all it counts: it
        goes in an append after those.
        """
        for name in self._map.departments:
            state.watermarks.passed(name, as_of, heard.get(name))
        state.judge_on(state.watermarks.by_name)
        await state.call_back_all(outcome)
        everything = list(state.neighbourhoods.roots)
        tally = await self.judge(state, everything, state.marks, as_of, outcome, outgoing)
        await outgoing.flush()
        document = orjson.dumps({"as_of": as_of, **tally}, option=orjson.OPT_SORT_KEYS)
        await outgoing.add(self._topics.tallies, [Entry(str(state.partition).encode(), document)])

    async def judge(
        self,
        state: PartitionState,
        identifiers: Iterable[str],
        watermarks: Watermarks,
        as_of: int | None,
        outcome: Outcome,
        outgoing: Outgoing,
    ) -> dict[str, int]:
        """Fold the neighbourhoods, and add what is news of them to what goes out; tell what was counted.

        Of many, some go out while others are folded.
        """
        tally = {"folded": 0, "duplicates": 0, "after_as_of": 0, "identifiers_dropped": 0, "capped": 0}
        judged_at = as_of if as_of is not None else min(watermarks.values(), default=None)
        for number, chunk in enumerate(_chunks(identifiers)):
            if number:
                await outgoing.send()
            said = Outcome()
            outputs: dict[str, list[Entry]] = {}
            over: list[str] = []
            for identifier in chunk:
                root = state.neighbourhoods.roots.get(identifier)
                if root is None:
                    continue
                state.sizes.judged(identifier, len(root.events), state.neighbourhoods.roots)
                marks = state.marks_of(identifier) if as_of is None else watermarks
                remembered = NOTHING
                if as_of is None:
                    remembered = self._memories.of(state.partition, identifier, len(root.events))
                folded = self._folded(state, identifier, root, marks, as_of, remembered.fold)
                due = state.rests_until(root, folded) if as_of is None else folded.due
                state.wait(identifier, root, due, outcome)
                if state.may_close(due):
                    over.append(identifier)
                for name in tally:
                    tally[name] += getattr(folded, name)
                for topic, entry in self._outputs.of(
                    state, identifier, folded, judged_at, said, remembered.sent
                ):
                    outputs.setdefault(topic, []).append(entry)
                await self._refuse(state, folded, outgoing)
            if outputs:
                state.judged(watermarks, said)
            outgoing.keep(said.announcements())
            outcome.rows.update((key, value) for key, value in said.rows.items() if value is None)
            for topic, entries in outputs.items():
                await outgoing.add(topic, entries)
            for identifier in over:
                state.close(identifier, outcome)
            state.rows.spare(chain(outcome.rows, outgoing.untold))
            self._metrics.folds.inc(len(chunk))
        return tally

    def _folded(
        self, state: PartitionState, identifier: str, root: Root, watermarks: Watermarks, as_of: int | None,
        memory: Forgetting,
    ) -> Folded:  # fmt: skip
        """What a neighbourhood comes to; the home of a department comes to its silences."""
        name = identifier.partition(":")[2]
        if name not in state.heard or identifier != home(name):
            settling = state.told_while_settling(identifier) if as_of is None else None
            return self._fold(root.events.values(), watermarks, as_of, root.marks, settling, memory)
        read = state.watermarks.read.get(name, LONG_AGO)
        department = self._map.departments[name]
        return Folded(alerts=silences(department, state.heard[name], read, self._map.version))

    async def _refuse(self, state: PartitionState, folded: Folded, outgoing: Outgoing) -> None:
        """An event with the (source, id) of another but different content is a dead letter, at every place
        it came from.
        """
        for event in folded.refused:
            if event.key in state.refused:
                continue
            state.refused.add(event.key)
            error = id_reused(event)
            for topic, partition, offset, *_ in event.origins:
                records = await until_available(partial(self._record_at, topic, partition, offset))
                letters = [dead_letter(error, topic, partition, record) for record in records]
                await outgoing.add(self._topics.dead_letters, letters)
                self._metrics.dead_letters.labels(error.reason).inc(len(letters))

    async def _record_at(self, topic: str, partition: int, offset: int) -> list[Record]:
        """The record, unless the source keeps it no more."""
        batches = self._log.read(topic, partition, offset, offset + 1)
        return [record async for records in batches for record in records]


def _chunks(identifiers: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(identifiers)
    while chunk := list(islice(waiting, FOLDED_AT_ONCE)):
        yield chunk
