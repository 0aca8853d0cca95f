"""What happens live is right: orders in their time, each event once; which latencies count."""

from itertools import takewhile

import orjson

from journeys.instants import SECOND, format_instant
from journeys.journey_map import JourneyMap
from journeys.reading import EventReader
from tests.bench.live.latency import ALLOWED_DELAY, AT_ONCE, HOUR, ON_MISSING, live_map, of_alerts
from tests.bench.orders import as_they_happen, by_time

BEGAN = 1_000_000_000 * SECOND


def test_orders_happen_in_time_order_each_with_all_its_events() -> None:
    happened = list(takewhile(lambda each: each[0] < BEGAN + 60 * SECOND, as_they_happen(5, HOUR, BEGAN)))
    assert [at for at, _ in happened] == sorted(at for at, _ in happened)
    told = [orjson.loads(raw)["id"] for _, raw in happened]
    assert len(set(told)) == len(told)
    whole = {orjson.loads(raw)["id"] for raw in by_time(100)}
    assert whole <= set(told)


def test_the_map_goes_at_the_speed_of_the_orders() -> None:
    journey_map = JourneyMap.parse(live_map())
    assert journey_map.journeys["new_line"].handoffs["activation"].within == 4 * HOUR
    assert {d.allowed_delay for d in journey_map.departments.values()} == {ALLOWED_DELAY}
    _, raw = next(as_they_happen(1, HOUR, BEGAN))
    assert EventReader(journey_map, live=True).read(raw, ["t", 0, 0], BEGAN).time == BEGAN


def test_only_the_first_word_on_an_alert_counts_and_only_under_an_even_load() -> None:
    def failed(fingerprint: str, at: int) -> dict[str, object]:
        evidence = [{"at": format_instant(at)}]
        return {"fingerprint": fingerprint, "kind": "failed", "handoff": "activation", "evidence": evidence}

    due = format_instant(BEGAN + 2 * SECOND)
    missing = {"fingerprint": "3", "kind": "missing", "handoff": "delivery", "due_at": due, "evidence": []}
    seen = [
        (BEGAN + 5 * SECOND, failed("1", BEGAN - 1)),
        (BEGAN + 5 * SECOND, failed("2", BEGAN + 4 * SECOND)),
        (BEGAN + 9 * SECOND, failed("2", BEGAN + 4 * SECOND)),
        (BEGAN + 2 * SECOND + ALLOWED_DELAY + SECOND // 2, missing),
        (BEGAN + 9 * SECOND, failed("4", BEGAN + 7 * SECOND)),
    ]
    assert of_alerts(seen, range(BEGAN, BEGAN + 6 * SECOND)) == {AT_ONCE: [1000.0], ON_MISSING: [500.0]}
