"""Stitch on a real embedded log: what is published at the end does not depend on what happened on the way."""

import asyncio
import random
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.events import Event
from journeys.fold import Fold
from journeys.journey_map import JourneyMap
from stream.dead_letters import read_dead_letters
from stream.stitch import JUDGED_AFTER
from stream.transports.log import Entry, partition_for
from tests.support import claims
from tests.support.replaying import without_diagnostics
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    OTHER_SIM,
    SIM,
    TELECOM,
    activation,
    call_center,
    event_of,
    instant,
    shop,
)
from tests.support.stitching import Stitching
from tests.support.telecom_days import day, loosely_tied_orders

MAP = JourneyMap.parse(TELECOM)
END = instant("20th 00:00")


some_events = st.lists(
    st.sampled_from([*loosely_tied_orders(MAP), *day(MAP)]),
    min_size=1,
    max_size=60,
    unique_by=lambda event: event.key,
)


some_claims = st.lists(
    st.sampled_from([*claims.departments(), *claims.commands()]),
    min_size=1,
    max_size=40,
    unique_by=lambda event: event.key,
)


@settings(max_examples=25)
@given(some_events, st.integers(1, 4), st.integers(0, 2**32))
def test_what_is_published_at_the_end_is_what_the_events_come_to(
    events: list[Event], count: int, seed: int
) -> None:
    asyncio.run(_play(MAP, events, count, random.Random(seed)))


LIMITED = TELECOM.replace("order: order ", "order: {normaliser: order, limit: 2} ")
SHARED_SOON = JourneyMap.parse(
    re.sub(r"limit(_within)?: 5|limit_within: 4", lambda m: f"{m[0][:-1]}1", LIMITED)
)


@settings(max_examples=25)
@given(some_events, st.integers(1, 4), st.integers(0, 2**32))
def test_what_is_published_at_the_end_is_the_same_where_identifiers_are_shared(
    events: list[Event], count: int, seed: int
) -> None:
    asyncio.run(_play(SHARED_SOON, events, count, random.Random(seed)))


@settings(max_examples=25)
@given(some_claims, st.integers(1, 4), st.integers(0, 2**32))
def test_who_is_who_does_not_depend_on_the_order_of_claims_links_and_unlinks_either(
    events: list[Event], count: int, seed: int
) -> None:
    asyncio.run(_play(claims.MAP, events, count, random.Random(seed)))


async def _play(journey_map: JourneyMap, events: list[Event], count: int, chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Stitching(
            journey_map, Path(folder) / "log.sqlite", count, chance, deaths=0.15
        ) as stitching:
            inbox = [event for event in events for _ in range(2 if chance.random() < 0.2 else 1)]
            chance.shuffle(inbox)
            while inbox:
                await stitching.observe(inbox.pop())
                if chance.random() < 0.1:
                    await stitching.seen_up_to(chance.randint(instant("00:00"), END))
                if chance.random() < 0.4:
                    await stitching.step()
                if stitching.log.asleep and chance.random() < 0.2:
                    await stitching.log.wake_one()
            await stitching.settle()
            stitching.log.deaths = 0
            await stitching.seen_up_to(END)
            await stitching.settle()
            while stitching.log.asleep:
                assert not await stitching.log.wake_one()
            expected = Fold(journey_map)(
                map(Event.encode, events), dict.fromkeys(journey_map.departments, END)
            )
            assert await _standing(stitching, "journeys") == _by_id(expected.journeys)
            assert await _standing(stitching, "customers") == _by_id(expected.customers)
            assert await _standing(stitching, "alerts") == _by_id(expected.alerts)


async def _standing(stitching: Stitching, kind: str) -> dict[str, Any]:
    """What is published and was not withdrawn."""
    published = await stitching.published(kind)
    return _by_id([document for document in published.values() if document.get("status") != "withdrawn"])


def _by_id(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {each.get("id") or each["fingerprint"]: without_diagnostics(each) for each in documents}


def _lying_in(partition: int, kind: str, values: list[str]) -> str:
    """The first of the values whose identifier belongs to this one of two partitions."""
    return next(v for v in values if partition_for(f"{kind}:{v}".encode(), 2) == partition)


async def test_a_partition_that_is_behind_judges_once_what_many_records_touch(tmp_path: Path) -> None:
    events = [
        event_of(MAP, f"{hour}:00", call_center.call_received(email=ANNA, recognised=True))
        for hour in range(10, 20)
    ]
    for puts_off, folds in ((False, 10), (True, 1)):
        log = tmp_path / f"{puts_off}.sqlite"
        async with Stitching(MAP, log, 1, random.Random(0)) as stitching:
            await stitching.observe(*events)
            for _ in range(9):
                await stitching.take(0, most=1, puts_off=puts_off)
            assert stitching.counted("baton_neighbourhoods_folded_total") == folds - 1
            await stitching.take(0)
            assert stitching.counted("baton_neighbourhoods_folded_total") == folds
            (customer,) = (await stitching.published("customers")).values()
            assert customer["events"] == 10


async def test_what_others_do_not_know_of_an_event_has_nobody_judged_again(tmp_path: Path) -> None:
    phone = _lying_in(1, "phone", [ANNAS_PHONE, "+491701234568", "+491701234569", "+491701234570"])
    email = _lying_in(0, "email", [ANNA, "anna@example.org", "anna@example.net", "anna@example.eu"])
    async with Stitching(MAP, tmp_path / "log.sqlite", 2, random.Random(0)) as stitching:
        await stitching.observe(
            event_of(MAP, "10:00", call_center.call_received(caller=phone, email=email, recognised=True))
        )
        await stitching.settle()
        assert stitching.counted("baton_neighbourhoods_folded_total") == 1
        (customer,) = (await stitching.published("customers")).values()
        assert customer["events"] == 1


async def test_a_partition_that_stays_behind_is_judged_every_few_seconds_all_the_same(tmp_path: Path) -> None:
    events = [
        event_of(MAP, f"{hour}:00", call_center.call_received(email=ANNA, recognised=True))
        for hour in range(10, 20)
    ]
    async with Stitching(MAP, tmp_path / "log.sqlite", 1, random.Random(0)) as stitching:
        await stitching.observe(*events)
        folds = []
        for _ in range(9):
            await stitching.take(0, most=1, puts_off=True)
            folds.append(stitching.counted("baton_neighbourhoods_folded_total"))
            stitching.seconds += JUDGED_AFTER / 2
    assert folds == [0, 0, 1, 1, 1, 2, 2, 2, 3]


async def test_an_owner_that_died_on_its_way_out_does_not_have_the_last_word(tmp_path: Path) -> None:
    order = _lying_in(1, "order", [f"A-{n}" for n in range(20)])
    email = _lying_in(0, "email", [f"anna{n}@example.com" for n in range(20)])
    async with Stitching(MAP, tmp_path / "log.sqlite", 2, random.Random(0)) as stitching:
        await stitching.observe(
            event_of(MAP, "09:00", shop.order_placed(order=order)),
            event_of(MAP, "10:00", call_center.call_received(order=order, email=email, recognised=True)),
        )
        await stitching.take(0)
        stitching.log.lives_for = 1
        await stitching.take(1)
        stitching.log.lives_for = None
        await stitching.take(0)
        await stitching.take(1, most=1)
        await stitching.settle()
        (journey,) = (await stitching.published("journeys")).values()
    assert [entry["type"] for entry in journey["timeline"]] == [
        "shop.order_placed",
        "call_center.call_received",
    ]


async def test_who_wakes_up_when_another_has_taken_over_has_no_say_any_more(tmp_path: Path) -> None:
    async with Stitching(MAP, tmp_path / "log.sqlite", 1, random.Random(0)) as stitching:
        await _deliver_to_anna(stitching)
        await stitching.settle()
        await stitching.seen_up_to(instant("15:00"))
        stitching.log.falls_asleep = True
        await stitching.take(0)
        await stitching.observe(
            event_of(MAP, "13:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE))
        )
        await stitching.settle()
        assert await stitching.alerts() == {}

        assert not await stitching.log.wake_one()
        assert await stitching.alerts() == {}


async def test_who_wakes_up_before_another_has_taken_over_is_still_heard(tmp_path: Path) -> None:
    async with Stitching(MAP, tmp_path / "log.sqlite", 1, random.Random(0)) as stitching:
        await _deliver_to_anna(stitching)
        await stitching.settle()
        await stitching.seen_up_to(instant("15:00"))
        stitching.log.falls_asleep = True
        await stitching.take(0)
        await stitching.observe(
            event_of(MAP, "13:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE))
        )
        assert await stitching.log.wake_one()
        assert await stitching.alerts() == {"missing": "open"}
        await stitching.settle()
        assert await stitching.alerts() == {"missing": "withdrawn"}


@pytest.fixture
async def stitching(tmp_path: Path) -> AsyncIterator[Stitching]:
    async with Stitching(MAP, tmp_path / "log.sqlite", 3, random.Random(7)) as stitching:
        yield stitching


async def _deliver_to_anna(stitching: Stitching) -> None:
    await stitching.observe(
        event_of(MAP, "09:00", shop.order_placed(order="A-1", email=ANNA)),
        event_of(MAP, "10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}])),
    )


async def test_a_missing_handoff_is_announced_when_its_departments_watermark_passes(
    stitching: Stitching,
) -> None:
    await _deliver_to_anna(stitching)
    await stitching.seen_up_to(instant("14:00"))
    await stitching.settle()
    assert await stitching.alerts() == {}
    await stitching.seen_up_to(instant("20:00"), ["shop", "call_center"])
    await stitching.settle()
    assert await stitching.alerts() == {}
    await stitching.seen_up_to(instant("14:01"), ["activation"])
    await stitching.settle()
    assert await stitching.alerts() == {"missing": "open"}


async def test_an_alert_is_withdrawn_when_it_turns_out_to_have_happened_in_time(stitching: Stitching) -> None:
    await _deliver_to_anna(stitching)
    await stitching.seen_up_to(instant("15:00"))
    await stitching.settle()
    await stitching.observe(event_of(MAP, "13:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE)))
    await stitching.settle()
    assert await stitching.alerts() == {"missing": "withdrawn"}


async def test_an_alert_is_resolved_when_it_happened_late(stitching: Stitching) -> None:
    await _deliver_to_anna(stitching)
    await stitching.seen_up_to(instant("15:00"))
    await stitching.settle()
    (open_alert,) = await stitching.published("alerts")
    await stitching.observe(event_of(MAP, "14:30", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE)))
    await stitching.settle()
    assert await stitching.alerts() == {"late": "resolved"}
    assert open_alert in await stitching.published("alerts")


async def test_after_a_restart_nothing_is_withdrawn_before_watermarks_are_reported_again(
    stitching: Stitching,
) -> None:
    await _deliver_to_anna(stitching)
    await stitching.seen_up_to(instant("15:00"))
    await stitching.settle()
    await stitching.restart_all()
    # Ben's order, in whatever partition, makes the workers load their state; no watermark is known to them yet.
    for n in range(9):
        await stitching.observe(event_of(MAP, f"11:0{n}", shop.order_placed(order=f"B-{n}")))
    await stitching.observe(event_of(MAP, "11:00", shop.order_placed(order="A-1", email=ANNA)))
    await stitching.settle()
    assert await stitching.alerts() == {"missing": "open"}
    await stitching.seen_up_to(instant("16:00"))
    await stitching.settle()
    assert await stitching.alerts() == {"missing": "open"}


async def test_after_a_restart_an_announced_alert_is_published_again(stitching: Stitching) -> None:
    await _deliver_to_anna(stitching)
    await stitching.seen_up_to(instant("15:00"))
    await stitching.settle()
    before = await stitching.log.ends([stitching.topics.alerts])
    await stitching.restart_all()
    await stitching.seen_up_to(instant("15:00"))
    await stitching.settle()
    assert sum((await stitching.log.ends([stitching.topics.alerts])).values()) == sum(before.values()) + 1


async def test_a_deadline_that_passed_just_before_a_crash_is_judged_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.judging.FOLDED_AT_ONCE", 1)
    async with Stitching(MAP, tmp_path / "log.sqlite", 1, random.Random(0)) as stitching:
        for order, sim in (("A-1", SIM), ("A-2", OTHER_SIM)):
            await stitching.observe(
                event_of(MAP, "09:00", shop.order_placed(order=order)),
                event_of(MAP, "10:00", shop.parcel_delivered(order=order, items=[{"iccid": sim}])),
            )
        await stitching.settle()
        await stitching.seen_up_to(instant("15:00"))
        stitching.log.lives_for = 2
        await stitching.settle()
        alerts = (await stitching.published("alerts")).values()
    assert [alert["kind"] for alert in alerts if alert["handoff"] == "activation"] == ["missing", "missing"]


async def test_an_id_used_again_for_something_else_is_a_dead_letter_once(stitching: Stitching) -> None:
    events = [
        event_of(MAP, "10:00", call_center.call_received(id="call-1", email=ANNA, topic=topic))
        for topic in ("bill", "network")
    ]
    source = (stitching.topics.sources[0], 0)
    for offset, event in enumerate(events):
        await stitching.log.append({source: [Entry(None, event.id.encode())]})
        await stitching.observe(event._replace(origins=[[*source, offset]]))
    await stitching.settle()
    await stitching.restart_all()
    await stitching.observe(event_of(MAP, "11:00", call_center.call_received(email=ANNA)))
    await stitching.settle()
    letters = await read_dead_letters(stitching.log, stitching.topics.dead_letters)
    assert [(letter["reason"], letter["origin"], letter["value"]) for letter in letters] == [
        ("id_reused", None, "call-1")
    ]


async def test_a_silent_department_is_one_alert_and_what_it_owes_is_not_called_missing(
    tmp_path: Path,
) -> None:
    allowing_two_hours = JourneyMap.parse(
        TELECOM.replace("activation:\n    owner", "activation:\n    silent_after: 2h\n    owner", 1)
    )
    heard = instant("11:00")
    async with Stitching(allowing_two_hours, tmp_path / "log.sqlite", 3, random.Random(0)) as stitching:
        await _deliver_to_anna(stitching)
        await stitching.hear("activation", heard)
        await stitching.seen_up_to(instant("15:00"), heard={"activation": heard})
        await stitching.settle()
        assert await stitching.alerts() == {"silent_department": "open"}
        await stitching.restart_all()
        await stitching.seen_up_to(instant("15:30"))
        await stitching.settle()
        assert await stitching.alerts() == {"silent_department": "open"}
        await stitching.hear("activation", instant("16:00"))
        await stitching.seen_up_to(instant("16:01"), heard={"activation": instant("16:00")})
        await stitching.settle()
        assert await stitching.alerts() == {"missing": "open", "silent_department": "resolved"}
