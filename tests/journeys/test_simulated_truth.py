"""The simulator's truth, by hand: what broke by the contract's arithmetic, and who a careful human would say is who."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.instants import DAY, HOUR, MINUTE, format_instant
from journeys.journey_map import JourneyMap
from journeys.simulation.calendar import STARTS
from journeys.simulation.contacts import broken_contacts
from journeys.simulation.happenings import Happening
from journeys.simulation.knowledge import Knowledge
from journeys.simulation.people import Person
from journeys.simulation.promises import Course, broken_promises
from journeys.simulation.story import Tenure

OPERATOR = JourneyMap.parse((Path(__file__).parents[2] / "deploy" / "maps" / "operator.yaml").read_text())
(NEW_LINE,) = OPERATOR.journeys.values()
ANNA, BEN = (Person(n, f"C-{n}", [f"{n}@example.com"], [f"+4915000000{n}"]) for n in (1, 2))
Broken = tuple[str, str | None, int, int | None]


def happening(type: str, at: int, person: Person = ANNA, order: str = "A-1", **data: object) -> Happening:
    found = Happening(type, STARTS + at, {"order": order, **data}, person, (order,))
    found.id = f"{type}-{at}"
    return found


def placed(at: int = 0, promised: int = 4 * DAY) -> Happening:
    return happening("shop.order_placed", at, promised_at=format_instant(STARTS + promised))


def broke(*events: Happening, until: int = 2 * DAY) -> list[Broken]:
    """Kind, handoff, from when and until when."""
    course = Course("A-1", NEW_LINE, lambda h: h.at, sorted(events, key=lambda h: h.at))
    known = dict.fromkeys(OPERATOR.departments, STARTS + until)
    return [
        (b.kind, b.handoff, b.broken_at - STARTS, None if b.mended_at is None else b.mended_at - STARTS)
        for b in broken_promises(course, OPERATOR.events, known)
    ]


def paid(at: int) -> Happening:
    return happening("payment.authorised", at)


def activation(what: str, at: int, **data: object) -> Happening:
    return happening(f"activation.{what}", at, iccid="1", plan="M", **data)


DELIVERED = happening("logistics.parcel_delivered", HOUR, items=[{"iccid": "1", "plan": "M"}])
SENT = [placed(), paid(MINUTE), happening("logistics.parcel_dispatched", 30 * MINUTE), DELIVERED]


def test_at_the_deadline_itself_is_in_time_and_a_microsecond_later_is_late() -> None:
    assert broke(placed(), paid(30 * MINUTE)) == []
    assert broke(placed(), paid(30 * MINUTE + 1)) == [("late", "payment", 30 * MINUTE, 30 * MINUTE + 1)]


def test_what_never_comes_is_missing_once_its_time_is_up() -> None:
    assert broke(placed(), until=30 * MINUTE) == []
    assert broke(placed(), until=HOUR) == [("missing", "payment", 30 * MINUTE, None)]


@pytest.mark.parametrize(("cancelled", "found"), [(20, []), (30, []), (40, [("missing", "payment", 30, 40)])])
def test_a_cancellation_ends_every_deadline_after_it(cancelled: int, found: list[Broken]) -> None:
    told = broke(placed(), happening("shop.order_cancelled", cancelled * MINUTE))
    assert told == [
        (kind, handoff, since * MINUTE, over and over * MINUTE) for kind, handoff, since, over in found
    ]


def test_a_failure_that_nothing_mends_is_not_missing_as_well() -> None:
    declined = happening("payment.declined", MINUTE)
    assert broke(placed(), declined) == [("failed", "payment", MINUTE, None)]
    assert broke(placed(), declined, paid(2 * MINUTE)) == [("failed", "payment", MINUTE, 2 * MINUTE)]


def test_accepted_and_then_nothing_is_stuck() -> None:
    assert broke(*SENT, activation("accepted", 2 * HOUR)) == [("stuck", "activation", 5 * HOUR, None)]


def test_a_close_call_is_in_jeopardy_until_it_comes() -> None:
    told = broke(*SENT, activation("line_activated", 4 * HOUR + 30 * MINUTE), until=DAY)
    assert told == [("jeopardy", "activation", 4 * HOUR, 4 * HOUR + 30 * MINUTE)]


def test_an_early_event_is_out_of_order_a_second_one_duplicated_and_another_plan_contradictory() -> None:
    early, again = (activation("line_activated", at) for at in (45 * MINUTE, 2 * HOUR))
    again.data["plan"] = early.data["plan"] = "XL"
    assert broke(*SENT, early, again, until=DAY) == [
        ("out_of_order", "activation", 45 * MINUTE, HOUR),
        ("duplicated", "activation", 2 * HOUR, None),
        ("contradictory", "activation", HOUR, None),
    ]


def test_a_journey_in_which_nothing_happens_for_three_days_stalls() -> None:
    assert ("stalled", None, 3 * DAY + MINUTE, None) in broke(placed(), paid(MINUTE), until=4 * DAY)
    assert not [b for b in broke(placed(), paid(MINUTE), until=3 * DAY) if b[0] == "stalled"]


def test_the_newest_promise_counts_where_a_number_is_asked_for_again() -> None:
    asked = [
        happening("porting.number_requested", at, port="N-1", promised_at=format_instant(STARTS + promised))
        for at, promised in ((HOUR, 5 * HOUR), (4 * HOUR, 9 * HOUR))
    ]
    ported = happening("porting.number_ported", 8 * HOUR, port="N-1")
    assert broke(placed(), paid(MINUTE), *asked, ported, until=10 * HOUR) == []


def call(at: int, recognised: bool, person: Person = ANNA) -> Happening:
    phone = person.phones[0]
    found = Happening(
        "call_center.call_received", STARTS + at, {"caller": phone, "recognised": recognised}, person, ()
    )
    found.id = f"call-{at}"
    return found


def test_a_caller_known_only_later_is_unrecognised_from_then_on() -> None:
    (rule,) = OPERATOR.contacts.values()
    start = happening("shop.order_placed", 0, email="1@example.com")
    signed_up = happening("app.signed_up", 9 * HOUR, order="", email="1@example.com", number=ANNA.phones[0])
    events = [start, call(HOUR, False), signed_up]
    course = Course("A-1", NEW_LINE, lambda h: h.at, [start])
    linking = Knowledge(events, {}).linking
    (found,) = broken_contacts(events, [course], rule, linking, lambda h: h.at)
    assert (found.kind, found.about, found.broken_at) == (
        "unrecognised_caller",
        "/call_center#call-3600000000",
        STARTS + 9 * HOUR,
    )


def customers(*events: Happening, tenures: dict[str, list[Tenure]] | None = None) -> Iterator[set[str]]:
    """The orders of each customer that is clear."""
    for known in Knowledge(events, tenures or {}).customers:
        if known.clear:
            yield {order for h in known.events for order in h.orders}


def ordered(order: str, person: Person, **names: str) -> Happening:
    return happening("shop.order_placed", int(order[2:]) * HOUR, person, order, **names)


def test_guests_with_one_email_are_one_customer_for_nothing_tells_them_apart() -> None:
    shared = [ordered("A-1", ANNA, email="us@example.com"), ordered("A-2", BEN, email="us@example.com")]
    assert list(customers(*shared)) == [{"A-1", "A-2"}]


def test_two_customer_numbers_with_one_email_are_two_customers_and_a_conflict() -> None:
    shared = [
        ordered("A-1", ANNA, email="us@example.com", crm="C-1"),
        ordered("A-2", BEN, email="us@example.com", crm="C-2"),
    ]
    assert list(customers(*shared)) == [{"A-1"}, {"A-2"}]
    (conflict,) = Knowledge(shared, {}).conflicts
    assert (conflict.identifier, conflict.numbers) == ("email:us@example.com", ("crm:C-1", "crm:C-2"))
    guest = ordered("A-3", BEN, email="us@example.com", contact_phone=BEN.phones[0])
    assert list(customers(*shared, guest)) == [{"A-1"}, {"A-2"}]


def test_whose_a_contested_email_is_nobody_can_say_but_what_else_is_theirs() -> None:
    shared = [
        ordered("A-1", ANNA, email="us@example.com", crm="C-1"),
        ordered("A-2", BEN, email="us@example.com", crm="C-2"),
    ]
    guest = [
        ordered("A-3", BEN, email="us@example.com", contact_phone=BEN.phones[0]),
        ordered("A-4", BEN, email="ben@example.com", contact_phone=BEN.phones[0]),
    ]
    unclear = [known for known in Knowledge([*shared, *guest], {}).customers if not known.clear]
    assert [(known.events, known.people) for known in unclear] == [(guest, [BEN.number])]
    signed_up = ordered("A-5", BEN, email="ben@example.com", crm="C-2")
    assert list(customers(*shared, *guest, signed_up)) == [{"A-1"}, {"A-2", "A-3", "A-4", "A-5"}]


def test_a_kiosks_email_joins_nobody() -> None:
    at_kiosk = [ordered(f"A-{n}", person, email="kiosk0@shop.example") for n, person in ((1, ANNA), (2, BEN))]
    assert list(customers(*at_kiosk)) == [{"A-1"}, {"A-2"}]


def test_a_number_that_moved_is_each_ones_in_turn() -> None:
    moved = [
        ordered("A-1", ANNA, contact_phone="+4915000000009"),
        ordered("A-2", BEN, contact_phone="+4915000000009"),
    ]
    tenures = {"phone:+4915000000009": [Tenure(ANNA, STARTS + HOUR), Tenure(BEN, None)]}
    assert list(customers(*moved)) == [{"A-1", "A-2"}]
    assert list(customers(*moved, tenures=tenures)) == [{"A-1"}, {"A-2"}]
