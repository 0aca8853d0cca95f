"""The messages that stitch partitions exchange, as bytes: one letter for the kind, then JSON."""

from typing import Any

import orjson

from journeys.events import Event, packed
from journeys.rounds import Token
from journeys.routing import ABSORB, JOIN, OBSERVE, Message
from journeys.silence import Span

WATERMARK, HEARD, TOKEN, JUDGE = "watermark", "heard", "token", "judge"

_LETTERS = {OBSERVE: b"o", JOIN: b"j", ABSORB: b"a", WATERMARK: b"w", HEARD: b"h", TOKEN: b"t", JUDGE: b"e"}
_KINDS = {letter[0]: kind for kind, letter in _LETTERS.items()}


def observe(event: Event) -> bytes:
    """For an identifier of the event: keep it."""
    return b"o" + event.encode()


Report = tuple[str, str, int, int, int | None]


def watermarks(reports: list[Report]) -> bytes:
    """For every partition: reports (department, source partition, how many it has, read up to, last
    heard).
    """
    return b"w" + orjson.dumps((reports,))


def heard(department: str, spans: list[Span]) -> bytes:
    """For the home of a department: when it was heard."""
    return b"h" + orjson.dumps((department, spans))


def token(token: Token) -> bytes:
    """For a partition: the end of a round in another."""
    return b"t" + orjson.dumps((tuple(token),))


def judge(as_of: int, heard: dict[str, int]) -> bytes:
    """For every partition: all inputs are read; judge everything as of the instant, departments last heard
    then.
    """
    return b"e" + orjson.dumps((as_of, heard))


def encode(message: Message) -> bytes:
    """A message of routing as bytes."""
    kind, *content = message
    if kind == OBSERVE:
        return b"o" + bytes(content[0])
    if kind == ABSORB:
        rows, known, announced = content
        content = [
            [(key, orjson.Fragment(row)) for key, row in rows],
            known,
            {name: document.decode() for name, document in announced.items()},
        ]
    return _LETTERS[kind] + orjson.dumps(content)


def decode(value: bytes) -> Message:
    """The inverse of `encode`, `observe`, `watermarks`, `heard`, `token` and `judge`."""
    kind = _KINDS[value[0]]
    if kind == OBSERVE:
        return OBSERVE, value[1:]
    content: list[Any] = orjson.loads(value[1:])
    if kind == ABSORB:
        rows, known, announced = content
        return (
            ABSORB,
            [(key, packed(orjson.dumps(row))) for key, row in rows],
            known,
            {name: document.encode() for name, document in announced.items()},
        )
    return kind, *content
