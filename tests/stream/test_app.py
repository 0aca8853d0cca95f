"""Faust acknowledges what an agent failed on once an exception leaves it: none does, of whatever kind."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.app import _agent
from stream.transports.log import Entry, Record
from stream.transports.running import failure, new_app, running
from stream.transports.sqlite_log import SqliteLog, log_url


@pytest.mark.parametrize("error", [ValueError("no such thing"), asyncio.CancelledError()])
async def test_a_batch_that_fails_ends_the_app_and_is_not_acknowledged(
    error: BaseException, tmp_path: Path
) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    await log.start()
    await log.create_topics({"numbers": 1})
    await log.append({("numbers", 0): [Entry(None, b"1")]})

    async def fail(topic: str, partition: int, records: Sequence[Record], is_followed: bool) -> bool:
        raise error

    app = new_app("group", log_url(tmp_path / "log.sqlite"))
    _agent(app, ("numbers",), "reader", fail)
    async with running(app):
        reason = await failure(app)
        assert str(reason) in ("no such thing", "reader: CancelledError()")
        assert await log.committed("group", ["numbers"]) == {("numbers", 0): 0}
    await log.stop()
