import base64
import hashlib
import hmac
import json

import aiohttp
import pytest

from stream.notify.webhook import Webhook
from tests.stream.notify.receiving import PAGE, Desk, alert, resolved

KEY = b"a key of twenty-four byt"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


async def test_a_receiver_can_verify_who_signed_the_message(
    session: aiohttp.ClientSession, desk: Desk
) -> None:
    await Webhook(session, desk.url + "/hook", PAGE, SECRET, now=lambda: 1_768_485_600.9).send([alert()])
    (taken,) = desk.taken
    assert taken.path == "/hook"
    assert taken.headers["webhook-timestamp"] == "1768485600"
    signed = f"{taken.headers['webhook-id']}.1768485600.".encode() + taken.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert taken.headers["webhook-signature"] == f"v1,{expected}"


async def test_a_message_says_what_happened_and_where_to_look(
    session: aiohttp.ClientSession, desk: Desk
) -> None:
    await Webhook(session, desk.url, PAGE).send([alert(), resolved()])
    opened, mended = (json.loads(taken.body) for taken in desk.taken)
    assert opened == {
        "type": "alert.open",
        "timestamp": "2026-01-15T14:00:00Z",
        "url": "http://baton.example/#alert=f1",
        "data": alert(),
    }
    assert (mended["type"], mended["timestamp"]) == ("alert.resolved", "2026-01-15T15:30:00Z")
    assert desk.taken[0].headers["content-type"] == "application/json"
    assert "webhook-signature" not in desk.taken[0].headers


async def test_a_repeat_bears_the_same_id_and_every_change_another(
    session: aiohttp.ClientSession, desk: Desk
) -> None:
    opened, mended = alert(), resolved()
    reopened = alert(judged_at="2026-01-15T16:00:00Z")
    await Webhook(session, desk.url, PAGE).send([opened, dict(reversed(opened.items())), mended, reopened])
    first, repeat, *others = (taken.headers["webhook-id"] for taken in desk.taken)
    assert first == repeat
    assert len({first, *others}) == 3


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!"])
async def test_a_secret_that_is_none_is_refused_at_once(session: aiohttp.ClientSession, secret: str) -> None:
    with pytest.raises(ValueError, match="expected whsec_ and base64"):
        Webhook(session, "http://127.0.0.1", PAGE, secret)
