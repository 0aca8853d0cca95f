"""What is remembered of large neighbourhoods, and when it is forgotten."""

from stream.memories import NOTHING, Memories


def test_only_large_neighbourhoods_are_remembered() -> None:
    memories = Memories(large=10)
    assert memories.of(0, "order:A-1", 9) is NOTHING
    assert memories.of(0, "order:A-2", 10) is not NOTHING


def test_a_neighbourhood_keeps_its_memory_while_it_is_large() -> None:
    memories = Memories(large=10)
    first = memories.of(0, "order:A-1", 10)
    assert memories.of(0, "order:A-1", 11) is first
    assert memories.of(0, "order:A-1", 9) is NOTHING
    assert memories.of(0, "order:A-1", 10) is not first


def test_who_was_judged_longest_ago_is_forgotten_first() -> None:
    memories = Memories(large=10, most_events=30)
    one, other = memories.of(0, "order:A-1", 10), memories.of(0, "order:A-2", 10)
    assert memories.of(0, "order:A-1", 10) is one
    memories.of(0, "order:A-3", 20)
    assert memories.of(0, "order:A-1", 10) is one
    assert memories.of(0, "order:A-2", 10) is not other


def test_what_is_larger_than_all_that_may_be_remembered_is_not() -> None:
    memories = Memories(large=10, most_events=30)
    one = memories.of(0, "order:A-1", 10)
    assert memories.of(0, "order:A-2", 31) is NOTHING
    assert memories.of(0, "order:A-1", 10) is one


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    memories = Memories(large=10)
    gone, kept = memories.of(0, "order:A-1", 10), memories.of(1, "order:A-2", 10)
    memories.forget({0})
    assert memories.of(0, "order:A-1", 10) is not gone
    assert memories.of(1, "order:A-2", 10) is kept
