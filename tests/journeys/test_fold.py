"""The fold is a function of a set: order, repetition and the way there change nothing."""

import json
import random
from operator import lt

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo_day import demo_day
from journeys.errors import InvalidEvent
from journeys.events import Event
from journeys.fold import Fold
from journeys.identity import strength
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from tests.support.order import Partitions, components
from tests.support.replaying import without_diagnostics
from tests.support.scenario import ANNA, TELECOM, Scenario, call_center, instant, merged, shop

MAP = JourneyMap.parse(TELECOM)
END = instant("20th 00:00")
MARKS = dict.fromkeys(MAP.departments, END)


def day() -> list[Event]:
    reader = EventReader(MAP, live=False)
    events: dict[str, Event] = {}
    for offset, line in enumerate(demo_day(4, orders=30)):
        try:
            event = reader.read(line, ["day", 0, offset], None)
        except InvalidEvent:
            continue
        events.setdefault(event.key, event)
    return list(events.values())


some_events = st.lists(st.sampled_from(day()), min_size=1, max_size=40, unique_by=lambda event: event.key)


@settings(max_examples=100)
@given(some_events, st.integers(1, 4), st.integers(0, 2**32))
def test_neighbourhoods_come_to_what_the_true_components_in_order_come_to(
    events: list[Event], count: int, seed: int
) -> None:
    fold = Fold(MAP)
    partitions = Partitions(
        count,
        random.Random(seed),
        lambda a, b: lt(strength(a, MAP.identifiers), strength(b, MAP.identifiers)),
    )
    partitions.play(events)
    partitions.restart()
    apart = merged([fold(root.events.values(), MARKS) for root in partitions.roots().values()])
    in_order = sorted(events, key=lambda event: (event.time, event.key))
    together = merged(
        [fold([e.encode() for e in in_order if e.key in keys], MARKS) for keys in components(events).values()]
    )
    for kind in ("customers", "journeys", "alerts"):
        assert without_diagnostics(getattr(apart, kind)) == without_diagnostics(getattr(together, kind))
    assert apart.folded == together.folded == len(events)


def test_only_events_up_to_the_time_are_folded_and_the_others_counted(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    scenario.at("10:00", shop.parcel_delivered(order="A-1"))
    scenario.at("10:00:01", shop.order_cancelled(order="A-1"))
    scenario.judged_at("10:00")
    assert (scenario.outcome.folded, scenario.outcome.after_as_of) == (2, 1)
    assert scenario.journey()["status"] == "open"


def test_of_events_with_one_id_and_different_content_the_earliest_counts(scenario: Scenario) -> None:
    scenario.at("11:00", call_center.call_received(id="7", email=ANNA, topic="second"))
    scenario.at("10:00", call_center.call_received(id="7", email=ANNA, topic="first"))
    assert [refused.fields["topic"] for refused in scenario.outcome.refused] == ["second"]
    assert (scenario.outcome.folded, scenario.outcome.duplicates) == (1, 0)


def test_an_event_seen_twice_is_counted_once_and_cites_its_lowest_position(scenario: Scenario) -> None:
    for _ in range(2):
        scenario.at("10:00", call_center.call_received(id="7", email=ANNA))
    assert (scenario.outcome.folded, scenario.outcome.duplicates) == (1, 1)
    assert scenario.outcome.customers[0]["unattached"][0]["offset"] == 0


def test_nothing_comes_to_nothing() -> None:
    folded = Fold(MAP)([], MARKS)
    assert (folded.customers, folded.journeys, folded.alerts, folded.due) == ([], [], [], {})


def test_every_document_is_json(scenario: Scenario) -> None:
    scenario.at("09:00", shop.order_placed(order="A-1", email=ANNA))
    documents = [*scenario.outcome.customers, *scenario.outcome.journeys, *scenario.outcome.alerts]
    assert json.loads(json.dumps(documents)) == documents
