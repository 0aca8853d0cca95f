"""What a receiver has been told: which alerts of a batch are news to it, and which it must hear of again."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import orjson

from stream.notify.receiver import Alert

TOLD = (
    *("kind", "status", "severity", "department", "customer", "owner", "runbook", "summary"),
    *("opened_at", "due_at", "resolved_at"),
)
"""What makes an alert news. A later watermark or one more piece of evidence does not call anyone."""


class Told(NamedTuple):
    digest: bytes
    open: Alert | None


class OpenAlerts:
    """The last state told of each alert, by fingerprint: the document while open, only a digest afterwards.

    A batch is a sequence of (fingerprint, document); None, a tombstone, says the alert is no more. The last
    one of a fingerprint counts.
    """

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}

    def news(self, batch: Iterable[tuple[str, Alert | None]]) -> list[Alert]:
        """The documents to send: what changed, and open alerts that are no more, as withdrawn."""
        changed: list[Alert] = []
        for fingerprint, document in dict(batch).items():
            told = self._told.get(fingerprint)
            if document is None:
                if told and told.open:
                    changed.append({**told.open, "status": "withdrawn"})
            elif told is None or told.digest != digest(document):
                changed.append(document)
        return changed

    def remember(self, batch: Iterable[tuple[str, Alert | None]]) -> None:
        """Take the batch as told."""
        for fingerprint, document in dict(batch).items():
            if document is None:
                self._told.pop(fingerprint, None)
                continue
            quiet = Told(digest(document), None)
            if document["status"] != "open":
                self._told[fingerprint] = quiet
            elif self._told.get(fingerprint) != quiet:
                self._told[fingerprint] = quiet._replace(open=document)

    def silence(self, alert: Alert) -> None:
        """Never repeat this state of the alert: the receiver refused it."""
        self._told[alert["fingerprint"]] = Told(digest(alert), None)

    def open(self) -> list[Alert]:
        """The open alerts, as last told."""
        return [told.open for told in self._told.values() if told.open]


def digest(document: Alert) -> bytes:
    return hashlib.blake2b(orjson.dumps([document[field] for field in TOLD]), digest_size=16).digest()
