"""A department is silent when nothing was heard of it for longer than its map allows."""

from hypothesis import given
from hypothesis import strategies as st

from journeys.instants import HOUR
from journeys.journey_map import Department
from journeys.silence import capped, heard_until, merged, silences, spans_of
from tests.support.scenario import instant, when

SHOP = Department("shop", "shop.events", "shop-desk", silent_after=2 * HOUR)


def heard_at(*times: str) -> list[list[int]]:
    return spans_of(map(instant, times), 2 * HOUR)


def silences_of_shop(spans: list[list[int]], now: str) -> list[tuple[str, str, str | None]]:
    return [(a["status"], a["opened_at"], a["resolved_at"]) for a in silences(SHOP, spans, instant(now), "v")]


def test_a_department_that_is_heard_often_enough_is_not_silent() -> None:
    assert silences_of_shop(heard_at("09:00", "10:30", "12:30"), "14:30") == []


def test_silence_begins_when_its_time_is_over_and_lasts_until_it_is_heard_again() -> None:
    assert silences_of_shop(heard_at("09:00"), "11:01") == [("open", when("11:00"), None)]
    assert silences_of_shop(heard_at("09:00", "13:00"), "14:00") == [
        ("resolved", when("11:00"), when("13:00"))
    ]


def test_what_is_heard_later_than_judged_does_not_count_yet() -> None:
    assert silences_of_shop(heard_at("09:00", "13:00"), "12:00") == [("open", when("11:00"), None)]


def test_the_alert_stays_the_same_one_when_the_department_is_heard_again() -> None:
    silent = silences(SHOP, heard_at("09:00"), instant("12:00"), "v")
    heard = silences(SHOP, heard_at("09:00", "13:00"), instant("14:00"), "v")
    assert [alert["fingerprint"] for alert in silent] == [alert["fingerprint"] for alert in heard]
    assert heard[0]["late_by_seconds"] == 2 * 3600


def test_a_department_without_a_limit_is_never_silent() -> None:
    assert silences(Department("shop", "shop.events"), heard_at("09:00"), instant("20th 09:00"), "v") == []


def test_its_watermark_stands_still_while_it_is_silent() -> None:
    heard = heard_until(heard_at("09:00"), instant("15:00"))
    assert capped(instant("10:00"), heard, SHOP.silent_after) == instant("10:00")
    assert capped(instant("15:00"), heard, SHOP.silent_after) == instant("11:00")
    assert capped(instant("15:00"), heard, None) == instant("15:00")
    assert capped(instant("15:00"), None, SHOP.silent_after) == instant("15:00")


instants = st.lists(st.integers(0, 60).map(lambda minutes: minutes * HOUR // 2), max_size=15)


@given(instants, instants, st.randoms())
def test_order_and_repetition_of_what_is_heard_make_no_difference(
    one: list[int], two: list[int], chance: object
) -> None:
    whole = spans_of([*one, *two], 2 * HOUR)
    parts = [*spans_of(two, 2 * HOUR), *spans_of(one, 2 * HOUR), *spans_of(two, 2 * HOUR)]
    chance.shuffle(parts)  # type: ignore[attr-defined]
    assert merged(parts, 2 * HOUR) == whole
