"""The API over a real read model, with a log that only collects."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from api.app import create_app
from api.ports import LogAway
from api.store.read_model import ReadModel
from journeys.journey_map import JourneyMap
from tests.support import documents
from tests.support.documents import encoded

MAP = JourneyMap.parse("""
departments: {shop: {}, logistics: {}, activation: {}, call_center: {}}
default_region: DE
identifiers: {order: order, email: email, iccid: iccid, phone: phone}
events:
  shop.order_placed: {identifiers: {order: data.order, email: data.email, phone: data.phone}}
  shop.order_paid: {identifiers: {order: data.order}}
journeys:
  purchase:
    starts: shop.order_placed
    correlates: order
    handoffs: {payment: {from: shop.order_placed, to: shop.order_paid, within: 1h}}
""")


class CollectingLog:
    """An event log that keeps what is appended, each call as one; `away` makes it refuse."""

    def __init__(self) -> None:
        self.appended: list[list[tuple[str, bytes, bytes]]] = []
        self.away = False

    async def append(self, events: Sequence[tuple[str, bytes, bytes]]) -> None:
        if self.away:
            raise LogAway("the log does not answer")
        self.appended.append(list(events))

    async def what_is_away(self) -> list[str]:
        return ["the log does not answer"] if self.away else []


def show_ann(model: ReadModel) -> None:
    """One customer whose purchase went wrong in three ways."""
    model.writer.apply("baton.journeys", 0, [(0, "j1", encoded(documents.journey()))])
    model.writer.apply("baton.customers", 0, [(0, "c1", encoded(documents.customer()))])
    alerts = (documents.alert(), documents.late_shipping_alert(), documents.stranger_alert())
    records = [(offset, alert["fingerprint"], encoded(alert)) for offset, alert in enumerate(alerts)]
    model.writer.apply("baton.alerts", 0, records)


def fall_silent(model: ReadModel) -> None:
    """Activation is not heard from 16 January, 12:00 on: of what it owes two handoffs fell due since, one before."""
    silent = documents.alert("f9", kind="silent_department", journey=None, opened_at="2026-01-16T12:00:00Z")
    model.writer.apply("baton.alerts", 1, [(9, "f9", encoded(silent))])
    records = []
    for number, (status, due) in enumerate(
        (("waiting", "16T12:00"), ("waiting", "16T13:00"), ("waiting", "16T11:59"), ("done", "16T13:00"))
    ):
        owed = documents.handoff(
            "activation", "logistics.a", "activation.b", status, due_at=f"2026-01-{due}:00Z"
        )
        key = f"silent{number}"
        records.append((number, key, encoded(documents.journey(key, handoffs=[owed]))))
    owed = documents.handoff(
        "activation", "logistics.a", "activation.b", "waiting", due_at="2100-01-01T00:00:00Z"
    )
    records.append((4, "silent4", encoded(documents.journey("silent4", handoffs=[owed]))))
    model.writer.apply("baton.journeys", 1, records)


@pytest.fixture
def log() -> CollectingLog:
    return CollectingLog()


@pytest.fixture
async def client(read_model: ReadModel, log: CollectingLog) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, on each kind of read model."""
    app = create_app(read_model, log, MAP, ready=log.what_is_away)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://baton") as client:
        yield client
