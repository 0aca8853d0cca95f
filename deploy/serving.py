"""Serving: the API and the page on a port, until told to stop."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from deploy.errors import Unusable
from stream.topics import Topics
from stream.transports.log import Log, LogError


class _Server(uvicorn.Server):
    """Ends with its own work done and no signal raised again, so that the command's exit code is 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        self.should_exit = True


def log_is_ready(log: Log, topics: Topics) -> Callable[[], Awaitable[list[str]]]:
    """What keeps the log from taking events, if anything."""

    async def ready() -> list[str]:
        try:
            await log.partitions(topics.inbox)
        except LogError as error:
            return [str(error)]
        return []

    return ready


async def serve(app: FastAPI, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. Port 0 takes a free one; `started` is told the address."""
    server = _Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.end)
    serving = asyncio.ensure_future(server.serve([_listening(host, port)]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        bound = server.servers[0].sockets[0].getsockname()[1]
        started(f"http://{host}:{bound}")
    await serving


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Unusable(
            f"can't listen on {host}:{port}: {error.strerror}; is another process using it? Choose another with --port"
        ) from None
