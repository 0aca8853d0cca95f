"""Partition state: the rows of one partition of `observations`, in memory, backed by a compacted changelog topic.

Rows are appended in the order that routing asks for and awaited before the batch is acknowledged; on
assignment they are read back to the changelog's end, asked for then, before the first batch is handled.
"""

import logging
from collections.abc import Callable, Iterable

import orjson

from journeys.handoffs import Watermarks
from journeys.routing import DUE, JUDGED, Neighbourhoods, Outcome, RowKey
from journeys.watermarks import Deadlines, DepartmentWatermarks
from stream.transports.log import Entry, Log

logger = logging.getLogger(__name__)

SEPARATOR = "\x1f"


class PartitionState:
    """Neighbourhoods, deadlines and watermarks of one partition, and what was last sent of each document."""

    def __init__(
        self,
        partition: int,
        precedes: Callable[[str, str], bool],
        routes: Callable[[str], bool],
        is_mine: Callable[[str], bool],
    ) -> None:
        self.partition = partition
        self.neighbourhoods = Neighbourhoods(precedes, routes, is_mine)
        self.deadlines = Deadlines()
        self.watermarks = DepartmentWatermarks()
        self.sent: dict[str, int] = {}
        self._judged: dict[str, int] = {}

    async def load(self, log: Log, topic: str) -> Outcome:
        """Read the rows back.

        The outcome mends what a crash left; roots with announced alerts are to be judged again.
        """
        rows: dict[RowKey, bytes] = {}
        async for records in log.read(topic, self.partition):
            for record in records:
                kind, identifier, detail = (record.key or b"").decode().split(SEPARATOR)
                if record.value is None:
                    rows.pop((kind, identifier, detail), None)
                else:
                    rows[kind, identifier, detail] = record.value
        self.watermarks.restore(
            {name: int(value) for (kind, name, _), value in rows.items() if kind == JUDGED}
        )
        due = {identifier: value for (kind, identifier, _), value in rows.items() if kind == DUE}
        outcome = self.neighbourhoods.load(item for item in rows.items() if item[0][0] not in (DUE, JUDGED))
        for identifier, value in due.items():
            if identifier in self.neighbourhoods.roots:
                self.deadlines.put(identifier, orjson.loads(value))
            else:
                outcome.rows[DUE, identifier, ""] = None
        logger.info("partition %d: %d rows loaded", self.partition, len(rows))
        return outcome

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
            outcome.rows[DUE, identifier, ""] = orjson.dumps(due) if due else None


def changelog_entries(rows: Iterable[tuple[RowKey, bytes | None]]) -> list[Entry]:
    return [Entry(SEPARATOR.join(key).encode(), value) for key, value in rows]
