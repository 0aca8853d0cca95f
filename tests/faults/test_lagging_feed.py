"""A feed that lags on a real broker: in real time, a day of it in five seconds."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import orjson

from journeys.instants import SECOND
from stream.transports.log import partition_for
from tests.support.generator import MISFORTUNES, events
from tests.support.ledger import Sent
from tests.support.real_time import in_time, moved
from tests.support.scenario import WHOLE_TELECOM
from tests.support.sites import Site
from tests.support.verifier import Reader, was_too_early

AN_HOUR = SECOND // 5
PARTITIONS = 4
LAGS = 4 * SECOND
MAP = "".join(line for line in WHOLE_TELECOM.splitlines(True) if "silent_after" not in line)
for before, after in {
    "allowed_delay: 2m": "allowed_delay: 7s",
    "allowed_delay: 5m": "allowed_delay: 3s",
    "owner: care-desk": "owner: care-desk\n    allowed_delay: 3s",
    "within: 4h": "within: 1s",
}.items():
    assert before in MAP
    MAP = MAP.replace(before, after)


def test_a_feed_that_lags_changes_no_result_and_no_alert_comes_too_early(
    new_site: Callable[..., Site], seed: int, full: bool
) -> None:
    """One alert in a few thousand does: it waits for no links between identifiers that the feed may still bring."""
    site = new_site(partitions=PARTITIONS, journey_map=MAP)
    site.start().until_working()
    days = 3.2 if full else 0.4
    played = sorted(events(seed, int(3_000 * days), MISFORTUNES, days), key=_happened)
    site.ledger.send(_in_time(list(moved(played, time.time_ns() // 1000 + SECOND, AN_HOUR)), site))
    site.prove()
    alerts, raw = (_records(site, *topics) for topics in ((site.topics.alerts,), site.topics.sources))
    told = [orjson.loads(record.value) for record in alerts]
    too_early = Counter(a["kind"] for a in told if was_too_early(a, site.topics.journey_map, raw))
    announced = {alert["fingerprint"] for alert in told}
    print(f"{too_early.total()} of {len(announced)} alerts too early")
    assert len(announced) > 100
    assert too_early.total() * (1000 if full else 100) <= len(announced), too_early


def _in_time(played: list[tuple[int, bytes]], site: Site) -> Iterator[Sent]:
    """Each event when it happens; those of one of the shop's partitions later, but no later than is allowed."""
    times = [at for at, _ in played]
    records = zip(times, site.records(raw for _, raw in played), strict=True)
    return in_time(sorted((at + _lag(record), record) for at, record in records))


def _happened(raw: bytes) -> str:
    time: str = orjson.loads(raw)["time"]
    return time


def _lag(record: Sent) -> int:
    lags = record.topic == "shop.events" and partition_for(record.key, PARTITIONS) == 0
    return LAGS if lags else 0


def _records(site: Site, *topics: str) -> list[object]:
    reader = Reader(site.broker.address, topics)
    try:
        return list(reader.news())
    finally:
        reader.close()
