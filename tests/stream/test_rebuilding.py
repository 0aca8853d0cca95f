"""What a rebuild keeps of alerts and dead letters, on a real embedded log."""

import random
from pathlib import Path
from typing import Any

import orjson

from journeys.journey_map import JourneyMap
from stream.carried import carry, is_carried
from stream.dead_letters import read_dead_letters
from stream.map_version import refuse_other_state
from stream.notify.open_alerts import OpenAlerts
from stream.rebuilding import discard_results, settle_letters
from stream.topics import Topics
from stream.transports.log import Entry
from tests.support.scenario import ANNA, SIM, TELECOM, call_center, event_of, instant, shop
from tests.support.stitching import Stitching

MAP = JourneyMap.parse(TELECOM)
PATIENT = JourneyMap.parse(TELECOM.replace("within: 4h", "within: 4d"))
REBUILT = instant("16:00")
DAY = [
    event_of(MAP, "09:00", shop.order_placed(order="A-1", email=ANNA)),
    event_of(MAP, "10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}])),
    event_of(MAP, "11:00", call_center.call_received(email=ANNA, recognised=False)),
]


def stitching(path: Path, journey_map: JourneyMap = MAP, count: int = 3) -> Stitching:
    return Stitching(journey_map, path / "log.sqlite", count, random.Random(3))


async def before(worker: Stitching) -> None:
    await worker.observe(*DAY)
    await worker.seen_up_to(instant("15:00"))
    await worker.settle()
    assert await worker.alerts() == {"missing": "open", "unrecognised_caller": "open"}


async def rebuild(worker: Stitching, journey_map: JourneyMap) -> None:
    """Twice, as after an error."""
    for _ in range(2):
        assert await carry(worker.log, Topics(journey_map)) == 2
        await discard_results(worker.log, Topics(journey_map), REBUILT)


async def news_since(worker: Stitching, ends: dict[tuple[str, int], int]) -> list[tuple[str, str]]:
    """What a receiver hears that knows the alerts up to these offsets."""
    told, heard = OpenAlerts(), []
    for (topic, partition), end in ends.items():
        told.remember(await _documents(worker, topic, partition, 0, end))
        for item in await _documents(worker, topic, partition, end, None):
            heard += [(alert["kind"], alert["status"]) for alert in told.news([item])]
            told.remember([item])
    return heard


async def _documents(
    worker: Stitching, topic: str, partition: int, start: int, end: int | None
) -> list[tuple[str, Any]]:
    batches = worker.log.read(topic, partition, start, end)
    return [((r.key or b"").decode(), orjson.loads(r.value or b"null")) async for b in batches for r in b]


async def test_a_rebuild_under_a_changed_map_tells_receivers_only_what_is_different(tmp_path: Path) -> None:
    async with stitching(tmp_path) as worker:
        await before(worker)
        told = await worker.log.ends([worker.topics.alerts])
        await rebuild(worker, PATIENT)
    async with stitching(tmp_path, PATIENT) as worker:
        await refuse_other_state(worker.log, worker.topics.state, PATIENT)
        await worker.observe(*DAY)
        await worker.seen_up_to(instant("15:59"))
        await worker.settle()
        assert await news_since(worker, told) == []
        for time in ("16:01", "16:02", "16:03", "16:04"):
            await worker.seen_up_to(instant(time))
            await worker.settle()
        assert await worker.alerts() == {"missing": "withdrawn", "unrecognised_caller": "open"}
        assert await news_since(worker, told) == [("missing", "withdrawn")]


async def test_what_was_settled_after_a_rebuild_is_settled_once(tmp_path: Path) -> None:
    async with stitching(tmp_path, count=1) as worker:
        await before(worker)
        await rebuild(worker, MAP)
    async with stitching(tmp_path, count=1) as worker:
        for time in ("15:59", "16:00", "16:01"):
            await worker.seen_up_to(instant(time))
            await worker.settle()
            await worker.restart_all()
        alerts = [r async for records in worker.log.read(worker.topics.alerts, 0) for r in records]
    assert [r.offset for r in alerts if b"withdrawn" in (r.value or b"")] == [
        len(alerts) - 2,
        len(alerts) - 1,
    ]
    assert sum(map(is_carried, alerts)) == 2


async def test_a_dead_letter_goes_when_its_record_is_read_again_and_stays_when_it_is_all_that_is_left(
    tmp_path: Path,
) -> None:
    async with stitching(tmp_path, count=1) as worker:
        topics = worker.topics
        await worker.log.append({("shop.events", 0): [Entry(b"k", b"unusable")]})
        letters = [("shop.events", 0), ("old.events", 4), ("baton.journeys", 3), ("webhook/f1/open", 0)]
        for topic, offset in letters:
            letter = {"id": f"{topic}/0/{offset}", "topic": topic, "partition": 0, "offset": offset}
            entry = Entry(letter["id"].encode(), orjson.dumps(letter))
            await worker.log.append({(topics.dead_letters, 0): [entry]})
        assert await settle_letters(worker.log, topics) == 2
        assert await settle_letters(worker.log, topics) == 2
        left = [letter["topic"] for letter in await read_dead_letters(worker.log, topics.dead_letters)]
    assert left == ["old.events", "webhook/f1/open"]
