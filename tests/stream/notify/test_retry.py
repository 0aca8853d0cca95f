from itertools import islice

import pytest

from stream.notify.receiver import NotifyError
from stream.notify.retry import until_done, waits


def test_waits_double_up_to_a_minute_and_never_end() -> None:
    assert list(islice(waits(lambda: 0.0), 9)) == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert next(islice(waits(lambda: 0.0), 5000, None)) == 60


def test_jitter_takes_up_to_half_of_a_wait_away() -> None:
    assert list(islice(waits(lambda: 1.0), 3)) == [0.25, 0.5, 1]


class Attempts:
    """Fails as told, one error an attempt, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.slept: list[float] = []

    async def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_it_asks_again_until_it_is_done() -> None:
    attempts = Attempts(*[NotifyError("away", permanent=False)] * 3)
    await until_done(attempts, attempts.sleep, lambda: 0.0)
    assert attempts.slept == [0.5, 1, 2]


@pytest.mark.parametrize("error", [NotifyError("refused", permanent=True), RuntimeError("a bug")])
async def test_it_does_not_ask_again_for_what_will_not_change(error: Exception) -> None:
    attempts = Attempts(error)
    with pytest.raises(type(error)):
        await until_done(attempts, attempts.sleep, lambda: 0.0)
    assert attempts.slept == []
