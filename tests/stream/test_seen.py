"""The same (source, id) with other content is another event under a used id: a dead letter, for the first counts."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from journeys.events import Event
from stream.seen import Seen
from tests.support.replaying import replay
from tests.support.scenario import TELECOM, cloudevent, shop


def event(identity: int, content: int) -> Event:
    return Event(f"{identity:018x}.{content:012x}", "shop.order_placed", 0, [], {}, "/shop", "1", [], 0)


ids = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=30)


@given(ids, st.integers(0, 30))
def test_the_first_content_counts_also_across_a_restart(sent: list[tuple[int, int]], cut: int) -> None:
    first: dict[int, int] = {}
    expected = [first.setdefault(identity, content) != content for identity, content in sent]
    before, after = Seen(), Seen()
    found = [before.is_reused(event(*one)) for one in sent[:cut]]
    after.learn(before.news())
    found += [after.is_reused(event(*one)) for one in sent[cut:]]
    assert found == expected


def test_what_was_kept_is_not_kept_again() -> None:
    seen = Seen()
    seen.is_reused(event(1, 1))
    seen.is_reused(event(1, 1))
    assert len(seen.news()) == 15
    assert seen.news() == b""


def test_only_the_latest_are_remembered() -> None:
    seen = Seen(latest=2)
    for identity in (1, 2, 3):
        seen.is_reused(event(identity, 1))
    assert not seen.is_reused(event(1, 2))
    assert seen.is_reused(event(3, 2))


def test_two_ids_that_lie_at_one_place_are_not_taken_for_one() -> None:
    seen = Seen()
    assert not seen.is_reused(event(1, 1))
    assert not seen.is_reused(event(1 + 2**70, 2))
    assert seen.is_reused(event(1, 2))


def test_an_id_used_again_for_somebody_else_is_a_dead_letter(tmp_path: Path) -> None:
    first = cloudevent("09:00", shop.order_placed(order="A-1", email="anna@example.com"), "1")
    other = cloudevent("09:05", shop.order_placed(order="B-2", email="ben@example.com"), "1")
    replayed = replay([first, other, first], TELECOM, tmp_path)
    (letter,) = replayed.dead_letters
    assert (letter["reason"], letter["origin"]) == ("id_reused", "events.jsonl:2")
    assert [journey["correlates"] for journey in replayed.journeys] == ["order:A-1"]
    assert (replayed.summary["folded"], replayed.summary["duplicates"]) == (1, 1)
    assert replayed.reconciles()
