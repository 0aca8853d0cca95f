import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.instants import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)

NOON = 1_768_478_400 * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-15T12:00:00Z",
        "2026-01-15t12:00:00z",
        "2026-01-15 12:00:00",
        "2026-01-15T12:00:00",
        "2026-01-15T13:00:00+01:00",
        "2026-01-14T22:30:00-13:30",
        "2026-01-15T12:00:00.000000Z",
        "2026-01-15T12:00:00.000000999Z",
        "2026-01-15T11:59:60Z",
        "2026-01-15T11:59:60.0z",
    ],
)
def test_one_instant_has_many_spellings(text: str) -> None:
    assert parse_instant(text) == NOON


@pytest.mark.parametrize(
    ("text", "micros"),
    [(".5", 500_000), (".25", 250_000), (".123456", 123_456), (".1234567891234", 123_456)],
)
def test_a_fraction_of_a_second_counts_to_the_microsecond(text: str, micros: int) -> None:
    assert parse_instant(f"2026-01-15T12:00:00{text}Z") == NOON + micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-15",
        "20260115T120000Z",
        "2026-W03-4T12:00:00Z",
        "2026-01-15T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-15T25:00:00Z",
        "2026-01-15T12:00:00+25:00",
        "2026-01-15T12:00:00Zulu",
        "1768478400",
        "12026-01-15T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:60Z",
        "٢٠٢٦-01-15T12:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        parse_instant(text)


def test_decimals_are_written_only_where_there_are_any() -> None:
    assert format_instant(NOON) == "2026-01-15T12:00:00Z"
    assert format_instant(NOON + 1) == "2026-01-15T12:00:00.000001Z"


@given(st.integers(parse_instant("0001-01-01T00:00:00Z"), parse_instant("9999-12-31T23:59:59.999999Z")))
def test_what_is_written_is_read_back(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


@given(st.text(max_size=40))
def test_no_text_whatever_raises_anything_but_value_error(text: str) -> None:
    for parse in (parse_instant, parse_duration):
        try:
            parse(text)
        except ValueError as error:
            assert "expected" in str(error)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("4h", 4 * HOUR),
        ("1d12h", 36 * HOUR),
        ("30m", 30 * MINUTE),
        ("90s", 90 * SECOND),
        ("2w", 14 * DAY),
        ("0s", 0),
        ("1.5s", 1_500_000),
        ("1w1d1h1m1.000001s", 8 * DAY + HOUR + MINUTE + SECOND + 1),
    ],
)
def test_a_duration_adds_up_its_units(text: str, duration: int) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "4", "h", "4 h", "-4h", "4H", "1h1d", "1.5h", "4h4h", "101y", "5218w", "9" * 5000 + "s"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


def test_a_duration_is_written_from_days_to_seconds() -> None:
    assert [format_duration(d) for d in (0, 36 * HOUR, 14 * DAY, 90 * SECOND, 1_500_000)] == [
        "0s",
        "1d12h",
        "14d",
        "1m30s",
        "1.5s",
    ]


@given(st.integers(0, 36_525 * DAY))
def test_a_written_duration_is_read_back(duration: int) -> None:
    assert parse_duration(format_duration(duration)) == duration
