"""Partition state: the rows of one partition of `observations`, in memory, backed by a compacted changelog topic.

Rows are appended in the order that routing asks for and awaited before the batch is acknowledged; on
assignment they are read back to the changelog's end, asked for then, before the first batch is handled.
"""

import logging
from collections.abc import Callable, Iterable

import orjson

from journeys.events import packed
from journeys.handoffs import LONG_AGO, Watermarks
from journeys.journey_map import JourneyMap
from journeys.rounds import Marks, Rounds
from journeys.routing import DUE, HEARD, JUDGED, MAP, ROUNDS, Neighbourhoods, Outcome, RowKey
from journeys.silence import Span, home, merged
from journeys.watermarks import Deadlines, DepartmentWatermarks
from stream.changelog import row_key
from stream.map_version import MAP_ROW, MadeUnder, made_under
from stream.transports.log import Log

logger = logging.getLogger(__name__)

ALERT, CUSTOMER, JOURNEY, SHARED = "a:", "c:", "j:", "s:"
"""What the names of announced documents begin with; what is announced of an identifier is that it is shared."""


class PartitionState:
    """Neighbourhoods, deadlines and watermarks of one partition, and what was last sent of each document."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        journey_map: JourneyMap,
        precedes: Callable[[str, str], bool],
        routes: Callable[[str], bool],
        is_mine: Callable[[str], bool],
    ) -> None:
        self.partition = partition
        self.neighbourhoods = Neighbourhoods(precedes, routes, is_mine)
        self.deadlines = Deadlines()
        self.watermarks = DepartmentWatermarks(journey_map.departments)
        self.heard: dict[str, list[Span]] = {}
        self.rounds = Rounds(partition, partitions)
        self.made_under = MadeUnder(journey_map.version)
        self._map = journey_map
        self._alone = partitions == 1
        self._rounds_row: RowKey | None = None
        self._rebuilt_in: int | None = None
        self.sent: dict[str, int] = {}
        self._judged: dict[str, int] = {}

    async def load(self, log: Log, topic: str) -> Outcome:
        """Read the rows back.

        The outcome mends what a crash left; roots with announced alerts are to be judged again. LogError when
        they were made under another map.
        """
        rows: dict[RowKey, bytes] = {}
        async for records in log.read(topic, self.partition):
            for record in records:
                key = row_key(record.key)
                if record.value is None:
                    rows.pop(key, None)
                else:
                    rows[key] = record.value
        if rows:
            self.made_under = made_under(rows, self._map, f"{topic}/{self.partition}")
        ours = (DUE, JUDGED, ROUNDS, MAP, HEARD)
        outcome = self.neighbourhoods.load(item for item in rows.items() if item[0][0] not in ours)
        if not rows:
            outcome.rows[MAP_ROW] = self.made_under.encode()
        self._load_rounds({key: value for key, value in rows.items() if key[0] == ROUNDS}, outcome)
        self.judge_on({name: int(value) for (kind, name, _), value in rows.items() if kind == JUDGED})
        due = {identifier: value for (kind, identifier, _), value in rows.items() if kind == DUE}
        for identifier, value in due.items():
            if identifier in self.neighbourhoods.roots:
                self.deadlines.put(identifier, orjson.loads(value))
            else:
                outcome.rows[DUE, identifier, ""] = None
        for (kind, name, _), value in rows.items():
            if kind == HEARD:
                self.heard[name] = orjson.loads(value)
                self.neighbourhoods.found(home(name))
        logger.info("partition %d: %d rows loaded", self.partition, len(rows))
        return outcome

    @property
    def marks(self) -> Marks:
        """The watermarks that may be judged on: of those read, those no message can be under way for."""
        return self.watermarks.by_department if self._alone else self.rounds.judged

    def is_rebuilt(self, departments: Iterable[str]) -> bool:
        """Whether all that was sent before a rebuild has been read again, and all that follows is announced.

        To be asked when a batch is judged. Partitions judge a watermark in the same round, but not at once:
        in the second round after that every one has sent its token after what it announced.
        """
        rebuilt = self.made_under.rebuilt
        if rebuilt is None or any(self.marks.get(name, LONG_AGO) < rebuilt for name in departments):
            return False
        if self._rebuilt_in is None:
            self._rebuilt_in = self.rounds.current
        return self._alone or self.rounds.current >= self._rebuilt_in + 2

    def with_alerts(self) -> list[str]:
        """The neighbourhoods of which alerts were announced."""
        roots = self.neighbourhoods.roots.items()
        return [
            identifier for identifier, root in roots if any(name.startswith(ALERT) for name in root.announced)
        ]

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

    def said_elsewhere(self, names: Iterable[str]) -> None:
        """Another partition announced these: what was sent from here may not be the last word, and goes out again.

        An owner that died on its way out of a neighbourhood announces it once more, after its heir did.
        """
        for name in names:
            self.sent.pop(name, None)

    def wait(self, identifier: str, due: dict[str, int], outcome: Outcome) -> None:
        """Remember until when a neighbourhood need not be judged again, as a row too."""
        if due != self.deadlines.get(identifier):
            self.deadlines.put(identifier, due)
            outcome.rows[DUE, identifier, ""] = packed(orjson.dumps(due)) if due else None
