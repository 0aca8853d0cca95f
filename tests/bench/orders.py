"""What is played: orders of new lines, each a journey of twelve events over six identifier types, still open.

Seeded, so that every run plays the same. One in twenty lines is never activated, one parcel in twenty comes
late, one caller in ten is not recognised.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import orjson
from stdnum import luhn

from journeys.instants import format_instant, parse_instant
from journeys.journey_map import JourneyMap

MAP = Path(__file__).with_name("map.yaml")
EVENTS_A_JOURNEY = 12
SEED = 20260115

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_FIRST_ORDER = parse_instant("2026-01-15T00:00:00Z")
_DAYS_OF_ORDERS = 5

Happening = tuple[int, str, dict[str, Any]]


def journey_map() -> JourneyMap:
    return JourneyMap.parse(MAP.read_text(), MAP.name)


def by_journey(journeys: int) -> Iterator[list[bytes]]:
    """The CloudEvents of one journey after another, each journey's in time order."""
    for number in range(journeys):
        yield [_cloudevent(number, n, *happened) for n, happened in enumerate(_order(number))]


def by_time(journeys: int, first: int = 0) -> list[bytes]:
    """The CloudEvents of all journeys from the first on, in time order: what the departments publish together."""
    happened = [
        (event, number, n)
        for number in range(first, first + journeys)
        for n, event in enumerate(_order(number))
    ]
    happened.sort(key=lambda each: (each[0][0], each[1], each[2]))
    return [_cloudevent(number, n, *event) for event, number, n in happened]


def as_they_happen(orders_a_second: float, hour: int, began: int) -> Iterator[tuple[int, bytes]]:
    """Orders one after another for ever, whose hours last so many microseconds: (when, CloudEvent) in time order."""
    under_way: list[tuple[int, int, int, str, dict[str, Any]]] = []
    for number in count():
        placed = began + int(number / orders_a_second * _SECOND)
        while under_way and under_way[0][0] <= placed:
            at, of, nth, type, data = heappop(under_way)
            yield at, _cloudevent(of, nth, at, type, data)
        for nth, (at, type, data) in enumerate(_order(number, placed, hour)):
            heappush(under_way, (at, number, nth, type, data))


def _order(number: int, placed: int | None = None, hour: int = _HOUR) -> list[Happening]:
    random = Random(SEED + number)
    day = int(random.random() * _DAYS_OF_ORDERS * 24 * _HOUR)
    placed = _FIRST_ORDER + day if placed is None else placed
    delivered = 60 if random.random() < 0.05 else 20
    activated = random.random() >= 0.05
    recognised = random.random() >= 0.1
    order, email, plan = f"A-{number:07d}", f"Customer.{number}@Example.com", random.choice("SML")
    iccid, imei = _checked(f"894902{number:012d}"), _checked(f"35{number:012d}")
    phone, spelled = f"+4915{10_000_0000 + number}", f"015{10_000_0000 + number}"
    promised = format_instant(placed + 30 * hour)
    line: dict[str, Any] = {"iccid": iccid, "phone": phone}
    outcome: tuple[str, dict[str, Any]] = ("activation.line_activated", {**line, "plan": plan})
    if not activated:
        outcome = ("activation.failed", {"iccid": iccid, "reason": "number not ported"})
    told: list[tuple[float, str, dict[str, Any]]] = [
        (0, "shop.order_placed",
         {"order": order, "email": email, "crm": f"C{number:07d}", "plan": plan, "promised_at": promised}),
        (0.1, "shop.order_paid", {"order": order, "method": "card", "amount": 499}),
        (3, "shop.order_packed", {"order": order, "iccid": iccid, "imei": imei}),
        (5, "shop.parcel_sent", {"order": order, "carrier": "DHL"}),
        (delivered, "shop.parcel_delivered", {"order": order, "iccid": iccid, "plan": plan}),
        (delivered + 0.2, "activation.requested", line),
        (delivered + 0.3, "activation.accepted", {"iccid": iccid}),
        (delivered + 2, *outcome),
        (delivered + 2.1, "activation.welcome_sent", {"phone": phone, "email": email.lower()}),
        (delivered + 4, "call_center.call_received", {"caller": spelled, "recognised": recognised}),
        (delivered + 21, "call_center.call_received", {"caller": spelled, "order": order, "recognised": True}),
        (delivered + 40, "call_center.call_received", {"caller": spelled, "recognised": True}),
    ]  # fmt: skip
    return [(placed + int(hours * hour), type, data) for hours, type, data in told]


def _cloudevent(number: int, nth: int, time: int, type: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{number:07d}-{nth:02d}",
            "source": f"/{type.partition('.')[0]}",
            "type": type,
            "time": format_instant(time),
            "data": data,
        }
    )


def _checked(digits: str) -> str:
    return digits + str(luhn.calc_check_digit(digits))
