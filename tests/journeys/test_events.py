"""The envelope: what a CloudEvent must be, and the fact that is kept of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.errors import InvalidEvent
from journeys.events import MAX_EVENT_BYTES, Event, event_key, event_time, lowest, parse_event
from journeys.instants import parse_instant

ENVELOPE = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "shop.order_placed"}


def key_of(**changes: object) -> str:
    return event_key(*parse_event(json.dumps(ENVELOPE | changes).encode()))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_event_or_refused_with_a_reason(raw: bytes) -> None:
    try:
        parse_event(raw)
    except InvalidEvent as error:
        assert error.reason and error.detail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from([*ENVELOPE, "time", "data", "subject", "data_base64", "datacontenttype", "extension"])


@given(st.dictionaries(names, json_values))
def test_any_json_in_any_attribute_is_an_event_or_refused_with_a_reason(changes: dict[str, object]) -> None:
    try:
        event, plain = parse_event(json.dumps(ENVELOPE | changes).encode())
        event_time(event, received_at=0)
        event_key(event, plain)
    except InvalidEvent as error:
        assert error.reason and error.detail


def test_the_largest_event_is_read_and_a_byte_more_refused() -> None:
    room = MAX_EVENT_BYTES - len(json.dumps(ENVELOPE | {"data": ""}))
    assert parse_event(json.dumps(ENVELOPE | {"data": "x" * room}).encode())
    with pytest.raises(InvalidEvent, match="too_large"):
        parse_event(json.dumps(ENVELOPE | {"data": "x" * (room + 1)}).encode())


def test_equal_events_have_equal_keys_whatever_the_order_of_their_json() -> None:
    turned = json.dumps(dict(reversed(ENVELOPE.items()))).encode()
    assert event_key(*parse_event(turned)) == key_of()


def test_other_content_changes_the_key_but_not_the_identity() -> None:
    first, second = key_of(data={"a": 1}), key_of(data={"a": 2})
    assert first != second
    assert first.partition(".")[0] == second.partition(".")[0]


def test_another_source_or_id_is_another_identity() -> None:
    identities = {
        key_of(source=source, id=id).partition(".")[0] for source, id in (("/a", "bc"), ("/ab", "c"))
    }
    assert len(identities) == 2


def test_an_event_without_a_time_takes_that_of_its_receipt() -> None:
    event, _ = parse_event(json.dumps(ENVELOPE).encode())
    assert event_time(event, received_at=7) == 7
    with pytest.raises(InvalidEvent, match="missing_time"):
        event_time(event, received_at=None)


def test_the_year_2000_is_the_first() -> None:
    event, _ = parse_event(json.dumps(ENVELOPE | {"time": "2000-01-01T00:00:00Z"}).encode())
    assert event_time(event, None) == parse_instant("2000-01-01T00:00:00Z")


def test_what_is_kept_survives_its_encoding() -> None:
    event = Event(
        "k.1", "shop.order_placed", 5, ["order:A-1"], {"plan": "größer"}, "/shop", "1", [["t", 0, 7]], 2
    )
    assert Event.decode(event.encode()) == event
    assert event.identity == "k"


POSITIONS = st.lists(
    st.tuples(st.just("t"), st.integers(0, 1), st.integers(0, 9)).map(
        lambda position: [*position, 7] if position[2] % 3 == 0 else [*position]
    )
)


@given(POSITIONS, POSITIONS, POSITIONS)
def test_the_positions_that_are_kept_do_not_depend_on_order_or_repetition(
    a: list[list[Any]], b: list[list[Any]], c: list[list[Any]]
) -> None:
    once = lowest([*a, *b, *c], 3)
    assert lowest([*lowest([*c, *lowest(b, 3)], 3), *a, *b], 3) == once
    assert once == sorted(once)
    assert [len(origin) for origin in once].count(3) <= 3
    assert (a + b + c == []) == (once == [])
