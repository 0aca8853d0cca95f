"""What follows from a batch: messages to other partitions, each with the round of its first cause."""

from journeys import messages
from journeys.messages import pieces
from journeys.outcome import Message, Outcome
from journeys.routing import ABSORB
from stream.transports.log import Entry, Record

ROUND_HEADER = "round"
MOST_ABSORB_BYTES = 200_000


def round_of(record: Record) -> int | None:
    """The round of a message's first cause; None for one that comes from ingest, whose cause is handled here."""
    for name, value in record.headers:
        if name == ROUND_HEADER:
            return int(value or b"0")
    return None


class Following:
    """Gathers what an outcome's messages belong to while a batch is handled.

    Messages that mend what a crash left are there before the first record; they belong to round 0, so that
    nothing is judged before them.
    """

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._rounds = [0] * len(outcome.messages)

    def belongs_to(self, round: int) -> None:
        """The messages that came since the last call have their first cause in `round`."""
        self._rounds += [round] * (len(self._outcome.messages) - len(self._rounds))

    def take_entries(self) -> list[Entry]:
        """The messages since the last call as entries of the log, large ones in pieces."""
        entries = [
            _entry(identifier, part, round)
            for (identifier, message), round in zip(self._outcome.messages, self._rounds, strict=True)
            for part in (pieces(message, MOST_ABSORB_BYTES) if message[0] == ABSORB else (message,))
        ]
        self._outcome.messages.clear()
        self._rounds.clear()
        return entries

    def departures(self) -> list[Entry]:
        """What is to be sent once all is announced; it belongs to round 0, for it has many causes."""
        return [_entry(place, message, 0) for place, message in self._outcome.departures()]


def _entry(identifier: str, message: Message, round: int) -> Entry:
    return Entry(identifier.encode(), messages.encode(message), ((ROUND_HEADER, str(round).encode()),))
