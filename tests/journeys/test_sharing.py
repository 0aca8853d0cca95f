"""When an identifier is shared: what routing and identity both go by."""

import random

from hypothesis import given
from hypothesis import strategies as st

from journeys.journey_map import IdentifierType
from journeys.sharing import Limits, Meetings

RULES = {
    "phone": IdentifierType("phone", 1, limit=2),
    "email": IdentifierType("email", 2),
    "order": IdentifierType("order", 3, identifies="journey"),
    "store": IdentifierType("store", 4, routes=False),
}


def shared(*events: list[str]) -> set[str]:
    meetings = Meetings(Limits(RULES))
    for identifiers in events:
        meetings.add(0, identifiers)
    return meetings.shared


def named_with(*others: str) -> list[list[str]]:
    return [["phone:1", other] for other in others]


def test_it_is_shared_once_it_was_named_with_more_of_one_type_than_its_limit() -> None:
    assert shared(*named_with("email:a", "email:b")) == set()
    assert shared(*named_with("email:a", "email:b", "email:c")) == {"phone:1"}
    assert shared(["phone:1", "email:a", "email:b", "email:c"]) == {"phone:1"}


def test_values_of_different_types_are_counted_apart() -> None:
    assert shared(*named_with("email:a", "email:b", "phone:2", "phone:3")) == set()
    assert shared(*named_with("phone:2", "phone:3", "phone:4")) == {"phone:1"}


def test_what_names_a_journey_or_what_many_customers_have_in_common_is_not_counted() -> None:
    assert shared(*named_with("order:a", "order:b", "order:c")) == set()
    assert shared(*named_with("store:a", "store:b", "store:c")) == set()


def test_a_type_without_a_limit_is_never_shared() -> None:
    assert shared(*(["email:a", f"phone:{n}"] for n in range(9))) == set()


def test_the_order_and_the_number_of_times_an_event_is_told_do_not_matter() -> None:
    events = [*named_with("email:a", "email:b"), ["email:c"], ["phone:1", "email:b", "order:a"]]
    told = [*events, *events, *named_with("email:c"), ["phone:2", "email:a"]]
    for seed in range(20):
        random.Random(seed).shuffle(told)
        assert shared(*told) == {"phone:1"}


CROWDED = Limits(
    {"phone": IdentifierType("phone", 1, window=3, limit_within=2), "email": IdentifierType("email", 2)}
)
meetings_at = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abcd")), max_size=12)


@given(meetings_at)
def test_it_is_shared_once_it_was_named_with_more_than_it_may_within_any_window(
    met: list[tuple[int, str]],
) -> None:
    meetings = Meetings(CROWDED)
    for at, other in met:
        meetings.add(at, ["phone:1", f"email:{other}"])
    at_once = (len({other for at, other in met if start <= at <= start + 3}) for start in range(13))
    assert meetings.shared == ({"phone:1"} if max(at_once) > 2 else set())


def test_of_many_meetings_with_a_few_others_only_a_few_are_kept() -> None:
    meetings = Meetings(CROWDED)
    for n in range(1000):
        meetings.add(0, ["phone:1", "email:a"])
        meetings.add(n % 4, ["phone:1", "email:b"])
    (kept,) = meetings._times["phone:1"].values()
    assert len(kept) == 3


def test_nothing_is_shared_where_no_identifier_meets_more_others_than_the_least_limit() -> None:
    assert Limits(RULES).fewest == 2
    assert Limits({"email": RULES["email"]}).fewest > 1_000_000
