"""Sending events: the CloudEvents HTTP binding, and an answer only once the log has them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient

from api.app import create_app
from api.store.read_model import ReadModel
from tests.support.apis import MAP, CollectingLog
from tests.support.uvicorns import serving

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
def read_model_url(tmp_path: Path) -> str:
    """One kind of read model will do: no event touches it."""
    return f"sqlite:///{tmp_path}/read-model.sqlite"


def event(id: str = "1", **changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id, "source": "/shop", "type": "shop.order_placed"} | changes


async def test_a_structured_event_is_appended_as_it_came_to_its_departments_topic(
    client: AsyncClient, log: CollectingLog
) -> None:
    raw = orjson.dumps(event(data={"order": "A1"}), option=orjson.OPT_INDENT_2)
    answer = await client.post("/v1/events", content=raw, headers=STRUCTURED)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert log.appended == [[("shop.events", b"/shop 1", raw)]]


async def test_an_event_of_no_known_type_goes_to_the_inbox_under_its_own_partition_key(
    client: AsyncClient, log: CollectingLog
) -> None:
    raw = orjson.dumps(event(type="billing.paid", partitionkey="größe"))
    assert (await client.post("/v1/events", content=raw, headers=STRUCTURED)).status_code == 202
    assert log.appended == [[("baton.inbox", "größe".encode(), raw)]]


async def test_a_binary_event_with_json_keeps_its_data_exactly(
    client: AsyncClient, log: CollectingLog
) -> None:
    headers = {
        "Content-Type": "application/vnd.shop+json; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-id": '"quoted \\"id\\""',
        "ce-source": "/shop/m%C3%BCnchen%20%E2%82%AC",
        "ce-type": "shop.order_placed",
        "CE-Tenant": "de",
    }
    answer = await client.post(
        "/v1/events", content=b'{"big": 12345678901234567890123, "a": 1.10}', headers=headers
    )
    assert answer.status_code == 202
    ((topic, key, value),) = log.appended[0]
    assert (topic, key) == ("shop.events", '/shop/münchen € quoted "id"'.encode())
    assert b'{"big": 12345678901234567890123, "a": 1.10}' in value
    sent = orjson.loads(value)
    assert sent["tenant"] == "de"
    assert sent["datacontenttype"] == "application/vnd.shop+json; charset=utf-8"


async def test_a_binary_event_with_anything_else_keeps_its_bytes(
    client: AsyncClient, log: CollectingLog
) -> None:
    headers = {f"ce-{name}": value for name, value in event().items()} | {"Content-Type": "image/png"}
    assert (await client.post("/v1/events", content=b"\x89PNG\x00", headers=headers)).status_code == 202
    sent = orjson.loads(log.appended[0][0][2])
    assert base64.b64decode(sent["data_base64"]) == b"\x89PNG\x00"
    assert "data" not in sent


async def test_a_binary_event_may_have_no_data(client: AsyncClient, log: CollectingLog) -> None:
    headers = {f"ce-{name}": value for name, value in event().items()}
    assert (await client.post("/v1/events", headers=headers)).status_code == 202
    assert orjson.loads(log.appended[0][0][2]) == event()


async def test_a_batch_is_appended_at_once_in_its_order(client: AsyncClient, log: CollectingLog) -> None:
    events = [event(str(n)) for n in range(500)]
    answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 500})
    assert [orjson.loads(value) for _, _, value in log.appended[0]] == events
    assert len(log.appended) == 1


async def test_an_empty_batch_is_taken_and_nothing_appended(client: AsyncClient, log: CollectingLog) -> None:
    answer = await client.post("/v1/events", content=b"[]", headers=BATCH)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 0})
    assert log.appended == []


async def test_of_a_batch_with_bad_events_nothing_is_taken_and_each_is_named(
    client: AsyncClient, log: CollectingLog
) -> None:
    events = [event(), 7, event(specversion="0.3"), event("4")]
    answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
    assert answer.status_code == 400
    assert [(e["index"], e["reason"]) for e in answer.json()["errors"]] == [
        (1, "not_an_object"),
        (2, "wrong_specversion"),
    ]
    assert "2 of 4" in answer.json()["detail"]
    assert log.appended == []


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"", STRUCTURED, 400, "empty"),
        (b"{", STRUCTURED, 400, "invalid_json"),
        (b"\xff", STRUCTURED, 400, "invalid_encoding"),
        (b"[]", STRUCTURED, 400, "not_an_object"),
        (b'{"specversion":"1.0"}', STRUCTURED, 400, "missing_attribute"),
        (b"{}", BATCH, 400, "invalid_json"),
        (b"[", BATCH, 400, "invalid_json"),
        (orjson.dumps([{}] * 501), BATCH, 413, "too_large"),
        (orjson.dumps([event(data="x" * 262144)]), BATCH, 413, "too_large"),
        (b" " * (256 * 1024 + 1), STRUCTURED, 413, "too_large"),
        (b"x", {"ce-id": "%zz"}, 400, "invalid_encoding"),
        (b"x", {"ce-id": "%ff"}, 400, "invalid_encoding"),
        (b"x", {"ce-id": "1", "ce-data": "2"}, 400, "invalid_attribute"),
        (b"x", {"ce-id": "1", "Content-Type": "application/json"}, 400, "invalid_json"),
        (b"x", {"ce-specversion": "1.0", "Content-Type": "text/plain"}, 400, "missing_attribute"),
    ],
)
async def test_what_is_no_event_is_refused_with_its_reason(
    client: AsyncClient, log: CollectingLog, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = await client.post("/v1/events", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert log.appended == []
    assert f'baton_api_events_refused_total{{reason="{reason}"}} 1.0' in (await client.get("/metrics")).text


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/cloudevents+xml", "application/cloudevents+json; charset=utf-16"],
)
async def test_a_format_that_is_not_taken_is_named_with_those_that_are(
    client: AsyncClient, content_type: str
) -> None:
    answer = await client.post("/v1/events", content=b"{}", headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert "application/cloudevents+json" in answer.json()["detail"]


async def test_a_body_without_end_is_read_only_up_to_the_limit(client: AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65536
            yield b" " * 65536

    answer = await client.post("/v1/events", content=endless(), headers=BATCH)
    assert answer.status_code == 413
    assert read < 9 * 1024 * 1024


async def test_a_server_refuses_a_gigabyte_before_it_is_sent(read_model: ReadModel) -> None:
    async with serving(create_app(read_model, CollectingLog(), MAP)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            b"POST /v1/events HTTP/1.1\r\nHost: baton\r\nContent-Length: 1073741824\r\n"
            b"Content-Type: application/cloudevents-batch+json\r\n\r\n["
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_nothing_is_accepted_while_the_log_is_away(client: AsyncClient, log: CollectingLog) -> None:
    log.away = True
    answer = await client.post("/v1/events", content=orjson.dumps(event()), headers=STRUCTURED)
    assert (answer.status_code, answer.json()["reason"]) == (503, "log_away")
    assert int(answer.headers["retry-after"]) > 0
    assert "baton_api_events_accepted_total 0.0" in (await client.get("/metrics")).text
