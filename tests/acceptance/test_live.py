"""A live installation, its parts as processes: on the embedded log with SQLite, and on Kafka with PostgreSQL."""

import json
import signal
import subprocess
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from journeys.journey_map import JourneyMap
from stream.topics import Topics
from stream.transports.log import open_log
from tests.support.kafka import Broker
from tests.support.live import BATON, Hook, Installation, until

MAP = """
name: lines
departments: {shop: {owner: shop-desk}, activation: {owner: activation-desk}}
identifiers: {email: email, order: order}
events:
  shop.order_placed: {identifiers: {order: data.order, email: data.email}}
  activation.line_activated: {identifiers: {order: data.order}}
journeys:
  new_line:
    starts: shop.order_placed
    correlates: order
    handoffs: {activation: {from: shop.order_placed, to: activation.line_activated, within: 2s}}
"""
MAP_WITH_TERMS = MAP.replace(
    "journeys:\n", "  shop.terms_agreed: {identifiers: {order: data.order}}\njourneys:\n"
).replace("    correlates", "    optional: shop.terms_agreed\n    correlates")


@pytest.fixture(params=["embedded", "kafka"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The options that say where the log and the read model are, both ready."""
    if request.param == "embedded":
        return ["--data", str(tmp_path / "data")]
    broker = request.getfixturevalue("kafka")
    topics = Topics(JourneyMap.parse(MAP))
    log = open_log(broker.url)
    await log.start()
    await log.create_topics(topics.partitions(2), topics.compacted)
    await log.stop()
    return ["--broker", broker.url, "--read-model", request.getfixturevalue("postgres_url")]


@pytest.fixture
def live(place: list[str], tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path, MAP, place) as installation:
        yield installation


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture
def order() -> str:
    """An order that no other test has, for all on Kafka share their topics."""
    return f"A-{uuid.uuid4().hex[:8]}".upper()


def place_order(live: Installation, order: str) -> None:
    live.post("shop.order_placed", f"placed-{order}", order=order, email=f"{order}@example.com")


def activate(live: Installation, order: str) -> None:
    live.post("activation.line_activated", f"activated-{order}", order=order)


def alerts(live: Installation, order: str) -> list[tuple[str, str]]:
    journey = live.journey(order)
    return [(alert["kind"], alert["status"]) for alert in journey["alerts"]] if journey else []


def test_a_line_that_is_not_activated_in_time_is_an_alert_until_it_is(live: Installation, order: str) -> None:
    live.api()
    worker = live.worker()
    place_order(live, order)
    journey = until(lambda: live.journey(order), "the journey")
    assert (journey["status"], journey["identifiers"]["order"]) == ("open", [order])

    until(lambda: alerts(live, order) == [("missing", "open")], "the alert")
    opened = live.journey(order)["alerts"][0]
    assert (opened["department"], opened["owner"]) == ("activation", "activation-desk")

    activate(live, order)
    until(lambda: alerts(live, order) == [("late", "resolved")], "the alert's end")
    assert live.journey(order)["alerts"][0]["fingerprint"] == opened["fingerprint"]
    until(lambda: live.journey(order)["status"] == "completed", "the journey's end")
    assert worker.end() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "kill -9"])
def test_nothing_is_lost_when_the_worker_ends_three_times(
    live: Installation, order: str, how: signal.Signals
) -> None:
    live.api()
    orders = [f"{order}-{number}" for number in range(12)]
    waiting = iter(orders)
    for _ in range(3):
        worker = live.worker()
        place_order(live, first := next(waiting))
        until(lambda first=first: live.journey(first), "the journey of a running worker")
        for _ in range(2):
            place_order(live, next(waiting))
        assert worker.end(how) == (0 if how is signal.SIGTERM else -how)
        place_order(live, next(waiting))
    live.worker()
    until(lambda: all(live.journey(each) for each in orders), "every journey")
    until(lambda: all(alerts(live, each) == [("missing", "open")] for each in orders), "every alert")


def test_a_worker_names_the_topics_that_kafka_lacks(kafka: Broker, tmp_path: Path) -> None:
    lacking = f"lacking-{uuid.uuid4().hex[:8]}"
    (tmp_path / "map.yaml").write_text(
        MAP.replace("activation: {owner", f"activation: {{topic: {lacking}, owner")
    )
    words = ["worker", "--map", str(tmp_path / "map.yaml"), "--broker", kafka.url, "--data", str(tmp_path)]
    refused = subprocess.run([BATON, *words], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "the cluster lacks the topics " in refused.stderr
    assert lacking in refused.stderr


def test_an_alert_waits_for_a_receiver_that_is_away(live: Installation, order: str, hook: Hook) -> None:
    live.api()
    worker = live.worker("--webhook", hook.url)
    place_order(live, order)
    until(lambda: alerts(live, order) == [("missing", "open")], "the alert")
    assert worker.end() == 0

    live.worker("--webhook", hook.url)
    hook.open()

    def told() -> list[str]:
        mine = (one for one in hook.received if one["data"]["identifiers"].get("order") == [order])
        return [one["type"] for one in mine]

    until(lambda: "alert.open" in told(), "the open alert")
    activate(live, order)
    until(lambda: told()[-1:] == ["alert.resolved"], "the resolved alert")
    assert set(told()) == {"alert.open", "alert.resolved"}


def test_an_event_that_the_map_did_not_know_is_used_after_a_fix_and_leaves_the_dead_letters(
    tmp_path: Path, order: str
) -> None:
    with Installation(tmp_path, MAP, ["--data", str(tmp_path / "data")]) as live:
        live.api()
        worker = live.worker()
        place_order(live, order)
        live.post("shop.terms_agreed", f"terms-{order}", order=order)
        until(lambda: reasons(live) == ["unknown_event_type"], "the dead letter")
        until(lambda: live.journey(order), "the journey")
        assert len(live.journey(order)["timeline"]) == 1
        assert worker.end() == 0

        live.map.write_text(MAP_WITH_TERMS)
        live.run("rebuild")
        live.worker()
        live.run("dead-letters", "replay")
        until(lambda: len(live.journey(order)["timeline"]) == 2, "the event in the journey")
        assert reasons(live) == []


def test_an_event_that_was_too_early_is_used_when_it_is_published_again_later(
    tmp_path: Path, order: str
) -> None:
    """Up to five minutes ahead of its receipt an event is used."""
    with Installation(tmp_path, MAP, ["--data", str(tmp_path / "data")]) as live:
        live.api()
        live.worker()
        ahead = timedelta(minutes=5, seconds=5)
        live.post("shop.order_placed", f"placed-{order}", ahead, order=order, email="ann@example.com")
        until(lambda: reasons(live) == ["time_in_future"], "the dead letter")

        def published_again() -> bool:
            live.run("dead-letters", "replay")
            return bool(live.journey(order))

        until(published_again, "the journey")
        assert reasons(live) == []


def reasons(live: Installation) -> list[str]:
    """Why each of the dead letters is one."""
    listed = live.run("dead-letters", "list", "--json").splitlines()
    return [json.loads(line)["reason"] for line in listed]
