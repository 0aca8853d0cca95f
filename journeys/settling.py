"""Settling: what was touched lately may not have met yet all that has been read of it.

An event may arrive so late that the deadline it sets has passed already, while those that answer it are in a
neighbourhood that its own is only about to join. So on a neighbourhood that was touched no further deadline
passes until a quiet round has shown that nothing is under way of the round in which that was, or before.
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile

import orjson

from journeys.instants import parse_instant
from journeys.rounds import Marks
from journeys.witnesses import RESTS_ON


class Settling:
    """The neighbourhoods of a partition that were touched too lately."""

    def __init__(self) -> None:
        self._touched: dict[str, int] = {}
        self._all_at: int | None = None

    def touched(self, identifiers: Iterable[str], at: int) -> None:
        """By messages up to the offset `at`, which never goes back."""
        for identifier in identifiers:
            self._touched.pop(identifier, None)
            self._touched[identifier] = at

    def all_touched(self, at: int) -> None:
        """It is not known which were, as after a restart."""
        self._all_at = at

    def has_settled(self, up_to: int) -> bool:
        """All that follows from messages up to the offset was handled: whether some have settled by that."""
        settled = list(takewhile(lambda identifier: self._touched[identifier] <= up_to, self._touched))
        for identifier in settled:
            del self._touched[identifier]
        if self._all_at is not None and self._all_at <= up_to:
            self._all_at = None
            return True
        return bool(settled)

    def __contains__(self, identifier: str) -> bool:
        return self._all_at is not None or identifier in self._touched

    def __bool__(self) -> bool:
        return self._all_at is not None or bool(self._touched)


def held_back(marks: Marks, announced: Mapping[str, bytes]) -> Marks:
    """Watermarks at which the alerts announced stay what they are, and none comes that waits for a later one.

    What an alert rests on counts though it may have passed elsewhere only: it did so after a quiet round. Of one kept
    without that, by an older version, the watermark counts that it was judged on.
    """
    held: Marks = {}
    for document in announced.values():
        alert = orjson.loads(document)
        if RESTS_ON in alert:
            for name, instant in alert[RESTS_ON]:
                held[name] = max(instant + 1, held.get(name, instant))
        elif alert["judged_at"] is not None and alert["department"] in marks:
            at = min(parse_instant(alert["judged_at"]), marks[alert["department"]])
            held[alert["department"]] = max(at, held.get(alert["department"], at))
    return held
