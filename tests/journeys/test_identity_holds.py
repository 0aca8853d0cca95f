"""What holds of identities whatever happened: by Hypothesis, on the real fold."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from journeys.events import Event
from journeys.folded import Folded
from journeys.identity import LINK, UNLINK, Identities, IdentityRules, resolve
from journeys.instants import parse_instant
from journeys.journey import in_time
from tests.support.claims import KNOWN_BY, MAP, commands, departments
from tests.support.replaying import without_diagnostics
from tests.support.scenario import BEN, event_of, fold_all, instant, operator

RULES = IdentityRules.of(MAP)
END = instant("28th 00:00")
MARKS = dict.fromkeys(MAP.departments, END)

happened = st.lists(st.sampled_from(departments()), min_size=1, unique_by=lambda event: event.key)
commanded = st.lists(st.sampled_from(commands()), max_size=8, unique_by=lambda event: event.key)
pairs = st.lists(st.sampled_from(KNOWN_BY), min_size=2, max_size=2, unique=True)


def resolved(events: list[Event]) -> Identities:
    return resolve(sorted(events, key=in_time), RULES)


def folded(events: list[Event]) -> Folded:
    return fold_all(MAP, events, MARKS)


@settings(max_examples=300)
@given(happened, commanded)
def test_no_unique_identifier_is_held_twice_and_nobody_holds_two(
    told: list[Event], said: list[Event]
) -> None:
    customers = resolved([*told, *said]).customers
    held = Counter(i for customer in customers for i in customer.identifiers if i.startswith("crm:"))
    assert all(count == 1 for count in held.values())
    for customer in customers:
        assert sum(i.startswith("crm:") for i in customer.identifiers) <= 1


@settings(max_examples=300)
@given(happened, commanded)
def test_every_event_is_one_customers_and_every_customer_has_a_name_of_her_own(
    told: list[Event], said: list[Event]
) -> None:
    customers = resolved([*told, *said]).customers
    assert sorted(e.key for customer in customers for e in customer.events) == sorted(e.key for e in told)
    assert len({customer.name for customer in customers}) == len(customers)


@settings(max_examples=300)
@given(happened, commanded)
def test_what_was_parted_last_is_apart(told: list[Event], said: list[Event]) -> None:
    customers = resolved([*told, *said]).customers
    latest = {frozenset(e.identifiers): e.type for e in sorted(said, key=lambda e: (e.time, e.id))}
    for pair, command in latest.items():
        if command == UNLINK:
            assert not any(pair <= set(customer.identifiers) for customer in customers)


@settings(max_examples=300)
@given(happened, commanded)
def test_the_links_of_a_customer_reach_all_her_identifiers_and_no_link_more(
    told: list[Event], said: list[Event]
) -> None:
    for customer in resolved([*told, *said]).customers:
        reached = set(customer.identifiers[:1])
        for _ in customer.links:
            reached |= {
                end for link in customer.links if reached & {link.a, link.b} for end in (link.a, link.b)
            }
        assert reached == set(customer.identifiers)
        assert len(customer.links) <= max(len(customer.identifiers) - 1, 0) + _tenures(customer.links)


def _tenures(links: list[Any]) -> int:
    """A number that came back to a customer has a link of its own for each time."""
    return sum(link.b.startswith("phone:") or link.a.startswith("phone:") for link in links)


@settings(max_examples=200)
@given(happened, commanded, pairs)
def test_an_unlink_after_a_link_restores_what_was(
    told: list[Event], said: list[Event], pair: list[str]
) -> None:
    mentioned = {frozenset(event.identifiers) for event in said}
    link, unlink = _commands(pair)
    assume(frozenset(link.identifiers) not in mentioned)
    undone = _outcome([*told, *said, link, unlink])
    assert undone == _outcome([*told, *said, unlink])
    if not _is_news(unlink, [*told, *said]):
        assert undone == _outcome([*told, *said])


@settings(max_examples=200)
@given(happened, st.data())
def test_a_link_after_an_unlink_restores_what_was(told: list[Event], data: st.DataObject) -> None:
    before = resolved(told)
    undisputed = [
        pair
        for customer in before.customers
        for pair in combinations(customer.identifiers, 2)
        if not before.conflicts
    ]
    assume(undisputed)
    unlink, link = _commands(data.draw(st.sampled_from(undisputed)), (operator.unlink, operator.link))
    parted = resolved([*told, unlink]).customers
    assert not any(set(unlink.identifiers) <= set(customer.identifiers) for customer in parted)
    assert _outcome([*told, unlink, link]) == _outcome(told)


@settings(max_examples=300)
@given(happened)
def test_an_email_that_two_customers_give_joins_nobody_else(others: list[Event]) -> None:
    """Who is whose is the same as if only orders by customer number had named it."""
    email = f"email:{BEN}"
    given_by = [e for e in departments() if email in e.identifiers and e.identifiers[0].startswith("crm:")]
    told = list({event.key: event for event in [*given_by, *others]}.values())
    silent = [
        event
        if event.identifiers[0].startswith("crm:")
        else event._replace(identifiers=[i for i in event.identifiers if i != email] or [f"imei:{event.id}"])
        for event in told
    ]
    assert _together(told) == _together(silent)


@settings(max_examples=200)
@given(happened, commanded, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(told: list[Event], said: list[Event], chance: Any) -> None:
    events = [*told, *said]
    again = [*events, *chance.choices(events, k=5)]
    chance.shuffle(again)
    one, other = folded(events), folded(again)
    for kind in ("customers", "journeys", "alerts"):
        assert without_diagnostics(getattr(one, kind)) == without_diagnostics(getattr(other, kind))


@settings(max_examples=200)
@given(happened, commanded)
def test_a_history_ends_in_what_the_alert_is_and_goes_only_forward(
    told: list[Event], said: list[Event]
) -> None:
    for alert in folded([*told, *said]).alerts:
        history = alert["history"]
        assert (history[-1]["kind"], history[-1]["status"]) == (alert["kind"], alert["status"])
        times = [parse_instant(line["at"]) for line in history]
        assert times == sorted(times)
        states = [(line["kind"], line["status"]) for line in history]
        assert all(one != other for one, other in pairwise(states))


def _are_one(pair: Sequence[str], events: list[Event]) -> bool:
    """Whether they are joined, also where no event belongs to them: asked by an event that bears one of them alone."""
    probe = events[0]._replace(
        key="probe.0", id="probe", type="call_center.call_received", identifiers=[pair[0]]
    )
    return any(set(pair) <= set(customer.identifiers) for customer in resolved([*events, probe]).customers)


def _together(events: list[Event]) -> set[frozenset[str]]:
    return {frozenset(e.key for e in customer.events) for customer in resolved(events).customers}


def _is_news(unlink: Event, events: list[Event]) -> bool:
    """Whether it says more than that the link was wrong: it decides what is in conflict, or parts what is one customer,
    be it but for a number, an e-mail or other commands.
    """
    before = resolved(events)
    linkless = [event for event in events if event.type != LINK]
    return bool(before.conflicts or before.contested) or any(
        _are_one(unlink.identifiers, rest)
        for some in (events, linkless)
        for kinds in ((), ("phone:",), ("phone:", "email:"))
        if (rest := _without(kinds, some))
    )


def _without(kinds: tuple[str, ...], events: list[Event]) -> list[Event]:
    """The events without some types of identifiers, and without commands that name such."""
    rest = [(event, [i for i in event.identifiers if not i.startswith(kinds)]) for event in events]
    return [
        event._replace(identifiers=left)
        for event, left in rest
        if left and (left == event.identifiers or event.type not in (LINK, UNLINK))
    ]


def _commands(pair: Sequence[str], what: Sequence[Any] = (operator.link, operator.unlink)) -> list[Event]:
    a, b = pair
    return [event_of(MAP, f"{day}th 10:00", tell(a=a, b=b)) for day, tell in zip((26, 27), what, strict=True)]


def _outcome(events: list[Event]) -> list[Any]:
    """Customers, journeys and alerts, but for what tells of the commands themselves: an unlink decides a conflict."""
    outcome = folded(events)
    conflicts = {alert["fingerprint"] for alert in outcome.alerts if alert["conflict"]}
    alerts = [
        {name: value for name, value in alert.items() if name not in ("history", "supersedes")}
        for alert in outcome.alerts
        if not alert["conflict"]
    ]
    customers = [
        customer | {"alerts": [alert for alert in customer["alerts"] if alert not in conflicts]}
        for customer in outcome.customers
    ]
    return [without_diagnostics(each) for each in (customers, outcome.journeys, alerts)]
