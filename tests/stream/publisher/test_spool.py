"""The spool: whatever a crash leaves of the file, everything acknowledged and not delivered is still there."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.publisher.spool import Letter, Spool, SpoolDamaged, SpoolFull
from stream.transports.log import Entry, LogError

PLENTY = 1 << 30


def letter(name: str, size: int = 10) -> Letter:
    entry = Entry(
        name.encode(), name.encode() + b"x" * size, (("origin", b"orders.jsonl:1"),), 1_768_471_200_000
    )
    return Letter("shop.events", entry)


def everything(spool: Spool) -> list[Letter]:
    return spool.first(PLENTY)[0]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, PLENTY)
    yield spool
    spool.close()


def test_letters_come_back_as_they_were_and_in_order(spool: Spool) -> None:
    odd = Letter("ä", Entry(None, bytes(range(256)), (("n", b"\xff\n"),), None))
    spool.append([letter("a"), odd])
    spool.append([letter("b")])
    assert everything(spool) == [letter("a"), odd, letter("b")]


def test_what_was_taken_is_gone_and_the_rest_is_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    for name in "abc":
        spool.append([letter(name)])
    taken, end = spool.first(1)
    assert taken == [letter("a")]
    spool.drop(end)
    spool.close()
    again = Spool(tmp_path, PLENTY)
    assert everything(again) == [letter("b"), letter("c")]
    again.close()


def test_an_empty_spool_takes_no_room_on_the_disk(spool: Spool) -> None:
    spool.append([letter("a")])
    spool.drop(spool.first(PLENTY)[1])
    assert spool.path.stat().st_size == spool.waiting == 0
    spool.append([letter("b")])
    assert everything(spool) == [letter("b")]


def test_what_is_delivered_makes_room_though_the_spool_is_never_empty(spool: Spool) -> None:
    for number in range(100):
        spool.append([letter(f"{number}", 50_000)])
        if number >= 3:
            spool.drop(spool.first(1)[1])
    assert spool.path.stat().st_size < 2_000_000
    assert [each.entry.key for each in everything(spool)] == [b"97", b"98", b"99"]


def test_a_full_spool_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1_000)
    spool.append([letter("a", 500)])
    with pytest.raises(SpoolFull, match="its limit is 1,000: get Kafka back"):
        spool.append([letter("b", 500)])
    assert everything(spool) == [letter("a", 500)]
    spool.drop(spool.first(1)[1])
    spool.append([letter("b", 500)])
    assert everything(spool) == [letter("b", 500)]
    spool.close()


def test_two_publishers_cannot_share_a_spool(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="another process publishes with this spool"):
        Spool(tmp_path, PLENTY)


def test_damage_before_whole_events_is_refused_not_skipped(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    for name in "abc":
        spool.append([letter(name)])
    spool.close()
    content = bytearray(spool.path.read_bytes())
    content[30] ^= 1
    spool.path.write_bytes(content)
    with pytest.raises(SpoolDamaged, match="damaged at byte 0, with whole events from byte"):
        Spool(tmp_path, PLENTY)
    assert spool.path.read_bytes() == content


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3), st.integers(0, 200_000)),
        st.tuples(st.just("drop"), st.integers(1, 400_000), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps, st.integers(1, 3), st.data())
def test_a_crash_at_any_byte_loses_nothing_acknowledged_and_repeats_only_what_was_taken(
    steps: list[tuple[str, int, int]], unacknowledged: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as directory:
        spool = Spool(Path(directory), PLENTY)
        acknowledged: list[Letter] = []
        taken = synced = 0
        for what, count, size in steps:
            if what == "append":
                letters = [letter(f"{len(acknowledged) + number}", size) for number in range(count)]
                spool.append(letters)
                acknowledged += letters
                synced = spool.end
            elif what == "drop" and spool.waiting:
                letters, end = spool.first(count)
                spool.drop(end)
                taken += len(letters)
                synced = min(synced, spool.end)  # a shorter file is another one, and synced
            elif what == "restart":
                spool.close()
                spool = Spool(Path(directory), PLENTY)
                assert everything(spool) == acknowledged[taken:]
        # The last append was never acknowledged: any part of it, and of what was not synced, may be on disk.
        spool.append([letter(f"unacknowledged {number}") for number in range(unacknowledged)])
        whole = spool.path.read_bytes()
        spool.close()
        torn = whole[: data.draw(st.integers(synced, len(whole) - 1), label="bytes left")]
        spool.path.write_bytes(torn + data.draw(st.sampled_from([b"", b"\0" * 7, b"\0" * 5_000])))
        after = Spool(Path(directory), PLENTY)
        found = everything(after)
        assert found == acknowledged[len(acknowledged) - len(found) :]
        assert len(found) >= len(acknowledged) - taken
        after.append([letter("next")])
        assert everything(after) == [*found, letter("next")]
        after.close()
