"""Clocks that are wrong: of those who send, and of those whose events are told."""

import time

import orjson
import pytest

from journeys.instants import HOUR, SECOND, format_instant, parse_instant
from tests.support.sites import Site
from tests.support.verifier import Results

DAY = 24 * HOUR


@pytest.mark.long
def test_events_of_wrong_clocks_are_dead_letters_and_of_slow_ones_are_used(
    site: Site, some_events: list[bytes]
) -> None:
    now = time.time_ns() // 1000
    told = {
        "a day slow": now - DAY,
        "a day fast": now + DAY,
        "before any clock": parse_instant("1970-01-01T00:00:00Z"),
        "far ahead": parse_instant("2100-01-01T00:00:00Z"),
    }
    events = [
        orjson.dumps(orjson.loads(raw) | {"id": f"{n} {what}", "time": format_instant(at + n * SECOND)})
        for n, raw in enumerate(some_events[:40])
        for what, at in told.items()
    ]
    site.start().until_working()
    site.send([*some_events, *events])
    site.prove()
    assert site.dead_letters() == ["time_before_2000"] * 40 + ["time_in_future"] * 80


@pytest.mark.long
@pytest.mark.parametrize("clock", ["a day slow", "1970"])
def test_the_clock_of_who_sends_changes_nothing(
    clock: str, site: Site, some_events: list[bytes], undisturbed: Results
) -> None:
    stamped = {"a day slow": time.time_ns() // 1_000_000 - DAY // 1000, "1970": 0}[clock]
    site.start().until_working()
    site.ledger.send(record._replace(timestamp=stamped) for record in site.records(some_events))
    assert site.prove() == undisturbed
