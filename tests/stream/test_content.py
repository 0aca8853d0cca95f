"""Events arrive on Kafka in either content mode of the CloudEvents Kafka binding."""

import orjson
import pytest

from journeys.errors import InvalidEvent
from stream.content import content
from stream.transports.log import Record

HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_type", b"shop.order_placed"),
    ("ce_source", b"/shop"),
    ("ce_id", b"1"),
    ("ce_time", b"2026-01-15T08:00:00Z"),
    ("ce_region", "Köln".encode()),
    ("content-type", b"application/json; charset=utf-8"),
)


def record(value: bytes | None, headers: tuple[tuple[str, bytes | None], ...] = HEADERS) -> Record:
    return Record(0, 0, None, value, headers)


def test_a_record_without_attributes_in_its_headers_is_the_event() -> None:
    assert content(record(b'{"id": "1"}', (("trace", b"x"),))) == b'{"id": "1"}'


def test_in_binary_mode_headers_are_attributes_and_the_value_is_the_data() -> None:
    event = orjson.loads(content(record(b'{"order": "A-1"}')) or b"")
    assert event == {
        "specversion": "1.0",
        "type": "shop.order_placed",
        "source": "/shop",
        "id": "1",
        "time": "2026-01-15T08:00:00Z",
        "region": "Köln",
        "datacontenttype": "application/json; charset=utf-8",
        "data": {"order": "A-1"},
    }


def test_data_that_is_not_json_is_kept_as_bytes() -> None:
    event = orjson.loads(content(record(b"\x00\xff", (*HEADERS[:-1], ("content-type", b"image/png")))) or b"")
    assert event["data_base64"] == "AP8="
    assert "data" not in event


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (b"{not json", HEADERS, "invalid_json"),
        (b"{}", (*HEADERS, ("ce_data", b"{}")), "invalid_attribute"),
        (b"{}", (("ce_id", b"\xff"),), "invalid_encoding"),
    ],
)
def test_what_contradicts_itself_is_refused(
    value: bytes, headers: tuple[tuple[str, bytes | None], ...], reason: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        content(record(value, headers))
    assert refused.value.reason == reason
