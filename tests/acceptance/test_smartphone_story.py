"""The story that started it all: the phone arrived on time, the line stayed dead, and nobody knew who was calling."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.replaying import without_diagnostics
from tests.support.scenario import ANNA, ANNAS_PHONE, SIM, Scenario, activation, call_center, shop

ORDER = {"order": "A-1", "email": ANNA, "plan": "L", "promised_at": "2026-01-15T12:00:00Z"}


@pytest.fixture
def scenario() -> Scenario:
    """She buys online; the parcel comes on time."""
    scenario = Scenario()
    scenario.at("07:40", shop.order_placed(**ORDER))
    scenario.at("09:30", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"))
    return scenario


@pytest.fixture
def known_number(scenario: Scenario) -> Scenario:
    """Activation took up her line, so her number is known; it was never switched on. She calls."""
    scenario.at("09:40", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("16:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False, topic="no network"))
    scenario.judged_at("18:00")
    return scenario


@pytest.fixture
def hindsight(scenario: Scenario) -> Scenario:
    """She calls from a number that nobody knows yet; only the activation links it to her order."""
    scenario.at("14:05", call_center.call_received(caller=ANNAS_PHONE, recognised=False, topic="no network"))
    scenario.at("20:15", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE, plan="L"))
    scenario.judged_at("22:00")
    return scenario


def test_the_delivery_was_on_time(known_number: Scenario) -> None:
    assert known_number.handoff("delivery")["status"] == "done"


def test_the_line_that_was_never_activated_is_an_alert_from_its_deadline_on(known_number: Scenario) -> None:
    alert = known_number.expect(
        "stuck",
        status="open",
        opened_at="13:30",
        due_at="13:30",
        department="activation",
        severity="critical",
    )
    assert alert["owner"] == "activation-on-call"
    assert alert["runbook"] == "https://wiki.example/runbooks/activation"


def test_a_line_that_nobody_took_up_is_missing(scenario: Scenario) -> None:
    scenario.judged_at("18:00")
    scenario.expect("missing", status="open", opened_at="13:30", handoff="activation")


def test_the_caller_who_was_not_recognised_is_an_alert_at_her_call(known_number: Scenario) -> None:
    alert = known_number.expect(
        "unrecognised_caller", status="open", opened_at="16:00", occurred_at="16:00", department="call_center"
    )
    assert alert["journey"] == known_number.journey()["id"]
    assert alert["customer"] == known_number.journey()["customer"]


def test_both_are_alerts_of_one_journey_of_one_customer(known_number: Scenario) -> None:
    assert known_number.journey()["broken"] == ["stuck", "unrecognised_caller"]
    assert known_number.customers() == [{f"email:{ANNA}", "order:A-1", f"iccid:{SIM}", "phone:+491713920001"}]


def test_the_alert_proves_that_the_caller_is_the_buyer(known_number: Scenario) -> None:
    alert = known_number.expect("unrecognised_caller")
    assert [event["type"] for event in alert["evidence"]] == [
        "shop.order_placed",
        "call_center.call_received",
    ]
    joined = [{link["a"], link["b"]} for link in alert["links"]]
    assert {"phone:+491713920001", f"iccid:{SIM}"} in joined
    assert {"order:A-1", f"iccid:{SIM}"} in joined
    assert alert["weakest_link"] in alert["links"]


def test_in_hindsight_the_alert_opens_when_the_call_is_linked_to_her_order(hindsight: Scenario) -> None:
    alert = hindsight.expect("unrecognised_caller", status="open", occurred_at="14:05", opened_at="20:15")
    assert "activation.line_activated" in [event["type"] for event in alert["evidence"]]


def test_before_it_is_linked_the_call_is_nobodys(hindsight: Scenario) -> None:
    hindsight.judged_at("20:14")
    hindsight.expect_no("unrecognised_caller")
    assert len(hindsight.customers()) == 2


def test_in_hindsight_the_line_was_late(hindsight: Scenario) -> None:
    hindsight.expect("late", status="resolved", opened_at="13:30", resolved_at="20:15", handoff="activation")


@pytest.mark.parametrize("story", ["known_number", "hindsight"])
def test_a_replay_of_the_story_comes_to_the_same(
    story: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    scenario: Scenario = request.getfixturevalue(story)
    replayed = scenario.replayed(tmp_path)
    assert replayed.reconciles()
    outcome = scenario.outcome
    assert replayed.results() == _by_id([*outcome.journeys, *outcome.customers, *outcome.alerts])


def _by_id(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {each.get("id") or each["fingerprint"]: without_diagnostics(each) for each in documents}
