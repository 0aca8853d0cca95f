"""Feeds that lag for hours, uneven partitions, restarts: no alert too early, and in the end those of a replay."""

import random
from pathlib import Path

import orjson
import pytest

from journeys.instants import DAY, parse_instant
from journeys.journey_map import JourneyMap
from tests.support.feeds import Feeds
from tests.support.generator import events
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
from tests.support.verifier import expected, latest_results

MAP = JourneyMap.parse("".join(line for line in WHOLE_TELECOM.splitlines(True) if "silent_after" not in line))
WAIT_FOR_WATERMARKS = ("missing", "stuck")
"""The other kinds are told as soon as events show them, and may be revised by what is learnt later."""


def published(seed: int, count: int, chance: random.Random) -> list[tuple[int, bytes]]:
    """Each event as late as its department is allowed, or a little less."""
    told = []
    for raw in events(seed, count):
        event = orjson.loads(raw)
        allowed = MAP.departments[event["type"].partition(".")[0]].allowed_delay
        delay = chance.choice((0, allowed, chance.randint(0, allowed)))
        told.append((parse_instant(event["time"]) + delay, raw))
    return sorted(told)


@pytest.mark.parametrize("partitions", [2, 3, 4])
async def test_however_feeds_lag_no_deadline_is_judged_too_early_and_all_ends_as_in_a_replay(
    tmp_path: Path, partitions: int
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with Stitching(MAP, tmp_path / "log.sqlite", partitions, chance) as stitching:
        feeds = Feeds(stitching, partitions, chance)
        last = await feeds.live_through(published(seed, 300, chance))
        await feeds.settle(last + 60 * DAY)
        announced = await feeds.records(stitching.topics.alerts)
        wanted, _ = expected(MAP, await feeds.records())
    alerts = [orjson.loads(record.value) for record in announced]
    assert {alert["kind"] for alert in alerts} >= {"missing", "jeopardy"}
    assert not [a for a in alerts if a["status"] == "withdrawn" and a["kind"] in WAIT_FOR_WATERMARKS]
    assert latest_results(announced) == {
        id: value for id, value in wanted.items() if b'"fingerprint":' in value
    }


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
