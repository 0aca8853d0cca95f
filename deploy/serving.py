"""Serving: the API and the page on a port, until told to stop."""

import asyncio
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI

from deploy.errors import Unusable
from stream.topics import Topics
from stream.transports.log import Log, LogError


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
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False))
    serving = asyncio.ensure_future(_serve(server, host, port))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        bound = server.servers[0].sockets[0].getsockname()[1]
        started(f"http://{host}:{bound}")
    await serving


async def _serve(server: uvicorn.Server, host: str, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:
        raise Unusable(
            f"can't listen on {host}:{port}; is another process using it? Choose another with --port"
        ) from None
