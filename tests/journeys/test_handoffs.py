"""Every way in which a handoff breaks, at its boundaries, told as scenarios under the telecom's map."""

import pytest

from journeys.instants import DAY
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    OTHER_SIM,
    SIM,
    TELECOM,
    Scenario,
    activation,
    shop,
)


def delivered(
    scenario: Scenario, at: str = "10:00", promised: str = "2026-01-15T12:00:00Z", **order: object
) -> None:
    """Anna's order, placed at nine, and its parcel. The line must be active within four hours of the parcel."""
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA, plan="L", promised_at=promised, **order))
    scenario.at(at, shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"))


def active(**says: object) -> object:
    return activation.line_activated(**{"iccid": SIM, "phone": ANNAS_PHONE, "plan": "L"} | says)


def test_what_happens_exactly_when_it_is_due_is_in_time(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("14:00", active())
    scenario.expect_no()
    assert scenario.handoff("activation")["status"] == "done"


def test_a_microsecond_later_is_late(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("14:00:00.000001", active())
    scenario.expect(
        "late",
        status="resolved",
        opened_at="14:00",
        due_at="14:00",
        resolved_at="14:00:00.000001",
        late_by_seconds=1e-6,
        department="activation",
        owner="activation-on-call",
        severity="critical",
    )


def test_nothing_is_missing_while_it_is_still_in_time(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.judged_at("14:00")
    scenario.expect_no()
    assert scenario.handoff("activation")["status"] == "waiting"


def test_it_is_missing_as_soon_as_the_deadline_has_passed(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.judged_at("14:00:00.000001")
    scenario.expect(
        "missing", status="open", opened_at="14:00", due_at="14:00", resolved_at=None, late_by_seconds=None
    )
    assert scenario.handoff("activation")["status"] == "missing"


def test_a_missing_handoff_that_comes_after_all_is_the_same_alert_resolved_as_late(
    scenario: Scenario,
) -> None:
    delivered(scenario)
    scenario.judged_at("15:00")
    missing = scenario.expect("missing")
    scenario.at("16:00", active())
    scenario.judged_at("17:00")
    late = scenario.expect("late", status="resolved", resolved_at="16:00", late_by_seconds=7200)
    assert late["fingerprint"] == missing["fingerprint"]
    scenario.expect_no("missing")


def test_a_deadline_is_judged_on_the_watermark_of_the_department_that_owes_the_event(
    scenario: Scenario,
) -> None:
    delivered(scenario)
    behind = scenario.judged_under(shop="23:00", activation="13:00", call_center="23:00")
    assert [alert["kind"] for alert in behind.alerts] == []
    ahead = scenario.judged_under(shop="10:00", activation="14:01", call_center="10:00")
    assert [alert["kind"] for alert in ahead.alerts] == ["missing"]


def test_an_early_handoff_is_done_and_out_of_order(scenario: Scenario) -> None:
    scenario.at("08:30", active())
    delivered(scenario)
    scenario.judged_at("23:00")
    scenario.expect("out_of_order", opened_at="08:30", resolved_at="10:00", status="resolved")
    scenario.expect_no("missing", "late")
    assert scenario.handoff("activation")["status"] == "done"


def test_the_same_instant_is_not_out_of_order(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("10:00", active())
    scenario.expect_no()


def test_order_does_not_matter_where_the_map_does_not_ask_for_it() -> None:
    scenario = Scenario(TELECOM.replace("        order: true\n", ""))
    scenario.at("08:30", active())
    delivered(scenario)
    scenario.expect_no()


def test_a_cancel_removes_every_deadline_after_it(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("13:59", shop.order_cancelled(order="A-1"))
    scenario.judged_at("23:00")
    scenario.expect_no()
    assert scenario.journey()["status"] == "cancelled"
    assert scenario.handoff("activation")["status"] == "cancelled"


def test_a_cancel_resolves_what_was_missing_before_it(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("15:00", shop.order_cancelled(order="A-1"))
    scenario.judged_at("23:00")
    scenario.expect("missing", opened_at="14:00", resolved_at="15:00", status="resolved")


def test_what_comes_late_after_a_cancel_in_time_breaks_nothing(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", shop.order_cancelled(order="A-1"))
    scenario.at("20:00", active())
    scenario.expect_no()


def test_a_failure_is_open_until_it_is_done_after_all(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", activation.failed(iccid=SIM, reason="no stock"))
    failed = scenario.expect("failed", status="open", opened_at="11:00", handoff="activation")
    assert scenario.handoff("activation")["status"] == "failed"
    scenario.at("12:00", active())
    scenario.expect("failed", status="resolved", resolved_at="12:00", fingerprint=failed["fingerprint"])
    assert scenario.handoff("activation")["status"] == "done"
    scenario.expect_no("missing", "late")


def test_what_failed_is_not_missing_as_well(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", activation.failed(iccid=SIM))
    scenario.judged_at("23:00")
    scenario.expect("failed", status="open")
    scenario.expect_no("missing")


def test_a_second_failure_after_success_is_another_alert(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", activation.failed(iccid=SIM))
    scenario.at("12:00", active())
    scenario.at("13:00", activation.failed(iccid=SIM))
    first, second = sorted(scenario.alerts("failed"), key=lambda alert: str(alert["opened_at"]))
    assert (first["status"], second["status"]) == ("resolved", "open")
    assert first["fingerprint"] != second["fingerprint"]


def test_accepted_and_then_nothing_is_stuck(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", activation.accepted(iccid=SIM))
    scenario.judged_at("15:00")
    stuck = scenario.expect("stuck", status="open", opened_at="14:00")
    scenario.expect_no("missing")
    assert [event["type"] for event in stuck["evidence"]] == ["shop.parcel_delivered", "activation.accepted"]
    assert scenario.handoff("activation")["status"] == "stuck"
    scenario.at("15:30", active())
    scenario.judged_at("16:00")
    scenario.expect("late", fingerprint=stuck["fingerprint"])


def test_without_a_promise_there_is_no_deadline(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.judged_at("16th 09:00")
    scenario.expect_no()
    assert scenario.handoff("delivery")["status"] == "unpromised"


@pytest.mark.parametrize("promise", ["soon", "", 20260115, None, {"date": "2026-01-15"}, []])
def test_a_promise_that_is_no_time_is_none(scenario: Scenario, promise: object) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA, promised_at=promise))
    scenario.judged_at("16th 09:00")
    assert scenario.handoff("delivery")["due_at"] is None


@pytest.mark.parametrize(("pick", "due"), [("earliest", "11:00"), ("latest", "13:00"), ("newest", "12:00")])
def test_of_several_promises_the_map_says_which_one_holds(pick: str, due: str) -> None:
    scenario = Scenario(TELECOM.replace("pick: latest", f"pick: {pick}"))
    for told, promised in (("08:00", "11:00"), ("08:10", "13:00"), ("08:20", "12:00")):
        promised_at = f"2026-01-15T{promised}:00Z"
        scenario.at(told, shop.order_placed(order="A-1", email=ANNA, promised_at=promised_at))
    scenario.judged_at("14:00")
    scenario.expect("missing", handoff="delivery", due_at=due, opened_at=due)


@pytest.mark.parametrize(("pick", "due"), [("earliest", "11:00"), ("latest", "13:00"), ("newest", "13:00")])
def test_one_event_may_carry_several_promises(pick: str, due: str) -> None:
    scenario = Scenario(TELECOM.replace("pick: latest", f"pick: {pick}"))
    promises = ["2026-01-15T13:00:00Z", "2026-01-15T11:00:00Z"]
    scenario.at("08:00", shop.order_placed(order="A-1", email=ANNA, promised_at=promises))
    scenario.judged_at("14:00")
    scenario.expect("missing", handoff="delivery", due_at=due)


def test_a_promise_in_another_zone_is_the_same_instant(scenario: Scenario) -> None:
    delivered(scenario, at="11:00", promised="2026-01-15T12:00:00+01:00")
    assert scenario.handoff("delivery")["status"] == "done"
    assert scenario.handoff("delivery")["due_at"] == "2026-01-15T11:00:00Z"


def test_a_promise_before_the_order_is_broken_from_the_order_on(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA, promised_at="2026-01-14T00:00:00Z"))
    scenario.expect("missing", handoff="delivery", opened_at="09:00", due_at="14th 00:00")


def test_activated_twice_is_duplicated(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", active())
    scenario.at("11:10", active())
    scenario.expect("duplicated", opened_at="11:10", status="open")


def test_the_same_event_twice_is_not_duplicated(scenario: Scenario) -> None:
    delivered(scenario)
    for _ in range(2):
        scenario.at("11:00", active(id="once"))
    scenario.expect_no()
    assert scenario.outcome.duplicates == 1


def test_two_departments_that_name_different_plans_contradict_each_other(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", active(plan="S"))
    contradiction = scenario.expect("contradictory", opened_at="11:00", status="open")
    assert "plan" in contradiction["summary"]


def test_a_contradiction_is_over_when_they_agree_again(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", active(plan="S"))
    scenario.at("12:00", active(plan="L"))
    scenario.expect("contradictory", opened_at="11:00", resolved_at="12:00", status="resolved")


def test_a_contradiction_that_comes_back_is_another_alert(scenario: Scenario) -> None:
    delivered(scenario)
    for time, plan in (("11:00", "S"), ("12:00", "L"), ("13:00", "M")):
        scenario.at(time, active(plan=plan))
    assert sorted(alert["status"] for alert in scenario.alerts("contradictory")) == ["open", "resolved"]


def test_another_sim_than_the_one_delivered_is_a_contradiction(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("10:30", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("11:00", active(iccid=OTHER_SIM))
    assert "iccid" in scenario.expect("contradictory")["summary"]


def test_one_of_two_sims_delivered_is_no_contradiction(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}, {"iccid": OTHER_SIM}]))
    scenario.at("11:00", active())
    scenario.expect_no()


def test_who_says_nothing_contradicts_nobody(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", active(plan=None))
    scenario.expect_no()


def test_a_journey_in_which_nothing_happens_for_too_long_is_stalled(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.judged_at("17th 09:00")
    scenario.expect_no()
    scenario.judged_at("17th 09:01")
    scenario.expect("stalled", opened_at="17th 09:00", status="open", department="shop")


def test_a_stalled_journey_that_moves_again_resolves_its_alert(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.judged_at("17th 10:00")
    stalled = scenario.expect("stalled")
    scenario.at("18th 09:00", shop.parcel_delivered(order="A-1"))
    scenario.judged_at("18th 10:00")
    scenario.expect(
        "stalled", resolved_at="18th 09:00", late_by_seconds=DAY / 1e6, fingerprint=stalled["fingerprint"]
    )


def test_a_journey_that_ended_does_not_stall(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.at("11:00", active())
    scenario.judged_at("25th 00:00")
    scenario.expect_no()
    assert scenario.journey()["status"] == "completed"


def test_it_says_when_a_neighbourhood_is_to_be_judged_again(scenario: Scenario) -> None:
    delivered(scenario)
    scenario.judged_at("11:00")
    assert scenario.outcome.due == {"activation": scenario.instant("14:00")}
