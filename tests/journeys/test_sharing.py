"""When an identifier is shared: what routing and identity both go by."""

import random

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
        meetings.add(identifiers)
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


def test_nothing_is_shared_where_no_identifier_meets_more_others_than_the_least_limit() -> None:
    assert Limits(RULES).fewest == 2
    assert Limits({"email": RULES["email"]}).fewest > 1_000_000
