"""Who is who: what joins identifiers into one customer, and what must not."""

from cProfile import Profile

import pytest

from journeys.fold import Fold
from journeys.identity import IdentityRules, resolve
from journeys.journey_map import JourneyMap
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    BEN,
    BENS_PHONE,
    SIM,
    TELECOM,
    Scenario,
    activation,
    call_center,
    event_of,
    operator,
    shop,
)

EMAIL, PHONE = f"email:{ANNA}", "phone:+491713920001"


def test_identifiers_that_one_event_names_together_are_one_customer(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE, order="A-1"))
    assert scenario.customers() == [{EMAIL, PHONE, "order:A-1"}]


def test_spellings_of_one_identifier_are_one_customer(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller="0171 3920001", email="ANNA@Example.com "))
    scenario.at("11:00", call_center.call_received(caller="+49 (171) 392-0001"))
    scenario.at("12:00", call_center.call_received(email="anna@example.com"))
    assert scenario.customers() == [{EMAIL, PHONE}]


@pytest.mark.parametrize(
    "junk", ["null", "anonymous", "N/A", "0", "", "  ", "unknown", '"null"', "kiosk@shop.example"]
)
def test_junk_joins_nobody(junk: str, scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, email=junk))
    scenario.at("11:00", call_center.call_received(caller=BENS_PHONE, email=junk))
    assert len(scenario.customers()) == 2
    assert scenario.outcome.identifiers_dropped == 2


def test_an_operators_link_joins(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE), call_center.call_received(email=ANNA))
    assert len(scenario.customers()) == 2
    scenario.at(
        "12:00", operator.link(a=f"phone:{ANNAS_PHONE}", b=f"email:{ANNA}", by="eve", reason="she said so")
    )
    assert scenario.customers() == [{EMAIL, PHONE}]
    assert scenario.outcome.customers[0]["events"] == 2


def test_an_operators_unlink_parts_what_an_event_joined(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE))
    scenario.at("12:00", operator.unlink(a=EMAIL, b=PHONE))
    assert sorted(scenario.customers(), key=min) == [{EMAIL}, {PHONE}]


@pytest.mark.parametrize(("first", "last", "customers"), [("link", "unlink", 2), ("unlink", "link", 1)])
def test_of_several_commands_on_a_pair_the_latest_holds(
    first: str, last: str, customers: int, scenario: Scenario
) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE))
    scenario.at("14:00", getattr(operator, last)(a=EMAIL, b=PHONE))
    scenario.at("13:00", getattr(operator, first)(a=PHONE, b=EMAIL))
    assert len(scenario.customers()) == customers


def test_two_values_of_a_unique_identifier_are_never_one_customer(scenario: Scenario) -> None:
    scenario.at("10:00", shop.order_placed(order="A-1", crm="C-1", email=ANNA))
    scenario.at("11:00", shop.order_placed(order="A-2", crm="C-2", email=ANNA))
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", EMAIL, "order:A-1"],
        ["crm:C-2", "order:A-2"],
    ]
    conflict = scenario.expect("identity_conflict", status="open", opened_at="11:00")
    assert "two different crm" in conflict["summary"]
    assert [event["at"] for event in conflict["evidence"]] == ["2026-01-15T10:00:00Z", "2026-01-15T11:00:00Z"]


def test_a_conflict_shows_what_either_side_rests_on_and_the_rule_that_decided(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", crm="C-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("11:00", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))
    scenario.at("12:00", shop.order_placed(order="A-2", crm="C-2", contact_phone=ANNAS_PHONE))
    alert = scenario.expect("identity_conflict")
    conflict = alert["conflict"]
    assert conflict["rule"] == "crm is unique; the weaker link, iccid, was refused"
    assert _ends(conflict["refused"]) == {PHONE, f"iccid:{SIM}"}
    assert [(side["identifier"], [_ends(link) for link in side["links"]]) for side in conflict["sides"]] == [
        ("crm:C-1", [{"crm:C-1", "order:A-1"}, {"order:A-1", f"iccid:{SIM}"}]),
        ("crm:C-2", [{"crm:C-2", PHONE}, {PHONE, f"iccid:{SIM}"}]),
    ]
    assert {side["customer"] for side in conflict["sides"]} == {c["id"] for c in scenario.outcome.customers}
    assert alert["weakest_link"] == conflict["refused"]
    assert all(link in alert["links"] for side in conflict["sides"] for link in side["links"])


def _ends(link: dict[str, str]) -> set[str]:
    return {link["a"], link["b"]}


def test_shop_and_activation_that_name_different_persons_are_a_conflict() -> None:
    names_crm = "  activation.accepted:\n    identifiers: {iccid: data.iccid, phone: data.phone"
    scenario = Scenario(TELECOM.replace(names_crm, f"{names_crm}, crm: data.crm"))
    scenario.at("09:00", shop.order_placed(order="A-1", crm="C-1"))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}]))
    scenario.at("11:00", activation.accepted(iccid=SIM, crm="C-2"))
    alert = scenario.expect("identity_conflict", opened_at="11:00", department="activation")
    assert alert["conflict"]["rule"] == "crm is unique; the weaker link, iccid, was refused"


def test_what_nobody_bears_is_no_conflict_to_tell_of(scenario: Scenario) -> None:
    scenario.at("10:00", operator.link(a="crm:C-1", b="crm:C-2"))
    scenario.expect_no()
    scenario.at("11:00", shop.order_placed(order="A-1", crm="C-2"))
    sides = scenario.expect("identity_conflict")["conflict"]["sides"]
    assert [side["customer"] is None for side in sides] == [True, False]


def test_not_even_an_operator_makes_them_one(scenario: Scenario) -> None:
    scenario.at("10:00", shop.order_placed(order="A-1", crm="C-1"), shop.order_placed(order="A-2", crm="C-2"))
    scenario.at("11:00", operator.link(a="crm:C-1", b="crm:C-2"))
    assert len(scenario.customers()) == 2
    scenario.expect("identity_conflict")


def test_an_unlink_of_the_disputed_identifier_ends_the_conflict(scenario: Scenario) -> None:
    scenario.at("10:00", shop.order_placed(order="A-1", crm="C-1", email=ANNA))
    scenario.at("11:00", shop.order_placed(order="A-2", crm="C-2", email=ANNA))
    scenario.at("12:00", operator.unlink(a="crm:C-2", b=f"email:{ANNA}"))
    scenario.expect_no()


def callers(scenario: Scenario, count: int) -> None:
    for n in range(count):
        scenario.at(f"10:0{n}", call_center.call_received(caller=ANNAS_PHONE, email=f"caller{n}@example.com"))


def test_an_identifier_within_its_limit_joins(scenario: Scenario) -> None:
    callers(scenario, 5)
    assert len(scenario.customers()) == 1


def test_an_identifier_over_its_limit_is_shared_and_joins_nobody(scenario: Scenario) -> None:
    callers(scenario, 6)
    assert scenario.customers() == [{f"email:caller{n}@example.com"} for n in _by_id(scenario)]


def _by_id(scenario: Scenario) -> list[int]:
    names = [customer["identifiers"]["email"][0] for customer in scenario.outcome.customers]
    assert sorted(names) == [f"caller{n}@example.com" for n in range(6)]
    return [int(name[6]) for name in names]


def test_an_event_that_names_a_shared_identifier_alone_is_a_customer_of_its_own(scenario: Scenario) -> None:
    callers(scenario, 6)
    scenario.at(
        "11:00", call_center.call_received(caller=ANNAS_PHONE), call_center.call_received(caller=ANNAS_PHONE)
    )
    assert len(scenario.customers()) == 8


def test_a_type_that_many_customers_have_in_common_joins_nobody() -> None:
    scenario = Scenario(TELECOM.replace("  imei: imei\n", "  imei: {normaliser: imei, routes: false}\n"))
    for order, email in (("A-1", ANNA), ("A-2", BEN)):
        scenario.at("09:00", shop.order_placed(order=order, email=email))
        scenario.at("10:00", shop.parcel_delivered(order=order, items=[{"imei": "350000000010013"}]))
    assert sorted(map(sorted, scenario.customers())) == [
        ["email:anna@example.com", "order:A-1"],
        ["email:ben@example.com", "order:A-2"],
    ]


def test_its_links_are_the_proof_of_a_customer(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA))
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE, email=ANNA, order="A-1"))
    links = scenario.outcome.customers[0]["links"]
    assert [({link["a"], link["b"]}, link["at"]) for link in links] == [
        ({EMAIL, PHONE}, "2026-01-15T10:00:00Z"),
        ({EMAIL, "order:A-1"}, "2026-01-15T11:00:00Z"),
    ]


def test_an_identifier_known_to_be_shared_joins_nobody_though_its_limit_was_exceeded_elsewhere() -> None:
    journey_map = JourneyMap.parse(TELECOM)
    events = [
        event_of(journey_map, "10:00", call_center.call_received(caller=ANNAS_PHONE, email=email))
        for email in (ANNA, BEN)
    ]
    rules = IdentityRules.of(journey_map)
    apart = resolve(events, rules, frozenset({PHONE}))
    assert [customer.identifiers for customer in apart.customers] == [[EMAIL], [f"email:{BEN}"]]
    assert len(resolve(events, rules).customers) == 1


def test_a_parcel_with_the_orders_of_two_customers_does_not_make_them_one(scenario: Scenario) -> None:
    scenario.at(
        "09:00", shop.order_placed(order="A-1", email=ANNA), shop.order_placed(order="A-2", email=BEN)
    )
    scenario.at("10:00", shop.parcel_delivered(order=["A-1", "A-2"], items=[{"iccid": SIM}]))
    assert sorted(map(sorted, scenario.customers())) == [[EMAIL, "order:A-1"], [f"email:{BEN}", "order:A-2"]]


def test_a_parcel_with_two_orders_of_one_customer_is_hers_with_all_it_holds(scenario: Scenario) -> None:
    scenario.at(
        "09:00", shop.order_placed(order="A-1", email=ANNA), shop.order_placed(order="A-2", email=ANNA)
    )
    scenario.at("10:00", shop.parcel_delivered(order=["A-1", "A-2"], items=[{"iccid": SIM}]))
    assert scenario.customers() == [{EMAIL, "order:A-1", "order:A-2", f"iccid:{SIM}"}]


FAMILY = "family@example.com"


def family(scenario: Scenario) -> None:
    for time, order, crm, phone in (
        ("09:00", "A-1", "C-1", ANNAS_PHONE),
        ("10:00", "A-2", "C-2", BENS_PHONE),
    ):
        scenario.at(time, shop.order_placed(order=order, crm=crm, email=FAMILY, contact_phone=phone))


def test_a_family_that_shares_an_email_stays_two_customers_by_their_crm_numbers(scenario: Scenario) -> None:
    family(scenario)
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", f"email:{FAMILY}", "order:A-1", PHONE],
        ["crm:C-2", "order:A-2", "phone:+491713920002"],
    ]
    assert len({journey["customer"] for journey in scenario.outcome.journeys}) == 2


def with_guests(scenario: Scenario) -> None:
    """Two guests' orders by one phone, the first by the family's e-mail."""
    family(scenario)
    guests = {"contact_phone": "+49 171 3920003"}
    scenario.at("11:00", shop.order_placed(order="A-3", email=FAMILY, **guests))
    scenario.at("12:00", shop.order_placed(order="A-4", email="cem@example.com", **guests))


def test_an_email_that_two_customers_claim_makes_no_guest_one_of_them(scenario: Scenario) -> None:
    with_guests(scenario)
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", f"email:{FAMILY}", "order:A-1", PHONE],
        ["crm:C-2", "order:A-2", "phone:+491713920002"],
        ["email:cem@example.com", "order:A-3", "order:A-4", "phone:+491713920003"],
    ]
    scenario.expect("identity_conflict", opened_at="10:00")


def test_who_is_said_by_nothing_but_what_two_customers_claim_is_a_customer_of_their_own(
    scenario: Scenario,
) -> None:
    family(scenario)
    scenario.at("11:00", call_center.call_received(email=FAMILY), call_center.call_received(email=FAMILY))
    assert sorted(customer["events"] for customer in scenario.outcome.customers) == [1, 1, 1, 1]


def test_a_claim_may_rest_on_what_is_firmly_tied_to_a_customer(scenario: Scenario) -> None:
    for order, crm in (("A-1", "C-1"), ("A-2", "C-2")):
        scenario.at("09:00", shop.order_placed(order=order, crm=crm))
        scenario.at("10:00", call_center.call_received(order=order, caller=ANNAS_PHONE))
    scenario.at("11:00", call_center.call_received(email=BEN, caller=ANNAS_PHONE))
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", "order:A-1", PHONE],
        ["crm:C-2", "order:A-2"],
        [f"email:{BEN}"],
    ]


def test_what_an_operator_parts_from_the_other_claimant_joins_again(scenario: Scenario) -> None:
    with_guests(scenario)
    scenario.at("13:00", operator.unlink(a="crm:C-2", b=f"email:{FAMILY}"))
    assert {"crm:C-1", f"email:{FAMILY}", "order:A-1", "order:A-3", "order:A-4"} < max(
        scenario.customers(), key=len
    )
    scenario.expect_no("identity_conflict")


def with_a_guest_of_two(scenario: Scenario) -> None:
    """A customer's e-mail that guests name, too: one with a number nobody knows, one with another customer's."""
    scenario.at("09:00", shop.order_placed(order="A-1", crm="C-1", email=FAMILY))
    scenario.at("09:30", shop.order_placed(order="A-2", crm="C-2", contact_phone=BENS_PHONE))
    scenario.at("11:00", shop.order_placed(order="A-3", email=FAMILY, contact_phone="+49 171 3920003"))
    scenario.at("12:00", shop.order_placed(order="A-4", email=FAMILY, contact_phone=BENS_PHONE))


def test_of_an_email_and_a_number_of_two_customers_a_guest_has_what_no_other_guest_names(
    scenario: Scenario,
) -> None:
    with_a_guest_of_two(scenario)
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", f"email:{FAMILY}", "order:A-1"],
        ["crm:C-2", "order:A-2", "order:A-4", "phone:+491713920002"],
        ["order:A-3", "phone:+491713920003"],
    ]
    scenario.expect("identity_conflict", opened_at="12:00")


def test_what_a_call_names_alone_says_nothing_of_whose_it_is(scenario: Scenario) -> None:
    with_a_guest_of_two(scenario)
    scenario.at("13:00", call_center.call_received(caller=BENS_PHONE))
    assert {"crm:C-2", "order:A-4", "phone:+491713920002"} < max(scenario.customers(), key=len)


def test_if_other_guests_name_both_the_weaker_link_gives_way(scenario: Scenario) -> None:
    with_a_guest_of_two(scenario)
    scenario.at("13:00", shop.order_placed(order="A-5", contact_phone=BENS_PHONE))
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", f"email:{FAMILY}", "order:A-1", "order:A-3", "order:A-4", "phone:+491713920003"],
        ["crm:C-2", "order:A-2", "order:A-5", "phone:+491713920002"],
    ]
    scenario.expect("identity_conflict", opened_at="12:00")


def test_an_operator_who_parts_the_email_from_the_guests_customer_lets_it_join_again(
    scenario: Scenario,
) -> None:
    with_a_guest_of_two(scenario)
    scenario.at("13:00", operator.unlink(a="crm:C-2", b=f"email:{FAMILY}"))
    assert {"crm:C-1", f"email:{FAMILY}", "order:A-1", "order:A-3"} < max(scenario.customers(), key=len)


def test_two_unique_identifiers_of_one_customer_do_not_contest_her_email() -> None:
    scenario = Scenario(TELECOM.replace("  imei: imei\n", "  imei: {normaliser: imei, unique: true}\n"))
    scenario.at("09:00", shop.order_placed(order="A-1", crm="C-1", email=ANNA))
    scenario.at("09:30", shop.order_placed(order="A-2", crm="C-2", email=BEN))
    scenario.at("10:00", shop.parcel_delivered(order="A-1", items=[{"imei": "350000000010013"}]))
    scenario.at("11:00", call_center.call_received(email=ANNA, caller=ANNAS_PHONE))
    assert {"crm:C-1", EMAIL, PHONE} < max(scenario.customers(), key=len)


def test_with_a_limit_of_one_the_email_of_a_family_is_nobodys_own() -> None:
    scenario = Scenario(TELECOM.replace("limit: 5, window: 7d, limit_within: 4", "limit: 1"))
    family(scenario)
    assert sorted(map(sorted, scenario.customers())) == [
        ["crm:C-1", "order:A-1", PHONE],
        ["crm:C-2", "order:A-2", "phone:+491713920002"],
    ]
    scenario.expect_no("identity_conflict")


@pytest.mark.parametrize(("days", "customers"), [((1, 2, 3, 4, 8), 5), ((1, 2, 3, 4, 9), 1)])
def test_too_many_within_a_window_are_too_many_though_not_for_ever(
    days: tuple[int, ...], customers: int, scenario: Scenario
) -> None:
    for n, day in enumerate(days):
        scenario.at(f"{day:02}th 10:00", call_center.call_received(caller=f"+49 171 392000{n}", email=ANNA))
    assert len(scenario.customers()) == customers


def joined_twice(scenario: Scenario) -> None:
    """E-mail and phone share an order, and by way of another order a SIM."""
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("09:10", call_center.call_received(order="A-1", caller=ANNAS_PHONE))
    scenario.at("09:20", shop.order_placed(order="A-2", email=ANNA))
    scenario.at("09:30", shop.parcel_delivered(order="A-2", items=[{"iccid": SIM}]))
    scenario.at("09:40", activation.accepted(iccid=SIM, phone=ANNAS_PHONE))


def test_an_unlink_parts_what_is_joined_through_others_at_the_weakest_links(scenario: Scenario) -> None:
    joined_twice(scenario)
    assert len(scenario.customers()) == 1
    scenario.at("12:00", operator.unlink(a=EMAIL, b=PHONE))
    assert sorted(map(sorted, scenario.customers())) == [
        [EMAIL, f"iccid:{SIM}", "order:A-1", "order:A-2"],
        [PHONE],
    ]
    scenario.expect_no("identity_conflict")


def test_a_link_after_the_unlink_restores_what_was(scenario: Scenario) -> None:
    joined_twice(scenario)
    before = scenario.customers()
    scenario.at("12:00", operator.unlink(a=EMAIL, b=PHONE))
    scenario.at("13:00", operator.link(a=PHONE, b=EMAIL))
    assert scenario.customers() == before


def test_an_unlink_after_the_link_restores_what_was(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(caller=ANNAS_PHONE), call_center.call_received(email=ANNA))
    before = scenario.customers()
    scenario.at("12:00", operator.link(a=PHONE, b=EMAIL))
    assert len(scenario.customers()) == 1
    scenario.at("13:00", operator.unlink(a=PHONE, b=EMAIL))
    assert scenario.customers() == before


def test_links_in_a_circle_join_once(scenario: Scenario) -> None:
    ends = [EMAIL, PHONE, "order:A-1"]
    scenario.at("10:00", call_center.call_received(email=ANNA))
    for a, b in zip(ends, [*ends[1:], ends[0]], strict=True):
        scenario.at("11:00", operator.link(a=a, b=b))
    assert scenario.customers() == [set(ends)]
    assert len(scenario.outcome.customers[0]["links"]) == 2


def test_a_link_that_would_join_what_an_operator_parted_is_refused_and_told(scenario: Scenario) -> None:
    scenario.at("10:00", call_center.call_received(email=ANNA), call_center.call_received(caller=ANNAS_PHONE))
    scenario.at("11:00", operator.link(a=EMAIL, b="order:A-1"))
    scenario.at("12:00", operator.unlink(a=EMAIL, b=PHONE))
    scenario.at("13:00", operator.link(a="order:A-1", b=PHONE))
    assert sorted(map(sorted, scenario.customers())) == [[EMAIL, "order:A-1"], [PHONE]]
    conflict = scenario.expect("identity_conflict")
    assert (
        conflict["conflict"]["rule"]
        == "an operator parted email and phone; the link of phone and order was refused"
    )
    assert conflict["summary"] == "operators' commands on who is who contradict each other"


def test_a_link_to_what_nobody_has_heard_of_waits_for_it(scenario: Scenario) -> None:
    scenario.at("10:00", operator.link(a=EMAIL, b=PHONE))
    assert scenario.outcome.customers == []
    scenario.at("11:00", call_center.call_received(caller=ANNAS_PHONE))
    assert scenario.customers() == [{EMAIL, PHONE}]


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (
            "email:null",
            PHONE,
            "data.a: expected type:value with a type of the map, and a value that names somebody",
        ),
        (
            PHONE,
            "fax:123",
            "data.b: expected type:value with a type of the map, and a value that names somebody",
        ),
        (EMAIL, "email:ANNA@example.com", "data.a and data.b: expected two identifiers, found one twice"),
        ("store:7", EMAIL, "data.a: store names what many customers share (routes: false), and links nobody"),
    ],
)
def test_a_command_that_can_not_be_carried_out_says_why(a: str, b: str, says: str) -> None:
    scenario = Scenario(TELECOM.replace("  imei: imei\n", "  imei: imei\n  store: {routes: false}\n"))
    scenario.at("10:00", operator.link(a=a, b=b))
    assert scenario.outcome.customers == []
    (refused,) = scenario.refused
    assert refused.reason == "missing_identifiers"
    assert refused.detail.startswith(says)


def test_the_way_between_identifiers_leads_along_the_links_from_one_to_the_other(scenario: Scenario) -> None:
    joined_twice(scenario)
    events = scenario._read()
    (customer,) = resolve(events, IdentityRules.of(scenario.map)).customers
    ends = [("order:A-2", EMAIL), (EMAIL, "order:A-1"), ("order:A-1", PHONE)]
    assert [{link.a, link.b} for link in customer.ways.between("order:A-2", PHONE)] == [
        set(pair) for pair in ends
    ]
    assert customer.ways.between(PHONE, PHONE) == customer.ways.between(PHONE, "order:A-9") == []


def test_a_customer_of_thousands_of_events_is_folded_without_looking_at_each_pair_of_them() -> None:
    limits = TELECOM.replace("limit: 5, window: 7d, limit_within: 4", "limit: 9999").replace(
        "limit: 5", "limit: 9999"
    )
    counts = []
    for size in (200, 800):
        scenario = Scenario(limits)
        for n in range(size):
            told = call_center.call_received(
                caller=f"+49 171 39{n // 2:05}", email=ANNA if n % 2 else f"u{n}@example.com", recognised=True
            )
            scenario.at(f"{10 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", told)
        rows = [event.encode() for event in scenario._read()]
        profile = Profile(builtins=False)
        profile.runcall(
            Fold(scenario.map), rows, dict.fromkeys(scenario.map.departments, scenario.instant("20th 00:00"))
        )
        counts.append(sum(entry.callcount for entry in profile.getstats()))
    assert counts[1] < 6 * counts[0]
