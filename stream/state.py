"""Partition state: what one partition of `observations` has come to, backed by a compacted changelog topic.

Rows are appended in the order that routing asks for and awaited before the batch is acknowledged; on
assignment they are read back to the changelog's end, asked for then, before the first batch is handled.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator

import orjson

from journeys.actors import DUE, HEARD, JUDGED, ROUNDS, Root, RowKey
from journeys.events import packed
from journeys.folded import Folded
from journeys.journey_map import JourneyMap
from journeys.judgement import LONG_AGO, Watermarks
from journeys.outcome import Addressed, Outcome
from journeys.rounds import Marks, Rounds, Token
from journeys.routing import Neighbourhoods
from journeys.settling import Settling, held_back
from journeys.sharing import Limits
from journeys.silence import Span, home, merged
from journeys.watermarks import DepartmentWatermarks
from stream.closing import EVERYONE, closed_rows, held_in, is_over
from stream.following import Following
from stream.loading import Loading
from stream.map_version import MAP_ROW, MadeUnder, made_under
from stream.partition_rows import PartitionRows
from stream.sending import until_available
from stream.sizes import Sizes
from stream.transports.log import Log

ALERT, CUSTOMER, JOURNEY, SHARED = "a:", "c:", "j:", "s:"
"""What the names of announced documents begin with; what is announced of an identifier is that it is shared."""


CLOSED_AT_ONCE = 2_000
"""So that nothing urgent has to wait, and a batch stays small, when much may be closed."""
ALL = sys.maxsize


class PartitionState:
    """Neighbourhoods, watermarks and rounds of one partition."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        journey_map: JourneyMap,
        precedes: Callable[[str, str], bool],
        routes: Callable[[str], bool],
        is_mine: Callable[[str], bool],
        limits: Limits,
        rows: PartitionRows,
        sizes: Sizes,
    ) -> None:
        self.partition = partition
        self.rows = rows
        self.sizes = sizes
        self.neighbourhoods = Neighbourhoods(precedes, routes, is_mine, limits, rows)
        self.watermarks = DepartmentWatermarks(journey_map.departments)
        self.heard: dict[str, list[Span]] = {}
        self.rounds = Rounds(partition, partitions)
        self.settling = Settling()
        self.made_under = MadeUnder.new(journey_map, partitions)
        self._map = journey_map
        self._partitions = partitions
        self._alone = partitions == 1
        self._rounds_row: RowKey | None = None
        self._rebuilt_in: int | None = None
        self.refused: set[str] = set()
        self._judged: dict[str, int] = {}

    async def load(self, log: Log, topic: str, loading: Loading) -> Outcome:
        """Read the rows back.

        The outcome mends what a crash left; roots with announced alerts are to be judged again. LogError when
        they were made under another map, or among another number of partitions.
        """
        rows = self.rows
        await rows.begin()
        end = (await log.ends([topic]))[topic, self.partition]
        with loading.of(self.partition, rows.position, end) as progress:
            async for records in log.read(topic, self.partition, rows.position, end):
                rows.take(records)
                progress.reached(rows.position)
        if rows.position:
            self.made_under = made_under(rows.own, self._map, self._partitions, f"{topic}/{self.partition}")
        outcome = Outcome()
        if not rows.position:
            outcome.rows[MAP_ROW] = self.made_under.encode()
        self._load_rounds({key: value for key, value in rows.own.items() if key[0] == ROUNDS}, outcome)
        self.judge_on({name: int(value) for (kind, name, _), value in rows.own.items() if kind == JUDGED})
        for (kind, name, _), value in rows.own.items():
            if kind == HEARD:
                self.heard[name] = orjson.loads(value)
                self.neighbourhoods.found(home(name))
        await self._mend(outcome)
        if rows.position and not self._alone:
            self.settling.all_touched(self.rounds.position)
        return outcome

    async def _mend(self, outcome: Outcome) -> None:
        closed = []
        for identifier, targets in self.rows.torn():
            self.neighbourhoods.mend(identifier, targets, outcome)
            if identifier in self.rows.closed:
                closed.append(identifier)
        following = Following(outcome)
        stopped = await self._call_back(closed, outcome)
        await self.resume([(0, each) for each in stopped], outcome, following)

    async def resume(
        self, stopped: Iterable[tuple[int, Addressed]], outcome: Outcome, following: Following
    ) -> None:
        """Handle the messages that reached closed neighbourhoods, each of a round, in their order."""
        waiting = list(stopped)
        while waiting:
            again = await self._call_back({at for _, (at, _) in waiting}, outcome)
            stopped_again = [(0, each) for each in again]
            for round, (at, message) in waiting:
                stopped_again += [(round, each) for each in self.neighbourhoods.handle(at, message, outcome)]
                following.belongs_to(round)
            waiting = stopped_again

    async def call_back_all(self, outcome: Outcome) -> None:
        """Nothing is closed any more."""
        await self._call_back(list(self.rows.closed), outcome)

    async def _call_back(self, identifiers: Collection[str], outcome: Outcome) -> list[Addressed]:
        stopped = []
        found = await until_available(
            lambda: self.rows.call_back([each for each in identifiers if each in self.rows.closed])
        )
        for identifier, held in found.items():
            for key, row in held:
                outcome.rows[key] = None
                stopped += self.neighbourhoods.handle(identifier, held_in(row), outcome)
        return stopped

    @property
    def marks(self) -> Marks:
        """The watermarks that may be judged on: of those read, those no message can be under way for."""
        return self.watermarks.by_name if self._alone else self.rounds.judged

    def marks_of(self, identifier: str) -> Marks:
        """The watermarks on which a neighbourhood may be judged now."""
        if identifier not in self.settling:
            return self.marks
        announced = self.neighbourhoods.roots[identifier].announced
        return held_back(self.marks, {n: alert for n, alert in announced.items() if n.startswith(ALERT)})

    def told_while_settling(self, identifier: str) -> set[str] | None:
        """The alerts told already of a neighbourhood that may not have met all of its own yet; None: it has."""
        if identifier not in self.settling:
            return None
        announced = self.neighbourhoods.roots[identifier].announced
        return {name.removeprefix(ALERT) for name in announced if name.startswith(ALERT)}

    def has_settled(self, touched: Iterable[str]) -> bool:
        """To be told what a batch touched. Whether others have settled, so that deadlines may pass on them."""
        if self._alone:
            return False
        self.settling.touched(touched, self.rounds.position)
        return self.settling.has_settled(self.rounds.settled)

    def proposal(self) -> Token | None:
        """The token to send to all partitions, after all messages so far; a partition that is alone needs none."""
        if self._alone:
            return None
        return self.rounds.propose(self.watermarks.by_name, waits=bool(self.settling))

    def is_rebuilt(self, departments: Iterable[str]) -> bool:
        """Whether all that was sent before a rebuild has been read again, and all that follows is announced.

        To be asked when a batch is judged. Partitions judge a watermark as they enter the same round, but not at once.
        One may send its token of that round in the append that announces; that of the next can only be in a later
        append, and who reads it can read all that was announced in the one before.
        """
        rebuilt = self.made_under.rebuilt
        if rebuilt is None or any(self.marks.get(name, LONG_AGO) < rebuilt for name in departments):
            return False
        if self._rebuilt_in is None:
            self._rebuilt_in = self.rounds.current
        return self._alone or self.rounds.current >= self._rebuilt_in + 2

    def with_alerts(self) -> Iterator[str]:
        """The neighbourhoods of which alerts were announced that may not have gone out."""
        for identifier in self.rows.unsure():
            if any(name.startswith(ALERT) for name in self.neighbourhoods.roots[identifier].announced):
                yield identifier

    def passed(self) -> list[str]:
        """The neighbourhoods that are due to be judged again."""
        passed: dict[str, None] = {}
        for department, mark in self.marks.items():
            waiting = self.rows.passed(department, mark, ALL)
            passed |= dict.fromkeys(each for each in waiting if each not in self.settling)
        return list(passed)

    def over(self) -> list[str]:
        """The neighbourhoods that may close, of many some: what they came to stands, for nothing reached them since."""
        return self.rows.passed(EVERYONE, self._read_by_everyone(), CLOSED_AT_ONCE)

    def _read_by_everyone(self) -> int:
        read = self.watermarks.read
        return min((read.get(name, LONG_AGO) for name in self._map.departments), default=LONG_AGO)

    def judge_on(self, marks: Marks) -> None:
        """Judge on these watermarks from now on: they were judged on before, or all inputs are read."""
        self.watermarks.judged_on(marks)
        self.rounds.judged.update(marks)

    def hear(self, department: str, spans: list[Span], outcome: Outcome) -> None:
        """This is the department's home, and it was heard."""
        together = merged(
            [*self.heard.get(department, ()), *spans], self._map.departments[department].silent_after or 0
        )
        if together != self.heard.get(department):
            self.heard[department] = together
            outcome.rows[HEARD, department, ""] = orjson.dumps(together)
        self.neighbourhoods.found(home(department))
        outcome.touched[home(department)] = None

    def keep_rounds(self, outcome: Outcome) -> None:
        """The rounds and the watermarks they are about, as a row with a key of its own.

        Of several, left by old owners, the one furthest on counts.
        """
        row = (ROUNDS, str(self.rounds.position), "")
        if self._rounds_row and self._rounds_row != row:
            outcome.rows[self._rounds_row] = None
        outcome.rows[row] = orjson.dumps((self.rounds.encode(), self.watermarks.encode()))
        self._rounds_row = row

    def _load_rounds(self, rows: dict[RowKey, bytes], outcome: Outcome) -> None:
        for key in sorted(rows, key=lambda key: int(key[1]), reverse=True):
            if self._rounds_row is None:
                rounds, watermarks = orjson.loads(rows[key])
                self.rounds.restore(rounds)
                self.watermarks.restore(watermarks)
                self._rounds_row = key
            else:
                outcome.rows[key] = None

    def judged(self, watermarks: Watermarks, said: Outcome) -> None:
        """Remember the watermarks that something is announced on: after a restart none may be judged on
        earlier ones.
        """
        for department, instant in watermarks.items():
            if self._judged.get(department) != instant:
                self._judged[department] = instant
                said.rows[JUDGED, department, ""] = str(instant).encode()

    def wait(self, identifier: str, root: Root, due: dict[str, int], outcome: Outcome) -> None:
        """Remember until when a neighbourhood need not be judged again, as a row too."""
        if due != root.due:
            root.due = due
            outcome.rows[DUE, identifier, ""] = packed(orjson.dumps(due)) if due else None

    def rests_until(self, root: Root, folded: Folded) -> dict[str, int]:
        """When a neighbourhood is to be looked at again: judged, or closed when nothing of it is open."""
        if is_over(folded) and root.events:
            return {EVERYONE: folded.latest + self._map.keep_closed}
        return folded.due

    def may_close(self, due: dict[str, int]) -> bool:
        return EVERYONE in due and due[EVERYONE] < self._read_by_everyone()

    def close(self, identifier: str, outcome: Outcome) -> None:
        """Nothing of the neighbourhood is open: it leaves the working state, and all it held becomes one row."""
        absorb = self.neighbourhoods.close(identifier, outcome)
        outcome.rows.update(closed_rows(identifier, absorb, self.rows.position))
