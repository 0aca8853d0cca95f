"""One HTTP POST to a receiver: taken, or a NotifyError that says whether it is worth asking again."""

from collections.abc import Mapping

import aiohttp
from yarl import URL

from stream.notify.receiver import NotifyError

REFUSED = {400, 413, 422}
"""Answers that blame the alert. Others (401, 404, 429, 500 …) blame the receiver or its setting: mendable."""

TIMEOUT = aiohttp.ClientTimeout(total=10)


def open_session() -> aiohttp.ClientSession:
    """The session that all receivers of a worker share; the caller closes it. Needs a running event loop."""
    return aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())


def web_address(setting: str, text: str) -> URL:
    """The http or https address in `text`; ValueError names the setting."""
    url = URL(text)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{setting}: expected an address like http://alertmanager:9093, got {text!r}")
    return url


async def post(
    session: aiohttp.ClientSession, url: URL, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    """Send JSON; return when the answer is 2xx. A redirect is not followed: it could lead anywhere."""
    # Only the origin is told in errors: paths and queries of webhooks are often secrets.
    receiver = url.origin()
    json = {"content-type": "application/json"}
    try:
        async with session.post(
            url, data=body, headers={**json, **(headers or {})}, allow_redirects=False
        ) as answer:
            said = (await answer.content.read(300)).decode(errors="replace")
    except TimeoutError:
        raise NotifyError(f"{receiver} did not answer in time", permanent=False) from None
    except (aiohttp.ClientError, OSError) as error:
        raise NotifyError(f"{receiver} cannot be reached: {type(error).__name__}", permanent=False) from error
    if not 200 <= answer.status < 300:
        raise NotifyError(f"{receiver} answered {answer.status}: {said}", permanent=answer.status in REFUSED)
