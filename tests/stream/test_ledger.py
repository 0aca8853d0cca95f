"""The identity ledger of live workers: whoever follows it knows every customer by the name they have now."""

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.events import Event
from journeys.journey_map import JourneyMap
from journeys.ledger import CONFLICT, MERGED, SHARED, SPLIT
from tests.support.scenario import TELECOM, call_center, event_of, operator, shop
from tests.support.stitching import Stitching

MAP = JourneyMap.parse(TELECOM)
PHONES = [f"+4917139200{n:02}" for n in range(4)]
EMAILS = [f"c{n}@example.com" for n in range(4)]


def called(n: int, time: str, email: str | None = None) -> Event:
    named = {"email": email} if email else {}
    return event_of(MAP, time, call_center.call_received(caller=PHONES[n], recognised=True, **named))


def told(time: str, what: str, email: str, phone: str) -> Event:
    command = getattr(operator, what)(a=f"email:{email}", b=f"phone:{phone}", by="ops", reason="passport")
    return event_of(MAP, time, command)


async def entries(stitching: Stitching) -> list[dict[str, Any]]:
    found = []
    for partition in range(await stitching.log.partitions(stitching.topics.identity)):
        async for records in stitching.log.read(stitching.topics.identity, partition):
            found += [orjson.loads(record.value or b"") for record in records]
    return found


async def follow(
    folder: str, count: int, *batches: list[Event], seed: int = 1
) -> tuple[list[Any], dict[str, Any]]:
    """The ledger after each batch was settled in turn, and the customers there are at the end."""
    async with Stitching(MAP, Path(folder) / "log.sqlite", count, random.Random(seed)) as stitching:
        for batch in batches:
            await stitching.observe(*batch)
            await stitching.seen_up_to(max(event.time for event in batch))
            await stitching.settle()
        return await entries(stitching), await stitching.published("customers")


async def test_a_link_merges_and_an_unlink_splits(tmp_path: Path) -> None:
    order = event_of(MAP, "10:00", shop.order_placed(order="L-1", email=EMAILS[0]))
    found, customers = await follow(
        str(tmp_path),
        2,
        [order, called(0, "11:00")],
        [told("12:00", "link", EMAILS[0], PHONES[0])],
        [told("13:00", "unlink", EMAILS[0], PHONES[0])],
    )
    assert [entry["type"] for entry in found] == [MERGED, SPLIT]
    merged, split = (entry["data"] for entry in found)
    assert merged["link"]["type"] == "baton.link"
    assert split["split"] == merged["merged"] in customers
    assert split["customer"] == merged["customer"] in customers


async def test_an_identifier_over_its_limit_is_told_once_to_be_shared(tmp_path: Path) -> None:
    kiosk = [
        event_of(
            MAP,
            f"10:0{n}",
            shop.order_placed(order=f"L-{n}", email=f"k{n}@example.com", contact_phone=PHONES[0]),
        )
        for n in range(9)
    ]
    found, _ = await follow(str(tmp_path), 1, *([event] for event in kiosk))
    begun = [entry for entry in found if entry["type"] == SHARED]
    assert [(entry["subject"], entry["data"]["status"]) for entry in begun] == [
        (f"phone:{PHONES[0]}", "begun")
    ]


async def test_an_identifier_stays_shared_though_the_events_that_showed_it_have_left(tmp_path: Path) -> None:
    soon = JourneyMap.parse(
        TELECOM.replace("limit: 5", "limit: 1").replace("limit_within: 4", "limit_within: 1")
    )
    calls = [(0, 0), (0, 1), (1, 0), (1, 1)]
    async with Stitching(soon, tmp_path / "log.sqlite", 1, random.Random(0)) as stitching:
        for n, (phone, email) in enumerate(calls):
            await stitching.observe(called(phone, f"10:0{n}", EMAILS[email]))
            await stitching.settle()
        told = [
            (entry["subject"], entry["data"]["status"])
            for entry in await entries(stitching)
            if entry["type"] == SHARED
        ]
        customers = await stitching.published("customers")
    everyone = [f"email:{EMAILS[0]}", f"email:{EMAILS[1]}", f"phone:{PHONES[0]}", f"phone:{PHONES[1]}"]
    assert sorted(told) == [(identifier, "begun") for identifier in everyone]
    assert len(customers) == len(calls)


async def test_two_crm_numbers_for_one_address_are_told_as_a_conflict(tmp_path: Path) -> None:
    orders = [
        event_of(MAP, f"10:0{n}", shop.order_placed(order=f"L-{n}", email=EMAILS[0], crm=f"C-{n}"))
        for n in range(2)
    ]
    found, _ = await follow(str(tmp_path), 1, orders)
    assert [entry["data"]["status"] for entry in found if entry["type"] == CONFLICT] == ["begun"]


some_calls = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([None, *EMAILS])), min_size=1, max_size=10, unique=True
)


@settings(max_examples=25)
@given(some_calls, st.integers(1, 3), st.integers(0, 2**32))
def test_whoever_follows_the_merges_comes_from_every_customer_there_was_to_one_there_is(
    calls: list[tuple[int, str | None]], count: int, seed: int
) -> None:
    events = [called(n, f"1{i // 60}:{i % 60:02}", email) for i, (n, email) in enumerate(calls)]
    with tempfile.TemporaryDirectory() as folder:
        found, customers = asyncio.run(follow(folder, count, *([event] for event in events), seed=seed))
    now: dict[str, str] = {}
    for entry in found:
        assert entry["type"] == MERGED
        now[entry["data"]["merged"]] = entry["data"]["customer"]
    for gone in now:
        id, steps = gone, 0
        while id not in customers:
            id, steps = now[id], steps + 1
            assert steps <= len(now)
