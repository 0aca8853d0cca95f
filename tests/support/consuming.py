"""A small real Faust app for tests: it collects what its agent is handed."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from stream.transports.log import Entry, Offsets, Record, open_log
from stream.transports.running import App, new_app, running

Handler = Callable[[list[Record]], Awaitable[None]]


class Collector:
    """A Faust app that keeps the batches that `handle` has finished, per partition."""

    def __init__(self, group: str, url: str, topic: str, handle: Handler | None = None) -> None:
        self.app: App = new_app(group, url, broker_session_timeout=2.0, broker_heartbeat_interval=0.5)
        self.batches: dict[int, list[list[Record]]] = defaultdict(list)
        raw = self.app.topic(topic, key_serializer="raw", value_serializer="raw")

        @self.app.agent(raw, concurrency=1)
        async def collect(stream):  # type: ignore[no-untyped-def]
            async for event in stream.events():
                records = event.message.take()
                if handle is not None:
                    await handle(records)
                self.batches[event.message.tp.partition].append(records)
                self.app.consumer.finish(event.message)

    def records(self, partition: int = 0) -> list[Record]:
        return [record for batch in self.batches[partition] for record in batch]

    @property
    def count(self) -> int:
        return sum(len(batch) for batches in self.batches.values() for batch in batches)


async def until(condition: Callable[[], object]) -> None:
    """Waits for what must come; the test's own time limit ends it."""
    while not condition():
        await asyncio.sleep(0.01)


async def until_committed(url: str, group: str, expected: Mapping[tuple[str, int], int]) -> Offsets:
    log = open_log(url)
    await log.start()
    topics = {topic for topic, _ in expected}
    while (committed := await log.committed(group, topics)) != expected:
        await asyncio.sleep(0.05)
    await log.stop()
    return committed


async def copy(group: str, url: str, source: str, target: str) -> None:
    """Copies batches from topic to topic for ever: the worker that tests kill."""
    log = open_log(url)
    await log.start()

    async def append(batch: list[Record]) -> None:
        await log.append({(target, 0): [Entry(record.key, record.value) for record in batch]})
        await asyncio.sleep(0.02)

    async with running(Collector(group, url, source, append).app):
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    asyncio.run(copy(*sys.argv[1:]))
