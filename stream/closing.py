"""Closing: a neighbourhood in which nothing is open any more leaves the working state, and is called back when
something reaches it.

Its rows give way to one row that holds all they did, in the form of the message that would make it again: the
absorb that a root sends when it joins another. Whatever reaches it later (an event, a join, an absorb) waits
until that row was read, and the message in it was handled: then every row is as if it had never been closed.
So nothing that is published can depend on what was closed when; no rule of which old events count is needed,
nor markers of events that were dropped. Its identifiers stay known, for forwards stay.

The closed row is put before the rows it stands for are removed, and those are put again before it is removed.
So after a crash the two together are what there was: an absorb adds nothing that is there already. Its name is
made of its content and of where its changelog was: what an old owner closes or calls back is another row.
"""

import hashlib
from collections.abc import Iterator

import cramjam

from journeys import messages
from journeys.actors import CLOSED, RowKey
from journeys.folded import Folded
from journeys.journey import OPEN
from journeys.messages import pieces
from journeys.outcome import Message

MOST_BYTES = 800_000
"""Of a closed row before it is compressed, unless a single event is larger: less than the log takes."""

EVERYONE = ""
"""In deadlines the name for all departments together, who must have passed the time at which one may close."""


def closed_rows(identifier: str, absorb: Message, position: int) -> Iterator[tuple[RowKey, bytes]]:
    """What is left of a neighbourhood, closed at a position of the changelog; several rows if it is large."""
    for piece in pieces(absorb, MOST_BYTES):
        content = messages.encode(piece)
        name = hashlib.blake2b(b"%d %s" % (position, content), digest_size=6).hexdigest()
        yield (CLOSED, identifier, name), bytes(cramjam.zstd.compress(content))


def held_in(row: bytes) -> Message:
    """The message that a closed row holds."""
    return messages.decode(bytes(cramjam.zstd.decompress(row)))


def is_over(folded: Folded) -> bool:
    """Whether nothing is open or due: only an event, or a command, can change what it comes to."""
    return (
        not folded.due
        and all(journey["status"] != OPEN for journey in folded.journeys)
        and all(alert["status"] != "open" for alert in folded.alerts)
    )
