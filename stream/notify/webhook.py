"""Alerts to any web address as JSON, signed as Standard Webhooks (version 1) says.

The body is {"type": "alert.open", "timestamp": when it opened or was resolved, "url": its page, "data": the
alert document}; other types are alert.resolved and alert.withdrawn.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

import aiohttp
import orjson

from stream.notify.alertmanager import link
from stream.notify.posting import post, web_address
from stream.notify.receiver import Alert

SECRET_PREFIX = "whsec_"


class Webhook:
    """A Receiver. secret: `whsec_` and base64, shared with it; None: unsigned. now: Unix seconds."""

    name = "webhook"
    at_most = 1
    forgets = False

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        page_url: str,
        secret: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._url = web_address("the webhook's address", url)
        self._page_url = page_url
        self._key = None if secret is None else signing_key(secret)
        self._now = now

    async def send(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            body = orjson.dumps(message(alert, self._page_url))
            headers = {"webhook-id": message_id(alert), "webhook-timestamp": str(int(self._now()))}
            if self._key is not None:
                headers["webhook-signature"] = signature(self._key, headers, body)
            await post(self._session, self._url, body, headers)


def message(alert: Alert, page_url: str) -> dict[str, object]:
    return {
        "type": f"alert.{alert['status']}",
        "timestamp": alert["resolved_at"] or alert["opened_at"],
        "url": link(alert, page_url),
        "data": alert,
    }


def message_id(alert: Alert) -> str:
    """The same for the same document, so that a receiver can drop repeats; another for each change, also back
    to open.
    """
    document = orjson.dumps(alert, option=orjson.OPT_SORT_KEYS)
    return f"{alert['fingerprint']}_{hashlib.sha256(document).hexdigest()[:16]}"


def signing_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError(f"the webhook's secret: expected {SECRET_PREFIX} and base64, as its receiver has it")
    return key


def signature(key: bytes, headers: dict[str, str], body: bytes) -> str:
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
