"""The official TM Forum notifications, through an adapter: each becomes an event or a dead letter."""

import pytest

from tests.support import tmf
from tests.support.replaying import Document, Replayed, grouped, replay

# No customer takes part in a specification; the last is a generated example with made-up words.
UNKNOWN = {
    "tmf.TroubleTicketSpecificationAttributeValueChangeEvent",
    "tmf.TroubleTicketSpecificationCreateEvent",
    "tmf.TroubleTicketSpecificationDeleteEvent",
    "tmf.TroubleTicketSpecificationStatusChangeEvent",
    "tmf.CXJAD",
}


@pytest.fixture(scope="module")
def events() -> list[Document]:
    return [tmf.cloud_event(notification) for notification in tmf.notifications().values()]


@pytest.fixture(scope="module")
def replayed(events: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay(events, tmf.MAP, tmp_path_factory.mktemp("tmf"))


def test_the_adapter_tells_apart_what_shares_an_event_id(events: list[Document]) -> None:
    notifications = tmf.notifications().values()
    assert len(notifications) == 30
    assert len({(each["source"]["id"], each["eventId"]) for each in notifications}) == 20
    assert len({(event["source"], event["id"]) for event in events}) == 30


def test_the_adapter_finds_the_time_under_either_spelling(events: list[Document]) -> None:
    spelled = [
        key for each in tmf.notifications().values() for key in each if key in ("timeOcurred", "timeOccurred")
    ]
    assert len(spelled) == 30
    assert set(spelled) == {"timeOcurred", "timeOccurred"}
    assert all(event["time"] for event in events)


def test_every_notification_becomes_an_event_unless_its_type_is_unknown(
    replayed: Replayed, events: list[Document]
) -> None:
    expected = {(event["source"], event["id"]) for event in events if event["type"] not in UNKNOWN}
    folded = [(event["source"], event["id"]) for event in replayed.events()]
    assert set(folded) == expected
    assert len(folded) == len(expected) == 25


def test_an_unknown_type_is_a_dead_letter_that_says_so(replayed: Replayed, events: list[Document]) -> None:
    found = {
        events[line - 1]["type"]: letter["reason"] for line, letter in replayed.dead_letters_by_line().items()
    }
    assert found == dict.fromkeys(UNKNOWN, "unknown_event_type")


def test_it_accounts_for_every_notification(replayed: Replayed) -> None:
    assert replayed.reconciles()
    assert (replayed.summary["read"], replayed.summary["folded"], replayed.summary["dead"]) == (30, 25, 5)


def test_it_finds_the_order_whose_first_milestone_came_a_year_late(replayed: Replayed) -> None:
    alert, *others = replayed.alerts()
    assert others == []
    assert (alert["kind"], alert["handoff"], alert["status"]) == ("late", "first_milestone", "resolved")
    assert alert["identifiers"]["order"] == ["30001"]
    assert alert["due_at"] == "2021-10-27T07:43:59.059000Z"
    assert alert["resolved_at"] == "2022-09-14T12:14:23.473000Z"


def test_a_repeated_correlation_id_joins_nothing(replayed: Replayed, events: list[Document]) -> None:
    subjects = grouped(
        (event["correlationid"], subject(event)) for event in events if event["type"] not in UNKNOWN
    )
    assert any(len(shared) > 1 for shared in subjects.values())
    for journey in replayed.journeys:
        ids = {event["id"] for event in journey["timeline"]}
        assert len({subject(event) for event in events if event["id"] in ids}) == 1


def test_bills_of_one_account_are_of_one_customer(replayed: Replayed) -> None:
    (customer,) = [each for each in replayed.customers if "bill" in each["identifiers"]]
    assert customer["identifiers"]["billing_account"] == ["a0815"]
    assert customer["identifiers"]["bill"] == ["cb-123"]
    assert customer["identifiers"]["bill_on_demand"] == ["d123"]


def subject(event: Document) -> tuple[str, str]:
    """What a notification is about: (kind of resource, id)."""
    kind, resource = next(iter(event["data"].items()))
    return kind, resource["id"]
