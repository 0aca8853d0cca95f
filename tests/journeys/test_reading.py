"""Reading a record under the telecom's map."""

import json
from typing import Any

import pytest

from journeys import identifiers
from journeys.errors import InvalidEvent, InvalidMap
from journeys.events import Event
from journeys.instants import MINUTE
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from tests.support.scenario import ANNA, TELECOM, Told, cloudevent, instant, operator, shop

MAP = JourneyMap.parse(TELECOM)
NINE = instant("09:00")


def read(told: Told, live: bool = False, received_at: int | None = None, **changes: Any) -> Event:
    raw = json.dumps(cloudevent("09:00", told, "1") | changes).encode()
    return EventReader(MAP, live).read(raw, ["shop.events", 2, 7], received_at)


def test_it_keeps_what_the_map_asks_for() -> None:
    event = read(shop.order_placed(order="#a-1", email="ANNA@example.com", plan="L", colour="red"))
    assert event.identifiers == [f"email:{ANNA}", "order:A-1"]
    assert event.fields == {"plan": "L"}
    assert (event.type, event.time, event.origins) == ("shop.order_placed", NINE, [["shop.events", 2, 7]])


def test_unusable_identifiers_are_dropped_and_counted() -> None:
    event = read(shop.order_placed(order="A-1", email="null", crm="n/a"))
    assert (event.identifiers, event.dropped) == (["order:A-1"], 2)


def test_live_an_event_five_minutes_ahead_of_its_receipt_is_the_last_accepted() -> None:
    order = shop.order_placed(order="A-1")
    assert read(order, live=True, received_at=NINE - 5 * MINUTE).time == NINE
    with pytest.raises(InvalidEvent, match="time_in_future"):
        read(order, live=True, received_at=NINE - 5 * MINUTE - 1)


def test_a_replay_accepts_any_time_to_come() -> None:
    assert read(shop.order_placed(order="A-1"), received_at=NINE - 60 * MINUTE).time == NINE


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="empty"):
        EventReader(MAP, live=True).read(None, ["shop.events", 0, 0], NINE)


@pytest.mark.parametrize("command", ["link", "unlink"])
def test_an_operators_command_names_two_identifiers_strongest_first(command: str) -> None:
    event = read(
        getattr(operator, command)(
            a="phone:0171 3920001", b=f"email:{ANNA.upper()}", by="eve", reason="asked"
        )
    )
    assert event.identifiers == [f"email:{ANNA}", "phone:+491713920001"]
    assert event.fields == {"by": "eve", "reason": "asked"}


@pytest.mark.parametrize(
    "end", ["", "anna", "email:", "mail:anna@example.com", "phone:12", 7, None, ["email:a@b.example"]]
)
def test_a_command_about_no_identifier_of_the_map_is_refused(end: object) -> None:
    with pytest.raises(InvalidEvent, match=r"missing_identifiers: data\.b: expected type:value"):
        read(operator.link(a=f"email:{ANNA}", b=end))


def test_a_heartbeat_is_a_sign_of_life_of_its_department() -> None:
    reader = EventReader(MAP, live=False)
    beat = reader.read(json.dumps(heartbeat("shop")).encode(), ["shop.events", 0, 0], None)
    assert (beat.type, beat.time) == ("baton.heartbeat", NINE)
    assert (department := reader.department_of(beat)) and department.name == "shop"


def test_a_heartbeat_of_a_department_that_is_not_in_the_map_is_refused() -> None:
    with pytest.raises(InvalidEvent, match=r"missing_identifiers: data\.department: expected a department"):
        EventReader(MAP, live=False).read(
            json.dumps(heartbeat("shopp")).encode(), ["shop.events", 0, 0], None
        )


def heartbeat(department: str) -> dict[str, object]:
    return cloudevent("09:00", Told("baton.heartbeat", {"department": department}, None), "beat-1")


@pytest.mark.parametrize(("levels", "usable"), [(62, True), (63, False), (300, False)])
def test_an_event_nested_deeper_than_anyone_needs_is_refused(levels: int, usable: bool) -> None:
    event = cloudevent("09:00", shop.order_placed(order="A-1"), "1")
    whole = json.dumps(event).replace('"A-1"', '"A-1", "deep": ' + "[" * levels + "]" * levels)
    reader = EventReader(MAP, live=False)
    if usable:
        assert reader.read(whole.encode(), ["shop.events", 0, 0], None).identifiers == ["order:A-1"]
    else:
        with pytest.raises(InvalidEvent, match="nested_too_deep: expected at most 64 levels"):
            reader.read(whole.encode(), ["shop.events", 0, 0], None)


def test_an_event_on_which_a_normaliser_fails_is_kept_as_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(text: str, region: str | None) -> str | None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setitem(identifiers._NORMALISERS, "imei", failing)
    with pytest.raises(
        InvalidEvent, match=r"normaliser_failed: imei: the normaliser imei failed on '35-7': Zero"
    ):
        read(shop.parcel_delivered(order="A-1", items=[{"imei": "35-7"}]))
    with pytest.raises(
        InvalidMap, match=r"identifiers.imei.junk: imei: the normaliser imei failed on '35-8'"
    ):
        JourneyMap.parse(TELECOM.replace("imei: imei", "imei: {normaliser: imei, junk: [35-8]}"))
