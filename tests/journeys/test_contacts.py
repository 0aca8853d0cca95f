"""Callers who are not recognised, and customers who have to call again."""

from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BENS_PHONE,
    SIM,
    Scenario,
    activation,
    call_center,
    operator,
    shop,
)


def ordered(scenario: Scenario, time: str = "09:00", order: str = "A-1") -> None:
    scenario.at(time, shop.order_placed(order=order, email=ANNA))


def call(recognised: bool | None = False, **who: object) -> object:
    return call_center.call_received(recognised=recognised, **(who or {"email": ANNA}))


def test_a_known_customer_who_is_not_recognised_is_an_alert(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("10:00", call())
    scenario.expect(
        "unrecognised_caller", status="open", opened_at="10:00", occurred_at="10:00", owner="care-on-call"
    )


def test_a_customer_who_is_recognised_is_none(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("10:00", call(recognised=True))
    scenario.expect_no()


def test_a_caller_without_a_journey_is_none(scenario: Scenario) -> None:
    scenario.at("10:00", call())
    scenario.expect_no()
    assert len(scenario.outcome.customers[0]["unattached"]) == 1


def test_who_called_before_ordering_could_not_be_known(scenario: Scenario) -> None:
    scenario.at("08:00", call())
    ordered(scenario)
    scenario.judged_at("10:00")
    scenario.expect_no()


def test_who_calls_at_the_very_instant_of_the_order_could_not_be_known(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("09:00", call())
    scenario.expect_no()


def test_a_caller_whom_nobody_can_name_is_none(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("10:00", call(caller=BENS_PHONE))
    scenario.expect_no()


def test_being_recognised_later_resolves_it(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("10:00", call())
    scenario.at("11:00", call(recognised=True))
    scenario.expect("unrecognised_caller", status="resolved", resolved_at="11:00")


def test_a_call_about_a_named_order_belongs_to_it(scenario: Scenario) -> None:
    ordered(scenario, "08:00", "A-1")
    ordered(scenario, "09:00", "A-2")
    scenario.at("10:00", call(email=ANNA, order="A-1"))
    alert = scenario.expect("unrecognised_caller")
    assert alert["journey"] == next(
        j["id"] for j in scenario.outcome.journeys if j["correlates"] == "order:A-1"
    )


def test_another_call_belongs_to_the_latest_open_journey(scenario: Scenario) -> None:
    ordered(scenario, "07:00", "A-1")
    ordered(scenario, "08:00", "A-2")
    ordered(scenario, "08:30", "A-3")
    scenario.at("09:00", shop.order_cancelled(order="A-3"))
    scenario.at("10:00", call())
    alert = scenario.expect("unrecognised_caller")
    assert alert["journey"] == next(
        j["id"] for j in scenario.outcome.journeys if j["correlates"] == "order:A-2"
    )


def test_in_hindsight_an_operators_link_opens_it(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("10:00", call(caller=ANNAS_PHONE))
    scenario.at("12:00", operator.link(a=f"phone:{ANNAS_PHONE}", b=f"email:{ANNA}", by="eve"))
    scenario.expect("unrecognised_caller", occurred_at="10:00", opened_at="12:00")


def test_of_several_events_that_link_the_first_counts(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("09:30", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("10:00", call(caller=ANNAS_PHONE))
    scenario.at("11:00", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("12:00", operator.link(a=f"phone:{ANNAS_PHONE}", b=f"email:{ANNA}"))
    scenario.expect("unrecognised_caller", opened_at="11:00")


def test_a_link_known_before_the_call_opens_it_at_the_call(scenario: Scenario) -> None:
    ordered(scenario)
    scenario.at("09:10", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("09:20", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("10:00", call(caller=ANNAS_PHONE))
    scenario.expect("unrecognised_caller", opened_at="10:00")


def test_calling_again_exactly_a_day_later_is_a_repeat(scenario: Scenario) -> None:
    scenario.at("10:00", call(recognised=True))
    scenario.at("16th 10:00", call(recognised=True))
    scenario.expect("repeat_contact", status="open", opened_at="16th 10:00", occurred_at="10:00")


def test_calling_again_after_more_than_a_day_is_none(scenario: Scenario) -> None:
    scenario.at("10:00", call(recognised=True))
    scenario.at("16th 10:00:00.000001", call(recognised=True))
    scenario.expect_no()


def test_calls_that_follow_each_other_are_one_alert(scenario: Scenario) -> None:
    for time in ("10:00", "20:00", "16th 15:00"):
        scenario.at(time, call(recognised=True))
    alert = scenario.expect("repeat_contact", opened_at="20:00")
    assert len(alert["evidence"]) == 3


def test_it_is_over_when_the_customer_has_not_called_for_a_day(scenario: Scenario) -> None:
    scenario.at("10:00", call(recognised=True))
    scenario.at("11:00", call(recognised=True))
    scenario.judged_at("16th 11:00")
    scenario.expect("repeat_contact", status="open")
    assert scenario.outcome.due["call_center"] == scenario.instant("16th 11:00")
    scenario.judged_at("16th 11:00:01")
    scenario.expect("repeat_contact", status="resolved", resolved_at="16th 11:00")
