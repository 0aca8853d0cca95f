"""A read model that does not answer for a while: stitching goes on, nothing is acknowledged, and all of it arrives."""

import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.working import YIELDS_BY
from tests.support.generator import slices
from tests.support.postgres import Cluster
from tests.support.sites import Site
from tests.support.verifier import Results


def test_the_read_model_yields_to_what_raises_alerts(site: Site) -> None:
    worker = site.start().until_working()
    assert worker.niceness == [0, 0, 0, YIELDS_BY]


@pytest.mark.long
def test_a_read_model_locked_for_long_is_caught_up_with(
    site: Site, some_events: list[bytes], undisturbed: Results, full: bool
) -> None:
    site.start().until_working()
    path = site.read_model.removeprefix("sqlite:///")
    locker = sqlite3.connect(path, isolation_level=None, timeout=30)
    locker.execute("BEGIN EXCLUSIVE")
    locked = time.monotonic()
    site.send(some_events)
    site.until(lambda: site.progress() == len(some_events), "the sources are read")
    time.sleep(max(0.0, locked + (60 if full else 12) - time.monotonic()))
    assert site.progress(role="project") == 0
    locker.execute("ROLLBACK")
    locker.close()
    assert site.prove() == undisturbed


@pytest.mark.long
def test_a_postgresql_that_is_restarted_again_and_again_is_caught_up_with(
    new_site: Callable[..., Site],
    own_postgres: Cluster,
    some_events: list[bytes],
    undisturbed: Results,
    full: bool,
) -> None:
    url = own_postgres.url.replace("postgresql:", "postgresql+psycopg:")
    site = new_site(read_model=url)
    worker = site.start().until_working()
    for part in slices(some_events, 10 if full else 2):
        before = site.progress(role="project")
        with site.sending(part, rate=200):
            site.until(lambda before=before: site.progress(role="project") > before, "it gets on")  # type: ignore[misc]
            own_postgres.stop(signal.SIGQUIT)
            time.sleep(10 if full else 2)
            own_postgres.start()
    assert site.prove() == undisturbed
    assert site.workers == [worker]


@pytest.mark.long
def test_a_read_model_that_is_gone_is_filled_anew(
    site: Site, some_events: list[bytes], undisturbed: Results
) -> None:
    site.start().until_working()
    site.send(some_events)
    site.prove()
    for file in files_of(site.read_model):
        file.unlink()
    site.start().until_working()
    assert site.prove() == undisturbed


@pytest.mark.long
def test_a_damaged_read_model_is_refused_in_clear_words(site: Site) -> None:
    site.start().until_working()
    site.prove()
    for file in files_of(site.read_model):
        file.write_bytes(b"not a database any more" * 1000)
    worker = site.start()
    assert worker.until_ended() == 2, worker.said
    assert "damaged" in worker.said


def files_of(read_model: str) -> list[Path]:
    path = Path(read_model.removeprefix("sqlite:///"))
    return list(path.parent.glob(f"{path.name}*"))
