"""What holding a name promises, on the embedded log and on a real broker.

Readers may see an append a moment after it returned; the next hold of the name is a good moment to look.
"""

import asyncio

import pytest

from stream.transports.log import Entry, EntryTooLarge, Fenced, Log, open_log


async def values(log: Log, topic: str, partition: int) -> list[bytes | None]:
    return [record.value async for batch in log.read(topic, partition) for record in batch]


def numbered(start: int, end: int) -> list[Entry]:
    return [Entry(b"k", str(i).encode()) for i in range(start, end)]


async def test_appends_of_a_holder_are_read_in_their_order(log: Log, topic: str, name: str) -> None:
    appender = await log.hold(name)
    for start in range(0, 3_000, 1_000):
        await appender.append({(topic, p): numbered(start, start + 1_000) for p in (0, 2)} | {(topic, 1): []})
    await log.hold(name)

    assert await values(log, topic, 0) == [str(i).encode() for i in range(3_000)]
    assert await values(log, topic, 2) == await values(log, topic, 0)
    assert await values(log, topic, 1) == []


async def test_who_lost_a_name_writes_nothing_ever_after(log: Log, url: str, topic: str, name: str) -> None:
    first = await log.hold(name)
    await first.append({(topic, 0): [Entry(b"k", b"first")]})
    other = open_log(url)
    await other.start()
    second = await other.hold(name)

    for _ in range(3):
        with pytest.raises(Fenced):
            await first.append({(topic, p): [Entry(b"k", b"stale")] for p in range(3)})
    await second.append({(topic, 0): [Entry(b"k", b"second")]})
    third = await log.hold(name)
    with pytest.raises(Fenced):
        await second.append({(topic, 0): [Entry(b"k", b"stale")]})
    await third.append({(topic, 0): [Entry(b"k", b"third")]})
    await log.hold(name)
    await other.stop()

    assert await values(log, topic, 0) == [b"first", b"second", b"third"]
    assert await values(log, topic, 1) == []


async def test_holders_of_other_names_and_who_holds_none_go_on(log: Log, topic: str, name: str) -> None:
    mine = await log.hold(f"{name}/1")
    await log.hold(f"{name}/2")
    await mine.append({(topic, 0): [Entry(b"k", b"held")]})
    await log.hold(f"{name}/1")
    await log.append({(topic, 0): [Entry(b"k", b"free")]})

    assert await values(log, topic, 0) == [b"held", b"free"]


async def test_a_name_that_was_released_can_be_held_again(log: Log, topic: str, name: str) -> None:
    await (await log.hold(name)).release()
    await (await log.hold(name)).append({(topic, 0): [Entry(b"k", b"v")]})
    await log.hold(name)

    assert await values(log, topic, 0) == [b"v"]


async def test_an_entry_too_large_writes_nothing_and_the_holder_goes_on(
    log: Log, topic: str, name: str
) -> None:
    appender = await log.hold(name)
    with pytest.raises(EntryTooLarge):
        await appender.append({(topic, 0): numbered(0, 5), (topic, 1): [Entry(b"", b"x" * 1_000_001)]})
    await appender.append({(topic, 0): numbered(5, 6)})
    await log.hold(name)

    assert await values(log, topic, 0) == [b"5"]


async def test_when_an_append_returns_everybody_reads_what_the_holder_appended_before(
    log: Log, topic: str, name: str
) -> None:
    appender = await log.hold(name)
    for number in range(20):
        await appender.append({(topic, p): numbered(number, number + 1) for p in range(3)})
        for partition in range(3):
            assert len(await values(log, topic, partition)) >= number


async def test_after_a_hold_nothing_comes_from_who_is_appending_meanwhile(
    log: Log, url: str, topic: str, name: str
) -> None:
    """And each append of his is there in all partitions or in none."""
    other = open_log(url)
    await other.start()
    first = await other.hold(name)
    begun = asyncio.Event()

    async def go_on_for_ever() -> None:
        for number in range(10**6):
            await first.append({(topic, p): numbered(2 * number, 2 * number + 2) for p in range(3)})
            begun.set()

    writing = asyncio.ensure_future(go_on_for_ever())
    await begun.wait()
    await log.hold(name)
    found = [await values(log, topic, p) for p in range(3)]
    with pytest.raises(Fenced):
        await writing
    await other.stop()

    assert [await values(log, topic, p) for p in range(3)] == found
    assert found[0] == found[1] == found[2] == [str(i).encode() for i in range(len(found[0]))]
