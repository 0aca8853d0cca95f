"""Routing where identifiers are shared: who is one customer never depends on what happened on the way."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.actors import Root
from journeys.events import Event
from journeys.identity import resolve
from journeys.identity_rules import IdentityRules
from journeys.journey_map import JourneyMap
from tests.support.order import Partitions, components

MAP = JourneyMap.parse("""
departments: {shop: {}}
identifiers: {i: {limit: 2}, w: {window: 3s, limit_within: 1}, j: {}, s: {routes: false}}
events:
  shop.happened: {identifiers: {i: data.i, w: data.w, j: data.j, s: data.s}}
journeys:
  visit: {starts: shop.happened}
""")
RULES = IdentityRules.of(MAP)
SECOND = 1_000_000


def event(number: int, identifiers: list[str]) -> Event:
    return Event(
        f"{number:04d}.0", "shop.happened", number * SECOND, sorted(identifiers), {}, "/shop", str(number),
        [["t", 0, number]], 0,
    )  # fmt: skip


def routes(identifier: str) -> bool:
    return MAP.identifiers[identifier[0]].routes


identifiers = st.sampled_from([*(f"i:{n}" for n in range(8)), "j:0", "j:1", "w:0", "w:1", "s:0"])
bearing = st.lists(identifiers, min_size=1, max_size=3, unique=True)
some_events = st.lists(bearing, min_size=1, max_size=12).map(
    lambda all_of: [event(number, each) for number, each in enumerate(all_of)]
)
chances = st.integers(0, 2**32)


def shared(events: list[Event]) -> set[str]:
    """A model that counts from scratch, in every span that begins with an event."""
    spans = [events, *([e for e in events if 0 <= e.time - first.time <= 3 * SECOND] for first in events)]
    mosts = [{"i": 2}, *({"w": 1} for _ in events)]
    return {
        identifier
        for span, most in zip(spans, mosts, strict=True)
        for identifier in {i for each in span for i in each.identifiers if i[0] in most}
        for kind in "iwj"
        if len(_met(identifier, kind, span)) > most[identifier[0]]
    }


def _met(identifier: str, kind: str, events: list[Event]) -> set[str]:
    bearing = (each.identifiers for each in events if identifier in each.identifiers)
    return {other for named in bearing for other in named if other[0] == kind and other != identifier}


def customers(roots: dict[str, Root]) -> set[frozenset[str]]:
    found = set()
    for root in roots.values():
        events = sorted((Event.decode(row) for row in root.events.values()), key=lambda each: each.time)
        identities = resolve(events, RULES, root.marks)
        found |= {frozenset(each.key for each in customer.events) for customer in identities.customers}
    return found


def all_at_once(events: list[Event]) -> set[frozenset[str]]:
    """A model that knows all events before it links any: who bears no identifier of their own is alone."""
    apart = shared(events)
    bearing = [
        each._replace(identifiers=[i for i in each.identifiers if routes(i) and i not in apart] or [each.key])
        for each in events
    ]
    return {frozenset(keys) for keys in components(bearing).values()}


def check(partitions: Partitions, events: list[Event]) -> None:
    roots = partitions.roots()
    assert Counter(key for root in roots.values() for key in root.events) == Counter(e.key for e in events)
    assert customers(roots) == all_at_once(events)
    for root in roots.values():
        borne = {i for row in root.events.values() for i in Event.decode(row).identifiers}
        assert root.marks & borne == shared(events) & borne
        assert root.marks <= shared(events)


def partitions_of(count: int, seed: int, **dangers: float) -> Partitions:
    return Partitions(count, random.Random(seed), routes=routes, limits=RULES.limits, **dangers)


@settings(max_examples=500)
@given(some_events, st.integers(1, 5), chances)
def test_customers_are_the_same_whatever_the_order_the_repetitions_and_the_crashes(
    events: list[Event], count: int, seed: int
) -> None:
    partitions = partitions_of(count, seed, closes=0.2)
    partitions.play(events)
    check(partitions, events)
    partitions.restart()
    check(partitions, events)


@settings(max_examples=300)
@given(some_events, st.integers(1, 5), chances)
def test_customers_are_the_same_even_if_owners_that_were_replaced_go_on_writing(
    events: list[Event], count: int, seed: int
) -> None:
    partitions = partitions_of(count, seed, crashes=0.1, zombies=0.2, closes=0.1)
    partitions.play(events)
    partitions.restart()
    check(partitions, events)


def test_a_shared_identifier_of_thousands_costs_each_event_no_more_than_two_messages_an_identifier() -> None:
    """An event is sent on by each shared identifier, or asks it and is answered; that it moves out is one more."""
    hot = [["i:0", f"j:{n:04d}"] for n in range(5000)] + [["i:0"]] * 100
    events = [event(n, identifiers) for n, identifiers in enumerate(hot)]
    partitions = partitions_of(4, 1, crashes=0.0)
    partitions.play(events)
    held = Counter(key for root in partitions.roots().values() for key in root.events)
    assert held == Counter(each.key for each in events)
    assert partitions.sent <= 2 * sum(len(each.identifiers) for each in events)
    assert max(len(root.events) for root in partitions.roots().values()) < 10


def test_one_that_meets_too_many_at_once_gathers_no_more_events_though_it_has_no_other_limit() -> None:
    events = [event(n, ["w:0", f"j:{n:04d}"]) for n in range(1000)]
    partitions = partitions_of(4, 1, crashes=0.0)
    partitions.play(events)
    roots = partitions.roots()
    assert sum(len(root.events) for root in roots.values()) == len(events)
    assert max(len(root.events) for root in roots.values()) < 50


def test_a_shared_identifier_stays_so_when_all_workers_start_again() -> None:
    events = [event(n, ["i:0", f"j:{n:04d}"]) for n in range(300)]
    partitions = partitions_of(3, 1, crashes=0.0)
    partitions.play(events[:20])
    partitions.restart()
    partitions.play(events[20:])
    assert max(len(root.events) for root in partitions.roots().values()) < 10


def test_a_type_that_does_not_route_brings_nothing_together() -> None:
    events = [event(n, ["s:0", f"j:{n}"]) for n in range(20)] + [event(n, ["s:0"]) for n in range(20, 30)]
    partitions = partitions_of(3, 1)
    partitions.play(events)
    check(partitions, events)
    roots = partitions.roots()
    assert len(roots) == len(events) and partitions.forwards() == {}
    assert not any(root.known or root.marks for root in roots.values())
