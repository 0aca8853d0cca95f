"""How long from publishing to the alert, and to the API's answer, while orders happen.

An hour of the orders is a fifth of a second. An event's time is when it was to be published: a publisher that falls
behind counts as latency, too. All times are of one machine.
"""

import asyncio
import re
import threading
import time
import urllib.request
from collections import defaultdict, deque
from itertools import takewhile
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from journeys.instants import SECOND, parse_instant
from stream.publishing import address
from stream.sending import Sender
from stream.transports.log import Entry, open_log
from tests.bench.live.place import PARTITIONS, api, site
from tests.bench.orders import EVENTS_A_JOURNEY, MAP, as_they_happen
from tests.support.kafka import Broker
from tests.support.sites import Site

HOUR = SECOND // 5
PREPARING = 20 * SECOND
TICK = 0.02
ALLOWED_DELAY = SECOND
TOLD_AT_ONCE = ("failed", "unrecognised_caller")
AT_ONCE, ON_MISSING, ANSWER = "publish → alert", "watermark past the deadline → alert", "publish → API answer"
BEHIND = "of that, the publisher itself behind its time"
Latencies = dict[str, list[float]]


def live_map() -> str:
    """The bench's map in the orders' time; each department may be a second late."""
    text = MAP.read_text()
    for name in ("shop", "activation", "call_center"):
        text = text.replace(f"  {name}: {{", f"  {name}: {{allowed_delay: {ALLOWED_DELAY / SECOND:g}s, ")
    return re.sub(r"\b(\d+)h\b", lambda hours: f"{int(hours[1]) * HOUR / SECOND:g}s", text)


def latencies(at: Broker, rate: float, seconds: float) -> Latencies:
    """In milliseconds, at so many events a second, from when a journey's first and last events are under way."""
    with site(at, live_map()) as place:
        place.start().until_working()
        with api(place) as url:
            watching, asking = Watching(place), Asking(url)
            try:
                began, behind = asyncio.run(publish(place, rate, seconds, asking))
                time.sleep(5)
            finally:
                watching.close()
                asking.close()
    even = range(began, began + int(seconds * SECOND))
    return {**of_alerts(watching.seen, even), ANSWER: asking.took, BEHIND: behind}


async def publish(place: Site, rate: float, seconds: float, asking: "Asking") -> tuple[int, list[float]]:
    """Each event at its time, but for a tick; gives the instant from which on the load is even, and how late each
    was since.
    """
    began = time.time_ns() // 1000 + PREPARING
    even = began + 100 * HOUR
    happening = takewhile(
        lambda each: each[0] <= even + seconds * SECOND,
        as_they_happen(rate / EVENTS_A_JOURNEY, HOUR, began),
    )
    prepared = deque((at, *address(raw, place.topics, "")) for at, raw in happening)
    behind: list[float] = []
    log = open_log(place.broker.url)
    await log.start()
    sender = Sender(log)
    async with asyncio.TaskGroup() as sending:
        while prepared:
            await asyncio.sleep(max(TICK, (prepared[0][0] - time.time_ns() // 1000) / SECOND))
            now = time.time_ns() // 1000
            due: defaultdict[str, list[Entry]] = defaultdict(list)
            while prepared and prepared[0][0] <= now:
                at, topic, entry = prepared.popleft()
                due[topic].append(entry)
                if at > even:
                    behind.append((now - at) / 1000)
                    if b"order_placed" in (entry.value or b""):
                        asking.about(orjson.loads(entry.value or b"")["data"]["order"], at)
            sending.create_task(sender.send_all(due))
    await log.stop()
    return even, behind


def of_alerts(seen: list[tuple[int, dict[str, Any]]], even: range) -> Latencies:
    """Of the first announcement of each alert whose reason lies within these instants, in which the load is even."""
    first: dict[str, tuple[int, dict[str, Any]]] = {}
    for at, alert in seen:
        first.setdefault(alert["fingerprint"], (at, alert))
    found: Latencies = {AT_ONCE: [], ON_MISSING: []}
    for at, alert in first.values():
        if alert["kind"] in TOLD_AT_ONCE:
            name, began = AT_ONCE, parse_instant(alert["evidence"][-1]["at"])
        elif alert["kind"] == "missing" and alert["handoff"] == "delivery":
            name, began = ON_MISSING, parse_instant(alert["due_at"]) + ALLOWED_DELAY
        else:
            continue
        if began in even:
            found[name].append((at - began) / 1000)
    return found


class Watching:
    """Reads the alerts topic from now on; `seen`: when each was read, and the alert."""

    def __init__(self, place: Site) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=place.broker.address, isolation_level="read_committed", fetch_max_wait_ms=50
        )
        self._consumer.assign([TopicPartition(place.topics.alerts, n) for n in range(PARTITIONS)])
        self._consumer.seek_to_end()
        for tp in self._consumer.assignment():
            self._consumer.position(tp)
        self.seen: list[tuple[int, dict[str, Any]]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._consumer.close()

    def _watch(self) -> None:
        while not self._is_over.is_set():
            for records in self._consumer.poll(timeout_ms=100).values():
                now = time.time_ns() // 1000
                self.seen += [(now, orjson.loads(record.value)) for record in records if record.value]


class Asking:
    """Asks the API for one order after another, each until it is found; `took`: how long that was, in milliseconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.took: list[float] = []
        self._wanted: tuple[str, int] | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def about(self, order: str, at: int) -> None:
        """Of an order that is published now, unless another is being asked for."""
        self._wanted = self._wanted or (order, at)

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._is_over.wait(0.03):
            if self._wanted and self._is_found(self._wanted[0]):
                self.took.append(time.time_ns() / 1e6 - self._wanted[1] / 1000)
                self._wanted = None

    def _is_found(self, order: str) -> bool:
        with urllib.request.urlopen(
            f"{self._url}/v1/journeys?identifier=order:{order}", timeout=30
        ) as answer:
            return bool(orjson.loads(answer.read())["journeys"])
