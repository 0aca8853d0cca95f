"""Why an announced alert is not borne out any more, as far as the events tell."""

import json
from typing import Any

from journeys.events import Event
from journeys.folded import Folded
from journeys.instants import HOUR, MINUTE
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from journeys.withdrawals import came_late, cause_of
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    SIM,
    TELECOM,
    Told,
    activation,
    cloudevent,
    event_of,
    fold_all,
    instant,
    operator,
    shop,
)  # fmt: skip

MAP = JourneyMap.parse(TELECOM)
JUDGED = dict.fromkeys(MAP.departments, instant("20th 10:00"))
ORDER = event_of(MAP, "09:00", shop.order_placed(order="A-1", email=ANNA, plan="L"))
PARCEL = event_of(MAP, "10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"))
ACTIVATED = activation.line_activated(iccid=SIM, phone=ANNAS_PHONE, plan="L")


def folded(*events: Event) -> Folded:
    return fold_all(MAP, events, JUDGED)


def missing(*events: Event) -> dict[str, Any]:
    (alert,) = (a for a in folded(*events).alerts if (a["kind"], a["handoff"]) == ("missing", "activation"))
    return alert


def cause(alert: dict[str, Any], *events: Event) -> str:
    assert alert["fingerprint"] not in {each["fingerprint"] for each in folded(*events).alerts}
    return cause_of(alert, folded(*events), events)


def late(event: Event) -> Event:
    return event._replace(origins=[["activation.events", 0, 7, HOUR]])


def test_an_event_that_came_later_than_its_department_is_allowed_explains_it() -> None:
    alert = missing(ORDER, PARCEL)
    assert cause(alert, ORDER, PARCEL, late(event_of(MAP, "11:00", ACTIVATED))) == "late_event"


def test_else_news_that_leaves_customer_and_journey_as_they_were_revises_it() -> None:
    alert = missing(ORDER, PARCEL)
    cancelled = event_of(MAP, "09:30", shop.order_cancelled(order="A-1", reason="changed mind"))
    assert cause(alert, ORDER, PARCEL, cancelled) == "revised"


def test_else_who_is_who_has_changed() -> None:
    link = event_of(MAP, "12:00", operator.link(a="order:A-1", b=f"iccid:{SIM}", by="kim", reason="letter"))
    alert = {**missing(ORDER, PARCEL), "journey": "another", "fingerprint": "of the other"}
    assert cause(alert, ORDER, PARCEL, link) == "identity"


def test_an_event_of_which_one_copy_came_in_time_is_not_late() -> None:
    origins = [["activation.events", 0, 7, HOUR], ["activation.events", 1, 3]]
    assert not came_late(ORDER._replace(origins=origins))
    assert came_late(ORDER._replace(origins=origins[:1]))


def test_a_silence_that_was_none_was_broken_late() -> None:
    assert cause_of({"kind": "silent_department"}, Folded(), []) == "late_event"


def test_an_event_is_late_by_what_its_department_is_allowed_and_by_when_the_log_had_it() -> None:
    reader = EventReader(MAP, live=True)

    def read(told: Told, received: str, more: int) -> list[Any]:
        raw = json.dumps(cloudevent("09:00", told, "1")).encode()
        return reader.read(raw, ["t", 0, 7], instant(received) + more).origins

    order = shop.order_placed(order="A-1", email=ANNA)
    assert read(order, "09:02", 0) == [["t", 0, 7]]
    assert read(order, "09:02", 1) == [["t", 0, 7, 2 * MINUTE + 1]]
