"""Events: the CloudEvents 1.0 envelope as departments send it, and the fact that is kept of it."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from journeys.errors import InvalidEvent
from journeys.instants import parse_instant

MAX_EVENT_BYTES = 256 * 1024
MAX_DEPTH = 64
"""Levels of lists and objects in an event; what is made of it nests a little deeper, and JSON is written to 254."""
MOST_ORIGINS = 1_000
"""Positions kept of one event, of those where it came late and of the others each."""
YEAR_2000 = parse_instant("2000-01-01T00:00:00Z")

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CloudEvent(BaseModel):
    """A CloudEvents 1.0 envelope; extension attributes are kept as they came.

    Source: the CloudEvents specification 1.0.2, "Context Attributes".
    """

    model_config = ConfigDict(extra="allow", strict=True)

    specversion: Literal["1.0"]
    id: Attribute
    source: Attribute
    type: Attribute
    time: Attribute | None = None
    subject: Attribute | None = None
    datacontenttype: Attribute | None = None
    dataschema: Attribute | None = None
    data: Any = None
    data_base64: str | None = None


class Event(NamedTuple):
    """A fact about a customer: what is kept of a CloudEvent, normalised.

    `key` is made of (source, id) and the content, so equal events have equal keys; its part before the dot is
    of (source, id) alone. `time` is in microseconds since 1970 UTC. `identifiers` are `type:value`, strongest
    first. `origins` are the positions [topic, partition, offset] it was read at, lowest first, each
    followed by how late it came if that was later than its department is allowed; see `lowest`. `dropped`
    counts identifiers that could not be used.
    """

    key: str
    type: str
    time: int
    identifiers: list[str]
    fields: dict[str, Any]
    source: str
    id: str
    origins: list[list[Any]]
    dropped: int

    @property
    def identity(self) -> str:
        return self.key.partition(".")[0]

    @classmethod
    def decode(cls, row: bytes) -> Self:
        return tuple.__new__(cls, orjson.loads(row))

    def encode(self) -> bytes:
        return packed(orjson.dumps(tuple(self)))


def lowest(origins: Iterable[Sequence[Any]], most: int = MOST_ORIGINS) -> list[list[Any]]:
    """Each position once, lowest first, at most `most` of either kind, so that a repeated event has an end.

    The lowest of a union are the lowest of its parts' lowest, whatever the order and repetition.
    """
    distinct = sorted({tuple(origin) for origin in origins})
    in_time = [origin for origin in distinct if len(origin) == 3]
    late = [origin for origin in distinct if len(origin) > 3]
    return [list(origin) for origin in sorted(in_time[:most] + late[:most])]


def packed(json: bytes) -> bytes:
    """The same bytes in no more memory than they need: orjson leaves kilobytes of room behind what it writes."""
    return bytes(memoryview(json))


def parse_event(raw: bytes) -> tuple[CloudEvent, dict[str, Any]]:
    """Check one structured-mode CloudEvent; give it checked, and as the plain mapping that paths are read from.

    Raises InvalidEvent with a reason code and what was expected.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise InvalidEvent("too_large", f"{len(raw)} bytes; an event has at most {MAX_EVENT_BYTES}")
    if not raw.strip():
        raise InvalidEvent("empty", "expected a CloudEvent in JSON, found nothing")
    try:
        plain = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent(*_why_not_json(raw, error)) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deeper(plain, MAX_DEPTH):
        raise InvalidEvent("nested_too_deep", f"expected at most {MAX_DEPTH} levels of lists and objects")
    if not isinstance(plain, dict):
        raise InvalidEvent("not_an_object", f"expected a JSON object, found {type(plain).__name__}")
    try:
        return CloudEvent.model_validate(plain), plain
    except ValidationError as error:
        raise InvalidEvent(*_why_not_cloudevent(plain, error)) from None


def event_time(event: CloudEvent, received_at: int | None) -> int:
    """The event's own time, else when it was received (None: not known, as in a file). Microseconds."""
    if event.time is None:
        if received_at is None:
            raise InvalidEvent(
                "missing_time", "expected the attribute time, for when it was received is not known"
            )
        return received_at
    try:
        time = parse_instant(event.time)
    except ValueError as error:
        raise InvalidEvent("invalid_time", f"expected time as RFC 3339: {error}") from None
    if time < YEAR_2000:
        raise InvalidEvent("time_before_2000", f"time is {event.time}; check the sender's clock")
    return time


def event_key(event: CloudEvent, plain: dict[str, Any]) -> str:
    """`<digest of (source, id)>.<digest of the content>`.

    The content's digest ignores the order of JSON keys.
    """
    identity = hashlib.blake2b(f"{event.source}\x00{event.id}".encode(), digest_size=9).hexdigest()
    content = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return f"{identity}.{hashlib.blake2b(content, digest_size=6).hexdigest()}"


def id_reused(event: Event) -> InvalidEvent:
    """What to say of an event whose (source, id) is another event's too."""
    return InvalidEvent(
        "id_reused",
        f"source {event.source} and id {event.id} are an event's with other content; ids must be new",
    )


def record_key(partition_key: Any, source: str, id: str) -> Any:
    """What an event's record is keyed by: its own `partitionkey`, else its source and id.

    Every publisher keys alike, so that a (source, id) that comes again lands in the partition where the first did.
    """
    return partition_key or f"{source} {id}"


def _is_deeper(value: object, levels: int) -> bool:
    within = [value]
    for _ in range(levels):
        nested = [part for part in within if isinstance(part, (dict, list))]
        within = [inner for part in nested for inner in (part.values() if isinstance(part, dict) else part)]
    return any(isinstance(part, (dict, list)) for part in within)


def _why_not_json(raw: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    try:
        raw.decode()
    except UnicodeDecodeError as encoding:
        return "invalid_encoding", f"expected UTF-8: {encoding.reason} at byte {encoding.start}"
    return "invalid_json", f"expected JSON: {error}"


def _why_not_cloudevent(plain: dict[str, Any], error: ValidationError) -> tuple[str, str]:
    if "specversion" in plain and plain["specversion"] != "1.0":
        return "wrong_specversion", f"expected specversion 1.0, found {plain['specversion']!r:.80}"
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return "missing_attribute", f"expected the attribute {name}"
    return "invalid_attribute", f"{name}: {first['msg']}; found {first['input']!r:.80}"
