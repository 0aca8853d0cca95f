"""The real orders of a marketplace, joined by seller and product as well: a limit of 10 keeps the busy ones out.

What is expected is computed here from the tables alone, with nothing of the product.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from tests.support import olist
from tests.support.replaying import Document, Replayed, grouped, replay
from tests.support.verifier import embedded_records

LIMIT = 10
MAP = (
    olist.MAP.read_text()
    .replace(
        "  order: order\n",
        "  order: {normaliser: order, identifies: customer}\n"
        f"  seller: {{limit: {LIMIT}}}\n  product: {{limit: {LIMIT}}}\n",
    )
    .replace(
        "marketplace.item_listed:\n    identifiers: {order: data.order}",
        "marketplace.item_listed:\n"
        "    identifiers: {order: data.order, seller: data.seller, product: data.product}",
    )
)


@pytest.fixture(scope="module")
def items() -> list[olist.Row]:
    return olist.rows("order_items")


@pytest.fixture(scope="module")
def over(items: list[olist.Row]) -> set[str]:
    """The sellers and products that items name together with more orders, products or sellers than the limit."""
    columns = {"order": "order_id", "seller": "seller_id", "product": "product_id"}
    met = grouped(
        ((f"{kind}:{item[columns[kind]]}", other), item[columns[other]])
        for item in items
        for kind in ("seller", "product")
        for other in columns
        if other != kind
    )
    return {identifier for (identifier, _), values in met.items() if len(values) > LIMIT}


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay(olist.events(), MAP, tmp_path_factory.mktemp("olist"), as_of=olist.AS_OF)


def test_the_tables_show_how_busy_sellers_and_products_are(items: list[olist.Row], over: set[str]) -> None:
    for column, most in (("seller_id", 60), ("product_id", 20)):
        orders = grouped((item[column], item["order_id"]) for item in items)
        assert max(len(each) for each in orders.values()) == most
        kind = column.removesuffix("_id")
        assert {f"{kind}:{name}" for name, each in orders.items() if len(each) > LIMIT} <= over


def test_those_over_the_limit_join_nobody_and_the_others_do(
    replayed: Replayed, items: list[olist.Row], over: set[str]
) -> None:
    persons = {row["customer_id"]: row["customer_unique_id"] for row in olist.rows("customers")}
    bearing = [(row["order_id"], f"customer:{persons[row['customer_id']]}") for row in olist.rows("orders")]
    bearing += [
        (item["order_id"], f"{kind}:{item[f'{kind}_id']}") for item in items for kind in ("seller", "product")
    ]
    expected = together((order, by) for order, by in bearing if by not in over)
    found = {
        frozenset(number_of(replayed.journey(id)) for id in customer["journeys"])
        for customer in replayed.customers
    }
    assert found == expected
    assert len(replayed.journeys) == 3405
    assert replayed.reconciles()


def test_those_over_the_limit_are_reported_as_shared_and_no_others(
    replayed: Replayed, over: set[str]
) -> None:
    assert {
        entry["data"]["identifier"]
        for entry in ledger(replayed.folder)
        if entry["type"] == "baton.identity.shared" and entry["data"]["status"] == "begun"
    } == over


def ledger(folder: Path) -> list[Document]:
    records = asyncio.run(embedded_records(folder / "log.sqlite", ["baton.identity"]))
    return [orjson.loads(record.value) for record in records]


def number_of(journey: Document) -> str:
    return str(journey["correlates"]).partition(":")[2].lower()


def together(bearing: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    """The orders that bear a name in common, directly or through others."""
    orders_of = grouped((name, order) for order, name in bearing)
    names_of = grouped((order, name) for name, orders in orders_of.items() for order in orders)
    groups: set[frozenset[str]] = set()
    waiting = set(names_of)
    while waiting:
        group: set[str] = set()
        reached = {waiting.pop()}
        while reached:
            group |= reached
            names = set().union(*(names_of[order] for order in reached))
            reached = set().union(*(orders_of[name] for name in names)) - group
        waiting -= group
        groups.add(frozenset(group))
    return groups
