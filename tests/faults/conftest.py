"""Faults: the most telling run short in `make test`, all of them at full length in `make faults`.

BATON_FAULTS says which: unset, `all` (all of them, short), `full`, or `soak` for the soak alone.
"""

import os
import random
import uuid
from collections.abc import Callable, Container, Iterator
from pathlib import Path

import pytest

from tests.faults.results import Row, keep
from tests.support.generator import events
from tests.support.kafka import Broker, running
from tests.support.sites import Site
from tests.support.verifier import Results

LENGTH = os.environ.get("BATON_FAULTS", "")
FULL = LENGTH == "full"
SECONDS = 300 if LENGTH in ("", "all") else 7200


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: runs by `make faults`, not by `make test`")
    config.addinivalue_line("markers", "soak: runs by `make soak` alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    mine = [item for item in items if item.path.is_relative_to(here)]
    for item in mine:
        item.add_marker(pytest.mark.timeout(SECONDS))
    left_out = [item for item in mine if not _is_wanted(item.keywords)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Every run at full length goes into RESULTS.md at once, so that one that is broken off has told, too."""
    report = yield
    seed = getattr(item, "funcargs", {}).get("session_seed")
    if report.when == "call" and not report.skipped and LENGTH in ("full", "soak") and seed is not None:
        keep([Row.of(report, seed)])
    return report


def _is_wanted(marks: Container[str]) -> bool:
    if "soak" in marks or LENGTH == "soak":
        return LENGTH == "soak" and "soak" in marks
    return bool(LENGTH) or "long" not in marks


@pytest.fixture
def full() -> bool:
    return FULL


@pytest.fixture(scope="session")
def session_seed() -> int:
    """One seed for all faults of a session, so that one undisturbed run shows what all of them must come to."""
    return int(os.environ.get("BATON_FAULTS_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture
def seed(session_seed: int) -> int:
    print(f"to see the same again: BATON_FAULTS_SEED={session_seed}")
    return session_seed


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(f"faults {seed}")


@pytest.fixture
def new_site(own_kafka: Broker, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def new(**options: object) -> Site:
        folder = tmp_path / f"site-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        sites.append(Site(own_kafka, folder, **options))  # type: ignore[arg-type]
        return sites[-1]

    yield new
    for site in sites:
        site.close()


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """A site of four partitions."""
    return new_site()


@pytest.fixture(scope="session")
def some_events(session_seed: int) -> list[bytes]:
    """The input that the faults share."""
    return events(session_seed, 20_000 if FULL else 2_000)


@pytest.fixture(scope="session")
def undisturbed(some_events: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """What one worker that nobody disturbs makes of the input."""
    for broker in running(tmp_path_factory.mktemp("kafka")):
        site = Site(broker, tmp_path_factory.mktemp("undisturbed"))
        site.start().until_working()
        site.send(some_events)
        yield site.prove()
        site.close()
