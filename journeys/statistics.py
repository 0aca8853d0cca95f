"""Statistics: time limits learned from history, by how long a handoff takes and how often it never happens.

A limit is a trade: a short one tells early, but of things that would have mended themselves; a long one tells
only of what is truly lost, but late. Both are counted from the same history, as the empirical distribution of
the durations, without a model of it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from journeys.instants import DAY, HOUR, MINUTE, SECOND

FEWEST = 30
"""Handoffs that a distribution is learned from, at least."""
RARE = 0.001
_QUANTILES = (*(n / 100 for n in range(50, 99)), *(n / 1000 for n in range(990, 1001)))
_GRAINS = ((2 * MINUTE, SECOND), (2 * HOUR, MINUTE), (12 * HOUR, 15 * MINUTE), (2 * DAY, HOUR))


class Durations(NamedTuple):
    """How long the handoffs of a history took, in µs, ascending; how many never happened; over how many days.

    `undecided` are too young to say; they are in no other count.
    """

    taken: Sequence[int]
    lost: int
    undecided: int
    days: float

    def beyond(self, limit: int) -> int:
        """How many happened after more than the limit."""
        return len(self.taken) - bisect_right(self.taken, limit)


class Limit(NamedTuple):
    """What a limit of `within` µs would have told of: alerts a day, and the share that mended itself later."""

    within: int
    alerts_a_day: float
    healed: float


class Jeopardy(NamedTuple):
    """Telling before the deadline, at a fraction of it."""

    at: float
    alerts_a_day: float
    comes_true: float


class Proposal(NamedTuple):
    """The limits considered, ascending; the one proposed, and when to warn before it, where that says something."""

    considered: list[Limit]
    limit: Limit
    jeopardy: Jeopardy | None


def durations(taken: Sequence[int], waiting: Sequence[int], days: float) -> Durations:
    """`taken`: from → to of those that happened; `waiting`: the age of those that have not, all in µs.

    One that waits longer than all but one in a thousand took is lost, a younger one undecided.
    """
    ordered = sorted(taken)
    horizon = _quantile(ordered, 1 - RARE) if ordered else 0
    lost = sum(age > horizon for age in waiting)
    return Durations(ordered, lost, len(waiting) - lost, max(days, 1 / 24))


def propose(history: Durations, most_healed: float = 0.2, likely: float = 0.5) -> Proposal | None:
    """The least limit of whose alerts at most a share of `most_healed` would have mended itself.

    Where nothing was ever lost, the least limit that at most one handoff in a thousand exceeds. None where the
    history is too short to tell. Jeopardy is told as soon as at least a share of `likely` of it comes true.
    """
    if len(history.taken) < FEWEST:
        return None
    considered = [
        _limit(history, within)
        for within in sorted({_rounded_up(_quantile(history.taken, q)) for q in _QUANTILES})
    ]
    enough = RARE * len(history.taken)
    limit = next(
        (
            each
            for each in considered
            if (each.healed <= most_healed if history.lost else history.beyond(each.within) <= enough)
        ),
        considered[-1],
    )
    return Proposal(considered, limit, _jeopardy(history, limit.within, likely))


def _limit(history: Durations, within: int) -> Limit:
    healed = history.beyond(within)
    alerts = healed + history.lost
    return Limit(within, alerts / history.days, healed / alerts if alerts else 0.0)


def _jeopardy(history: Durations, within: int, likely: float) -> Jeopardy | None:
    broken = history.beyond(within) + history.lost
    for twentieth in range(1, 20):
        at = twentieth / 20
        waiting = history.beyond(int(within * at)) + history.lost
        if broken and broken / waiting >= likely:
            return Jeopardy(at, waiting / history.days, broken / waiting)
    return None


def _quantile(ordered: Sequence[int], share: float) -> int:
    """The least value that at least this share does not exceed."""
    return ordered[min(max(-int(-share * len(ordered) // 1) - 1, 0), len(ordered) - 1)]


def _rounded_up(duration: int) -> int:
    grain = next((grain for most, grain in _GRAINS if duration <= most), 12 * HOUR)
    return max(-(-duration // grain), 1) * grain
