"""What the notifier relies on, checked on every receiver against a real web server."""

from collections.abc import Callable

import aiohttp
import pytest

from stream.notify.alertmanager import Alertmanager
from stream.notify.posting import open_session
from stream.notify.receiver import NotifyError, Receiver
from stream.notify.webhook import Webhook
from tests.stream.notify.receiving import PAGE, Desk, alert, resolved
from tests.support.services import free_port

MakeReceiver = Callable[[aiohttp.ClientSession, str, str], Receiver]


@pytest.fixture(params=[Alertmanager, Webhook])
def make(request: pytest.FixtureRequest) -> MakeReceiver:
    made: MakeReceiver = request.param
    return made


@pytest.fixture
def receiver(make: MakeReceiver, session: aiohttp.ClientSession, desk: Desk) -> Receiver:
    return make(session, desk.url, PAGE)


async def test_it_delivers_every_alert(receiver: Receiver, desk: Desk) -> None:
    await receiver.send([alert("f1"), resolved("f2")])
    received = b"".join(taken.body for taken in desk.taken)
    assert b"f1" in received and b"f2" in received


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 502, 503])
async def test_an_answer_that_can_be_mended_is_worth_asking_again(
    receiver: Receiver, desk: Desk, status: int
) -> None:
    desk.answers = [status]
    with pytest.raises(NotifyError, match=f"answered {status}: said the desk") as failure:
        await receiver.send([alert()])
    assert not failure.value.permanent
    assert desk.asked == 1, "a redirect was followed"


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_an_answer_that_blames_the_alert_is_permanent(
    receiver: Receiver, desk: Desk, status: int
) -> None:
    desk.answers = [status]
    with pytest.raises(NotifyError) as failure:
        await receiver.send([alert()])
    assert failure.value.permanent


async def test_a_receiver_that_hangs_is_given_up_for_now(
    make: MakeReceiver, session: aiohttp.ClientSession, desk: Desk
) -> None:
    desk.answers = [None]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as impatient:
        with pytest.raises(NotifyError, match="in time") as failure:
            await make(impatient, desk.url, PAGE).send([alert()])
    assert not failure.value.permanent


async def test_no_session_waits_for_ever() -> None:
    async with open_session() as session:
        assert session.timeout.total


async def test_a_receiver_that_is_down_is_worth_asking_again_and_its_secret_path_is_not_told(
    make: MakeReceiver, session: aiohttp.ClientSession
) -> None:
    away = make(session, f"http://user:password@127.0.0.1:{free_port()}/secret-path?token=1", PAGE)
    with pytest.raises(NotifyError, match=r"127\.0\.0\.1:\d+ cannot be reached") as failure:
        await away.send([alert()])
    assert not failure.value.permanent
    assert not any(secret in str(failure.value) for secret in ("password", "secret-path", "token"))


@pytest.mark.parametrize("url", ["alertmanager:9093", "ftp://alertmanager", "/alerts", ""])
async def test_an_address_that_is_none_is_refused_at_once(
    make: MakeReceiver, session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(ValueError, match="expected an address like http"):
        make(session, url, PAGE)
