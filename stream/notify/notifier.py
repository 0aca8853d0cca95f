"""Bring every change of an alert to one receiver, and remind it of open ones if it forgets."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from stream.notify.open_alerts import OpenAlerts
from stream.notify.receiver import Alert, NotifyError, Receiver
from stream.notify.retry import until_done

RESEND_EVERY = 60.0

log = logging.getLogger(__name__)


class Notifier:
    """One receiver's notifier.

    refused: keeps an alert that the receiver refuses for good, with the receiver's words; awaited before the
    batch counts as handled. sleep and jitter are those of the event loop and of `random`, but in tests.
    """

    def __init__(
        self,
        receiver: Receiver,
        refused: Callable[[Alert, str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._receiver = receiver
        self._refused = refused
        self._sleep = sleep
        self._jitter = jitter
        self._told = OpenAlerts()
        # A reminder may not overtake the news that its alert is resolved.
        self._one_at_a_time = asyncio.Lock()

    def load(self, alerts: Iterable[tuple[str, Alert | None]]) -> None:
        """Start over with these alerts as told: of all partitions now held, up to the acknowledged offsets.

        To be called after each assignment, before its first batch, so that no alert of a partition that
        another worker has taken over is repeated here.
        """
        self._told = OpenAlerts()
        self._told.remember(alerts)

    async def handle(self, alerts: Sequence[tuple[str, Alert | None]]) -> None:
        """Return once the receiver, or the dead letters, hold every change in the batch; acknowledge it then.

        As long as the receiver is away this waits. A batch handled twice is told once; only a crash before
        the acknowledgement tells it again.
        """
        async with self._one_at_a_time:
            told = self._told
            refusals = [
                refusal
                for chunk in chunks(told.news(alerts), self._receiver.at_most)
                for refusal in await self._deliver(chunk)
            ]
            told.remember(alerts)
            for alert in refusals:
                told.silence(alert)

    async def resend_forever(self) -> None:
        """Remind of all open alerts at once and then each minute; return if the receiver never forgets."""
        while self._receiver.forgets:
            await self.resend()
            await self._sleep(RESEND_EVERY)

    async def resend(self) -> None:
        """Remind the receiver once; a failure is logged, for the next reminder mends it."""
        async with self._one_at_a_time:
            for chunk in chunks(self._told.open(), self._receiver.at_most):
                try:
                    await self._receiver.send(chunk)
                except NotifyError as error:
                    log.warning("%s was not reminded of open alerts: %s", self._receiver.name, error)
                    if not error.permanent:
                        return

    async def _deliver(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Send until taken; gives the alerts that were refused, singled out by halving what was sent
        together.
        """
        try:
            await until_done(lambda: self._receiver.send(alerts), self._sleep, self._jitter)
        except NotifyError as refusal:
            if len(alerts) > 1:
                middle = len(alerts) // 2
                return await self._deliver(alerts[:middle]) + await self._deliver(alerts[middle:])
            log.error("%s refused alert %s: %s", self._receiver.name, alerts[0]["fingerprint"], refusal)
            await self._refused(alerts[0], str(refusal))
            return list(alerts)
        return []


def chunks(alerts: Sequence[Alert], size: int) -> Iterator[Sequence[Alert]]:
    return (alerts[start : start + size] for start in range(0, len(alerts), size))
