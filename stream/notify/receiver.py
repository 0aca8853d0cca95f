"""What the notifier needs of a receiver of alerts, and the one error a receiver may raise."""

from collections.abc import Sequence
from typing import Any, Protocol

Alert = dict[str, Any]
"""An alert document as on the alerts topic."""


class NotifyError(Exception):
    """The receiver did not take the alerts.

    permanent: it refuses their content, so sending them again is useless; otherwise it may take them later.
    """

    def __init__(self, message: str, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Receiver(Protocol):
    """Where alerts go.

    name: for logs and dead letters. at_most: alerts in one call of `send`. forgets: it drops an open alert
    that it does not hear of for a while.
    """

    name: str
    at_most: int
    forgets: bool

    async def send(self, alerts: Sequence[Alert]) -> None:
        """Return once the receiver holds all alerts, else raise NotifyError. Sending again does no harm."""
