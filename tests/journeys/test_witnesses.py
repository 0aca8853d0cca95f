"""Witnesses: an alert is told once nothing that is still to be read can undo it, and no later."""

from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    OTHER_SIM,
    SIM,
    WHOLE_TELECOM,
    Scenario,
    activation,
    call_center,
    instant,
    shop,
)


def ordered(order: str = "A-1", at: str = "09:00", map_text: str = WHOLE_TELECOM) -> Scenario:
    scenario = Scenario(map_text)
    promised = "2026-01-20T12:00:00Z"
    scenario.at(
        at,
        shop.order_placed(order=order, email=ANNA, contact_phone=ANNAS_PHONE, plan="L", promised_at=promised),
    )
    return scenario


def delivered(at: str = "10:00") -> Scenario:
    scenario = ordered()
    scenario.at(at, shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"))
    return scenario


def active(sim: str = SIM, plan: str = "L") -> object:
    return activation.line_activated(iccid=sim, phone=ANNAS_PHONE, plan=plan)


def told(scenario: Scenario, **watermarks: str) -> list[tuple[str, str]]:
    """Kinds and statuses, sorted."""
    return sorted((alert["kind"], alert["status"]) for alert in scenario.judged_under(**watermarks).alerts)


def test_late_is_told_when_nothing_in_time_can_come_any_more_and_until_then_it_is_what_it_was() -> None:
    scenario = delivered()
    scenario.at("15:00", active())
    assert told(scenario, activation="12:00") == []
    assert scenario.judged_under(activation="12:00").due["activation"] == instant("13:00")
    assert told(scenario, activation="13:30") == [("jeopardy", "open")]
    assert told(scenario, activation="14:01") == [("late", "resolved")]


def test_a_jeopardy_that_is_over_is_told_when_nothing_before_it_can_come_any_more() -> None:
    scenario = delivered()
    scenario.at("13:30", active())
    assert told(scenario, activation="12:00") == []
    assert told(scenario, activation="13:01") == [("jeopardy", "resolved")]


def test_a_contradiction_waits_for_the_side_that_spoke_first_only() -> None:
    scenario = delivered()
    scenario.at("11:00", active(plan="M"))
    assert told(scenario, activation="23:00", call_center="23:00", shop="10:59") == []
    assert told(scenario, shop="11:00") == [("contradictory", "open")]


def test_what_came_before_its_order_is_told_when_no_earlier_one_can_come() -> None:
    scenario = delivered()
    scenario.at("09:30", active())
    assert told(scenario, activation="23:00", shop="09:29") == []
    assert told(scenario, shop="09:30") == [("out_of_order", "resolved")]


def test_what_happened_twice_or_failed_is_told_at_once() -> None:
    scenario = delivered()
    scenario.at("11:00", activation.failed(iccid=SIM, phone=ANNAS_PHONE, reason="ported out"))
    scenario.at("12:00", active())
    scenario.at("12:30", active())
    assert told(scenario) == [("duplicated", "open"), ("failed", "resolved")]


def test_an_event_that_may_be_another_journeys_counts_once_all_of_the_journey_are_read_to_its_time() -> None:
    scenario = delivered()
    scenario.at("11:00", active())
    scenario.at("16th 11:00", active(OTHER_SIM))  # of an order whose parcel is not read yet
    assert told(scenario, activation="16th 12:00", shop="15th 23:00") == []
    assert told(scenario, activation="16th 12:00", shop="16th 11:00") == [
        ("contradictory", "open"),
        ("duplicated", "open"),
    ]


def test_a_journey_stalls_when_nobody_can_have_moved_it() -> None:
    scenario = ordered()
    for behind in ("shop", "activation", "call_center"):
        marks = dict.fromkeys(("shop", "activation", "call_center"), "17th 09:01") | {behind: "17th 09:00"}
        assert told(scenario, **marks) == []
    marks = dict.fromkeys(("shop", "activation", "call_center"), "17th 09:01")
    assert told(scenario, **marks) == [("stalled", "open")]


def test_calls_are_repeated_when_no_earlier_one_can_come() -> None:
    scenario = ordered()
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    assert told(scenario, shop="23:00", call_center="09:59") == []
    assert told(scenario, call_center="10:00") == [("repeat_contact", "open")]


def test_a_conflict_is_told_when_no_earlier_link_can_come() -> None:
    scenario = Scenario(WHOLE_TELECOM)
    for time, crm in (("09:00", "C-1"), ("10:00", "C-2")):
        scenario.at(time, shop.order_placed(order=f"A-{crm}", email=ANNA, crm=crm))
    assert told(scenario, shop="10:00", activation="10:00", call_center="09:59") == []
    assert told(scenario, shop="10:00", activation="10:00", call_center="10:00") == [
        ("identity_conflict", "open")
    ]


def test_an_unrecognised_caller_is_told_at_once() -> None:
    scenario = ordered()
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    assert told(scenario) == [("unrecognised_caller", "open")]


def test_contacts_of_one_with_events_of_a_journey_not_read_yet_are_told_of_when_that_could_be_read() -> None:
    scenario = ordered()
    scenario.at("09:30", active(sim=OTHER_SIM))
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    assert told(scenario, shop="09:59", activation="23:00", call_center="23:00") == []
    assert told(scenario, shop="10:00", activation="10:00", call_center="10:00") == [
        ("unrecognised_caller", "open")
    ]

    named = ordered()
    named.at("09:30", call_center.call_received(caller=ANNAS_PHONE, recognised=True, order="A-2"))
    named.at("10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    assert told(named, activation="23:00", call_center="09:59") == []
    everyone = dict.fromkeys(("shop", "activation", "call_center"), "10:00")
    assert told(named, **everyone) == [("repeat_contact", "open"), ("unrecognised_caller", "open")]


def test_a_journey_that_nothing_correlates_is_told_of_when_none_can_have_begun_before() -> None:
    scenario = ordered(map_text=WHOLE_TELECOM.replace("    correlates: order\n", ""))
    scenario.at("09:05", activation.failed(phone=ANNAS_PHONE, iccid=SIM, reason="ported out"))
    assert told(scenario, shop="08:59", activation="23:00") == []
    assert told(scenario, shop="09:00", activation="09:00") == [("failed", "open")]


def test_silence_holds_up_what_a_department_owes_and_nothing_else() -> None:
    scenario = delivered()
    scenario.at("11:00", active(plan="M"))
    marks = {"shop": instant("10:30"), "shop read": instant("12:00")}
    assert [alert["kind"] for alert in scenario.judged_on(marks).alerts] == ["contradictory"]
