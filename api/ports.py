"""What the API needs of the log, without knowing which log it is."""

from collections.abc import Sequence
from typing import Protocol


class LogAway(Exception):
    """The log does not answer; nothing of the call may be counted on. Try again later."""


class EventLog(Protocol):
    async def append(self, events: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Append (topic, key, value) and return when all are durable. Raises LogAway."""
