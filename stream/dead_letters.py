"""Dead letters: records that could not be used, kept with the reason, their origin and their bytes."""

import base64
import hashlib
from typing import Any

import orjson

from journeys.errors import InvalidEvent
from journeys.events import MAX_EVENT_BYTES
from journeys.instants import format_instant
from stream.transports.log import Entry, Log, Record

SCHEMA = 1
ORIGIN_HEADER = "origin"
KEPT_BYTES = 64 * 1024


def dead_letter(error: InvalidEvent, topic: str, partition: int, record: Record) -> Entry:
    """The entry to append for a record that was refused. Its key is the record's position, so repeats are one letter.

    Of a record over the size limit only the first 64 KiB are kept, with its size and SHA-256.
    """
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    value = record.value or b""
    position = f"{topic}/{partition}/{record.offset}"
    letter: dict[str, Any] = {
        "schema": SCHEMA,
        "id": position,
        "reason": error.reason,
        "detail": error.detail,
        "topic": topic,
        "partition": partition,
        "offset": record.offset,
        "received_at": None if record.received_at is None else format_instant(record.received_at),
        "origin": headers.pop(ORIGIN_HEADER, None),
        "size": len(value),
        "headers": headers,
        **_readable("key", record.key),
        **_readable("value", value[:KEPT_BYTES] if len(value) > MAX_EVENT_BYTES else record.value),
    }
    if len(value) > MAX_EVENT_BYTES:
        letter["sha256"] = hashlib.sha256(value).hexdigest()
    return Entry(position.encode(), orjson.dumps(letter, option=orjson.OPT_SORT_KEYS))


def raw_value(letter: dict[str, Any]) -> bytes | None:
    """The record's bytes again; None where only a part of them was kept."""
    if "sha256" in letter:
        return None
    if "value_base64" in letter:
        return base64.b64decode(letter["value_base64"])
    return (letter["value"] or "").encode()


async def read_dead_letters(log: Log, topic: str) -> list[dict[str, Any]]:
    """Every dead letter once, but those that were published again since, in the order of the log."""
    letters: dict[bytes, bytes] = {}
    for partition in range(await log.partitions(topic)):
        async for records in log.read(topic, partition):
            for record in records:
                if record.value is None:
                    letters.pop(record.key or b"", None)
                else:
                    letters.setdefault(record.key or b"", record.value)
    return [orjson.loads(value) for value in letters.values()]


def _readable(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
