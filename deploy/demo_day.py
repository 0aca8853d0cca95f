"""A seeded day of a telecom's three departments, mostly healthy, with every kind of broken handoff among it.

The day is 2026-01-15, UTC. The phone numbers are those that the German regulator keeps free for fiction.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from stdnum import luhn

from journeys.instants import HOUR, MINUTE, SECOND, format_instant, parse_instant

DAY_STARTS = parse_instant("2026-01-15T00:00:00Z")
MIN_ORDERS, MAX_ORDERS = 2, 5_000
HEALTHY = "healthy"
RATES = {
    "missing": 0.015,
    "stuck": 0.01,
    "late": 0.02,
    "failed": 0.015,
    "contradictory": 0.01,
    "out_of_order": 0.01,
    "duplicated": 0.01,
    "unrecognised_caller": 0.015,
    "repeat_contact": 0.01,
    "identity_conflict": 0.005,
    "parcel_late": 0.015,
    "parcel_missing": 0.01,
    "cancelled": 0.02,
    "ordered_in_the_evening": 0.03,
}
_PLANS = ("S", "M", "L", "XL")
_FICTION = ("+493023125", "+496990009", "+494066969", "+492214710", "+498999998")

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to happen to one order, unless it goes wrong; instants in microseconds.

    `phone` is the line's number and the caller's; `contact` the number given to the shop, if any.
    """

    number: str
    email: str
    crm: str | None
    phone: str
    contact: str | None
    iccid: str
    imei: str
    plan: str
    placed: int
    promised: int
    delivered: int
    activated: int


def _with_check_digit(digits: str) -> str:
    return digits + str(luhn.calc_check_digit(digits))


# She gets her smartphone in time, nobody activates her line, she calls, and nobody knows who is calling.
ANNA = Order(
    number="A-1001",
    email="anna@example.com",
    crm="C-1001",
    phone="+491713920001",
    contact="+491713920001",
    iccid=_with_check_digit("894902000000001001"),
    imei=_with_check_digit("35000000001001"),
    plan="L",
    placed=DAY_STARTS + 7 * HOUR + 40 * MINUTE,
    promised=DAY_STARTS + 12 * HOUR,
    delivered=DAY_STARTS + 9 * HOUR + 30 * MINUTE,
    activated=DAY_STARTS + 11 * HOUR,
)

# She calls from a number that no department knows yet. Only when her line is activated, late, does it become hers.
BERTA = Order(
    number="A-1002",
    email="berta@example.com",
    crm="C-1002",
    phone="+491713920002",
    contact=None,
    iccid=_with_check_digit("894902000000001002"),
    imei=_with_check_digit("35000000001002"),
    plan="M",
    placed=DAY_STARTS + 8 * HOUR + 5 * MINUTE,
    promised=DAY_STARTS + 14 * HOUR,
    delivered=DAY_STARTS + 10 * HOUR + 20 * MINUTE,
    activated=DAY_STARTS + 20 * HOUR + 15 * MINUTE,
)


def story(order: Order) -> dict[str, str]:
    """The identifiers of Anna's or Berta's story, by type; at the day's end each leads to the same customer."""
    return {
        "crm": str(order.crm),
        "email": order.email,
        "phone": order.phone,
        "order": order.number,
        "iccid": order.iccid,
        "imei": order.imei,
    }


def demo_day(seed: int, orders: int = 300) -> list[bytes]:
    """The day's records as JSON lines in the order of their arrival; the same for the same arguments.

    Some arrive late, some twice, and three can't be used. ValueError unless there are 2 to 5,000 orders.
    """
    chance = random.Random(f"arrival {seed}")
    arrivals: list[tuple[int, bytes]] = []
    for event in _events(seed, orders):
        line = orjson.dumps(event)
        happened = parse_instant(event["time"])
        slow = chance.random() < 0.03
        arrived = happened + chance.randint(1, 600 if slow else 20) * SECOND
        arrivals.append((arrived, line))
        if chance.random() < 0.02:
            arrivals.append((arrived + chance.randint(1, 900) * SECOND, line))
    arrivals += _unusable(arrivals[0][1])
    return [line for _, line in sorted(arrivals)]


def truth(seed: int, orders: int = 300) -> dict[str, str]:
    """What happens to each order of that day: number → a key of RATES, or `healthy`.

    Anna's is `missing` and Berta's `late`; both called and were not recognised, too.
    """
    fixed = {ANNA.number: "missing", BERTA.number: "late"}
    return fixed | {order.number: fate for order, fate in _orders(seed, orders)}


def _unusable(whole: bytes) -> list[tuple[int, bytes]]:
    """A line cut off on its way, a call with its number withheld, a misspelt type."""
    noon = DAY_STARTS + 12 * HOUR
    withheld = _event("call_center", "call_received", "withheld", noon, caller="anonymous", recognised=False)
    misspelt = _event("shop", "order_plcaed", "misspelt", noon, order="A-0000")
    return [
        (noon, whole[: len(whole) // 2]),
        (noon + MINUTE, orjson.dumps(withheld)),
        (noon + 2 * MINUTE, orjson.dumps(misspelt)),
    ]


def _events(seed: int, orders: int) -> Iterator[Event]:
    yield from _annas_and_bertas_day()
    chance = random.Random(f"events {seed}")
    for order, fate in _orders(seed, orders):
        yield from _order_and_delivery(order, fate)
        if fate not in ("cancelled", "parcel_missing", "ordered_in_the_evening"):
            yield from _activation(order, fate, chance)
            yield from _calls(order, fate, chance)


def _annas_and_bertas_day() -> Iterator[Event]:
    for order in (ANNA, BERTA):
        yield from _order_and_delivery(order, HEALTHY)
        called = order.delivered + 4 * HOUR + 35 * MINUTE
        yield _call(order, called, recognised=False, topic="my new phone has no network")
    yield _activated(BERTA, BERTA.activated)
    # The day's last event, after every deadline, so that nothing is left to wait for.
    end = DAY_STARTS + 23 * HOUR + 30 * MINUTE
    yield _event("activation", "welcome_sent", BERTA.number, end, iccid=BERTA.iccid)


def _orders(seed: int, orders: int) -> Iterator[tuple[Order, str]]:
    """All orders but Anna's and Berta's with what goes wrong, in the order of their numbers."""
    if not MIN_ORDERS <= orders <= MAX_ORDERS:
        raise ValueError(f"expected {MIN_ORDERS} to {MAX_ORDERS} orders, found {orders}")
    chance = random.Random(f"orders {seed}")
    fates = _fates(orders - 2, chance)
    email = BERTA.email
    for index, fate in enumerate(fates):
        shares = fate == "identity_conflict"
        claimed = shares or fates[index + 1 : index + 2] == ["identity_conflict"]
        order = _order(1_003 + index, fate, chance, email if shares else None, claimed)
        email = order.email
        yield order, fate


def _fates(count: int, chance: random.Random) -> list[str]:
    broken = [fate for fate, rate in RATES.items() for _ in range(max(1, round(rate * count)))]
    chance.shuffle(broken)
    fates = [*broken, *[HEALTHY] * count][:count]
    chance.shuffle(fates)
    return fates


def _order(number: int, fate: str, chance: random.Random, email: str | None, registered: bool) -> Order:
    placed = DAY_STARTS + chance.randint(6 * 3600, 13 * 3600) * SECOND
    if fate == "ordered_in_the_evening":
        placed = DAY_STARTS + 20 * HOUR + chance.randint(0, 3 * 3600) * SECOND
    promised = placed + 6 * HOUR
    delivered = placed + chance.randint(60, 300) * MINUTE
    if fate == "parcel_late":
        delivered = promised + chance.randint(10, 60) * MINUTE
    activated = delivered + chance.randint(16, 120) * MINUTE
    if fate == "late":
        activated = delivered + 4 * HOUR + chance.randint(5, 55) * MINUTE
    if fate == "out_of_order":
        activated = delivered - chance.randint(5, 30) * MINUTE
    index = number - 1_000
    phone = f"{_FICTION[index // 1_000 % len(_FICTION)]}{index % 1_000:03d}"
    known = registered or chance.random() < 0.7
    return Order(
        number=f"A-{number}",
        email=email or f"customer{number}@example.com",
        crm=f"C-{number}" if known else None,
        phone=phone,
        contact=phone if chance.random() < 0.4 else None,
        iccid=_with_check_digit(f"894902{number:012d}"),
        imei=_with_check_digit(f"35000000{number:06d}"),
        plan=chance.choice(_PLANS),
        placed=placed,
        promised=promised,
        delivered=delivered,
        activated=activated,
    )


def _order_and_delivery(order: Order, fate: str) -> Iterator[Event]:
    given = {"crm": order.crm, "contact_phone": order.contact}
    yield _event(
        "shop", "order_placed", order.number, order.placed,
        order=order.number, email=order.email, plan=order.plan, promised_at=format_instant(order.promised),
        **{name: value for name, value in given.items() if value},
    )  # fmt: skip
    if fate == "cancelled":
        yield _event(
            "shop",
            "order_cancelled",
            order.number,
            order.placed + 30 * MINUTE,
            order=order.number,
            reason="changed mind",
        )
    elif fate not in ("parcel_missing", "ordered_in_the_evening"):
        items = [{"iccid": order.iccid, "imei": order.imei}]
        yield _event(
            "shop",
            "parcel_delivered",
            order.number,
            order.delivered,
            order=order.number,
            items=items,
            plan=order.plan,
        )


def _activation(order: Order, fate: str, chance: random.Random) -> Iterator[Event]:
    if fate == "missing":
        return
    accepted = min(order.delivered, order.activated) + chance.randint(2, 9) * MINUTE
    line = {"iccid": order.iccid, "phone": order.phone}
    yield _event("activation", "accepted", order.number, accepted, **line)
    if fate == "stuck":
        return
    if fate == "failed":
        failed = accepted + 5 * MINUTE
        yield _event(
            "activation", "failed", order.number, failed, reason="number is still ported out", **line
        )
        if chance.random() < 0.5:
            return
    yield from _switched_on(order, fate, chance)
    if chance.random() < 0.3:
        yield _event(
            "activation", "welcome_sent", order.number, order.activated + 5 * MINUTE, iccid=order.iccid
        )


def _switched_on(order: Order, fate: str, chance: random.Random) -> Iterator[Event]:
    if fate != "contradictory":
        yield _activated(order, order.activated)
    elif chance.random() < 0.5:
        other_plan = next(plan for plan in _PLANS if plan != order.plan)
        yield _activated(order, order.activated, plan=other_plan)
    else:
        yield _activated(order, order.activated, iccid=_with_check_digit(f"894903{order.number[2:]:0>12}"))
    if fate == "duplicated":
        yield _activated(order, order.activated + 10 * MINUTE, again="-again")


def _calls(order: Order, fate: str, chance: random.Random) -> Iterator[Event]:
    called = max(order.activated, order.delivered) + chance.randint(10, 60) * MINUTE
    if fate == "unrecognised_caller":
        yield _call(order, called, recognised=False, topic="no network")
    elif fate == "repeat_contact":
        yield _call(order, called, recognised=True, topic="bill")
        yield _call(order, called + 45 * MINUTE, recognised=True, topic="bill, again", again="-again")
    elif fate == HEALTHY and chance.random() < 0.08:
        yield _call(order, called, recognised=True, topic="roaming")


def _activated(order: Order, at: int, again: str = "", **other: str) -> Event:
    says = {"iccid": order.iccid, "phone": order.phone, "plan": order.plan} | other
    return _event("activation", "line_activated", order.number + again, at, **says)


def _call(order: Order, at: int, recognised: bool, topic: str, again: str = "") -> Event:
    known = {"order": order.number} if recognised else {}
    return _event(
        "call_center", "call_received", order.number + again, at,
        caller=order.phone, recognised=recognised, topic=topic, **known,
    )  # fmt: skip


def _event(department: str, what: str, about: str, at: int, **data: Any) -> Event:
    return {
        "specversion": "1.0",
        "id": f"{what}-{about}",
        "source": f"/{department}",
        "type": f"{department}.{what}",
        "time": format_instant(at),
        "datacontenttype": "application/json",
        "data": data,
    }
