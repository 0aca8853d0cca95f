"""A changed map and a lost database, on running installations: embedded with SQLite, Kafka with PostgreSQL."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    handoffs: {activation: {from: shop.order_placed, to: activation.line_activated, within: 1s}}
"""
RENAMED = MAP.replace("new_line:", "line:")
ORDERS = [f"R-{n}" for n in range(5)]


@pytest.fixture(params=["embedded", "kafka"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """The options of an installation that shares nothing with other tests."""
    if request.param == "embedded":
        yield ["--data", str(tmp_path / "data")]
        return
    shared: Broker = request.getfixturevalue("kafka")
    (tmp_path / "kafka").mkdir()
    broker = Broker(shared._libraries, tmp_path / "kafka")
    broker.format()
    broker.start()
    asyncio.run(create_topics(broker.url))
    yield ["--broker", broker.url, "--read-model", request.getfixturevalue("postgres_url")]
    broker.stop()


async def create_topics(url: str) -> None:
    topics, log = Topics(JourneyMap.parse(MAP)), open_log(url)
    await log.start()
    await log.create_topics(topics.partitions(2), topics.compacted)
    await log.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    hook.open()
    yield hook
    hook.close()


def run(live: Installation, place: list[str], *words: str) -> "subprocess.CompletedProcess[str]":
    words = (*words, "--map", str(live.map), *place)
    return subprocess.run([str(BATON), *words], capture_output=True, text=True, check=False)


def found(live: Installation) -> dict[str, tuple[Any, ...]]:
    """Order → its journey's type and its alerts."""
    journeys = {order: live.journey(order) for order in ORDERS}
    return {
        order: (journey["type"], *((alert["kind"], alert["status"]) for alert in journey["alerts"]))
        for order, journey in journeys.items()
        if journey
    }


def told(hook: Hook) -> list[tuple[str, str]]:
    """Journey type and state of each alert, as often as it was told."""
    return sorted((message["data"]["journey_type"], message["data"]["status"]) for message in hook.received)


def test_a_changed_map_is_refused_until_the_results_are_rebuilt_from_the_same_events(
    place: list[str], tmp_path: Path, hook: Hook
) -> None:
    with Installation(tmp_path, MAP, place) as live:
        live.api()
        worker = live.worker("--webhook", hook.url)
        for order in ORDERS:
            live.post("shop.order_placed", f"placed-{order}", order=order, email=f"{order}@example.com")
        before = dict.fromkeys(ORDERS, ("new_line", ("missing", "open")))
        until(lambda: found(live) == before, "the alerts")
        until(lambda: told(hook) == [("new_line", "open")] * 5, "the news")
        refused = run(live, place, "rebuild")
        assert (refused.returncode, "end all workers first" in refused.stderr) == (2, True), refused.stderr
        assert worker.end() == 0

        live.map.write_text(RENAMED)
        refused = run(live, place, "worker")
        assert (refused.returncode, "baton rebuild --map" in refused.stderr) == (2, True), refused.stderr
        rebuilt = run(live, place, "rebuild")
        assert rebuilt.returncode == 0, rebuilt.stderr
        assert "5 alerts are known to receivers" in rebuilt.stdout
        assert found(live) == {}

        live.worker("--webhook", hook.url)
        until(lambda: found(live) == dict.fromkeys(ORDERS, ("line", ("missing", "open"))), "what came of it")
        until(
            lambda: (
                told(hook)
                == [("line", "open")] * 5 + [("new_line", "open")] * 5 + [("new_line", "withdrawn")] * 5
            ),
            "the news that the old alerts are withdrawn",
        )


def test_a_map_that_changes_nothing_for_an_alert_tells_nobody_again(
    place: list[str], tmp_path: Path, hook: Hook
) -> None:
    with Installation(tmp_path, MAP, place) as live:
        live.api()
        worker = live.worker("--webhook", hook.url)
        live.post("shop.order_placed", "placed", order=ORDERS[0], email="anna@example.com")
        until(lambda: told(hook) == [("new_line", "open")], "the news")
        assert worker.end() == 0
        live.map.write_text(MAP.replace("email: email", "email: {normaliser: email, limit: 3}"))
        assert run(live, place, "rebuild").returncode == 0
        worker = live.worker("--webhook", hook.url)
        until(lambda: found(live) == {ORDERS[0]: ("new_line", ("missing", "open"))}, "the alert")
        live.post("activation.line_activated", "activated", order=ORDERS[0])
        until(lambda: told(hook)[1:] == [("new_line", "resolved")], "its end")
        assert worker.end() == 0


def test_a_read_model_that_is_lost_is_filled_again_by_itself(place: list[str], tmp_path: Path) -> None:
    with Installation(tmp_path, MAP, place) as live:
        live.api()
        worker = live.worker()
        for order in ORDERS:
            live.post("shop.order_placed", f"placed-{order}", order=order, email=f"{order}@example.com")
        expected = dict.fromkeys(ORDERS, ("new_line", ("missing", "open")))
        until(lambda: found(live) == expected, "the alerts")
        assert worker.end() == 0
    lose(place)
    with Installation(tmp_path, MAP, place) as live:
        live.worker()
        live.api()
        until(lambda: found(live) == expected, "everything again")


def test_a_worker_that_starts_drops_messages_that_were_handled(tmp_path: Path) -> None:
    with Installation(tmp_path, MAP, ["--data", str(tmp_path / "data")]) as live:
        live.api()
        worker = live.worker()
        live.post("shop.order_placed", "placed", order=ORDERS[0], email="anna@example.com")
        until(lambda: found(live) == {ORDERS[0]: ("new_line", ("missing", "open"))}, "the alert")
        assert worker.end() == 0
        handled = asyncio.run(ends_of_messages(tmp_path / "data"))[1]

        live.worker()
        until(lambda: asyncio.run(ends_of_messages(tmp_path / "data"))[0] >= handled, "the messages to go")
        live.post("activation.line_activated", "activated", order=ORDERS[0])
        until(lambda: found(live) == {ORDERS[0]: ("new_line", ("late", "resolved"))}, "the alert's end")


async def ends_of_messages(data: Path) -> tuple[int, int]:
    """The offsets of the first message that is left, and after the last."""
    topic, log = Topics(JourneyMap.parse(MAP)).observations, open_log(f"embedded://{data / 'log.sqlite'}")
    await log.start()
    end = (await log.ends([topic]))[topic, 0]
    left = [record.offset async for records in log.read(topic, 0) for record in records]
    await log.stop()
    return (left[0] if left else end), end


def lose(place: list[str]) -> None:
    if place[0] == "--data":
        for file in Path(place[1]).glob("read-model.sqlite*"):
            file.unlink()
        return
    import psycopg

    with psycopg.connect(place[3].replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
