"""A permit process split over two systems with different case ids, joined again into the unsplit log."""

import random
from pathlib import Path

import pytest

from tests.support import receipt
from tests.support.replaying import Replayed, grouped, replay

SECONDS = len("2011-10-11 13:45:40")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay(
        [*receipt.events(), *receipt.links()], receipt.journey_map(), tmp_path_factory.mktemp("receipt")
    )


def test_it_makes_every_case_one_journey_with_the_events_of_the_unsplit_log(replayed: Replayed) -> None:
    # The halves hold local wall time under the label UTC, so what is compared is the time on the wall.
    unsplit = grouped(
        (row[receipt.CASE], (row[receipt.INSTANCE], row[receipt.ACTIVITY], row[receipt.TIME][:SECONDS]))
        for row in receipt.rows("receipt")
    )
    found = [
        {
            (event["id"], event["fields"]["activity"], event["at"].replace("T", " ")[:SECONDS])
            for event in journey["timeline"]
        }
        for journey in replayed.journeys
    ]
    assert len(found) == 1434
    assert sum(map(len, found)) == 8577
    assert sorted(map(sorted, found)) == sorted(map(sorted, unsplit.values()))


def test_it_joins_exactly_the_cases_that_the_relation_table_relates(replayed: Replayed) -> None:
    found = {
        tuple(tuple(customer["identifiers"].get(side, ())) for side in ("left_case", "right_case"))
        for customer in replayed.customers
    }
    related = {((left.casefold(),), (right.casefold(),)) for left, right in receipt.relations()}
    alone = {pair for pair in found if not pair[1]}
    assert found - alone == related
    assert len(alone) == 116
    assert len(replayed.customers) == 1434


def test_it_names_the_operators_link_that_joined_the_two_cases(replayed: Replayed) -> None:
    joined = [customer for customer in replayed.customers if "right_case" in customer["identifiers"]]
    assert len(joined) == 1318
    for customer in joined:
        assert [link["source"] for link in customer["links"]] == [receipt.RELATIONS]


def test_it_accounts_for_every_event_and_link(replayed: Replayed) -> None:
    assert replayed.reconciles()
    assert replayed.summary["read"] == replayed.summary["folded"] == 8577 + 1318
    assert replayed.dead_letters == []
    assert len(replayed.events()) == 8577


def test_it_comes_to_the_same_in_any_order_and_with_every_fifth_event_twice(
    replayed: Replayed, tmp_path: Path
) -> None:
    events = [*receipt.events(), *receipt.links()]
    shuffled = [*events, *events[::5]]
    random.Random(7).shuffle(shuffled)
    again = replay(shuffled, receipt.journey_map(), tmp_path)
    assert again.results() == replayed.results()
    assert again.reconciles()
    assert again.summary["duplicates"] == len(events[::5])
