"""The messages that stitch partitions exchange, as bytes: one letter for the kind, then JSON."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from journeys.events import Event, packed
from journeys.outcome import Message
from journeys.rounds import Token
from journeys.routing import ABSORB, JOIN, OBSERVE, SHARED
from journeys.silence import Span

WATERMARK, HEARD, TOKEN, JUDGE = "watermark", "heard", "token", "judge"

_UNMARKED, _MARKED = ord("o"), b"O"
_LETTERS = {
    OBSERVE: b"o", JOIN: b"j", ABSORB: b"a", SHARED: b"s",
    WATERMARK: b"w", HEARD: b"h", TOKEN: b"t", JUDGE: b"e",
}  # fmt: skip
_KINDS = {letter[0]: kind for kind, letter in _LETTERS.items()} | {_MARKED[0]: OBSERVE}


def observe(event: Event) -> bytes:
    """For an identifier of the event: keep it."""
    return encode((OBSERVE, event.encode(), ()))


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
        row, marks = content
        if not marks:
            return b"o" + bytes(row)
        return _MARKED + orjson.dumps((orjson.Fragment(row), list(marks)))
    if kind == ABSORB:
        rows, known, marks, announced = content
        content = [
            [(key, orjson.Fragment(row)) for key, row in rows],
            known,
            marks,
            {name: document.decode() for name, document in announced.items()},
        ]
    return _LETTERS[kind] + orjson.dumps(content)


def decode(value: bytes) -> Message:
    """The inverse of `encode`, `observe`, `watermarks`, `heard`, `token` and `judge`."""
    if value[0] == _UNMARKED:
        return OBSERVE, value[1:], ()
    kind = _KINDS[value[0]]
    content: list[Any] = orjson.loads(value[1:])
    if kind == OBSERVE:
        row, marks = content
        return OBSERVE, packed(orjson.dumps(row)), marks
    if kind == ABSORB:
        rows, known, marks, announced = content
        return (
            ABSORB,
            [(key, packed(orjson.dumps(row))) for key, row in rows],
            known,
            marks,
            {name: document.encode() for name, document in announced.items()},
        )
    return kind, *content


def pieces(absorb: Message, most_bytes: int) -> Iterator[Message]:
    """Cut an absorb into messages of about `most_bytes` or one thing each: a set union may arrive in pieces."""
    _, rows, known, marks, announced = absorb
    names = sum(map(len, known)) + sum(map(len, marks))
    size = names + sum(len(row) for _, row in rows) + sum(map(len, announced.values()))
    if size <= most_bytes:
        yield absorb
        return
    for some in _cut(marks, len, most_bytes):
        yield ABSORB, [], [], some, {}
    for some in _cut(rows, lambda row: len(row[1]), most_bytes):
        yield ABSORB, some, [], [], {}
    for some in _cut(known, len, most_bytes):
        yield ABSORB, [], some, [], {}
    for some in _cut(announced.items(), lambda item: len(item[1]), most_bytes):
        yield ABSORB, [], [], [], dict(some)


def _cut(things: Iterable[Any], size_of: Callable[[Any], int], most: int) -> Iterator[list[Any]]:
    piece: list[Any] = []
    size = 0
    for thing in things:
        if piece and size + size_of(thing) > most:
            yield piece
            piece, size = [], 0
        piece.append(thing)
        size += size_of(thing)
    if piece:
        yield piece
