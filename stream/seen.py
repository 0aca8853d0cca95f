"""Seen: which (source, id) came with which content, so that an id used again for something else is noticed.

Publishers key records by source and id, so the same (source, id) lands in the same source partition; each
partition's index is exact over its latest 990,000 events at least. What it learns is a record of a topic of its
own, read back on assignment.
"""

from itertools import islice

from journeys.events import Event

LATEST = 1_000_000
IDENTITY, CONTENT = 9, 6
_ASIDE = 3
"""Hex digits of the identity that stand before the content, not in the place it lies at: either is an int of 60 bits
then, which takes least memory. Of two identities that lie at one place the first is known: one pair in 10^18."""


class Seen:
    """The index of one source partition. Of two contents for one (source, id) the first in the log counts."""

    def __init__(self, latest: int = LATEST) -> None:
        self._contents: dict[int, int] = {}
        self._latest = latest
        self._news: list[bytes] = []

    def is_reused(self, event: Event) -> bool:
        """Note an event; tell whether its (source, id) came with other content before."""
        found = event.key.replace(".", "")
        place, content = _placed(found)
        known = self._contents.get(place)
        if known is None:
            self._note(place, content)
            self._news.append(bytes.fromhex(found))
        return known is not None and known != content and _is_same_identity(known, content)

    def news(self) -> bytes:
        """What was learnt since the last call, to be kept."""
        news, self._news = b"".join(self._news), []
        return news

    def learn(self, news: bytes) -> None:
        """Take back what was kept; what is known already stays."""
        for start in range(0, len(news), IDENTITY + CONTENT):
            place, content = _placed(news[start : start + IDENTITY + CONTENT].hex())
            if place not in self._contents:
                self._note(place, content)

    def _note(self, place: int, content: int) -> None:
        if len(self._contents) >= self._latest:
            self._forget()
        self._contents[place] = content

    def _forget(self) -> None:
        """The oldest hundredth at once, for to find the first of a dict takes as long as many before it are gone."""
        for place in list(islice(self._contents, max(1, self._latest // 100))):
            del self._contents[place]


def _placed(digits: str) -> tuple[int, int]:
    return int(digits[_ASIDE : 2 * IDENTITY], 16), int(digits[:_ASIDE] + digits[2 * IDENTITY :], 16)


def _is_same_identity(one: int, other: int) -> bool:
    return one >> 8 * CONTENT == other >> 8 * CONTENT
