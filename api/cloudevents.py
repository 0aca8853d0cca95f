"""The CloudEvents HTTP protocol binding 1.0.2: what a request says, as events in structured JSON."""

import re
from collections.abc import Mapping
from email.message import Message
from urllib.parse import unquote_to_bytes

import orjson

from api.problems import Problem
from journeys.binary_mode import structured
from journeys.errors import InvalidEvent
from journeys.events import MAX_EVENT_BYTES

BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
MAX_BATCH_EVENTS = 500
MAX_BATCH_BYTES = 8 * 1024 * 1024

PREFIX = "ce-"
PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
QUOTED_PAIR = re.compile(r"\\(.)")


def largest_body(headers: Mapping[str, str]) -> int:
    """How many bytes of body a request with these headers may have."""
    return MAX_BATCH_BYTES if _media_type(headers)[0] == BATCH else MAX_EVENT_BYTES


def events_in(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """The request's events, each in structured mode but not yet checked.

    Raises InvalidEvent where the request as a whole can't be taken, Problem 415 where it holds no events.
    """
    media_type, charset = _media_type(headers)
    if media_type.startswith("application/cloudevents"):
        if media_type not in (BATCH, STRUCTURED) or charset not in ("", "utf-8", "us-ascii"):
            found = f"{media_type} {charset}".strip()
            raise Problem(415, f"expected {STRUCTURED} or {BATCH} in UTF-8, found {found}")
        return _batch(body) if media_type == BATCH else [body]
    if not any(name.startswith(PREFIX) for name in headers):
        raise Problem(415, f"expected the type {STRUCTURED} or {BATCH}, or headers such as ce-id")
    return [_binary(headers, body)]


def _batch(body: bytes) -> list[bytes]:
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent("invalid_json", f"expected a JSON array of events: {error}") from None
    if not isinstance(events, list):
        raise InvalidEvent("invalid_json", f"expected an array of events, found {type(events).__name__}")
    if len(events) > MAX_BATCH_EVENTS:
        raise InvalidEvent("too_large", f"{len(events)} events; a batch has at most {MAX_BATCH_EVENTS}")
    return [orjson.dumps(event) for event in events]


def _binary(headers: Mapping[str, str], body: bytes) -> bytes:
    attributes = {
        name.removeprefix(PREFIX): _attribute(name, value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    return structured(attributes, headers.get("content-type"), body)


def _attribute(name: str, value: str) -> str:
    """Undo the binding's header encoding: quotes first, then percent-encoded UTF-8."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = QUOTED_PAIR.sub(r"\1", value[1:-1])
    try:
        if PERCENT.search(value):
            raise ValueError("a percent sign without two hexadecimal digits")
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except ValueError as error:
        raise InvalidEvent("invalid_encoding", f"{name}: expected percent-encoded UTF-8: {error}") from None


def _media_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """The media type and its charset in lower case, both empty when the header is."""
    if not headers.get("content-type"):
        return "", ""
    header = Message()
    header["content-type"] = headers["content-type"]
    return header["content-type"].partition(";")[0].strip().lower(), (header.get_content_charset() or "")
