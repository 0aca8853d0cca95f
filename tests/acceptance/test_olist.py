"""3,405 real orders of a marketplace: the broken handoffs are those that its tables show, order by order.

What is expected is computed here from the tables alone, with nothing of the product.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import olist
from tests.support.kafka import Broker
from tests.support.replaying import Document, Replayed, grouped, replay


class Broken(NamedTuple):
    """A broken handoff that the tables show."""

    handoff: str
    kind: str
    order: str
    opened: datetime | None = None
    due: datetime | None = None
    done: datetime | None = None

    @property
    def late_by_seconds(self) -> float | None:
        return (self.done - self.due).total_seconds() if self.done and self.due else None


class Order(NamedTuple):
    number: str
    status: str
    purchased: datetime | None
    approved: datetime | None
    carried: datetime | None
    delivered: datetime | None
    estimate: datetime | None
    shipping_limit: datetime | None

    @property
    def cancelled(self) -> datetime | None:
        own = (self.purchased, self.approved, self.carried, self.delivered)
        return max(at for at in own if at) if self.status in ("canceled", "unavailable") else None


def instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


AS_OF = datetime.fromisoformat(olist.AS_OF)


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    limits = grouped(
        (item["order_id"], instant(item["shipping_limit_date"])) for item in olist.rows("order_items")
    )
    return [
        Order(
            number=row["order_id"],
            status=row["order_status"],
            purchased=instant(row["order_purchase_timestamp"]),
            approved=instant(row["order_approved_at"]),
            carried=instant(row["order_delivered_carrier_date"]),
            delivered=instant(row["order_delivered_customer_date"]),
            estimate=instant(row["order_estimated_delivery_date"]),
            shipping_limit=max(limits.get(row["order_id"], ()), default=None),
        )
        for row in olist.rows("orders")
    ]


@pytest.fixture(scope="module")
def expected(orders: list[Order]) -> list[Broken]:
    return [broken for order in orders for broken in broken_of(order)]


def broken_of(order: Order) -> list[Broken]:
    handoffs = (
        ("hand_over", order.approved, order.carried, order.shipping_limit),
        ("delivery", order.purchased, order.delivered, order.estimate),
        ("transit", order.carried, order.delivered, order.estimate),
    )
    found = []
    for handoff, started, done, due in handoffs:
        if not started or not due:
            continue
        opened = max(started, due)
        if done and done > due:
            found.append(Broken(handoff, "late", order.number, opened, due, done))
        elif not done and due < AS_OF and not (order.cancelled and due > order.cancelled):
            found.append(Broken(handoff, "missing", order.number, opened, due))
    if order.approved and order.carried and order.carried < order.approved:
        found.append(Broken("hand_over", "out_of_order", order.number))
    return found


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay(olist.events(), olist.MAP, tmp_path_factory.mktemp("olist"), as_of=olist.AS_OF)


def number_of(journey: Document) -> str:
    return str(journey["correlates"]).partition(":")[2].lower()


def test_the_tables_show_what_was_counted_before(orders: list[Order], expected: list[Broken]) -> None:
    by_kind = grouped(((broken.handoff, broken.kind), broken.order) for broken in expected)
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        ("hand_over", "missing"): 21,
        ("hand_over", "late"): 287,
        ("hand_over", "out_of_order"): 49,
        ("delivery", "missing"): 50,
        ("delivery", "late"): 275,
        ("transit", "missing"): 29,
        ("transit", "late"): 275,
    }
    assert len(orders) == 3405
    assert (
        sum(order.carried == order.shipping_limit for order in orders if order.approved and order.carried)
        == 7
    )
    assert sum(order.shipping_limit is None for order in orders) == 21


def test_it_finds_exactly_the_broken_handoffs_that_the_tables_show(
    replayed: Replayed, expected: list[Broken]
) -> None:
    found = grouped(
        ((alert["handoff"], alert["kind"]), number_of(replayed.journey(alert["journey"])))
        for alert in replayed.alerts()
    )
    assert found == grouped(((broken.handoff, broken.kind), broken.order) for broken in expected)
    assert len(replayed.alerts()) == len(expected)


def test_it_says_of_every_broken_promise_when_it_was_due_and_how_late_it_was_kept(
    replayed: Replayed, expected: list[Broken]
) -> None:
    found = {
        Broken(
            alert["handoff"],
            alert["kind"],
            number_of(replayed.journey(alert["journey"])),
            datetime.fromisoformat(alert["opened_at"]),
            datetime.fromisoformat(alert["due_at"]),
            datetime.fromisoformat(alert["resolved_at"]) if alert["resolved_at"] else None,
        ): (alert["status"], alert["late_by_seconds"])
        for kind in ("late", "missing")
        for alert in replayed.alerts(kind=kind)
    }
    assert found == {
        broken: ("resolved" if broken.done else "open", broken.late_by_seconds)
        for broken in expected
        if broken.kind != "out_of_order"
    }


def test_it_proves_every_alert_with_events_of_that_very_order(replayed: Replayed) -> None:
    for alert in replayed.alerts():
        order = number_of(replayed.journey(alert["journey"]))
        assert alert["evidence"], alert["summary"]
        assert {event["id"].partition("-")[0] for event in alert["evidence"]} == {order}


def test_it_makes_one_journey_of_every_order_with_all_its_events(replayed: Replayed) -> None:
    assert {
        number_of(journey): {event["id"] for event in journey["timeline"]} for journey in replayed.journeys
    } == grouped((event["data"]["order"], event["id"]) for event in olist.events())
    assert len(replayed.journeys) == 3405


def test_it_holds_every_order_to_the_latest_promise_of_its_items_and_one_without_items_to_none(
    replayed: Replayed, orders: list[Order]
) -> None:
    due = {
        number_of(journey): handoff["due_at"] and datetime.fromisoformat(handoff["due_at"])
        for journey in replayed.journeys
        for handoff in journey["handoffs"]
        if handoff["handoff"] == "hand_over"
    }
    promised = {order.number: order.shipping_limit for order in orders if order.approved}
    assert {number: due[number] for number in promised} == promised
    assert list(promised.values()).count(None) == 17
    assert replayed.summary["unpromised"] == {"hand_over": 17}


def test_it_ends_every_journey_as_its_order_ended(replayed: Replayed, orders: list[Order]) -> None:
    ends = {"delivered": "completed", "canceled": "cancelled", "unavailable": "cancelled"}
    assert {number_of(journey): journey["status"] for journey in replayed.journeys} == {
        order.number: ends.get(order.status, "open") for order in orders
    }


def test_it_knows_the_one_customer_who_ordered_twice(replayed: Replayed) -> None:
    persons = {row["customer_id"]: row["customer_unique_id"] for row in olist.rows("customers")}
    orders_of = grouped((persons[row["customer_id"]], row["order_id"]) for row in olist.rows("orders"))
    found = {
        customer["identifiers"]["customer"][0]: {
            number_of(replayed.journey(id_)) for id_ in customer["journeys"]
        }
        for customer in replayed.customers
    }
    assert found == orders_of
    assert len([person for person, orders in found.items() if len(orders) > 1]) == 1
    assert len(replayed.customers) == 3404


def test_it_accounts_for_every_event(replayed: Replayed) -> None:
    assert replayed.reconciles()
    assert replayed.summary["read"] == replayed.summary["folded"] == 17_331
    assert replayed.dead_letters == []


def test_it_comes_to_the_same_on_kafka(replayed: Replayed, kafka: Broker, tmp_path: Path) -> None:
    on_kafka = replay(olist.events(), olist.MAP, tmp_path, as_of=olist.AS_OF, broker=kafka.url)
    assert on_kafka.results() == replayed.results()
    assert on_kafka.reconciles()
