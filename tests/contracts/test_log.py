"""What every log promises, on the embedded log and on a real broker."""

import asyncio

import pytest
from aiokafka.partitioner import DefaultPartitioner

from stream.transports.log import (
    BATCH_BYTES,
    MAX_ENTRY_BYTES,
    Entry,
    EntryTooLarge,
    Log,
    LogError,
    Record,
    cut_into_runs,
    open_log,
    partition_for,
)
from stream.transports.running import running
from tests.support.consuming import Collector, until


async def everything(log: Log, topic: str, partition: int = 0, start: int = 0) -> list[Record]:
    return [record async for batch in log.read(topic, partition, start) for record in batch]


async def test_what_was_appended_is_read_in_order_with_rising_offsets(log: Log, topic: str) -> None:
    entries = [Entry(f"k{i}".encode(), f"v{i}".encode()) for i in range(5_000)]
    await log.append({(topic, 1): entries[:3_000]})
    await log.append({(topic, 1): entries[3_000:]})

    records = await everything(log, topic, 1)

    assert [(r.key, r.value) for r in records] == [(e.key, e.value) for e in entries]
    assert [r.offset for r in records] == list(range(5_000))
    assert await everything(log, topic, 0) == []


async def test_key_value_headers_and_timestamp_come_back_byte_for_byte(log: Log, topic: str) -> None:
    headers = (("origin", b"file.jsonl:17"), ("empty", b""), ("none", None), ("origin", b"again"))
    entries = [
        Entry(b"\xff\xfe not utf-8", b"\x00\xff", headers, 1_768_464_000_123),
        Entry(None, b"no key"),
        Entry(b"tombstone", None),
        Entry(b"", b""),
    ]
    await log.append({(topic, 0): entries})

    records = await everything(log, topic)

    assert [(r.key, r.value, r.headers) for r in records] == [(e.key, e.value, e.headers) for e in entries]
    assert records[0].timestamp == 1_768_464_000_123
    assert records[1].timestamp > 1_768_464_000_123


async def test_one_append_writes_to_several_partitions_and_topics(log: Log, topic: str) -> None:
    await log.create_topics({f"{topic}-other": 1})
    await log.append(
        {(topic, 0): [Entry(b"a", b"1")], (f"{topic}-other", 0): [Entry(b"b", b"2")], (topic, 2): []}
    )

    ends = await log.ends([topic, f"{topic}-other"])

    assert ends == {(topic, 0): 1, (topic, 1): 0, (topic, 2): 0, (f"{topic}-other", 0): 1}


async def test_a_read_starts_and_ends_within_a_batch(log: Log, topic: str) -> None:
    await log.append({(topic, 0): [Entry(None, str(i).encode()) for i in range(100)]})
    await log.append({(topic, 0): [Entry(None, str(i).encode()) for i in range(100, 200)]})

    records = [record async for batch in log.read(topic, 0, 30, 150) for record in batch]

    assert [r.offset for r in records] == list(range(30, 150))


async def test_a_read_ends_at_the_end_as_of_its_start(log: Log, topic: str) -> None:
    await log.append({(topic, 0): [Entry(None, b"before")]})
    values = []
    async for batch in log.read(topic, 0):
        values += [record.value for record in batch]
        await log.append({(topic, 0): [Entry(None, b"meanwhile")]})

    assert values == [b"before"]


async def test_many_large_entries_are_cut_into_batches_that_the_log_takes(log: Log, topic: str) -> None:
    entries = [Entry(b"k", bytes([i]) * 300_000) for i in range(20)]
    entries.append(Entry(b"", b"x" * MAX_ENTRY_BYTES))
    await log.append({(topic, 0): entries})

    assert [r.value for r in await everything(log, topic)] == [e.value for e in entries]


async def test_an_entry_too_large_is_refused_and_nothing_of_the_call_is_written(log: Log, topic: str) -> None:
    fits = Entry(b"fits", b"1")
    with pytest.raises(EntryTooLarge, match=r"'huge'.*1,000,005 bytes"):
        await log.append({(topic, 0): [fits], (topic, 1): [fits, Entry(b"huge", b"x" * 1_000_001)]})

    assert set((await log.ends([topic])).values()) == {0}


async def test_appends_from_several_tasks_all_arrive_each_in_its_order(log: Log, topic: str) -> None:
    async def write(writer: int) -> None:
        for i in range(20):
            await log.append(
                {(topic, 0): [Entry(bytes([writer]), bytes([i])), Entry(bytes([writer]), bytes([i]))]}
            )

    await asyncio.gather(*(write(writer) for writer in range(5)))

    records = await everything(log, topic)
    for writer in range(5):
        values = [r.value for r in records if r.key == bytes([writer])]
        assert values == [bytes([i]) for i in range(20) for _ in range(2)]


async def test_another_client_reads_what_was_appended_at_once(log: Log, url: str, topic: str) -> None:
    await log.append({(topic, 0): [Entry(b"k", b"v")]})
    other = open_log(url)
    await other.start()

    assert [r.value for r in await everything(other, topic)] == [b"v"]
    await other.stop()


async def test_creating_topics_again_changes_nothing(log: Log, topic: str) -> None:
    await log.append({(topic, 0): [Entry(b"k", b"v")]})
    await log.create_topics({topic: 3, f"{topic}.state": 2}, compacted=[f"{topic}.state"])
    await log.create_topics({topic: 3, f"{topic}.state": 2}, compacted=[f"{topic}.state"])

    assert (await log.partitions(topic), await log.partitions(f"{topic}.state")) == (3, 2)
    assert len(await everything(log, topic)) == 1


async def test_a_topic_with_another_number_of_partitions_is_an_error(log: Log, topic: str) -> None:
    with pytest.raises(LogError, match=f"{topic} has 3 partitions, expected 4"):
        await log.create_topics({topic: 4})


async def test_a_missing_topic_is_named_and_not_created(log: Log, name: str) -> None:
    for asking in (
        lambda: log.partitions(name),
        lambda: log.append({(name, 0): [Entry(None, b"1")]}),
        lambda: log.ends([name]),
        lambda: log.committed("group", [name]),
        lambda: everything(log, name),
    ):
        with pytest.raises(LogError, match=f"topic {name} does not exist: create the topics first"):
            await asking()


async def test_a_missing_partition_is_named(log: Log, topic: str) -> None:
    with pytest.raises(LogError, match=f"topic {topic} has no partition 3, only 3"):
        await log.append({(topic, 3): [Entry(None, b"1")]})


async def test_a_group_that_never_committed_is_at_zero(log: Log, topic: str, name: str) -> None:
    assert await log.committed(name, [topic]) == {(topic, 0): 0, (topic, 1): 0, (topic, 2): 0}


@pytest.mark.parametrize("wrong", ["", "log.sqlite", "redis://localhost", "sqlite:///log", "embedded://"])
def test_an_unknown_url_is_refused_with_what_was_expected(wrong: str) -> None:
    with pytest.raises(LogError, match=r"expected embedded:///path/to/log.sqlite"):
        open_log(wrong)


def test_keys_land_where_every_kafka_client_puts_them() -> None:
    choose = DefaultPartitioner()
    for i in range(1_000):
        key = f"order:{i}".encode()
        assert partition_for(key, 7) == choose(key, list(range(7)), list(range(7)))


def test_no_batch_grows_beyond_its_limit_and_none_is_empty() -> None:
    entries = [Entry(b"k" * 10, b"v" * size) for size in (1, 899_000, 2_000, 999_990, 5, 5)]

    batches = cut_into_runs({("topic", 0): entries})["topic", 0]

    assert [entry for batch in batches for entry in batch] == entries
    assert all(batch and (len(batch) == 1 or sum(e.size for e in batch) <= BATCH_BYTES) for batch in batches)


async def test_a_commit_sets_where_a_group_goes_on_also_back(log: Log, topic: str, name: str) -> None:
    await log.append({(topic, 0): [Entry(b"k", b"v")] * 9})
    await log.commit(name, {(topic, 0): 7, (topic, 2): 0})
    await log.commit(name, {(topic, 0): 3})

    assert await log.committed(name, [topic]) == {(topic, 0): 3, (topic, 1): 0, (topic, 2): 0}


async def test_a_group_is_in_use_while_somebody_consumes_as_it(
    log: Log, url: str, topic: str, name: str
) -> None:
    other = f"{name}-other"
    await log.append({(topic, 0): [Entry(b"k", b"v")] * 9})
    collector = Collector(name, url, topic)
    async with running(collector.app):
        await until(lambda: collector.count == 9)
        assert await log.in_use([name, other]) == [name]
        with pytest.raises(LogError, match=f"group {name} has members: end those workers first"):
            await log.discard([topic], [name])
        assert len(await everything(log, topic)) == 9
    await log.commit(name, {(topic, 0): 4})

    assert await log.in_use([name, other]) == []
    assert (await log.committed(name, [topic]))[topic, 0] == 4


async def test_discarded_topics_begin_anew_and_groups_forget(log: Log, topic: str, name: str) -> None:
    kept, compacted = f"{topic}-kept", f"{topic}-compacted"
    await log.create_topics({kept: 1, compacted: 2}, compacted=[compacted])
    for each in (topic, kept, compacted):
        await log.append({(each, 0): [Entry(b"k", b"before")] * 5})
    for group in (name, f"{name}-kept"):
        await log.commit(group, {(topic, 0): 5, (kept, 0): 5})

    await log.discard([topic, compacted], [name, f"{name}-never-seen"])
    await log.discard([topic, compacted], [name])

    assert await log.ends([topic, compacted]) == dict.fromkeys(
        [(topic, 0), (topic, 1), (topic, 2), (compacted, 0), (compacted, 1)], 0
    )
    assert await log.committed(name, [topic, kept]) == dict.fromkeys(
        [(topic, 0), (topic, 1), (topic, 2), (kept, 0)], 0
    )
    assert await log.committed(f"{name}-kept", [kept]) == {(kept, 0): 5}
    assert len(await everything(log, kept)) == 5
    await log.append({(topic, 0): [Entry(b"k", b"after")]})
    assert [(r.offset, r.value) for r in await everything(log, topic)] == [(0, b"after")]


async def test_discarding_a_missing_topic_changes_nothing(log: Log, topic: str, name: str) -> None:
    await log.append({(topic, 0): [Entry(b"k", b"v")]})
    with pytest.raises(LogError, match=f"{name}-missing does not exist: create the topics first"):
        await log.discard([topic, f"{name}-missing"], [])
    assert len(await everything(log, topic)) == 1


async def test_an_append_tells_where_its_entries_lie(log: Log, topic: str) -> None:
    for count in (1, 3):
        entries = {(topic, partition): [Entry(None, b"%d" % n) for n in range(count)] for partition in (0, 2)}
        for partition, end in (await log.append(entries)).items():
            found = [r async for records in log.read(*partition, end - count, end) for r in records]
            assert [(r.offset, r.value) for r in found] == [
                (end - count + n, each.value) for n, each in enumerate(entries[partition])
            ]


async def test_a_holders_append_tells_where_its_entries_lie(log: Log, topic: str, name: str) -> None:
    holder = await log.hold(name)
    for _ in range(2):
        ends = await holder.append({(topic, 1): [Entry(None, b"a"), Entry(None, b"b")]})
        end = ends[topic, 1]
        found = [r async for records in log.read(topic, 1, end - 2, end) for r in records]
        assert [r.value for r in found] == [b"a", b"b"]
    await holder.release()


async def test_a_log_says_for_how_long_tombstones_can_be_read(log: Log, name: str) -> None:
    await log.create_topics({name: 1}, compacted=[name])
    assert await log.tombstones_kept(name) == 86_400_000
