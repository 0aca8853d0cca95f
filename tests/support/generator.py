"""A telecom's events without end: three departments, orders that go wrong in every way, identifiers that only meet
over several events. Seeded; all of January 2026, so that every deadline has passed.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from stdnum import luhn

from journeys.instants import HOUR, MINUTE, SECOND, format_instant, parse_instant

FIRST_ORDER = parse_instant("2026-01-02T00:00:00Z")
DAYS_OF_ORDERS = 10
FATES = {
    "healthy": 60, "missing": 8, "stuck": 4, "failed": 4, "late": 6, "duplicated": 4, "contradictory": 3,
    "parcel_late": 4, "parcel_missing": 4, "cancelled": 3,
}  # fmt: skip
MISFORTUNES = {
    "healthy": 10, "missing": 10, "stuck": 8, "failed": 8, "late": 14, "duplicated": 12, "contradictory": 12,
    "early": 12, "linked_late": 5, "parcel_late": 8, "parcel_missing": 5, "cancelled": 3, "calls_again": 8,
}  # fmt: skip
"""Of every kind of broken handoff some."""

Happening = tuple[int, str, dict[str, Any]]


def events(
    seed: int,
    count: int,
    fates: Mapping[str, int] = FATES,
    days: float = DAYS_OF_ORDERS,
    number: int = 0,
    pace: float | None = None,
) -> list[bytes]:
    """So many CloudEvents as JSON, in the order of their arrival: some a little late, customers side by side.

    `fates`: how often an order comes to what. `number`: of the last event, and of the last order, before these. `days`:
    on which orders are placed, in any order; with a `pace`, how many of them go on at once while so many are placed a
    day, so that the last day is like every other, also in how many customers come again.
    """
    chance = random.Random(f"events {seed}")
    arrivals: list[tuple[int, int, bytes]] = []
    before = number
    while len(arrivals) < count:
        number += 1
        first_day = (number - before) / pace if pace else 0.0
        for at, what, data in _order(number, chance, fates, first_day, days):
            arrived = at + chance.randint(1, 600) * SECOND
            id = f"{before + len(arrivals)}"
            arrivals.append((arrived, len(arrivals), _cloudevent(id, at, what, data)))
    return [raw for _, _, raw in sorted(arrivals[:count])]


def slices(events: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    """The events in so many parts, in order."""
    size = -(-len(events) // count)
    return (events[start : start + size] for start in range(0, len(events), size))


def _order(
    number: int, chance: random.Random, fates: Mapping[str, int], first_day: float, days: float
) -> Iterator[Happening]:
    """One order of a customer, placed within so many days of the first; every fifth customer is known from an order
    before, by one identifier of two.
    """
    fate = chance.choices(list(fates), list(fates.values()))[0]
    known = number - chance.randint(1, min(number, 50)) if chance.random() < 0.2 else number
    email = f"customer{known}@example.com"
    phone = f"+49171{3_000_000 + (number if chance.random() < 0.5 else known)}"
    order, plan = f"A-{number}", chance.choice("SML")
    iccid, imei = _checked(f"894902{number:012d}"), _checked(f"35{number:012d}")
    placed = FIRST_ORDER + (int(first_day * 24 * 60) + chance.randint(0, int(days * 24 * 60))) * MINUTE
    delivered = placed + chance.randint(60, 300 if fate != "parcel_late" else 600) * MINUTE
    activated = delivered + chance.randint(16, 200 if fate != "late" else 600) * MINUTE
    if fate == "early":
        activated = delivered - chance.randint(1, 50) * MINUTE
    shop = {"order": order, "email": email, "plan": plan, "promised_at": format_instant(placed + 6 * HOUR)}
    shop |= {"contact_phone": phone} if chance.random() < 0.4 else {}
    shop |= {"crm": f"C-{number}"} if chance.random() < 0.3 else {}
    line = {"iccid": iccid, "phone": phone}
    yield placed, "shop.order_placed", shop
    if fate == "cancelled":
        yield placed + HOUR, "shop.order_cancelled", {"order": order, "reason": "changed mind"}
        return
    if fate != "parcel_missing":
        items = [{"iccid": iccid, "imei": imei}] if fate != "linked_late" else []
        yield delivered, "shop.parcel_delivered", {"order": order, "items": items, "plan": plan}
    if fate != "missing":
        yield delivered + 10 * MINUTE, "activation.accepted", line
    if fate == "failed":
        yield delivered + 15 * MINUTE, "activation.failed", {**line, "reason": "number is ported out"}
    if fate not in ("missing", "stuck", "failed"):
        sold = "XL" if fate == "contradictory" else plan
        yield activated, "activation.line_activated", {**line, "plan": sold}
    if fate == "duplicated":
        yield activated + MINUTE, "activation.line_activated", {**line, "plan": plan}
    if fate == "linked_late":
        says = {"caller": phone, "recognised": False, "order": order}
        yield delivered + chance.randint(250, 900) * MINUTE, "call_center.call_received", says
    for _ in range(chance.randint(1, 3) if fate == "calls_again" else chance.random() < 0.3):
        recognised = chance.random() < 0.5
        says = {"caller": phone, "recognised": recognised} | ({"order": order} if recognised else {})
        yield activated + chance.randint(1, 900) * MINUTE, "call_center.call_received", says


def _cloudevent(id: str, at: int, what: str, data: dict[str, Any]) -> bytes:
    department = what.partition(".")[0]
    event = {
        "specversion": "1.0",
        "id": id,
        "source": f"/{department}",
        "type": what,
        "time": format_instant(at),
    }
    return orjson.dumps({**event, "data": data})


def _checked(digits: str) -> str:
    return digits + str(luhn.calc_check_digit(digits))
