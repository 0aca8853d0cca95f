"""Pace: what many small batches may take of the time, so that those to come are fewer and larger.

A batch costs much by itself, whatever it holds. Who handles each at once is busy all the time, whether much comes or
little, on a machine that others share.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Pace:
    """Small batches, of fewer than `few` records, earn a `share` of all time, and may have saved `at_once` seconds.

    What they took beyond is rested for until it would be earned, for `longest` seconds at most; what is left then is
    forgotten. Large ones spend what was saved, and nobody rests for them.
    """

    def __init__(
        self,
        few: int,
        share: float,
        at_once: float,
        longest: float,
        now: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._few, self._share, self._at_once, self._longest = few, share, at_once, longest
        self._now, self._rest = now, rest
        self._left, self._left_at = at_once, now()

    @asynccontextmanager
    async def keep(self, count: int) -> AsyncIterator[None]:
        """A batch of `count` records is handled inside the block, which ends when all is rested that is to be."""
        began = self._now()
        yield
        ended = self._now()
        earned = self._share * (ended - self._left_at)
        self._left, self._left_at = min(self._left + earned, self._at_once) - (ended - began), ended
        if self._left < 0:
            if count < self._few:
                await self._rest(min(-self._left / self._share, self._longest))
            self._left, self._left_at = 0.0, self._now()
