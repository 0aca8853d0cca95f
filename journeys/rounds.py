"""Quiet rounds: when a watermark may be judged on, although messages travel between partitions.

A partition has seen every event below its watermark, but a message that such an event caused may still be under way
from another partition. Rounds find out. Every message carries the round whose token covers its first cause. A
partition ends a round with a token: the watermarks it has read so far, and the earliest round of any message it
handled since its last token. The token goes to all partitions, its own too, in one append with the last of the
messages it covers and with the row that says it was sent: so after a crash it is the same token, or there is none
anywhere. A partition enters a round when it has read all tokens of the one before.

The same shows up to which offset of a partition all that follows from its messages has been handled: `settled`.

The watermarks that all partitions had read by round k may be judged on after a round in which no partition handled a
message of round k or before. Why: what a partition sent before its token of round j, its receiver, be it itself,
reads before that token, and so counts in its own token of round j + 1 at the latest. If nothing of round k or before
was handled between two tokens anywhere, nothing of it is under way. Needs logs that keep order, tokens sent after the
messages of what they cover, and the own token read like the others'. All state is a function of the log's prefix:
what is read again after a crash changes nothing.
"""

from typing import Any, NamedTuple, Self

FOREVER = 2**62
Marks = dict[str, int]


class Token(NamedTuple):
    """The end of a round in one partition.

    `earliest` is the first round of the messages handled since its last token, up to the offset `covers`.
    """

    partition: int
    round: int
    covers: int
    earliest: int
    marks: Marks


class Rounds:
    """The rounds of one partition among `partitions`.

    Messages are to be told in the order of their offsets.
    """

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition = partition
        self._partitions = partitions
        self.current = 1
        self.position = -1
        self.judged: Marks = {}
        self.settled = -1
        self._proposed = 0
        self._handled: list[tuple[int, int]] = []
        self._tokens: dict[int, dict[int, Token]] = {}
        self._candidates: list[tuple[int, Marks]] = []
        self._covered: list[tuple[int, int]] = []

    def passes(self, offset: int) -> bool:
        """Move on to a message; false where it was told before a crash already."""
        if offset <= self.position:
            return False
        self.position = offset
        return True

    @property
    def covering(self) -> int:
        """The round whose token of this partition covers what it handles now: the next, once this one's is sent."""
        return self.current + 1 if self._proposed == self.current else self.current

    def handled(self, round: int) -> None:
        """The message at the current position, whose first cause belongs to `round`, was handled."""
        while self._handled and self._handled[-1][1] >= round:
            self._handled.pop()
        self._handled.append((self.position, round))

    def take(self, token: Token) -> None:
        """A token was read. Of two for the same round the first counts."""
        tokens = self._tokens.setdefault(token.round, {})
        if token.round < self.current or token.partition in tokens:
            self._tokens = {round: tokens for round, tokens in self._tokens.items() if round >= self.current}
            return
        tokens[token.partition] = token
        if token.partition == self._partition:
            self._covered.append((token.round, token.covers))
            self._handled = [(offset, round) for offset, round in self._handled if offset > token.covers]
        while len(self._tokens.get(self.current, ())) == self._partitions:
            self._complete(self._tokens.pop(self.current))
            self.current += 1

    def propose(self, marks: Marks, waits: bool = False) -> Token | None:
        """The token to send to all partitions, after all messages so far, if there is something to find out: news of
        watermarks, or somebody `waits` for a quiet round.
        """
        if self._proposed == self.current or not (waits or self._wants_to_know(marks)):
            return None
        self._proposed = self.current
        earliest = min((round for _, round in self._handled), default=FOREVER)
        return Token(self._partition, self.current, self.position, earliest, dict(marks))

    def _wants_to_know(self, marks: Marks) -> bool:
        news = any(mark > self.judged.get(name, -FOREVER) for name, mark in marks.items())
        return news or bool(self._candidates) or bool(self._tokens.get(self.current))

    def _complete(self, tokens: dict[int, Token]) -> None:
        earliest = min(token.earliest for token in tokens.values())
        while self._covered and self._covered[0][0] < min(self.current, earliest):
            self.settled = self._covered.pop(0)[1]
        for round, marks in self._candidates:
            if round < earliest:
                self.judged.update(
                    {n: mark for n, mark in marks.items() if mark > self.judged.get(n, -FOREVER)}
                )
        self._candidates = [(round, marks) for round, marks in self._candidates if round >= earliest]
        seen = [token.marks for token in tokens.values()]
        names = set.intersection(*(set(marks) for marks in seen))
        common = {name: min(marks[name] for marks in seen) for name in sorted(names)}
        if any(mark > self.judged.get(name, -FOREVER) for name, mark in common.items()):
            self._candidates.append((self.current, common))

    def encode(self) -> list[Any]:
        """The state as plain lists, for a row."""
        tokens = [token for tokens in self._tokens.values() for token in tokens.values()]
        return [
            self.current, self.position, self._proposed, self.judged,
            [list(token) for token in tokens],
            [list(handled) for handled in self._handled],
            [list(candidate) for candidate in self._candidates],
        ]  # fmt: skip

    def restore(self, state: list[Any]) -> Self:
        """The inverse of `encode`."""
        self.current, self.position, self._proposed, self.judged, tokens, handled, candidates = state
        self._tokens = {}
        for token in tokens:
            self._tokens.setdefault(token[1], {})[token[0]] = Token(*token)
        self._handled = [(offset, round) for offset, round in handled]
        self._candidates = [(round, marks) for round, marks in candidates]
        return self
