"""How departments write one and the same identifier."""

import random
from collections.abc import Callable
from typing import Any

from stdnum import luhn

KINDS = {
    "crm": "crm",
    "email": "email",
    "contact_phone": "phone",
    "number": "phone",
    "caller": "phone",
    "phone": "phone",
    "order": "order",
    "payment": "payment",
    "parcel": "parcel",
    "port": "port",
    "iccid": "iccid",
}
"""Which field of an event's data is an identifier of which type."""


WITHHELD = "anonymous"
NOTHING = ("n/a", "0", "NULL", "unknown", "-", "noemail@shop.example", "+49 000 0000000")
"""What forms hold where somebody was made to fill them in."""
NOBODY = {WITHHELD, *NOTHING}


def named(data: dict[str, Any]) -> tuple[str, ...]:
    """The identifiers in an event's data, as `type:value`. The data are not spelled yet."""
    found = []
    for field, value in data.items():
        if isinstance(value, str) and value in NOBODY:
            continue
        if field == "items":
            found += [f"iccid:{item['iccid']}" for item in value]
        elif kind := KINDS.get(field):
            found += [f"{kind}:{each}" for each in (value if isinstance(value, list) else [value])]
    return tuple(found)


def spelled(data: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The data as a department writes them."""
    written = {}
    for field, value in data.items():
        if field == "items":
            written[field] = [spelled(item, chance) for item in value]
        elif isinstance(value, list):
            written[field] = [_spell(field, each, chance) for each in value]
        else:
            written[field] = _spell(field, value, chance)
    return written


def with_check_digit(digits: str) -> str:
    return digits + str(luhn.calc_check_digit(digits))


def _spell(field: str, value: Any, chance: random.Random) -> Any:
    ways = _WAYS.get(KINDS.get(field, ""), ())
    spells = bool(ways) and value not in NOBODY and chance.random() < 0.5
    return chance.choice(ways)(value) if spells else value


def _phone(start: str, every: int = 20, between: str = "") -> Callable[[str], str]:
    def spell(number: str) -> str:
        digits = number.removeprefix("+49")
        return start + between.join(
            [digits[:3], *(digits[i : i + every] for i in range(3, len(digits), every))]
        )

    return spell


_WAYS: dict[str, tuple[Callable[[str], str], ...]] = {
    "email": (
        str.upper,
        str.title,
        lambda email: f" {email} ",
        lambda email: f"<{email}>",
        lambda email: f"mailto:{email}",
    ),
    "phone": (
        _phone("+49 ", between=" "),
        _phone("0"),
        _phone("0", 4, " "),
        _phone("0049"),
        _phone("49"),
        _phone("+49 (0) ", between=" "),
        _phone("0", between="/"),
        _phone("tel:+49-", 4, "-"),
    ),
    "crm": (str.lower, lambda crm: f"#{crm}", lambda crm: f" {crm}"),
    "order": (str.lower, lambda order: f"#{order}", lambda order: order.replace("-", "- ")),
    "iccid": (
        lambda iccid: " ".join(iccid[i : i + 4] for i in range(0, len(iccid), 4)),
        lambda iccid: f"{iccid}F",
        lambda iccid: iccid[:-1],
        lambda iccid: f"{iccid[:2]}-{iccid[2:4]}-{iccid[4:]}",
    ),
}
