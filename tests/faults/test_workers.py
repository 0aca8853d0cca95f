"""Workers that are stopped, killed, joined by others and frozen."""

import random
import time
from collections.abc import Callable

import pytest

from tests.support.generator import events, slices
from tests.support.sites import PATIENCE, Site
from tests.support.verifier import Results

SESSION_TIMEOUT = 10.0


def test_clean_restarts_lose_nothing_and_are_over_in_time(
    site: Site, some_events: list[bytes], undisturbed: Results, full: bool
) -> None:
    for part in slices(some_events, 20 if full else 3):
        worker = site.start()
        with site.sending(part):
            before = site.progress()
            worker.until_working()
            site.until(lambda before=before: site.progress() > before, "the worker gets on")  # type: ignore[misc]
            assert worker.stop() == 0, worker.said
    site.start()
    assert site.prove() == undisturbed


def test_kills_at_any_moment_lose_nothing(
    site: Site, seed: int, some_events: list[bytes], undisturbed: Results, chance: random.Random, full: bool
) -> None:
    played = events(seed, 100_000) if full else some_events
    for part in slices(played, 20 if full else 2):
        worker = site.start()
        with site.sending(part):
            worker.until_working()
            time.sleep(chance.uniform(0, 6 if full else 2))
            worker.kill()
    site.start()
    results = site.prove(patience=1800 if full else PATIENCE)
    assert full or results == undisturbed


@pytest.mark.long
def test_a_burst_of_kills_while_a_worker_starts_loses_nothing(
    site: Site, some_events: list[bytes], undisturbed: Results, chance: random.Random
) -> None:
    site.send(some_events)
    for _ in range(20):
        worker = site.start()
        time.sleep(chance.uniform(0, 6))
        worker.kill()
    site.start()
    assert site.prove() == undisturbed


def test_workers_that_join_leave_and_die_share_eight_partitions_and_lose_nothing(
    new_site: Callable[..., Site], some_events: list[bytes], undisturbed: Results, full: bool
) -> None:
    for rate in (200, None) if full else (200,):
        site = new_site(partitions=8)
        with site.sending(some_events, rate):
            first = site.start().until_working()
            second = site.start().until_working()
            third, fourth = site.start(), site.start()
            third.until_working()
            fourth.until_working()
            assert second.stop() == 0, second.said
            third.kill()
            assert first.stop() == 0, first.said
            if full:
                fifth = site.start().until_working()
                fourth.kill()
                site.start().until_working()
                fifth.kill()
        assert site.prove() == undisturbed
        site.close()
        site.wipe()


@pytest.mark.long
def test_a_worker_that_was_frozen_beyond_its_session_does_no_harm_when_it_wakes_up(
    site: Site, some_events: list[bytes], undisturbed: Results
) -> None:
    with site.sending(some_events, rate=200):
        first = site.start().until_working()
        site.start().until_working()
        first.freeze()
        time.sleep(SESSION_TIMEOUT + 60)
        first.thaw()
    assert site.prove() == undisturbed
    assert first.until_ended() == 0, first.said
