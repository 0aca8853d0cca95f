"""Contract tests run on both logs: `url` names an embedded log of the test's own, or the real broker."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream.transports.log import Log, open_log
from stream.transports.sqlite_log import log_url


@pytest.fixture(params=["embedded", "kafka"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "kafka":
        return str(request.getfixturevalue("kafka").url)
    return log_url(tmp_path / "log with, strange; signs?.sqlite")


@pytest.fixture
def name() -> str:
    """A name no other test uses, for a topic or a group."""
    return f"n{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def log(url: str) -> AsyncIterator[Log]:
    log = open_log(url)
    await log.start()
    yield log
    await log.stop()


@pytest.fixture
async def topic(log: Log, name: str) -> str:
    """A topic of three partitions."""
    await log.create_topics({name: 3})
    return name
