"""Feeds that lag for hours, uneven partitions, crashes: no alert too early, and in the end those of a replay."""

import random
from collections import Counter
from pathlib import Path

import orjson

from journeys.conflicts import CONFLICT
from journeys.contacts import REPEAT, UNRECOGNISED
from journeys.instants import DAY, parse_instant
from journeys.journey_map import JourneyMap
from journeys.judgement import (
    CONTRADICTORY,
    DUPLICATED,
    FAILED,
    IDENTITY_LATE,
    JEOPARDY,
    LATE,
    MISSING,
    OUT_OF_ORDER,
    STALLED,
    STUCK,
)
from tests.support.feeds import Feeds
from tests.support.generator import MISFORTUNES, events
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    SIM,
    WHOLE_TELECOM,
    activation,
    cloudevent,
    instant,
    shop,
)  # fmt: skip
from tests.support.stitching import Stitching
from tests.support.verifier import expected, latest_results, was_too_early

MAP = JourneyMap.parse("".join(line for line in WHOLE_TELECOM.splitlines(True) if "silent_after" not in line))
KINDS = {
    JEOPARDY, MISSING, STUCK, LATE, IDENTITY_LATE, FAILED, CONTRADICTORY, OUT_OF_ORDER, DUPLICATED, STALLED,
    UNRECOGNISED, REPEAT, CONFLICT,
}  # fmt: skip
RUNS = {2: 2500, 3: 2500, 4: 2500}
"""Partitions of each source and of what is stitched → events."""


def published(seed: int, count: int, chance: random.Random) -> list[tuple[int, bytes]]:
    """Each event as late as its department is allowed, or a little less."""
    told = []
    for raw in events(seed, count, MISFORTUNES):
        event = orjson.loads(raw)
        allowed = MAP.departments[event["type"].partition(".")[0]].allowed_delay
        delay = chance.choice((0, allowed, chance.randint(0, allowed)))
        told.append((parse_instant(event["time"]) + delay, raw))
    return sorted(told)


async def test_however_feeds_lag_and_workers_die_no_alert_comes_too_early_and_all_ends_as_in_a_replay(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    announced: Counter[str] = Counter()
    too_early: list[str] = []
    for partitions, count in RUNS.items():
        chance = random.Random(seed + partitions)
        log = tmp_path / f"log-{partitions}.sqlite"
        async with Stitching(MAP, log, partitions, chance, deaths=0.002) as stitching:
            feeds = Feeds(stitching, partitions, chance)
            last = await feeds.live_through(published(seed + partitions, count, chance))
            await feeds.settle(last + 60 * DAY)
            records, raw = await feeds.records(stitching.topics.alerts), await feeds.records()
        wanted, _ = expected(MAP, raw)
        alerts = {id: value for id, value in wanted.items() if b'"fingerprint":' in value}
        assert latest_results(records) == alerts
        every = [orjson.loads(record.value) for record in records]
        announced.update({alert["fingerprint"]: alert["kind"] for alert in every}.values())
        too_early += [alert["summary"] for alert in every if was_too_early(alert, MAP, raw)]
    print(announced)
    assert announced.keys() >= KINDS
    assert announced.total() > 2000
    assert len(too_early) * 1000 < announced.total(), too_early


async def test_what_its_department_publishes_too_late_is_withdrawn_and_counted_with_its_cause(
    tmp_path: Path,
) -> None:
    chance = random.Random(7)
    order = shop.order_placed(order="A-1", email=ANNA, plan="L", promised_at="2026-01-15T20:00:00Z")
    parcel = shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L")
    line = activation.line_activated(iccid=SIM, phone=ANNAS_PHONE, plan="L")
    async with Stitching(MAP, tmp_path / "log.sqlite", 2, chance) as stitching:
        feeds = Feeds(stitching, 2, chance)
        for time, told in (("09:00", order), ("10:00", parcel)):
            await feeds.live_through([(instant(time), orjson.dumps(cloudevent(time, told, time)))])
        await feeds.settle(instant("15:00"))
        assert (await stitching.alerts())["missing"] == "open"
        await feeds.live_through([(instant("15:00"), orjson.dumps(cloudevent("13:00", line, "late")))])
        await feeds.settle(instant("15:10"))
        assert (await stitching.alerts())["missing"] == "withdrawn"
        assert stitching.counted("baton_alerts_withdrawn_total", kind="missing", cause="late_event") == 1
