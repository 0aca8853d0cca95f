"""A judgement: how a handoff of a journey stands, and every way in which it broke."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from journeys.events import Event
from journeys.journey_map import Handoff

WAITING, DONE, UNPROMISED = "waiting", "done", "unpromised"

MISSING, LATE, STUCK, FAILED, JEOPARDY = "missing", "late", "stuck", "failed", "jeopardy"
IDENTITY_LATE = "identity_late"
DEADLINE = "deadline"
OPEN, RESOLVED, WITHDRAWN = "open", "resolved", "withdrawn"
CONTRADICTORY, OUT_OF_ORDER, DUPLICATED, STALLED = "contradictory", "out_of_order", "duplicated", "stalled"

Watermarks = Mapping[str, int]
LONG_AGO = -(2**62)
RestsOn = tuple[tuple[str, int], ...]
"""Watermarks by name, and the instant that each must have passed."""


class Broken(NamedTuple):
    """One way in which a handoff broke. Instants in microseconds; `resolved_at` None while it lasts.

    `group` and `occurrence` tell it from others of the handoff: missing, late, stuck, in jeopardy and late in
    identity are one group, the deadline. `before`: what it was open as until then, each since when. `mended_by`:
    the event that ended it, where that is not in the evidence. `rests_on`: once these watermarks have passed, nothing
    that is still to be read can undo it (see witnesses).
    """

    kind: str
    group: str
    occurrence: int | str
    department: str
    opened_at: int
    evidence: tuple[Event, ...]
    due_at: int | None = None
    resolved_at: int | None = None
    late_by: int | None = None
    about: str = ""
    before: tuple[tuple[int, str], ...] = ()
    mended_by: Event | None = None
    rests_on: RestsOn = ()


class Sides(NamedTuple):
    """By watermark, between which instants it was, the later included."""

    between: tuple[tuple[str, int, int], ...]

    def are_the_same_for(self, watermarks: Watermarks) -> bool:
        """Whether these are on the same side of every instant."""
        return all(low < watermarks.get(name, LONG_AGO) <= high for name, low, high in self.between)


class Compared(dict[str, int]):
    """Watermarks that know which instants they were compared with: all that a judgement asks of them."""

    def __init__(self, watermarks: Watermarks) -> None:
        super().__init__(watermarks)
        self._between: dict[str, tuple[int, int]] = {}

    def compare(self, name: str, instant: int) -> None:
        low, high = self._between.get(name, (-sys.maxsize, sys.maxsize))
        if self.get(name, LONG_AGO) > instant:
            low = max(low, instant)
        else:
            high = min(high, instant)
        self._between[name] = low, high

    def sides(self) -> Sides:
        return Sides(tuple((name, low, high) for name, (low, high) in self._between.items()))


@dataclass(slots=True)
class Judgement:
    """A handoff of one journey, judged. `waits_for`: watermarks, and the instants after which it may change."""

    handoff: Handoff
    status: str
    given: Event | None
    taken: Event | None
    due_at: int | None
    broken: list[Broken]
    waits_for: list[tuple[str, int]] = field(default_factory=list)


class Standing(NamedTuple):
    """How a journey stands: its handoffs, and all that broke, each of one of them or (None) of the journey itself."""

    judgements: list[Judgement]
    broken: list[tuple[Handoff | None, Broken]]
