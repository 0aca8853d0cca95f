"""A long time at half of what one worker can do, while it is killed and its network fails at random.

What is over leaves its memory two hours later in the events' own time, and what is open lies on disk.
"""

import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import NamedTuple

import pytest

from tests.support.generator import events
from tests.support.proxy import Proxy
from tests.support.sites import MAP, Site
from tests.support.workers import Worker

MINUTES = float(os.environ.get("BATON_SOAK_MINUTES", "15"))
MEASURED_ON = 40_000
EVERY_SECONDS = 15.0
A_MOMENTS_WORTH = 200
Trouble = tuple[str, AbstractContextManager[object]]
SOON_OVER = MAP.replace("keep_closed: 30d", "keep_closed: 2h")


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
    played = events(seed, MEASURED_ON)
    worker = started(site)
    began = time.monotonic()
    site.send(played)
    site.until(lambda: site.progress() == MEASURED_ON, "the worker reads what its peak is measured on")
    site.until(lambda: site.behind(site.topics.observations) < A_MOMENTS_WORTH, "and judges it")
    peak = MEASURED_ON / (time.monotonic() - began)
    rate = peak / 2
    print(f"\npeak {peak:,.0f} events/s; {MINUTES:g} minutes at {rate:,.0f} events/s, seed {seed}")
    print(
        "| minute | what goes on | events sent | not read yet | read, not judged yet | worker's memory |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    known = set(played)
    seen: list[Glance] = []
    ahead: list[Trouble] = []
    load = [event for event in events(seed, int(rate * MINUTES * 60)) if event not in known]
    with site.sending(load, rate) as sending:
        while sending.is_alive():
            ahead = ahead or shuffled(troubles(proxy), chance)
            what, trouble = ahead.pop()
            with trouble:
                sending.join(EVERY_SECONDS)
            if what == "a kill":
                worker.kill()
                worker = started(site)
            seen.append(glance(site, worker, what, began))
            print(seen[-1], flush=True)
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
