"""Events that make it hard to say who is who: shared, recycled and disputed identifiers, and operators who decide."""

from itertools import combinations

from journeys.events import Event
from journeys.journey_map import JourneyMap
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BEN,
    OTHER_SIM,
    SIM,
    TELECOM,
    activation,
    call_center,
    event_of,
    operator,
    shop,
)

MAP = JourneyMap.parse(TELECOM.replace("changes_hands_after: 26w", "changes_hands_after: 3d"))
KNOWN_BY = (
    "crm:C-1",
    "crm:C-2",
    f"email:{ANNA}",
    f"email:{BEN}",
    f"phone:{ANNAS_PHONE}",
    "order:A-1",
    "order:A-2",
)


def departments() -> list[Event]:
    """What Anna and Ben, who share a phone now and then, do in three weeks."""
    both = {"order": ["A-1", "A-2"], "items": [{"iccid": SIM}, {"iccid": OTHER_SIM}]}
    told = [
        ("1st 09:00", shop.order_placed(order="A-1", crm="C-1", email=ANNA, plan="L")),
        ("1st 10:00", shop.order_placed(order="A-2", crm="C-2", email=BEN, plan="M")),
        ("1st 11:00", call_center.call_received(email=ANNA, caller=ANNAS_PHONE, recognised=False)),
        ("2nd 09:00", shop.parcel_delivered(**both)),
        ("2nd 09:30", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L")),
        ("2nd 10:00", activation.accepted(iccid=SIM, phone=ANNAS_PHONE)),
        ("2nd 11:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE, plan="M")),
        ("2nd 11:30", activation.line_activated(iccid=OTHER_SIM)),
        ("3rd 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False)),
        ("3rd 10:00", activation.number_released(phone=ANNAS_PHONE)),
        ("4th 10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False)),
        ("9th 10:00", shop.order_placed(order="A-3", email=BEN, contact_phone=ANNAS_PHONE)),
        ("10th 10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True)),
        ("11th 10:00", shop.order_placed(order="A-4", crm="C-1", email=BEN)),
        ("18th 10:00", shop.order_placed(order="A-5", email=ANNA, contact_phone=ANNAS_PHONE)),
        ("19th 10:00", call_center.call_received(caller=ANNAS_PHONE, order="A-2", recognised=False)),
    ]
    return [event_of(MAP, time, event) for time, event in told]


def commands() -> list[Event]:
    """A link and an unlink of every pair, at times of their own."""
    found = []
    for n, (a, b) in enumerate(combinations(KNOWN_BY, 2)):
        found.append(event_of(MAP, f"{1 + n % 20}th 12:{n:02}", operator.link(a=a, b=b, by="eve")))
        found.append(event_of(MAP, f"{1 + (n * 7) % 20}th 13:{n:02}", operator.unlink(a=a, b=b, by="kim")))
    return found
