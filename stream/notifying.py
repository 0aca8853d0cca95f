"""Notify: changes of alerts go to one receiver and are acknowledged when it has them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from journeys.errors import InvalidEvent
from stream.dead_letters import dead_letter
from stream.notify.notifier import Notifier
from stream.notify.receiver import Alert, Receiver
from stream.sending import Sender, until_available
from stream.topics import Topics
from stream.transports.log import Log, Partition, Record


class Notify:
    """One receiver's notifier on the log: what it was told before is read back from the alerts topic."""

    def __init__(self, receiver: Receiver, log: Log, sender: Sender, topics: Topics) -> None:
        self.name = receiver.name
        self._log = log
        self._sender = sender
        self._topics = topics
        self._notifier = Notifier(receiver, self._refused)
        self._loaded = asyncio.Event()

    async def handle(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Returns when the receiver has them."""
        await self._loaded.wait()
        await self._notifier.handle([_alert(record) for record in records])

    async def load(self, assigned: set[Partition]) -> None:
        """Read back what the receiver was told before, without telling it again."""
        self._loaded.clear()
        self._notifier.load(await until_available(lambda: self._told_before(assigned)))
        self._loaded.set()

    async def _told_before(self, assigned: set[Partition]) -> list[tuple[str, Alert | None]]:
        group = self._topics.group(f"notify-{self.name}")
        committed = await self._log.committed(group, (self._topics.alerts,))
        told: list[tuple[str, Alert | None]] = []
        for topic, partition in sorted(assigned):
            async for records in self._log.read(topic, partition, 0, committed[topic, partition]):
                told += [_alert(record) for record in records]
        return told

    async def remind_forever(self) -> None:
        await self._loaded.wait()
        await self._notifier.resend_forever()

    async def _refused(self, alert: Alert, words: str) -> None:
        value = orjson.dumps(alert)
        record = Record(0, 0, alert["fingerprint"].encode(), value)
        what = f"{self.name}/{alert['fingerprint']}/{alert['status']}"
        letter = dead_letter(InvalidEvent("receiver_refused", f"{self.name}: {words}"), what, 0, record)
        await self._sender.send(self._topics.dead_letters, [letter])


def _alert(record: Record) -> tuple[str, Alert | None]:
    document: Any = orjson.loads(record.value) if record.value is not None else None
    return (record.key or b"").decode(), document
