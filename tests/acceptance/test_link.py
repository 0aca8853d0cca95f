"""Operators say who is who, on running installations: on the embedded log with SQLite, and on Kafka through the API."""

import asyncio
import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.journey_map import JourneyMap
from stream.topics import Topics
from stream.transports.log import open_log
from tests.support.live import BATON, Installation, until

MAP = """
name: lines
departments: {shop: {}, call_center: {}}
identifiers: {email: email, phone: {normaliser: phone, region: DE}, order: order}
events:
  shop.order_placed: {identifiers: {order: data.order, email: data.email}}
  call_center.call_received: {identifiers: {phone: data.phone}}
journeys: {new_line: {starts: shop.order_placed, correlates: order}}
"""


@pytest.fixture(params=["embedded", "kafka"])
async def live(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    place = ["--data", str(tmp_path / "data")]
    if request.param == "kafka":
        broker = request.getfixturevalue("own_kafka")
        topics, log = Topics(JourneyMap.parse(MAP)), open_log(broker.url)
        await log.start()
        await log.create_topics(topics.partitions(2), topics.compacted)
        await log.stop()
        place = ["--broker", broker.url, "--read-model", request.getfixturevalue("postgres_url")]
    with Installation(tmp_path, MAP, place) as installation:
        installation.api()
        installation.worker()
        yield installation


@pytest.fixture
def known(live: Installation) -> Iterator[tuple[str, str]]:
    """The e-mail address of an order and the number of a call, which nothing joins."""
    name = uuid.uuid4().hex[:8]
    email, phone = f"{name}@example.com", f"+49171{int(name, 16) % 10**7:07}"
    live.post("shop.order_placed", f"o-{name}", order=name, email=email)
    live.post("call_center.call_received", f"c-{name}", phone=phone)
    until(lambda: customers(live, email) and customers(live, phone), "both customers")
    assert customers(live, email) != customers(live, phone)
    yield email, phone


def customers(live: Installation, identifier: str) -> list[str]:
    found = live.get(f"/v1/customers?identifier={identifier.replace('+', '%2B')}")["customers"]
    return [customer["id"] for customer in found]


def tell(live: Installation, *words: str) -> str:
    where = (
        ["--api", live.url]
        if live.is_on_kafka
        else ["--map", str(live.map), "--data", str(live.folder / "data")]
    )
    done = subprocess.run([str(BATON), *words, *where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_link_makes_two_customers_one_and_an_unlink_two_again(
    live: Installation, known: tuple[str, str]
) -> None:
    email, phone = known
    before = customers(live, email), customers(live, phone)

    why = "--by", "anna", "--reason", "she said so on the phone"
    assert f"email:{email} and phone:{phone} are one customer's, says anna" in tell(
        live, "link", email, phone, *why
    )
    until(lambda: customers(live, email) == customers(live, phone), "one customer")

    (explained,) = json.loads(tell(live, "explain", email, "--json"))
    (link,) = explained["chains"][f"phone:{phone}"]["links"]
    assert (link["type"], link["source"]) == ("baton.link", "/baton/operators")
    assert explained["chains"][f"phone:{phone}"]["weakest_link"] == link

    tell(live, "unlink", f"phone:{phone}", email, *why)
    until(lambda: (customers(live, email), customers(live, phone)) == before, "two customers again")


def test_an_explanation_by_the_api_is_that_of_the_command(live: Installation, known: tuple[str, str]) -> None:
    email, _ = known
    (id,) = customers(live, email)
    (explained,) = json.loads(tell(live, "explain", email, "--json"))
    by_api = live.get(f"/v1/customers/{id}/identity?identifier=email:{email}")
    assert by_api == {name: explained[name] for name in by_api}
    assert by_api["weakest_link"]["type"] == "shop.order_placed"


@pytest.mark.parametrize("live", ["embedded"], indirect=True)
def test_who_linked_what_and_why_is_kept_on_the_topic_of_commands(
    live: Installation, known: tuple[str, str]
) -> None:
    told = json.loads(tell(live, "link", *known, "--by", "ben", "--reason", "same passport", "--json"))
    assert told["data"] == {
        "a": f"email:{known[0]}",
        "b": f"phone:{known[1]}",
        "by": "ben",
        "reason": "same passport",
    }
    assert asyncio.run(commands(live)) == [told]


async def commands(live: Installation) -> list[Any]:
    log = open_log(f"embedded://{live.folder}/data/log.sqlite")
    await log.start()
    try:
        return [
            json.loads(record.value or b"")
            async for records in log.read("baton.commands", 0)
            for record in records
        ]
    finally:
        await log.stop()


@pytest.mark.parametrize("live", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("nobody@example.com", "nobody is known by nobody@example.com"),
        ("n/a", "nobody is known by n/a"),
        ("{email}", "are the same identifier, email:"),
        ("e-mail:x@example.com", "nobody is known by e-mail:x@example.com"),
    ],
)
def test_a_link_to_what_nobody_bears_is_refused_and_nothing_is_told(
    live: Installation, known: tuple[str, str], other: str, said: str
) -> None:
    words = ["link", known[0], other.format(email=known[0].upper()), "--reason", "a slip"]
    done = subprocess.run(
        [str(BATON), *words, "--api", live.url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert asyncio.run(commands(live)) == []
