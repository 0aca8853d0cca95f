"""Ask again until it is done: exponential back-off with jitter, without an end."""

import logging
from collections.abc import Awaitable, Callable, Iterator

from stream.notify.receiver import NotifyError

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0

log = logging.getLogger(__name__)


def waits(jitter: Callable[[], float]) -> Iterator[float]:
    """Seconds to wait before each next attempt, without end; jitter (0 to 1) takes up to half away."""
    wait = FIRST_WAIT
    while True:
        yield wait * (1 - jitter() / 2)
        wait = min(wait * 2, LONGEST_WAIT)


async def until_done(
    attempt: Callable[[], Awaitable[None]],
    sleep: Callable[[float], Awaitable[None]],
    jitter: Callable[[], float],
) -> None:
    """Return once an attempt succeeds; raise only a permanent NotifyError or what is no NotifyError."""
    for wait in waits(jitter):
        try:
            return await attempt()
        except NotifyError as error:
            if error.permanent:
                raise
            log.warning("%s; asking again in %.1f s, nothing is lost", error, wait)
        await sleep(wait)
