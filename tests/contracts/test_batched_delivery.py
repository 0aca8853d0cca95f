"""What both Faust drivers promise an agent, with a real Faust app in the test's own event loop."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence

import pytest
from faust.types import TP

from stream.app import _agent, one_by_one
from stream.transports.batches import MAX_RECORDS
from stream.transports.log import Entry, Fenced, Log, LogError, Record
from stream.transports.running import App, failure, new_app, running
from tests.support.consuming import Collector, until, until_committed


def numbered(start: int, end: int) -> list[Entry]:
    return [Entry(f"k{i}".encode(), str(i).encode()) for i in range(start, end)]


async def test_an_agent_gets_all_records_in_order_in_batches_of_one_partition(
    log: Log, url: str, topic: str, name: str
) -> None:
    for start in range(0, 10_000, 2_500):
        await log.append({(topic, partition): numbered(start, start + 2_500) for partition in range(3)})
    collector = Collector(name, url, topic)

    async with running(collector.app):
        await until(lambda: collector.count == 30_000)

    for partition in range(3):
        assert [r.offset for r in collector.records(partition)] == list(range(10_000))
        assert [r.value for r in collector.records(partition)] == [str(i).encode() for i in range(10_000)]
        assert all(0 < len(batch) <= MAX_RECORDS for batch in collector.batches[partition])


async def test_what_is_appended_while_the_app_runs_arrives(log: Log, url: str, topic: str, name: str) -> None:
    collector = Collector(name, url, topic)
    async with running(collector.app):
        for i in range(5):
            await log.append({(topic, 2): numbered(i, i + 1)})
            await until(lambda expected=i + 1: collector.count == expected)  # type: ignore[misc]


async def test_keys_that_are_not_utf8_tombstones_and_headers_pass(
    log: Log, url: str, topic: str, name: str
) -> None:
    await log.append({(topic, 0): [Entry(b"\xff\xfe", None, (("origin", b"\x00"),)), Entry(None, b"\xff")]})
    collector = Collector(name, url, topic)

    async with running(collector.app):
        await until(lambda: collector.count == 2)

    assert [(r.key, r.value, r.headers) for r in collector.records()] == [
        (b"\xff\xfe", None, (("origin", b"\x00"),)),
        (None, b"\xff", ()),
    ]


async def test_only_finished_batches_are_committed(log: Log, url: str, topic: str, name: str) -> None:
    await log.append({(topic, 0): numbered(0, MAX_RECORDS)})
    await log.append({(topic, 0): numbered(MAX_RECORDS, 2 * MAX_RECORDS)})
    may_finish = asyncio.Event()

    async def handle(batch: list[Record]) -> None:
        if batch[-1].offset >= MAX_RECORDS:
            await may_finish.wait()

    collector = Collector(name, url, topic, handle)
    async with running(collector.app):
        await until_committed(url, name, {(topic, 0): MAX_RECORDS, (topic, 1): 0, (topic, 2): 0})
        await collector.app.consumer.commit()
        assert (await log.committed(name, [topic]))[topic, 0] == MAX_RECORDS
        may_finish.set()
        await until_committed(url, name, {(topic, 0): 2 * MAX_RECORDS, (topic, 1): 0, (topic, 2): 0})


async def test_what_arrives_while_the_agent_is_busy_comes_as_one_batch(
    log: Log, url: str, topic: str, name: str
) -> None:
    may_go_on = asyncio.Event()
    collector = Collector(name, url, topic, lambda _: may_go_on.wait())
    async with running(collector.app):
        await log.append({(topic, 0): numbered(0, 1), (topic, 1): numbered(0, 1)})
        for i in range(1, 41):
            await log.append({(topic, 0): numbered(i, i + 1), (topic, 1): numbered(i, i + 1)})
        delivered = collector.app.consumer._read_offset
        await until(lambda: [delivered.get(TP(topic, n)) for n in (0, 1)] == [41, 41])
        may_go_on.set()
        await until(lambda: collector.count == 82)

    for partition in (0, 1):
        assert [r.offset for r in collector.records(partition)] == list(range(41))
        assert len(collector.batches[partition]) <= 2
    assert (await log.committed(name, [topic]))[topic, 0] == 41


async def test_stopping_finishes_and_commits_the_batch_in_work(
    log: Log, url: str, topic: str, name: str
) -> None:
    await log.append({(topic, 0): numbered(0, 500)})
    begun = asyncio.Event()

    async def handle(batch: list[Record]) -> None:
        begun.set()
        await asyncio.sleep(0.3)

    collector = Collector(name, url, topic, handle)
    async with running(collector.app):
        await begun.wait()

    assert collector.count == 500
    assert (await log.committed(name, [topic]))[topic, 0] == 500


async def test_a_restart_resumes_at_the_committed_offset(log: Log, url: str, topic: str, name: str) -> None:
    await log.append({(topic, p): numbered(0, 3_000) for p in range(3)})
    first = Collector(name, url, topic)
    async with running(first.app):
        await until(lambda: first.count == 9_000)
    await log.append({(topic, p): numbered(3_000, 3_100) for p in range(3)})

    second = Collector(name, url, topic)
    async with running(second.app):
        await until(lambda: second.count == 300)

    assert [r.offset for r in second.records(1)] == list(range(3_000, 3_100))


async def test_a_batch_that_hangs_does_not_hold_up_the_stop_for_ever_and_comes_again(
    log: Log, url: str, topic: str, name: str
) -> None:
    """In a process of its own, as its Faust app can only be ended with the process."""
    await log.append({(topic, 0): numbered(0, 10)})
    code = f"""
import asyncio, os
from stream.transports.running import running
from tests.support.consuming import Collector
async def main():
    begun = asyncio.Event()
    async def hang(batch):
        begun.set()
        await asyncio.Event().wait()
    try:
        async with running(Collector({name!r}, {url!r}, {topic!r}, hang).app, stop_within=1):
            await begun.wait()
    except TimeoutError as error:
        print(error, flush=True)
        os._exit(75)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert (process.returncode, output) == (75, f"{name}: did not stop within 1 s\n".encode())

    collector = Collector(name, url, topic)
    async with running(collector.app):
        await until(lambda: collector.count == 10)


def reading(name: str, url: str, topic: str, handle: Callable[[Sequence[Record]], Awaitable[None]]) -> App:
    """An app as Baton's own are."""
    app = new_app(name, url, broker_session_timeout=2.0, broker_heartbeat_interval=0.5)
    _agent(app, (topic,), "reader", one_by_one(lambda _, __, records: handle(records)))
    return app


async def test_a_batch_that_failed_comes_again_however_orderly_the_stop(
    log: Log, url: str, topic: str, name: str
) -> None:
    await log.append({(topic, 0): numbered(0, 10)})

    async def fail(batch: Sequence[Record]) -> None:
        raise ValueError("no such thing")

    app = reading(name, url, topic, fail)
    async with running(app):
        assert str(await failure(app)) == "no such thing"

    collector = Collector(name, url, topic)
    async with running(collector.app):
        await until(lambda: collector.count == 10)


async def test_who_is_behind_may_finish_several_batches_together(
    log: Log, url: str, topic: str, name: str
) -> None:
    """Who is told that more follow gets more; nothing is committed before he says that he is done."""
    total = 4 * MAX_RECORDS + 1
    for start in range(0, total, MAX_RECORDS):
        await log.append({(topic, 0): numbered(start, min(start + MAX_RECORDS, total))})
    app = new_app(name, url, broker_session_timeout=2.0, broker_heartbeat_interval=0.5)
    seen: list[int] = []
    put_off: list[int] = []

    async def handle(_: str, __: int, batch: Sequence[Record], is_followed: bool) -> bool:
        seen.extend(record.offset for record in batch)
        await asyncio.sleep(0.1)  # others arrive
        await app.consumer.commit()
        committed = (await log.committed(name, [topic]))[topic, 0]
        assert committed <= min(put_off, default=len(seen)), "committed what was put off"
        if is_followed:
            put_off.append(batch[0].offset)
            return False
        put_off.clear()
        return True

    _agent(app, (topic,), "reader", handle)
    async with running(app):
        await until_committed(url, name, {(topic, 0): total, (topic, 1): 0, (topic, 2): 0})

    assert seen == list(range(total))


async def test_who_lost_what_he_works_on_gets_his_partitions_anew_and_the_batch_again(
    log: Log, url: str, topic: str, name: str
) -> None:
    for start in range(0, 30, 10):
        await log.append({(topic, 0): numbered(start, start + 10)})
    seen: list[int] = []
    lost = [5, 15]

    async def handle(batch: Sequence[Record]) -> None:
        offsets = [record.offset for record in batch]
        if lost and lost[0] in offsets:
            del lost[0]
            raise Fenced("somebody else has it")
        seen.extend(offsets)

    async with running(reading(name, url, topic, handle)):
        await until_committed(url, name, {(topic, 0): 30, (topic, 1): 0, (topic, 2): 0})

    assert not lost
    assert set(seen) == set(range(30))


async def test_who_has_read_everything_has_committed_the_end(
    log: Log, url: str, topic: str, name: str
) -> None:
    """Though what ends a transaction takes an offset, too."""
    appender = await log.hold(name)
    for start in range(0, 20, 10):
        await appender.append({(topic, p): numbered(start, start + 10) for p in range(3)})
    await log.hold(name)
    collector = Collector(name, url, topic)

    async with running(collector.app):
        await until_committed(url, name, await log.ends([topic]))
        await log.append({(topic, 1): numbered(20, 21)})
        await until_committed(url, name, await log.ends([topic]))

    assert [len(collector.records(p)) for p in range(3)] == [20, 21, 20]


async def test_a_worker_killed_again_and_again_loses_nothing(
    log: Log, url: str, topic: str, name: str
) -> None:
    await log.create_topics({f"{topic}-copy": 1})
    for start in range(0, 12_000, 2_000):
        await log.append({(topic, p): numbered(start, start + 2_000) for p in range(3)})
    worker = [sys.executable, "-m", "tests.support.consuming", name, url, topic, f"{topic}-copy"]

    async def copied() -> int:
        return (await log.ends([f"{topic}-copy"]))[f"{topic}-copy", 0]

    for _ in range(2):
        seen = await copied()
        process = await asyncio.create_subprocess_exec(*worker)
        while await copied() <= seen:
            await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
    process = await asyncio.create_subprocess_exec(*worker)
    await until_committed(url, name, {(topic, p): 12_000 for p in range(3)})
    process.kill()
    await process.wait()

    copies = [record.value async for batch in log.read(f"{topic}-copy", 0) for record in batch]
    assert {int(value or b"") for value in copies} == set(range(12_000))
    assert len(copies) >= 36_000


async def test_several_apps_share_a_process_and_each_gets_everything(
    log: Log, url: str, topic: str, name: str
) -> None:
    collectors = [Collector(f"{name}-{i}", url, topic) for i in range(3)]
    async with running(collectors[0].app), running(collectors[1].app), running(collectors[2].app):
        await log.append({(topic, p): numbered(0, 1_000) for p in range(3)})
        await until(lambda: all(collector.count == 3_000 for collector in collectors))


async def test_an_app_may_consume_from_several_topics(log: Log, url: str, topic: str, name: str) -> None:
    await log.create_topics({f"{topic}-b": 2})
    await log.append({(topic, 2): numbered(0, 10), (f"{topic}-b", 1): numbered(0, 20)})
    collector = Collector(name, url, topic)
    other = collector.app.topic(f"{topic}-b", key_serializer="raw", value_serializer="raw")
    counts: list[int] = []

    @collector.app.agent(other, concurrency=1)
    async def count(stream):  # type: ignore[no-untyped-def]
        async for event in stream.events():
            counts.append(len(event.message.take()))

    async with running(collector.app):
        await until(lambda: collector.count == 10 and sum(counts) == 20)


async def test_a_topic_that_is_missing_fails_the_app_with_its_name(url: str, name: str) -> None:
    collector = Collector(name, url, name)
    with pytest.raises(LogError, match=f"topic {name} does not exist"):
        async with running(collector.app):
            raise await failure(collector.app)
