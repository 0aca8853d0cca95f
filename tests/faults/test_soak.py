"""A long time at half of what one worker can do, while it is killed and its network fails at random.

Orders come and go in real time, an hour of theirs in two seconds: deadlines pass while the load goes on, what is open
lies on disk, and what is over leaves the working state a day later in their time, to be called back when its customer
comes again. Every minute is like every other.
"""

import gc
import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import NamedTuple

import pytest

from journeys.instants import DAY, HOUR, SECOND
from tests.support.generator import events
from tests.support.proxy import Proxy
from tests.support.real_time import in_time, moved, quickened
from tests.support.sites import MAP, Site
from tests.support.workers import Worker, processor_seconds

MINUTES = float(os.environ.get("BATON_SOAK_MINUTES", "15"))
MEASURED_ON = 40_000
MEASURED_DAYS = 1.5
COME_AGAIN_WITHIN_DAYS = 2.0
EVENTS_AN_ORDER = 4.04
EVERY_SECONDS = 15.0
A_MOMENTS_WORTH = 200
AN_HOUR = 2 * SECOND
LONGEST_DEADLINE = 50 * AN_HOUR
Trouble = tuple[str, AbstractContextManager[object]]
ALLOWED = "allowed_delay: 2s"
SOON_OVER = quickened(
    MAP.replace("keep_closed: 30d", "keep_closed: 1d")
    .replace("allowed_delay: 2m", ALLOWED)
    .replace("allowed_delay: 5m", ALLOWED)
    .replace("owner: care-desk", f"owner: care-desk\n    {ALLOWED}"),
    AN_HOUR,
)


@pytest.mark.soak
def test_a_steady_load_under_random_kills_and_a_bad_network_is_kept_up_with(
    new_site: Callable[..., Site],
    proxy: Proxy,
    seed: int,
    chance: random.Random,
    record_property: Callable[[str, object], None],
) -> None:
    site = new_site(journey_map=SOON_OVER)
    proxy.lead(site.broker.proxy_port, site.broker.behind_proxy)
    lasts = int((MEASURED_DAYS + 2) * DAY * AN_HOUR // HOUR)
    played = moved(events(seed, MEASURED_ON, days=MEASURED_DAYS), now() - lasts, AN_HOUR)
    worker = started(site)
    began = time.monotonic()
    site.send(raw for _, raw in played)
    site.until(lambda: site.progress() == MEASURED_ON, "the worker reads what its peak is measured on")
    site.until(lambda: site.behind(site.topics.observations) < A_MOMENTS_WORTH, "and judges it")
    peak = MEASURED_ON / (time.monotonic() - began)
    rate = peak / 2
    print(f"\npeak {peak:,.0f} events/s; {MINUTES:g} minutes at {rate:,.0f} events/s, seed {seed}")
    print(
        "| minute | what goes on | events sent | not read yet | read, not judged yet | worker's memory "
        "| cores of the worker's processes, the broker, this |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    seen: list[Glance] = []
    ahead: list[Trouble] = []
    orders_a_day = rate * 24 * AN_HOUR / SECOND / EVENTS_AN_ORDER
    load = events(
        seed, int(rate * MINUTES * 60), days=COME_AGAIN_WITHIN_DAYS, number=MEASURED_ON, pace=orders_a_day
    )
    began = time.monotonic()
    cores = Cores(site)
    gc.freeze()  # the load is not looked through again and again, in time that the worker needs
    with site.sending(in_time(moved(load, now() + SECOND, AN_HOUR))) as sending:
        while sending.is_alive():
            ahead = ahead or shuffled(troubles(proxy), chance)
            what, trouble = ahead.pop()
            with trouble:
                sending.join(EVERY_SECONDS)
            if what == "a kill":
                worker.kill()
                worker = started(site)
            seen.append(glance(site, worker, what, began))
            print(f"{seen[-1]} {cores.since_last(worker)} |", flush=True)
    # What must come is worked out once: every deadline has to have passed by then.
    time.sleep(LONGEST_DEADLINE / SECOND)
    site.prove(patience=3600)
    record_property("events/s", f"{rate:,.0f}, half of the peak")
    record_property("events", f"{seen[-1].sent:,}")
    record_property("kills", sum(each.what == "a kill" for each in seen))
    for part, some in (("first", seen[: len(seen) // 3]), ("last", seen[-len(seen) // 3 :])):
        record_property(
            f"{part} third",
            f"median lag {median(each.unread for each in some):,.0f} events and "
            f"{median(each.unjudged for each in some):,.0f} observations, "
            f"at least {min(each.unjudged for each in some):,}, "
            f"memory at most {max(each.megabytes for each in some):,.0f} MB",
        )


def now() -> int:
    return time.time_ns() // 1000


def started(site: Site) -> Worker:
    return site.start(
        "--state", "rocksdb", broker=f"kafka://127.0.0.1:{site.broker.proxy_port}"
    ).until_working()


def troubles(proxy: Proxy) -> list[Trouble]:
    """What goes on, each once in about five minutes. Two times out of three that is nothing: half of the peak leaves so
    much to catch up with.
    """
    quiet = [("nothing", nullcontext())] * 12
    network = [
        ("black hole", proxy.black_hole()),
        ("resets", proxy.resets()),
        ("latency", proxy.latency()),
        ("throttled", proxy.throttle()),
    ]
    return [*quiet, *network, ("a kill", nullcontext()), ("a kill", nullcontext())]


def shuffled(troubles: list[Trouble], chance: random.Random) -> list[Trouble]:
    """So every third of a quarter of an hour has the same troubles, and what comes of them can be compared."""
    return chance.sample(troubles, len(troubles))


class Cores:
    """What goes on takes of the machine's processors."""

    def __init__(self, site: Site) -> None:
        self._broker = site.broker.pid
        self._at = time.monotonic()
        self._before: list[float] = []

    def since_last(self, worker: Worker) -> str:
        """Cores taken since this was last asked; a worker that was started anew counts from its start."""
        now = [*worker.processor_seconds, processor_seconds(self._broker), time.process_time()]
        before = self._before if len(self._before) == len(now) else [0.0] * len(now)
        took = [new - old if new >= old else new for new, old in zip(now, before, strict=True)]
        passed, self._at, self._before = time.monotonic() - self._at, time.monotonic(), now
        return " ".join(f"{seconds / passed:.2f}" for seconds in took)


class Glance(NamedTuple):
    """How things stood at a moment."""

    minute: float
    what: str
    sent: int
    unread: int
    unjudged: int
    megabytes: float

    def __str__(self) -> str:
        counts = f"{self.sent:,} | {self.unread:,} | {self.unjudged:,}"
        return f"| {self.minute:.1f} | {self.what} | {counts} | {self.megabytes:,.0f} MB |"


def glance(site: Site, worker: Worker, what: str, began: float) -> Glance:
    sent, read = len(site.ledger.acknowledged), site.progress()
    minute = (time.monotonic() - began) / 60
    return Glance(
        minute, what, sent, max(sent - read, 0), site.behind(site.topics.observations), worker.megabytes
    )
