"""Closing: what is over leaves the working state, and is called back by whatever reaches it; no result tells."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.actors import CLOSED, EVENT, FORWARD
from journeys.events import Event
from journeys.journey_map import JourneyMap
from stream.changelog import row_key
from stream.closing import closed_rows, held_in
from stream.partition_rows import MemoryRows
from stream.rocksdb_memory import RocksMemory
from stream.rocksdb_rows import RocksRows
from stream.transports.log import Log
from tests.support.replaying import without_diagnostics
from tests.support.scenario import (
    ANNA,
    ANNAS_PHONE,
    SIM,
    TELECOM,
    activation,
    call_center,
    event_of,
    fold_all,
    instant,
    shop,
)
from tests.support.stitching import Document, Stitching
from tests.support.telecom_days import day, loosely_tied_orders

SHORT = JourneyMap.parse(TELECOM.replace("keep_closed: 30d", "keep_closed: 1m"))
END = instant("20th 00:00")
some_events = st.lists(
    st.sampled_from([*loosely_tied_orders(SHORT), *day(SHORT)]),
    min_size=1,
    max_size=60,
    unique_by=lambda event: event.key,
)


@settings(max_examples=40)
@given(some_events, st.integers(1, 4), st.integers(0, 2**32), st.booleans())
def test_whatever_is_closed_when_the_results_are_those_of_never_closing(
    events: list[Event], count: int, seed: int, on_disk: bool
) -> None:
    asyncio.run(_play(events, count, random.Random(seed), on_disk))


async def _play(events: list[Event], count: int, chance: random.Random, on_disk: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def on_disk_rows(log: Log, topic: str, partition: int) -> RocksRows:
            return RocksRows(Path(folder) / f"rows-{partition}", log, topic, partition, RocksMemory(5))

        rows_of = on_disk_rows if on_disk else MemoryRows
        path = Path(folder) / "log.sqlite"
        async with Stitching(SHORT, path, count, chance, deaths=0.1, rows_of=rows_of) as stitching:
            inbox = [event for event in events for _ in range(2 if chance.random() < 0.3 else 1)]
            chance.shuffle(inbox)
            while inbox:
                await stitching.observe(inbox.pop())
                if chance.random() < 0.3:
                    await stitching.seen_up_to(chance.randint(instant("12:00"), END))
                if chance.random() < 0.6:
                    await stitching.step()
                if chance.random() < 0.05:
                    await stitching.restart_all()
            await stitching.settle()
            stitching.log.deaths = 0
            await stitching.seen_up_to(END)
            await stitching.settle()
            expected = fold_all(SHORT, events, dict.fromkeys(SHORT.departments, END))
            for kind in ("journeys", "customers", "alerts"):
                assert await _standing(stitching, kind) == _by_id(getattr(expected, kind))


async def _standing(stitching: Stitching, kind: str) -> dict[str, Document]:
    published = await stitching.published(kind)
    return _by_id([document for document in published.values() if document.get("status") != "withdrawn"])


def _by_id(documents: list[Document]) -> dict[str, Document]:
    return {each.get("id") or each["fingerprint"]: without_diagnostics(each) for each in documents}


@pytest.fixture(params=[1, 3])
async def stitching(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stitching]:
    async with Stitching(SHORT, tmp_path / "log.sqlite", request.param, random.Random(7)) as stitching:
        yield stitching


async def _annas_order_is_over(stitching: Stitching) -> None:
    await _annas_order_is_done(stitching)
    await stitching.seen_up_to(instant("12:00"))
    await stitching.settle()


async def _annas_order_is_done(stitching: Stitching) -> None:
    await stitching.observe(
        event_of(SHORT, "09:00", shop.order_placed(order="A-1", email=ANNA)),
        event_of(SHORT, "10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}])),
        event_of(SHORT, "11:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE)),
    )
    await stitching.settle()


async def _rows(stitching: Stitching) -> dict[str, int]:
    """How many rows of each kind the changelog has."""
    latest = {}
    for partition in range(stitching.count):
        async for records in stitching.log.read(stitching.topics.state, partition):
            latest.update({(partition, record.key): record.value for record in records})
    kinds = [row_key(key)[0] for (_, key), value in latest.items() if value is not None]
    return {kind: kinds.count(kind) for kind in (CLOSED, EVENT, FORWARD)}


async def test_what_is_over_becomes_one_row_and_its_identifiers_stay_known(stitching: Stitching) -> None:
    await _annas_order_is_over(stitching)
    assert await _rows(stitching) == {CLOSED: 1, EVENT: 0, FORWARD: 3}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_late_event_finds_its_journey_though_that_was_closed(
    stitching: Stitching, restarted: bool
) -> None:
    await _annas_order_is_over(stitching)
    if restarted:
        await stitching.restart_all()
    await stitching.observe(
        event_of(SHORT, "10:30", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
    )
    await stitching.settle()
    (journey,) = (await stitching.published("journeys")).values()
    assert "call_center.call_received" in [entry["type"] for entry in journey["timeline"]]
    assert await stitching.alerts() == {"unrecognised_caller": "open"}
    assert await _rows(stitching) == {CLOSED: 0, EVENT: 4, FORWARD: 3}


async def test_an_event_that_came_before_changes_nothing_and_what_is_over_is_closed_again(
    stitching: Stitching,
) -> None:
    await _annas_order_is_over(stitching)
    before = await stitching.published("journeys")
    await stitching.observe(event_of(SHORT, "09:00", shop.order_placed(order="A-1", email=ANNA)))
    await stitching.settle()
    assert await stitching.published("journeys") == before
    assert await _rows(stitching) == {CLOSED: 1, EVENT: 0, FORWARD: 3}


async def test_what_nothing_has_reached_since_it_was_over_is_closed_without_being_judged_again(
    stitching: Stitching,
) -> None:
    await _annas_order_is_done(stitching)
    folds = stitching.counted("baton_neighbourhoods_folded_total")
    await stitching.seen_up_to(instant("12:00"))
    await stitching.settle()
    assert (await _rows(stitching))[CLOSED] == 1
    assert stitching.counted("baton_neighbourhoods_folded_total") == folds


async def test_what_has_an_open_alert_is_not_closed(stitching: Stitching) -> None:
    await stitching.observe(event_of(SHORT, "09:00", shop.order_placed(order="A-1", email=ANNA)))
    await stitching.settle()
    await stitching.seen_up_to(END)
    await stitching.settle()
    assert (await _rows(stitching))[CLOSED] == 0


async def test_a_crash_while_it_is_closed_or_called_back_loses_nothing(tmp_path: Path) -> None:
    for lives_for in range(1, 30):
        path = tmp_path / f"{lives_for}.sqlite"
        async with Stitching(SHORT, path, 1, random.Random(0)) as stitching:
            stitching.log.lives_for = lives_for
            await _annas_order_is_over(stitching)
            await stitching.observe(
                event_of(SHORT, "10:30", call_center.call_received(caller=ANNAS_PHONE, recognised=False))
            )
            await stitching.settle()
            assert await stitching.alerts() == {"unrecognised_caller": "open"}
            if (stitching.log.lives_for or 0) > 0:
                return
    raise AssertionError("it died every time: try more")


def test_a_closed_row_holds_all_that_was_there() -> None:
    absorb = ("absorb", [("k1", b'["k1"]')], ["email:anna@example.com"], ["order:A-1"], {"j:1": b"1"})
    ((_, row),) = closed_rows("order:A-1", absorb, 0)
    assert held_in(row) == absorb


def test_what_is_large_is_closed_in_several_rows() -> None:
    events = [(f"k{n}", b'["%s"]' % (b"x" * 400_000)) for n in range(3)]
    rows = dict(closed_rows("order:A-1", ("absorb", events, [], [], {}), 0))
    assert len(rows) == 3
    assert [event for row in rows.values() for event in held_in(row)[1]] == events
