"""Which events are one journey, where it begins and where it ends."""

from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BEN,
    BENS_PHONE,
    OTHER_SIM,
    SIM,
    TELECOM,
    Scenario,
    activation,
    call_center,
    shop,
)

UNCORRELATED = TELECOM.replace("    correlates: order\n", "")


def types(journey: dict[str, list[dict[str, str]]]) -> list[str]:
    return [entry["type"].partition(".")[2] for entry in journey["timeline"]]


def by_order(scenario: Scenario) -> dict[str, list[str]]:
    return {journey["correlates"]: types(journey) for journey in scenario.outcome.journeys}


def test_events_with_the_same_correlating_value_are_one_journey(scenario: Scenario) -> None:
    for order in ("A-1", "A-2"):
        scenario.at("09:00", shop.order_placed(order=order, email=ANNA))
        scenario.at("10:00", shop.parcel_delivered(order=order))
    taken = ["order_placed", "parcel_delivered"]
    assert by_order(scenario) == {"order:A-1": taken, "order:A-2": taken}


def test_a_sim_ties_its_activation_to_the_order_it_was_delivered_for(scenario: Scenario) -> None:
    for order, sim in (("A-1", SIM), ("A-2", OTHER_SIM)):
        scenario.at("09:00", shop.order_placed(order=order, email=ANNA))
        scenario.at("10:00", shop.parcel_delivered(order=order, items=[{"iccid": sim}]))
    scenario.at("11:00", activation.line_activated(iccid=SIM))
    assert by_order(scenario)["order:A-1"][-1] == "line_activated"
    assert "line_activated" not in by_order(scenario)["order:A-2"]


PARCEL = [{"iccid": SIM}, {"iccid": OTHER_SIM}]


def two_orders(scenario: Scenario, *emails: str) -> None:
    for order, email in zip(("A-1", "A-2"), emails, strict=True):
        scenario.at("09:00", shop.order_placed(order=order, email=email))


def test_a_parcel_that_holds_two_orders_does_not_make_two_journeys_one(scenario: Scenario) -> None:
    two_orders(scenario, ANNA, BEN)
    scenario.at("10:00", shop.parcel_delivered(order=["A-1", "A-2"], items=PARCEL))
    scenario.at("11:00", activation.line_activated(iccid=SIM))
    scenario.at("12:00", activation.line_activated(iccid=OTHER_SIM))
    each = ["order_placed", "parcel_delivered", "line_activated"]
    assert by_order(scenario) == {"order:A-1": each, "order:A-2": each}
    assert len({journey["customer"] for journey in scenario.outcome.journeys}) == 2
    scenario.expect_no()


def test_of_two_orders_in_a_parcel_the_one_whose_sim_is_never_activated_is_missed(scenario: Scenario) -> None:
    two_orders(scenario, ANNA, BEN)
    scenario.at("09:30", shop.parcel_delivered(order="A-1", items=[{"iccid": OTHER_SIM}]))
    scenario.at("10:00", shop.parcel_delivered(order=["A-1", "A-2"], items=PARCEL))
    scenario.at("11:00", activation.line_activated(iccid=OTHER_SIM))
    scenario.judged_at("15:00")
    assert scenario.expect("missing")["identifiers"]["order"] == ["A-1", "A-2"]
    assert [j["correlates"] for j in scenario.outcome.journeys if "missing" in j["broken"]] == ["order:A-2"]


def test_one_sim_in_a_parcel_of_two_orders_counts_for_both(scenario: Scenario) -> None:
    two_orders(scenario, ANNA, BEN)
    scenario.at("10:00", shop.parcel_delivered(order=["A-1", "A-2"], items=PARCEL[:1]))
    scenario.at("11:00", activation.line_activated(iccid=SIM))
    assert [events[-1] for events in by_order(scenario).values()] == ["line_activated"] * 2


def test_what_names_only_the_customer_goes_to_the_journey_that_still_lacks_it(scenario: Scenario) -> None:
    for time, order, sim in (("08:00", "A-1", SIM), ("09:00", "A-2", OTHER_SIM)):
        scenario.at(time, shop.order_placed(order=order, email=ANNA, contact_phone=ANNAS_PHONE))
        scenario.at("10:00", shop.parcel_delivered(order=order, items=[{"iccid": sim}]))
    scenario.at("10:30", call_center.call_received(caller=ANNAS_PHONE, email=ANNA, recognised=True))
    scenario.at("11:00", activation.line_activated(iccid=OTHER_SIM, phone=ANNAS_PHONE))
    third = "8949020000000010039"
    scenario.at("12:00", activation.line_activated(iccid=third, phone=ANNAS_PHONE))
    assert "line_activated" in by_order(scenario)["order:A-1"]
    assert by_order(scenario)["order:A-2"].count("line_activated") == 1


def test_a_line_activated_with_a_foreign_sim_is_known_by_its_number(scenario: Scenario) -> None:
    for order, sim, number in (("A-1", SIM, ANNAS_PHONE), ("A-2", OTHER_SIM, BENS_PHONE)):
        scenario.at("09:00", shop.order_placed(order=order, email=ANNA))
        scenario.at("10:00", shop.parcel_delivered(order=order, items=[{"iccid": sim}]))
        scenario.at("10:30", activation.accepted(iccid=sim, phone=number))
    scenario.at("11:00", activation.line_activated(iccid="8949020000000010039", phone=ANNAS_PHONE))
    assert by_order(scenario)["order:A-1"][-1] == "line_activated"
    assert "line_activated" not in by_order(scenario)["order:A-2"]
    scenario.expect("contradictory")


def test_an_event_before_any_start_waits_for_its_order(scenario: Scenario) -> None:
    scenario.at("08:00", shop.parcel_delivered(order="A-1"))
    assert scenario.outcome.journeys == []
    assert len(scenario.outcome.customers[0]["unattached"]) == 1
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    assert types(scenario.journey()) == ["parcel_delivered", "order_placed"]
    assert scenario.outcome.customers[0]["unattached"] == []


def test_it_ends_with_what_the_map_says_ends_it(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    assert (scenario.journey()["status"], scenario.journey()["ended_at"]) == ("open", None)
    scenario.at("11:00", activation.line_activated(iccid=SIM))
    assert (scenario.journey()["status"], scenario.journey()["ended_at"]) == (
        "completed",
        "2026-01-15T11:00:00Z",
    )


def test_without_an_end_in_the_map_it_is_over_when_every_step_was_taken() -> None:
    scenario = Scenario(TELECOM.replace("    ends: activation.line_activated\n", ""))
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", activation.line_activated(iccid=SIM))
    scenario.at("11:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    assert (scenario.journey()["status"], scenario.journey()["ended_at"]) == (
        "completed",
        "2026-01-15T11:00:00Z",
    )


def test_a_cancel_after_the_end_changes_nothing(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("11:00", activation.line_activated(iccid=SIM))
    scenario.at("12:00", shop.order_cancelled(order="A-1"))
    assert scenario.journey()["status"] == "completed"


def test_its_id_is_of_the_correlating_value_and_does_not_change(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    before = scenario.journey()["id"]
    scenario.at("08:00", shop.order_placed(order="a-1", email=ANNA))
    assert scenario.journey()["id"] == before


def test_without_a_correlating_value_a_customers_journeys_follow_each_other() -> None:
    scenario = Scenario(UNCORRELATED)
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("09:30", shop.order_placed(order="A-2", email=ANNA))
    scenario.at("10:00", shop.order_cancelled(order="A-1"))
    scenario.at("11:00", shop.order_placed(order="A-3", email=ANNA))
    journeys = sorted(scenario.outcome.journeys, key=lambda journey: str(journey["started_at"]))
    assert [types(journey) for journey in journeys] == [
        ["order_placed", "order_placed", "order_cancelled"],
        ["order_placed"],
    ]


def test_every_step_is_shown_with_the_time_it_was_first_taken(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1"), shop.parcel_delivered(order="A-1"))
    assert [(step["event"], step["at"], step["optional"]) for step in scenario.journey()["steps"]] == [
        ("shop.order_placed", "2026-01-15T09:00:00Z", False),
        ("shop.parcel_delivered", "2026-01-15T10:00:00Z", False),
        ("activation.line_activated", None, False),
        ("activation.welcome_sent", None, True),
    ]
