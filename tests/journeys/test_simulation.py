"""The simulated operator: the same for the same seed, with all that goes wrong, and a truth that is its own."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.errors import InvalidEvent
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from journeys.simulation.truth import truth
from journeys.simulation.world import World, simulate

OPERATOR = JourneyMap.parse(
    (Path(__file__).parents[2] / "deploy" / "maps" / "operator.yaml").read_text(), "operator.yaml"
)
KINDS = {
    "missing", "late", "failed", "stuck", "contradictory", "out_of_order", "duplicated", "unrecognised_caller",
    "repeat_contact", "stalled", "identity_conflict", "silent_department", "jeopardy",
    "identity_late",
}  # fmt: skip


@pytest.fixture(scope="module")
def week() -> World:
    return simulate(OPERATOR, seed=5, orders=1200, days=7)


@pytest.fixture(scope="module")
def lines(week: World) -> list[dict[str, Any]]:
    return list(truth(week))


@settings(max_examples=5)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 60), st.floats(1, 9))
def test_any_seed_gives_the_same_bytes_twice(seed: int, orders: int, days: float) -> None:
    one, other = (simulate(OPERATOR, seed, orders, days) for _ in range(2))
    assert one.arrivals() == other.arrivals()
    assert list(map(orjson.dumps, truth(one))) == list(map(orjson.dumps, truth(other)))


def test_another_seed_is_another_week(week: World) -> None:
    assert simulate(OPERATOR, seed=6, orders=1200, days=7).arrivals() != week.arrivals()


def test_every_kind_of_broken_handoff_truly_happens(lines: list[dict[str, Any]]) -> None:
    assert {line["kind"] for line in lines if line["truth"] == "broken"} == KINDS


def test_the_map_reads_every_event_but_calls_that_name_nobody(week: World) -> None:
    reader = EventReader(OPERATOR, live=False)
    refused = []
    for arrival in week.arrivals():
        try:
            reader.read(arrival.raw, ["told", 0, 0], None)
        except InvalidEvent as error:
            refused.append((error.reason, orjson.loads(arrival.raw)["data"]["caller"]))
    assert set(refused) <= {("missing_identifiers", "anonymous")}


def test_a_tenth_of_the_events_arrives_again_with_the_same_bytes(week: World) -> None:
    times = Counter(arrival.raw for arrival in week.arrivals() if b"baton.heartbeat" not in arrival.raw)
    assert len(times) == len(week.happenings)
    assert 0.08 < sum(n - 1 for n in times.values()) / len(times) < 0.12


def test_events_arrive_out_of_order_and_none_before_its_time_by_more_than_a_clock_is_wrong(
    week: World,
) -> None:
    arrivals = week.arrivals()
    told = [h.told_at for h in week.happenings]
    assert told == sorted(told)
    assert [a.at for a in arrivals] == sorted(a.at for a in arrivals)
    times = [orjson.loads(a.raw)["time"] for a in arrivals if b"baton.heartbeat" not in a.raw]
    assert sum(one > other for one, other in pairwise(times)) > len(times) / 50


def test_an_event_is_of_no_more_than_one_customer(lines: list[dict[str, Any]]) -> None:
    bearers = Counter(event for line in lines if line["truth"] == "customer" for event in line["events"])
    assert max(bearers.values()) == 1


def test_an_identifier_is_of_no_more_than_one_customer_at_a_time(lines: list[dict[str, Any]]) -> None:
    customers = [line for line in lines if line["truth"] == "customer" and line["clear"]]
    held = Counter(
        each["identifier"]
        for customer in customers
        for each in customer["identifiers"]
        if each["identifier"].startswith(("crm:", "order:", "iccid:", "port:"))
    )
    assert max(held.values()) == 1


def test_people_with_one_email_and_two_customer_numbers_are_two_customers_and_a_conflict() -> None:
    world = simulate(OPERATOR, seed=3, orders=800, days=7)
    told = list(truth(world))
    conflicts = [line for line in told if line.get("kind") == "identity_conflict"]
    assert any(line["about"].startswith("email:") for line in conflicts)
    for customer in (line for line in told if line["truth"] == "customer"):
        crms = [i["identifier"] for i in customer["identifiers"] if i["identifier"].startswith("crm:")]
        assert len(crms) <= 1


def test_a_number_that_was_released_is_two_customers_one_after_the_other() -> None:
    world = simulate(OPERATOR, seed=3, orders=800, days=7)
    assert any(len(tenures) == 2 and tenures[0].until for tenures in world.story.tenures.values())
