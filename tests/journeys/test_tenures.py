"""A number that moves to another customer belongs to whoever held it at the time."""

import pytest

from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BEN,
    OTHER_SIM,
    SIM,
    TELECOM,
    Scenario,
    activation,
    call_center,
    shop,
)

NUMBER = "phone:+491713920001"
ANNAS, BENS = f"email:{ANNA}", f"email:{BEN}"


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(TELECOM.replace("changes_hands_after: 26w", "changes_hands_after: 10d"))


def ordered(scenario: Scenario, time: str, order: str, email: str, **more: str) -> None:
    scenario.at(time, shop.order_placed(order=order, email=email, contact_phone=ANNAS_PHONE, **more))


def owner_of(scenario: Scenario, told: str) -> str:
    """The strongest identifier of the customer who has the event of this type and time among what is unattached."""
    return next(
        next(iter(customer["identifiers"].items()))[1][0]
        for customer in scenario.outcome.customers
        for entry in [*customer["unattached"], *_contacts(scenario, customer["id"])]
        if entry["at"] == f"2026-01-{told}Z"
    )


def _contacts(scenario: Scenario, customer: str) -> list[dict[str, str]]:
    return [e for j in scenario.outcome.journeys if j["customer"] == customer for e in j["timeline"]]


def by_email(scenario: Scenario) -> dict[str, set[str]]:
    return {
        next((i for i in sorted(customer) if i.startswith("email:")), "nobody"): customer
        for customer in scenario.customers()
    }


def test_somebody_else_has_it_once_its_holder_was_not_heard_with_it_for_long(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    ordered(scenario, "11th 09:00", "A-2", BEN)
    assert by_email(scenario) == {ANNAS: {ANNAS, "order:A-1", NUMBER}, BENS: {BENS, "order:A-2", NUMBER}}
    assert len(scenario.outcome.journeys) == 2


def test_a_call_is_of_whoever_held_the_number_then(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    scenario.at("2nd 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    ordered(scenario, "12th 09:00", "A-2", BEN)
    scenario.at("13th 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    alerts = scenario.alerts("unrecognised_caller")
    assert {(alert["occurred_at"][:10], alert["identifiers"]["email"][0]) for alert in alerts} == {
        ("2026-01-02", ANNA),
        ("2026-01-13", BEN),
    }


def test_a_welcome_to_the_new_holder_completes_no_journey_of_the_old_one(scenario: Scenario) -> None:
    for day, order, email, sim in ((1, "A-1", ANNA, SIM), (20, "A-2", BEN, OTHER_SIM)):
        ordered(scenario, f"{day:02}th 09:00", order, email)
        scenario.at(f"{day:02}th 10:00", shop.parcel_delivered(order=order, items=[{"iccid": sim}]))
    third = "8949020000000010039"
    scenario.at("20th 11:00", activation.line_activated(iccid=third, phone=ANNAS_PHONE))
    scenario.judged_at("21st 00:00")
    missing = scenario.expect("missing")
    assert missing["identifiers"]["order"] == ["A-1"]


def test_sooner_than_that_it_is_one_customer_who_bears_it(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    ordered(scenario, "10th 09:00", "A-2", BEN)
    assert len(scenario.customers()) == 1


def test_a_holder_who_is_heard_again_keeps_it(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    ordered(scenario, "9th 09:00", "A-2", ANNA)
    ordered(scenario, "17th 09:00", "A-3", BEN)
    assert len(scenario.customers()) == 1


def test_one_who_is_known_to_be_the_same_customer_is_not_somebody_else(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    ordered(scenario, "20th 09:00", "A-2", BEN)
    scenario.at("21st 09:00", call_center.call_received(email=BEN, order="A-1", recognised=True))
    assert by_email(scenario) == {ANNAS: {ANNAS, BENS, "order:A-1", "order:A-2", NUMBER}}


def test_it_may_come_back_to_who_had_it_before(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    ordered(scenario, "12th 09:00", "A-2", BEN)
    ordered(scenario, "25th 09:00", "A-3", ANNA)
    scenario.at("26th 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    assert owner_of(scenario, "26T09:00:00") == ANNA
    assert len(scenario.customers()) == 2


def test_a_number_that_was_released_is_the_next_ones_at_once(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    scenario.at("2nd 09:00", activation.number_released(phone=ANNAS_PHONE))
    scenario.at("3rd 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    ordered(scenario, "4th 09:00", "A-2", BEN)
    assert by_email(scenario).keys() == {ANNAS, BENS}
    assert owner_of(scenario, "03T09:00:00") == BEN


def test_a_released_number_that_nobody_claims_is_nobodys(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    scenario.at("2nd 09:00", activation.number_released(phone=ANNAS_PHONE))
    scenario.at("3rd 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    assert sorted(map(sorted, scenario.customers())) == [[ANNAS, "order:A-1", NUMBER], [NUMBER]]
    assert len({customer["id"] for customer in scenario.outcome.customers}) == 2
    scenario.expect_no("unrecognised_caller")


def test_who_had_it_before_speaks_of_the_time_when_it_was_theirs(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    scenario.at("2nd 09:00", activation.number_released(phone=ANNAS_PHONE))
    ordered(scenario, "3rd 09:00", "A-2", BEN)
    scenario.at("4th 09:00", call_center.call_received(caller=ANNAS_PHONE, order="A-1", recognised=True))
    scenario.at("5th 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    assert len(scenario.customers()) == 2
    assert owner_of(scenario, "05T09:00:00") == BEN


def test_released_and_taken_up_again_it_stays_with_its_holder(scenario: Scenario) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA)
    scenario.at("2nd 09:00", activation.number_released(phone=ANNAS_PHONE))
    scenario.at("2nd 10:00", activation.number_released(phone=ANNAS_PHONE))
    ordered(scenario, "3rd 09:00", "A-2", ANNA)
    scenario.at("4th 09:00", call_center.call_received(caller=ANNAS_PHONE, recognised=True))
    assert len(scenario.customers()) == 1


def test_whom_a_unique_identifier_tells_apart_does_not_become_its_holder_by_claiming_it_early(
    scenario: Scenario,
) -> None:
    ordered(scenario, "1st 09:00", "A-1", ANNA, crm="C-1")
    ordered(scenario, "3rd 09:00", "A-2", BEN, crm="C-2")
    conflict = scenario.expect("identity_conflict")
    ordered(scenario, "20th 09:00", "A-3", BEN, crm="C-2")
    assert by_email(scenario)[ANNAS] == {"crm:C-1", ANNAS, "order:A-1", NUMBER}
    assert by_email(scenario)[BENS] == {"crm:C-2", BENS, "order:A-2", "order:A-3", NUMBER}
    assert scenario.expect("identity_conflict")["fingerprint"] == conflict["fingerprint"]
