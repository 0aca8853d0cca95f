"""Routing against a simple model: whatever happens on the way, what belongs together comes to lie together."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.events import Event
from tests.support.order import Partitions, components


def event(number: int, identifiers: list[str]) -> Event:
    return Event(
        f"{number:03d}.0",
        "shop.happened",
        number,
        identifiers,
        {},
        "/shop",
        str(number),
        [["t", 0, number]],
        0,
    )


identifiers = st.sampled_from([f"i:{n:02d}" for n in range(12)])
bearing = st.lists(identifiers, min_size=1, max_size=4, unique=True)
some_events = st.lists(bearing, min_size=1, max_size=15).map(
    lambda all_of: [event(number, each) for number, each in enumerate(all_of)]
)
chances = st.integers(0, 2**32)


def held(partitions: Partitions) -> dict[str, set[str]]:
    return {identifier: set(root.events) for identifier, root in partitions.roots().items()}


@settings(max_examples=400)
@given(some_events, st.integers(1, 5), chances)
def test_events_meet_whatever_the_order_the_repetitions_and_the_crashes(
    events: list[Event], count: int, seed: int
) -> None:
    partitions = Partitions(count, random.Random(seed))
    partitions.play(events)
    assert held(partitions) == components(events)
    partitions.restart()
    assert held(partitions) == components(events)


@settings(max_examples=400)
@given(some_events, st.integers(1, 5), chances)
def test_events_meet_even_if_owners_that_were_replaced_go_on_writing(
    events: list[Event], count: int, seed: int
) -> None:
    partitions = Partitions(count, random.Random(seed), crashes=0.1, zombies=0.2)
    partitions.play(events)
    partitions.restart()
    assert held(partitions) == components(events)


@settings(max_examples=100)
@given(some_events, st.integers(1, 5), chances)
def test_forwards_only_point_to_smaller_identifiers(events: list[Event], count: int, seed: int) -> None:
    partitions = Partitions(count, random.Random(seed), zombies=0.1)
    partitions.play(events)
    assert all(target < identifier for identifier, target in partitions.forwards().items())


@settings(max_examples=100)
@given(some_events, st.integers(1, 5), chances)
def test_what_was_announced_is_remembered_where_the_events_came_to_lie(
    events: list[Event], count: int, seed: int
) -> None:
    partitions = Partitions(count, random.Random(seed))
    partitions.play(events)
    partitions.restart()
    assert partitions.announced <= {name for root in partitions.roots().values() for name in root.announced}


@settings(max_examples=400)
@given(some_events, st.integers(1, 5), chances, st.booleans())
def test_events_meet_though_neighbourhoods_are_closed_at_any_moment(
    events: list[Event], count: int, seed: int, haunted: bool
) -> None:
    partitions = Partitions(count, random.Random(seed), zombies=0.1 if haunted else 0.0, closes=0.3)
    partitions.play(events)
    partitions.restart()
    assert held(partitions) == components(events)
    assert partitions.announced <= {name for root in partitions.roots().values() for name in root.announced}
