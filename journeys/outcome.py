"""The outcome of a batch of messages: what routing asks for, and in which order it is to become durable."""

from typing import Any

from journeys.actors import ANNOUNCED, EVENT, FORWARD, JUDGED, KNOWN, MAP, MARK, MARKED, RowKey
from journeys.events import Event

Message = tuple[Any, ...]
Addressed = tuple[str, Message]

_PLACE = "event:"
_TURNS = {FORWARD: 0, MARKED: 2, MARK: 3, KNOWN: 4}


class Outcome:
    """What handling a batch asks for: messages to other partitions, rows to write (None: remove), roots
    that changed, and events that leave theirs for a place of their own.
    """

    def __init__(self) -> None:
        self.messages: list[Addressed] = []
        self.rows: dict[RowKey, bytes | None] = {}
        self.touched: dict[str, None] = {}
        self.strays: dict[str, dict[str, Message]] = {}

    def announcements(self) -> list[tuple[RowKey, bytes | None]]:
        """The rows to write before anything is announced, and before all others."""
        return [change for change in self.rows.items() if self._is_announcement(*change)]

    def departures(self) -> list[Addressed]:
        """What to send when all is announced: what was said of an event here is taken back before it is said there."""
        return [(_place(key), message) for strays in self.strays.values() for key, message in strays.items()]

    def row_changes(self) -> list[tuple[RowKey, bytes | None]]:
        """The other rows: forwards, events, marks of identifiers at themselves, other marks, identifiers known, and
        then what is removed, events last.
        """
        changes = [change for change in self.rows.items() if not self._is_announcement(*change)]
        return sorted(changes, key=_turn)

    @staticmethod
    def _is_announcement(key: RowKey, value: bytes | None) -> bool:
        return value is not None and key[0] in (ANNOUNCED, JUDGED, MAP)


def _turn(change: tuple[RowKey, bytes | None]) -> int:
    kind = change[0][0]
    if change[1] is None:
        return 6 if kind == EVENT else 5
    return _TURNS.get(kind, 1)


def place_of(event: Event) -> str:
    """Where an event lies that has no identifier to meet others by."""
    return _place(event.key)


def _place(key: str) -> str:
    return _PLACE + key.partition(".")[0]
