"""A time limit is learned from how long handoffs took and how often they never happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.instants import HOUR, MINUTE
from journeys.statistics import FEWEST, durations, propose

AN_HOUR_OR_LESS = [minutes * MINUTE for minutes in range(1, 61)] * 10
STRAGGLERS = [9 * HOUR] * 20
some_durations = st.lists(st.integers(1, 10 * HOUR), min_size=FEWEST, max_size=200)


def test_the_limit_is_the_least_whose_alerts_are_mostly_of_what_is_truly_lost() -> None:
    history = durations(AN_HOUR_OR_LESS + STRAGGLERS, [100 * HOUR] * 8, days=10)
    proposal = propose(history, most_healed=0.2)
    assert proposal is not None
    assert proposal.limit.within >= 9 * HOUR
    tolerant = propose(history, most_healed=0.8)
    assert tolerant is not None
    assert tolerant.limit.within == 59 * MINUTE
    assert tolerant.limit.alerts_a_day == pytest.approx((10 + 20 + 8) / 10)
    assert tolerant.limit.healed == pytest.approx(30 / 38)


def test_where_nothing_was_ever_lost_hardly_anything_exceeds_the_limit() -> None:
    proposal = propose(durations(AN_HOUR_OR_LESS, [], days=1))
    assert proposal is not None
    assert proposal.limit.within == HOUR
    assert proposal.jeopardy is None


def test_what_waits_no_longer_than_others_took_is_not_called_lost() -> None:
    history = durations(AN_HOUR_OR_LESS, [5 * MINUTE, 59 * MINUTE, 61 * MINUTE], days=1)
    assert (history.lost, history.undecided) == (1, 2)


def test_jeopardy_is_told_once_it_is_likelier_than_not_to_come_true() -> None:
    history = durations([MINUTE] * 900 + [3 * HOUR] * 40, [100 * HOUR] * 60, days=1)
    proposal = propose(history)
    assert proposal is not None and proposal.jeopardy is not None
    assert proposal.limit.within == 3 * HOUR
    assert proposal.jeopardy.at == 0.05
    assert proposal.jeopardy.comes_true == pytest.approx(0.6)
    assert proposal.jeopardy.alerts_a_day == pytest.approx(100)


def test_a_short_history_teaches_nothing() -> None:
    assert propose(durations([HOUR] * (FEWEST - 1), [], days=1)) is None
    assert propose(durations([], [HOUR], days=0)) is None


@given(some_durations, st.lists(st.integers(1, 40 * HOUR), max_size=30))
def test_a_longer_limit_never_tells_more_and_what_it_tells_is_counted_right(
    taken: list[int], waiting: list[int]
) -> None:
    history = durations(taken, waiting, days=1)
    proposal = propose(history)
    assert proposal is not None
    told = [limit.alerts_a_day for limit in proposal.considered]
    assert told == sorted(told, reverse=True)
    assert proposal.limit in proposal.considered
    exceeding = sum(duration > proposal.limit.within for duration in taken)
    assert proposal.limit.alerts_a_day == exceeding + history.lost
