"""Seen: which (source, id) came with which content, so that an id used again for something else is noticed.

Publishers key records by source and id, so the same (source, id) lands in the same source partition; each
partition's index is exact over its latest million events. What it learns is a record of a topic of its own,
read back on assignment.
"""

from journeys.events import Event

LATEST = 1_000_000
IDENTITY, CONTENT = 9, 6


class Seen:
    """The index of one source partition. Of two contents for one (source, id) the first in the log counts."""

    def __init__(self, latest: int = LATEST) -> None:
        self._contents: dict[bytes, bytes] = {}
        self._latest = latest
        self._news: list[bytes] = []

    def is_reused(self, event: Event) -> bool:
        """Note an event; tell whether its (source, id) came with other content before."""
        identity, _, content = event.key.partition(".")
        name, found = bytes.fromhex(identity), bytes.fromhex(content)
        known = self._contents.get(name)
        if known is None:
            self._note(name, found)
            self._news.append(name + found)
        return known is not None and known != found

    def news(self) -> bytes:
        """What was learnt since the last call, to be kept."""
        news, self._news = b"".join(self._news), []
        return news

    def learn(self, news: bytes) -> None:
        """Take back what was kept; what is known already stays."""
        for start in range(0, len(news), IDENTITY + CONTENT):
            name = news[start : start + IDENTITY]
            if name not in self._contents:
                self._note(name, news[start + IDENTITY : start + IDENTITY + CONTENT])

    def _note(self, name: bytes, content: bytes) -> None:
        if len(self._contents) >= self._latest:
            del self._contents[next(iter(self._contents))]
        self._contents[name] = content
