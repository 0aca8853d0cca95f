"""Jeopardy: predicted late, before the deadline. A line has four hours to be active; after three it is in jeopardy."""

import pytest

from tests.support.scenario import ANNA, ANNAS_PHONE, SIM, WHOLE_TELECOM, Scenario, activation, shop


@pytest.fixture
def delivered() -> Scenario:
    scenario = Scenario(WHOLE_TELECOM)
    scenario.at(
        "09:00", shop.order_placed(order="A-1", email=ANNA, plan="L", promised_at="2026-01-15T12:00:00Z")
    )
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"))
    return scenario


def active() -> object:
    return activation.line_activated(iccid=SIM, phone=ANNAS_PHONE, plan="L")


def test_a_handoff_is_in_jeopardy_when_most_of_its_time_has_passed(delivered: Scenario) -> None:
    delivered.judged_at("13:00:01")
    delivered.expect("jeopardy", status="open", opened_at="13:00", due_at="14:00", department="activation")
    assert delivered.handoff("activation")["status"] == "waiting"


def test_nothing_is_in_jeopardy_before(delivered: Scenario) -> None:
    delivered.judged_at("13:00")
    delivered.expect_no()
    assert delivered.judged_under(activation="13:00").due["activation"] == delivered.instant("13:00")


def test_what_happens_in_time_after_all_resolves_it(delivered: Scenario) -> None:
    delivered.at("13:30", active())
    delivered.expect("jeopardy", status="resolved", opened_at="13:00", resolved_at="13:30")


def test_what_happens_early_enough_was_never_in_jeopardy(delivered: Scenario) -> None:
    delivered.at("13:00", active())
    delivered.expect_no()


def test_past_the_deadline_the_same_alert_is_missing_and_then_late(delivered: Scenario) -> None:
    in_jeopardy = delivered.judged_under(activation="13:30", shop="13:30").alerts[0]
    missing = delivered.judged_under(activation="14:30", shop="14:30").alerts[0]
    delivered.at("15:00", active())
    late = delivered.expect("late", opened_at="14:00", resolved_at="15:00")
    assert [in_jeopardy["kind"], missing["kind"]] == ["jeopardy", "missing"]
    assert in_jeopardy["fingerprint"] == missing["fingerprint"] == late["fingerprint"]


def test_a_cancelled_order_is_in_jeopardy_no_more(delivered: Scenario) -> None:
    delivered.at("13:30", shop.order_cancelled(order="A-1"))
    delivered.judged_at("18:00")
    delivered.expect("jeopardy", status="resolved", resolved_at="13:30")


def test_a_duration_counts_from_the_event_that_started_the_handoff(delivered: Scenario) -> None:
    scenario = Scenario(WHOLE_TELECOM.replace("jeopardy_at: 0.75", "jeopardy_at: 90m"))
    scenario.told = delivered.told
    scenario.judged_at("12:00")
    scenario.expect("jeopardy", opened_at="11:30")
