"""An alert says what broke, for whom, since when, who must act, and proves it."""

from journeys.history import withdrawn
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    SIM,
    TELECOM,
    Scenario,
    activation,
    call_center,
    instant,
    shop,
)


def undelivered_line(scenario: Scenario, order: str = "A-1", email: str = ANNA) -> None:
    scenario.at("09:00", shop.order_placed(order=order, email=email))
    scenario.at("10:00", shop.parcel_delivered(order=order, items=[{"iccid": SIM}]))
    scenario.judged_at("15:00")


def test_it_names_the_handoff_who_owes_it_and_who_must_act(scenario: Scenario) -> None:
    undelivered_line(scenario)
    journey = scenario.journey()
    scenario.expect(
        "missing",
        handoff="activation",
        journey=journey["id"],
        journey_type="new_line",
        customer=journey["customer"],
        department="activation",
        severity="critical",
        owner="activation-on-call",
        map_version=scenario.map.version,
        judged_at="15:00",
        supersedes=[],
    )


def test_it_cites_the_events_that_prove_it(scenario: Scenario) -> None:
    undelivered_line(scenario)
    (given,) = scenario.expect("missing")["evidence"]
    assert given == {
        "source": "/shop",
        "id": "shop.parcel_delivered-1",
        "type": "shop.parcel_delivered",
        "at": "2026-01-15T10:00:00Z",
        "topic": "told",
        "partition": 0,
        "offset": 1,
    }


def test_without_an_owner_of_its_own_the_departments_owner_is_told() -> None:
    scenario = Scenario(TELECOM.replace("        owner: activation-on-call\n", ""))
    undelivered_line(scenario)
    scenario.expect("missing", owner="activation-desk")


def test_its_fingerprint_does_not_depend_on_what_else_is_known_of_the_customer(scenario: Scenario) -> None:
    undelivered_line(scenario)
    before = scenario.expect("missing")["fingerprint"]
    scenario.at("08:00", shop.order_placed(order="A-0", crm="C-1", email=ANNA))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA, recognised=True))
    assert scenario.expect("missing", handoff="activation")["fingerprint"] == before


def test_two_orders_are_two_alerts(scenario: Scenario) -> None:
    undelivered_line(scenario, "A-1")
    scenario.at("09:00", shop.order_placed(order="A-2", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-2"))
    assert len({alert["fingerprint"] for alert in scenario.alerts("missing")}) == 2


def test_the_weakest_link_of_the_chain_is_named(scenario: Scenario) -> None:
    undelivered_line(scenario)
    scenario.at("10:30", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    weakest = scenario.expect("unrecognised_caller")["weakest_link"]
    assert {weakest["a"].partition(":")[0], weakest["b"].partition(":")[0]} & {"iccid"}


def test_an_alert_that_is_withdrawn_stays_what_it_was_but_is_over(scenario: Scenario) -> None:
    undelivered_line(scenario)
    alert = scenario.expect("missing")
    taken_back = withdrawn(alert, instant("16:00"))
    last = {"at": "2026-01-15T16:00:00Z", "kind": "missing", "status": "withdrawn", "cause": None}
    assert taken_back == alert | {
        "status": "withdrawn",
        "resolved_at": "2026-01-15T16:00:00Z",
        "history": [*alert["history"], last],
    }
