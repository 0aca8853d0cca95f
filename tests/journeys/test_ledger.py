"""The identity ledger tells who became whom."""

from typing import Any

from journeys.instants import parse_instant
from journeys.ledger import CONFLICT, MERGED, OVER, SHARED, SPLIT, conflict, marks, moves, shared

AT = parse_instant("2026-01-15T10:00:00Z")
LINK = {
    "a": "email:a@x.de",
    "b": "phone:1",
    "source": "/shop",
    "id": "7",
    "type": "t",
    "at": "2026-01-15T09:00:00Z",
}


def customer(id: str, *identifiers: str, links: list[dict[str, str]] | None = None) -> dict[str, Any]:
    named: dict[str, list[str]] = {}
    for identifier in identifiers:
        kind, _, value = identifier.partition(":")
        named.setdefault(kind, []).append(value)
    return {"id": id, "identifiers": named, "links": links or []}


ANNA, CALLER = customer("anna", "email:a@x.de"), customer("caller", "phone:1")
BOTH = customer("anna", "email:a@x.de", "phone:1", links=[LINK])


def announced(*customers: dict[str, Any]) -> dict[str, bytes]:
    return {each["id"]: marks(each) for each in customers}


def test_two_customers_who_became_one_are_merged_by_the_event_that_joined_them() -> None:
    (entry,) = moves(announced(ANNA, CALLER), [BOTH], AT)
    assert (entry["type"], entry["subject"]) == (MERGED, "anna")
    assert entry["data"]["merged"] == "caller"
    assert entry["data"]["link"] == LINK


def test_a_customer_who_became_two_is_split() -> None:
    (entry,) = moves(announced(BOTH), [ANNA, CALLER], AT)
    assert entry["type"] == SPLIT
    assert (entry["data"]["customer"], entry["data"]["split"]) == ("anna", "caller")
    assert entry["data"]["identifiers"] == {"phone": ["1"]}


def test_a_customer_named_by_a_stronger_identifier_from_now_on_was_merged_into_it() -> None:
    stronger = customer("crm", "crm:1", "email:a@x.de")
    (entry,) = moves(announced(ANNA), [stronger], AT)
    assert (entry["type"], entry["data"]["merged"], entry["data"]["customer"]) == (MERGED, "anna", "crm")


def test_nothing_is_told_of_new_customers_or_of_one_who_became_known_by_more() -> None:
    assert moves({}, [ANNA, CALLER], AT) == []
    assert moves(announced(ANNA), [BOTH], AT) == []
    assert moves(announced(ANNA), [ANNA, CALLER], AT) == []


def test_an_entry_told_twice_is_the_same_entry_and_another_change_is_another() -> None:
    merged = moves(announced(ANNA, CALLER), [BOTH], AT)
    assert merged == moves(announced(ANNA, CALLER), [BOTH], AT)
    ids = {entry["id"] for entry in (*merged, *moves(announced(BOTH), [ANNA, CALLER], AT))}
    assert len(ids) == 2


def test_an_entry_is_a_cloudevent() -> None:
    (entry,) = moves(announced(ANNA, CALLER), [BOTH], AT)
    assert {name: entry[name] for name in ("specversion", "source", "time")} == {
        "specversion": "1.0",
        "source": "/baton/identity",
        "time": "2026-01-15T10:00:00Z",
    }


def test_sharing_and_conflicts_begin_and_are_over() -> None:
    begun, over = shared("email:kiosk@x.de", "begun", AT), shared("email:kiosk@x.de", OVER, AT)
    assert (begun["type"], begun["subject"], begun["data"]["status"]) == (SHARED, "email:kiosk@x.de", "begun")
    assert begun["id"] != over["id"]
    alert = {"fingerprint": "f", "summary": "two CRM numbers claim one SIM", "customer": "anna"}
    entry = conflict(alert, "begun", AT)
    assert (entry["type"], entry["data"]["alert"], entry["subject"]) == (CONFLICT, "f", "anna")
