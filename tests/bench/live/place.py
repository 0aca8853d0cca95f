"""Where the whole of it is measured: a broker, an installation on it for each measure, its API."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.kafka import Broker, running
from tests.support.sites import Site

PARTITIONS = 4
PATIENCE = 150.0
REST_SECONDS = 1.5
BATON = Path(sys.executable).with_name("baton")


class Overdue(Exception):
    """Something took far too long: it is not measured."""


@contextmanager
def broker() -> Iterator[Broker]:
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    try:
        yield from running(folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def site(at: Broker, journey_map: str) -> Iterator[Site]:
    """An installation of the map with topics of its own; gone, with its workers, when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    place = Site(at, folder, PARTITIONS, journey_map=journey_map)
    try:
        yield place
        for worker in place.workers:
            if worker.is_running:
                worker.stop()
    finally:
        place.close()
        place.wipe()
        shutil.rmtree(folder)


@contextmanager
def api(place: Site) -> Iterator[str]:
    """`baton api` on the installation's read model; gives its address."""
    words = ["--map", str(place.folder / "map.yaml"), "--broker", place.broker.url, "--port", "0"]
    words += ["--read-model", place.read_model, "--data", str(place.folder / "data")]
    errors = place.folder / "api.log"
    with errors.open("wb") as output:
        process = subprocess.Popen([str(BATON), "api", *words], stdout=output, stderr=output)
    try:
        yield until(lambda: re.search(r"serving (http\S+)", errors.read_text()), "the API serves")[1]
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def until(ask: Callable[[], object], what: str, every: float = 0.05) -> object:
    """What `ask` gives once it is true; Overdue after far too long."""
    deadline = time.monotonic() + PATIENCE
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise Overdue(f"{what}: not within {PATIENCE:g} s")
        time.sleep(every)
    return found


def has_rested(place: Site, *roles: str) -> Callable[[], bool]:
    """Whether the roles have nothing left to read but what the clock sends again and again."""
    read = {
        "ingest": place.topics.sources,
        "stitch": (place.topics.observations,),
        "project": place.topics.documents,
    }
    return lambda: all(place.behind(*read[role], role=role) <= 50 * PARTITIONS for role in roles)
