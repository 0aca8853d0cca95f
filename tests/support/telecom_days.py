"""Events of the telecom's departments to play with."""

from deploy.demo_day import demo_day
from journeys.errors import InvalidEvent
from journeys.events import Event
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from tests.support.scenario import OTHER_SIM, SIM, activation, call_center, event_of, shop


def day(journey_map: JourneyMap) -> list[Event]:
    """The demo's day, small."""
    reader = EventReader(journey_map, live=False)
    events: dict[str, Event] = {}
    for offset, line in enumerate(demo_day(3, orders=30)):
        try:
            event = reader.read(line, ["day", 0, offset], None)
        except InvalidEvent:
            continue
        events.setdefault(event.key, event)
    return list(events.values())


def loosely_tied_orders(journey_map: JourneyMap) -> list[Event]:
    """Orders that only later events tie to an e-mail address, a SIM, a phone, and to each other."""
    events = []
    for n, sim in enumerate((SIM, OTHER_SIM)):
        order, email, phone = f"L-{n}", f"l{n}@example.com", f"+49 171 392001{n}"
        neighbour = f"l{1 - n}@example.com"
        for time, told in (
            ("09:0", shop.order_placed(order=order, plan="L", promised_at="2026-01-15T12:00:00Z")),
            ("12:1", shop.parcel_delivered(order=order, items=[{"iccid": sim}], plan="L")),
            ("12:2", activation.accepted(iccid=sim, phone=phone)),
            ("17:3", activation.line_activated(iccid=sim, phone=phone, plan="M")),
            ("13:4", call_center.call_received(order=order, email=email, recognised=False)),
            ("14:5", call_center.call_received(caller=phone, recognised=False)),
            ("18:0", call_center.call_received(caller=phone, email=neighbour, recognised=True)),
        ):
            events.append(event_of(journey_map, f"{time}{n}", told))
    return events
