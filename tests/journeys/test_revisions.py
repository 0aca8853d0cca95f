"""Alerts that revise themselves: what is learned later closes, reopens or moves them, and they tell what did."""

from typing import Any

import pytest

from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BENS_PHONE,
    OTHER_SIM,
    SIM,
    TELECOM,
    WHOLE_TELECOM,
    Scenario,
    activation,
    call_center,
    operator,
    shop,
    when,
)

EMAIL, PHONE = f"email:{ANNA}", f"phone:{ANNAS_PHONE}"


def revisions(alert: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """(day and time, kind, status, type of the cause)."""
    return [
        (line["at"][8:16], line["kind"], line["status"], line["cause"] and line["cause"]["type"])
        for line in alert["history"]
    ]


def activated_under_a_number(scenario: Scenario) -> None:
    """Anna's SIM was swapped in the shop: only the number tells that the line that works is hers."""
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("12:00", activation.line_activated(iccid=OTHER_SIM, phone=ANNAS_PHONE))
    scenario.judged_at("16th 00:00")


def link(**more: str) -> Any:
    return operator.link(a=EMAIL, b=PHONE, by="eve", reason="she showed the SIM", **more)


def test_a_line_that_nobody_can_tell_is_hers_is_missing(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    alert = scenario.expect("missing", status="open", opened_at="14:00")
    assert revisions(alert) == [("15T14:00", "missing", "open", None)]


def test_a_link_that_proves_it_happened_in_time_closes_the_alert(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    missing = scenario.expect("missing")
    scenario.at("18:00", link())
    alert = scenario.expect(
        "identity_late", status="resolved", opened_at="14:00", due_at="14:00", resolved_at="18:00"
    )
    assert alert["fingerprint"] == missing["fingerprint"]
    assert revisions(alert) == [
        ("15T14:00", "missing", "open", None),
        ("15T18:00", "identity_late", "resolved", "baton.link"),
    ]
    assert (alert["history"][1]["cause"]["by"], alert["history"][1]["cause"]["reason"]) == (
        "eve",
        "she showed the SIM",
    )
    assert "only at 2026-01-15 18:00 UTC it was known" in alert["summary"]
    assert alert["late_by_seconds"] is None
    assert scenario.handoff("activation")["status"] == "done"


def test_an_event_that_links_them_does_so_too(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    scenario.at("19:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA, recognised=True))
    alert = scenario.expect("identity_late", resolved_at="19:00")
    assert revisions(alert)[-1] == ("15T19:00", "identity_late", "resolved", "call_center.call_received")


def test_a_link_before_the_deadline_leaves_nothing_to_tell(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    scenario.at("14:00", link())
    scenario.expect_no("missing", "identity_late")


def test_before_the_deadline_a_link_ends_the_jeopardy() -> None:
    scenario = Scenario(WHOLE_TELECOM)
    activated_under_a_number(scenario)
    scenario.at("13:30", link())
    assert revisions(scenario.expect("jeopardy", status="resolved")) == [
        ("15T13:00", "jeopardy", "open", None),
        ("15T13:30", "jeopardy", "resolved", "baton.link"),
    ]


def test_what_was_late_and_known_later_still_is_late_until_then(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("15:00", activation.line_activated(iccid=OTHER_SIM, phone=ANNAS_PHONE))
    scenario.at("18:00", link())
    alert = scenario.expect("late", resolved_at="18:00", late_by_seconds=3600.0)
    assert revisions(alert) == [
        ("15T14:00", "missing", "open", None),
        ("15T18:00", "late", "resolved", "baton.link"),
    ]


def test_a_split_opens_it_again(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    fingerprint = scenario.expect("missing")["fingerprint"]
    scenario.at("18:00", link())
    scenario.at("20:00", operator.unlink(a=PHONE, b=EMAIL, by="kim", reason="it was her sister's"))
    alert = scenario.expect("missing", status="open", opened_at="14:00", resolved_at=None)
    assert alert["fingerprint"] == fingerprint
    assert revisions(alert) == [
        ("15T14:00", "missing", "open", None),
        ("15T18:00", "identity_late", "resolved", "baton.link"),
        ("15T20:00", "missing", "open", "baton.unlink"),
    ]
    assert alert["history"][2]["cause"]["by"] == "kim"


def test_a_split_of_what_events_had_joined_finds_what_was_missing_all_along(scenario: Scenario) -> None:
    scenario.at("09:30", call_center.call_received(caller=ANNAS_PHONE, email=ANNA, recognised=True))
    activated_under_a_number(scenario)
    scenario.expect_no("missing")
    scenario.at("20:00", operator.unlink(a=PHONE, b=EMAIL))
    alert = scenario.expect("missing", status="open", opened_at="14:00")
    assert revisions(alert) == [("15T20:00", "missing", "open", "baton.unlink")]


def test_a_later_link_than_the_split_closes_it_again(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    scenario.at("18:00", link())
    scenario.at("20:00", operator.unlink(a=PHONE, b=EMAIL))
    scenario.at("22:00", link())
    alert = scenario.expect("identity_late", status="resolved", resolved_at="22:00")
    assert [line[1:3] for line in revisions(alert)] == [
        ("missing", "open"),
        ("identity_late", "resolved"),
        ("missing", "open"),
        ("identity_late", "resolved"),
    ]


def test_a_caller_found_in_hindsight_is_raised_with_both_times(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    scenario.expect_no()
    scenario.at("18:00", link())
    alert = scenario.expect("unrecognised_caller", occurred_at="10:00", opened_at="18:00")
    assert revisions(alert) == [("15T18:00", "unrecognised_caller", "open", "baton.link")]
    scenario.at("19:00", operator.unlink(a=PHONE, b=EMAIL))
    scenario.expect_no()


def test_jeopardy_missing_and_late_are_told_in_turn() -> None:
    scenario = Scenario(WHOLE_TELECOM)
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("11:00", activation.accepted(iccid=SIM))
    scenario.at("15:00", activation.line_activated(iccid=SIM))
    assert revisions(scenario.expect("late")) == [
        ("15T13:00", "jeopardy", "open", None),
        ("15T14:00", "stuck", "open", None),
        ("15T15:00", "late", "resolved", "activation.line_activated"),
    ]


def test_a_cancellation_is_told_as_what_ended_it(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1"))
    scenario.at("16:00", shop.order_cancelled(order="A-1"))
    assert revisions(scenario.expect("missing", status="resolved")) == [
        ("15T14:00", "missing", "open", None),
        ("15T16:00", "missing", "resolved", "shop.order_cancelled"),
    ]


def test_of_many_commands_the_latest_are_told(scenario: Scenario) -> None:
    activated_under_a_number(scenario)
    for minute in range(30):
        what = operator.unlink if minute % 2 else operator.link
        scenario.at(f"18:{minute:02}", what(a=PHONE, b=EMAIL))
    alert = scenario.expect("missing", status="open")
    told = revisions(alert)
    assert told[0] == ("15T14:00", "missing", "open", None)
    assert [line[0] for line in told[1:]] == [f"15T18:{minute}" for minute in range(20, 30)]


UNCORRELATED = TELECOM.replace("    correlates: order\n", "")


@pytest.mark.parametrize("how", ["link", "call"])
def test_an_alert_that_a_merge_moves_to_another_journey_says_what_it_was(how: str) -> None:
    scenario = Scenario(UNCORRELATED)
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.order_placed(order="A-2", contact_phone=ANNAS_PHONE))
    scenario.at("11:00", shop.parcel_delivered(order="A-2"))
    scenario.judged_at("16th 00:00")
    before = scenario.expect("missing")
    joined = (
        link()
        if how == "link"
        else call_center.call_received(caller=ANNAS_PHONE, email=ANNA, recognised=True)
    )
    scenario.at("18:00", joined)
    alert = scenario.expect("missing")
    assert alert["fingerprint"] != before["fingerprint"]
    assert alert["supersedes"] == [before["fingerprint"]]
    assert revisions(alert) == [("15T18:00", "missing", "open", scenario.told[-1]["type"])]
    if how == "link":
        scenario.at("19:00", operator.unlink(a=PHONE, b=EMAIL))
        parted = scenario.expect("missing")
        assert parted["fingerprint"] == before["fingerprint"]
        assert parted["supersedes"] == [alert["fingerprint"]]


def test_a_slow_event_of_the_time_before_does_not_make_another_stall(scenario: Scenario) -> None:
    scenario.at("1st 09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("1st 12:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("10th 12:00", activation.welcome_sent(iccid=SIM))
    (before,) = [alert for alert in scenario.alerts("stalled") if alert["status"] == "resolved"]
    scenario.at("1st 10:00", activation.accepted(iccid=SIM, phone=BENS_PHONE))
    (after,) = [alert for alert in scenario.alerts("stalled") if alert["status"] == "resolved"]
    assert after["fingerprint"] == before["fingerprint"]
    assert after["opened_at"] == when("3rd 12:00")


def test_what_follows_a_step_that_was_not_known_is_not_known_too_late() -> None:
    welcome = "      welcome: {from: activation.line_activated, to: activation.welcome_sent, within: 1h}\n"
    scenario = Scenario(TELECOM.replace("    handoffs:\n", f"    handoffs:\n{welcome}"))
    activated_under_a_number(scenario)
    scenario.at("12:30", activation.welcome_sent(iccid=SIM))
    scenario.at("18:00", link())
    scenario.expect("identity_late", handoff="activation")
