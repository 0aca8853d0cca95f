import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from stream.notify.alertmanager import Alertmanager
from stream.notify.notifier import Notifier
from stream.notify.receiver import Alert, Receiver
from stream.notify.webhook import Webhook
from tests.stream.notify.receiving import PAGE, Desk, alert, batch, resolved
from tests.support.alertmanager import RunningAlertmanager

pytestmark = pytest.mark.timeout(60)  # what is broken here would ask for ever


class Refused:
    """The dead letters: what the receiver refused, and why."""

    def __init__(self) -> None:
        self.alerts: dict[str, str] = {}

    async def __call__(self, refused: Alert, why: str) -> None:
        self.alerts[refused["fingerprint"]] = why


@pytest.fixture
def refused() -> Refused:
    return Refused()


async def no_time(seconds: float) -> None:
    await asyncio.sleep(0)


def notifier_of(
    receiver: Receiver, refused: Refused, sleep: Callable[[float], Awaitable[None]] = no_time
) -> Notifier:
    return Notifier(receiver, refused, sleep, jitter=lambda: 0.0)


def told(desk: Desk) -> list[tuple[str, str]]:
    messages = [json.loads(taken.body)["data"] for taken in desk.taken]
    return [(message["fingerprint"], message["status"]) for message in messages]


async def test_alerts_wait_for_a_receiver_that_is_down(
    stopped_alertmanager: RunningAlertmanager, session: aiohttp.ClientSession, refused: Refused
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            await asyncio.to_thread(stopped_alertmanager.start)

    notifier = notifier_of(Alertmanager(session, stopped_alertmanager.url, PAGE), refused, sleep)
    await notifier.handle(batch(alert("f1"), alert("f2")))
    assert waited == [0.5, 1, 2]
    assert stopped_alertmanager.firing().keys() == {"f1", "f2"}
    assert refused.alerts == {}


async def test_open_alerts_survive_a_restart_of_alertmanager(
    alertmanager: RunningAlertmanager, session: aiohttp.ClientSession, refused: Refused
) -> None:
    notifier = notifier_of(Alertmanager(session, alertmanager.url, PAGE), refused)
    await notifier.handle(batch(alert("open"), alert("mended")))
    await notifier.handle(batch(resolved("mended")))
    await asyncio.to_thread(alertmanager.restart)
    assert alertmanager.firing() == {}
    await notifier.resend()
    assert alertmanager.firing().keys() == {"open"}


async def test_reminders_go_out_at_once_and_then_each_minute(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    class ThirdMinute(Exception):
        pass

    asked_after: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        asked_after.append((seconds, desk.asked))
        if len(asked_after) == 3:
            raise ThirdMinute

    desk.answers = [200, 500]
    notifier = notifier_of(Alertmanager(session, desk.url, PAGE), refused, sleep)
    notifier.load(batch(alert()))
    with pytest.raises(ThirdMinute):
        await notifier.resend_forever()
    assert asked_after == [(60, 1), (60, 2), (60, 3)]


async def test_a_webhook_is_never_reminded(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    notifier = notifier_of(Webhook(session, desk.url, PAGE), refused)
    notifier.load(batch(alert()))
    await notifier.resend_forever()
    assert desk.asked == 0


async def test_a_receiver_that_fails_for_a_while_is_told_everything_in_order(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    notifier = notifier_of(Webhook(session, desk.url, PAGE), refused)
    desk.answers = [500, 429, 200, 404, 503]
    await notifier.handle(batch(alert("f1"), alert("f2")))
    await notifier.handle(batch(resolved("f1")))
    assert told(desk) == [("f1", "open"), ("f2", "open"), ("f1", "resolved")]


async def test_a_batch_that_comes_again_tells_nothing_again(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    notifier = notifier_of(Webhook(session, desk.url, PAGE), refused)
    for _ in range(3):
        await notifier.handle(batch(alert("f1"), resolved("f2")))
    assert desk.asked == 2


async def test_after_a_restart_only_what_changed_meanwhile_is_told(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    notifier = notifier_of(Webhook(session, desk.url, PAGE), refused)
    notifier.load([*batch(alert("f1"), alert("f2"), resolved("f3"), alert("gone")), ("gone", None)])
    await notifier.handle(batch(alert("f1"), resolved("f2"), resolved("f3"), alert("f4")))
    assert told(desk) == [("f2", "resolved"), ("f4", "open")]


async def test_alerts_of_a_partition_that_was_given_up_are_not_repeated(
    alertmanager: RunningAlertmanager, session: aiohttp.ClientSession, refused: Refused
) -> None:
    notifier = notifier_of(Alertmanager(session, alertmanager.url, PAGE), refused)
    notifier.load(batch(alert("mine"), alert("another's")))
    notifier.load(batch(alert("mine")))
    await notifier.resend()
    assert alertmanager.firing().keys() == {"mine"}


@pytest.mark.parametrize("receiver", [Alertmanager, Webhook])
async def test_one_refused_alert_is_kept_with_the_reason_and_holds_up_no_other(
    receiver: type[Alertmanager | Webhook], session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    desk.refuses = b'"f3"'
    notifier = notifier_of(receiver(session, desk.url, PAGE), refused)
    await notifier.handle(batch(*(alert(f"f{number}") for number in range(7))))
    assert refused.alerts.keys() == {"f3"}
    assert "answered 400: said the desk" in refused.alerts["f3"]
    taken = b"".join(taken.body for taken in desk.taken)
    assert [number for number in range(7) if f'"f{number}"'.encode() in taken] == [0, 1, 2, 4, 5, 6]

    desk.taken.clear()
    await notifier.handle(batch(alert("f3")))
    await notifier.resend()
    assert any(b'"f6"' in taken.body for taken in desk.taken), "the others are no longer reminded of"
    assert list(refused.alerts) == ["f3"]


async def test_news_wait_for_a_reminder_under_way_so_that_it_reopens_nothing(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    notifier = notifier_of(Webhook(session, desk.url, PAGE), refused)
    notifier.load(batch(alert()))
    desk.answers = [None]
    reminder = asyncio.create_task(notifier.resend())
    while not desk.asked:
        await asyncio.sleep(0.01)
    news = asyncio.create_task(notifier.handle(batch(resolved())))
    await asyncio.wait({news}, timeout=0.2)
    desk.go_on.set()
    await asyncio.gather(reminder, news)
    assert told(desk) == [("f1", "open"), ("f1", "resolved")]


async def test_an_interrupted_batch_is_told_again(
    session: aiohttp.ClientSession, desk: Desk, refused: Refused
) -> None:
    async def interrupt(seconds: float) -> None:
        raise asyncio.CancelledError

    desk.answers = [200, 500]
    changes = batch(alert("f1"), alert("f2"))
    with pytest.raises(asyncio.CancelledError):
        await notifier_of(Webhook(session, desk.url, PAGE), refused, interrupt).handle(changes)
    await notifier_of(Webhook(session, desk.url, PAGE), refused).handle(changes)
    assert told(desk) == [("f1", "open"), ("f1", "open"), ("f2", "open")]
    assert desk.taken[0].headers["webhook-id"] == desk.taken[1].headers["webhook-id"]
