"""Real marketplace orders as the events of three departments: marketplace, payment, logistics.

Everyone knows an order by its number; only the marketplace knows whose it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import shared

MAP = Path(__file__).parent / "maps" / "olist.yaml"
AS_OF = "2018-10-14T22:35:56Z"
CANCELLED = ("canceled", "unavailable")
MILESTONES = {
    "marketplace.order_purchased": "order_purchase_timestamp",
    "payment.order_approved": "order_approved_at",
    "logistics.handed_to_carrier": "order_delivered_carrier_date",
    "logistics.delivered": "order_delivered_customer_date",
}

Row = dict[str, str]


def rows(table: str) -> list[Row]:
    return shared.rows("olist_dev_sample", f"olist_{table}_dataset")


def events() -> Iterator[dict[str, Any]]:
    """One CloudEvent per milestone of an order and per item, order by order; ids never change."""
    persons = {row["customer_id"]: row["customer_unique_id"] for row in rows("customers")}
    purchases = {}
    for order in rows("orders"):
        purchases[order["order_id"]] = order["order_purchase_timestamp"]
        yield from _milestones(order, persons[order["customer_id"]])
    for item in rows("order_items"):
        yield _event(
            "marketplace.item_listed", item["order_id"], purchases[item["order_id"]], item["order_item_id"],
            seller=item["seller_id"], product=item["product_id"], shipping_limit=item["shipping_limit_date"],
        )  # fmt: skip


def _milestones(order: Row, person: str) -> Iterator[dict[str, Any]]:
    known = {
        "marketplace.order_purchased": {
            "customer": person,
            "estimated_delivery": order["order_estimated_delivery_date"],
        }
    }
    reached = {type_: order[column] for type_, column in MILESTONES.items() if order[column]}
    for type_, at in reached.items():
        yield _event(type_, order["order_id"], at, **known.get(type_, {}))
    if order["order_status"] in CANCELLED:
        # The final state has no time of its own; the last thing that happened is the earliest it can be.
        yield _event("marketplace.order_cancelled", order["order_id"], max(reached.values()))


def _event(type_: str, order: str, at: str, *parts: str, **facts: str) -> dict[str, Any]:
    department, _, what = type_.partition(".")
    return {
        "specversion": "1.0",
        "id": "-".join((order, what, *parts)),
        "source": f"/olist/{department}",
        "type": type_,
        "time": at.replace(" ", "T") + "Z",
        "datacontenttype": "application/json",
        "data": {"order": order, **facts},
    }
