"""Small batches leave time for more to come together."""

import pytest

from stream.pace import Pace


class Day:
    """A clock that goes on when somebody rests, or works."""

    def __init__(self) -> None:
        self.time = 0.0
        self.rests: list[float] = []
        self.pace = Pace(few=10, share=0.25, at_once=1.0, longest=2.0, now=lambda: self.time, rest=self.rest)

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.time += seconds

    async def handle(self, count: int, seconds: float) -> None:
        async with self.pace.keep(count):
            self.time += seconds


async def test_small_batches_that_come_seldom_are_handled_one_after_another() -> None:
    day = Day()
    for _ in range(20):
        await day.handle(1, 0.2)
        day.time += 1.0
    assert day.rests == []


async def test_small_batches_that_never_end_take_their_share_of_the_time() -> None:
    day = Day()
    for _ in range(100):
        await day.handle(1, 0.2)
    assert 100 * 0.2 / day.time == pytest.approx(0.25, rel=0.05)


async def test_a_rest_has_an_end_and_what_it_did_not_make_up_for_is_forgotten() -> None:
    day = Day()
    await day.handle(1, 50.0)
    await day.handle(1, 0.25)
    assert day.rests == [2.0, pytest.approx(0.75)]


async def test_nobody_rests_after_a_large_batch_nor_for_it() -> None:
    day = Day()
    await day.handle(10, 5.0)
    await day.handle(9, 0.25)
    assert day.rests == [pytest.approx(0.75)]


async def test_what_failed_is_not_rested_for() -> None:
    day = Day()
    with pytest.raises(RuntimeError):
        async with day.pace.keep(1):
            day.time += 5.0
            raise RuntimeError
    assert day.rests == []
