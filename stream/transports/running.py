"""Faust apps in our own event loop: no worker of Faust's, no banner, signal handlers or redirected output."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import faust
from faust.tables.manager import TableManager

from stream.transports.kafka import faust_settings
from stream.transports.log import LogError
from stream.transports.sqlite_log import log_path, log_url

STOP_SECONDS = 20.0
COMMIT_SECONDS = {"embedded": 0.1, "kafka": 0.5}

# A commit that takes longer than the time to the next one is nothing to worry an operator with.
logging.getLogger("mode.timers").setLevel(logging.ERROR)


class _NoTables(TableManager):  # type: ignore[misc]
    """Without tables there is nothing to wait for: Faust sleeps a second here."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class App(faust.App):  # type: ignore[misc]
    """A Faust app that leaves no files behind."""

    def _create_directories(self) -> None: ...


def new_app(group: str, log: str, **settings: Any) -> App:
    """A Faust app that consumes as `group` from the log at the URL `log`, in batches; it creates nothing.

    Give its topics key_serializer='raw' and value_serializer='raw', its agents concurrency=1."""
    scheme = log.partition("://")[0]
    return App(
        group,
        **{
            **({"broker": log_url(log_path(log))} if scheme == "embedded" else faust_settings(log)),
            "store": "memory://",
            "web_enabled": False,
            "topic_allow_declare": False,
            "topic_disable_leader": True,
            "broker_commit_interval": COMMIT_SECONDS[scheme],
            "broker_session_timeout": 10.0,
            "stream_buffer_maxsize": 16,
            "stream_wait_empty": True,
            "TableManager": _NoTables,
            **settings,
        },
    )


@asynccontextmanager
async def running(app: App, stop_within: float = STOP_SECONDS) -> AsyncIterator[App]:
    """Runs the app inside the block; it has its partitions when the block begins.

    Raises what the app failed with while it started. At the block's end running batches are finished and
    committed; TimeoutError if that takes longer than `stop_within` seconds: then end the process, nothing is
    lost."""
    try:
        await app.start()
        _raise_if_crashed(app)
        yield app
    finally:
        await _stop(app, stop_within)


async def failure(app: App) -> BaseException:
    """Waits until the app fails, and returns why; nothing of a failed app goes on."""
    await app._crashed.wait()
    return app.crash_reason or LogError(f"{app.conf.id}: stopped for an unknown reason")


def _raise_if_crashed(app: App) -> None:
    if app.crashed:
        raise app.crash_reason or LogError(f"{app.conf.id}: did not start")


async def _stop(app: App, within: float) -> None:
    stopping = asyncio.ensure_future(app.stop())  # swallows cancellation, hence no asyncio.timeout
    await asyncio.wait({stopping}, timeout=within)
    if not stopping.done():
        raise TimeoutError(f"{app.conf.id}: did not stop within {within:g} s")
    await stopping
