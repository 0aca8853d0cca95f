"""The composition root: the only place that knows both sides, the stream and the read model."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.ports import LogAway
from api.store.errors import StoreUnavailable
from api.store.read_model import ReadModel
from deploy.errors import Unusable
from journeys.errors import InvalidMap
from journeys.journey_map import JourneyMap
from stream.project import ReadModelAway
from stream.sending import Batches, Sender
from stream.topics import Topics
from stream.transports.log import Entry, Log, LogError, LogUnavailable, partition_for


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps its log and read model: in one directory, unless URLs say otherwise."""

    data: Path
    broker_url: str | None = None
    read_model_url: str | None = None

    @property
    def broker(self) -> str:
        return self.broker_url or f"embedded://{(self.data / 'log.sqlite').resolve()}"

    @property
    def is_embedded(self) -> bool:
        return self.broker.startswith("embedded:")

    def read_model(self) -> ReadModel:
        """The read model, its schema brought up to date."""
        if self.is_embedded or self.read_model_url is None:
            self.data.mkdir(parents=True, exist_ok=True)
        model = ReadModel(self.read_model_url or f"sqlite:///{(self.data / 'read-model.sqlite').resolve()}")
        model.migrate()
        return model


def load_map(path: Path) -> JourneyMap:
    try:
        return JourneyMap.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}; expected a journey map") from None
    except UnicodeDecodeError as error:
        raise Unusable(f"{path}: expected UTF-8: {error.reason} at byte {error.start}") from None
    except InvalidMap as error:
        raise Unusable(str(error)) from None


class StoreWriter:
    """The read model's writer as project's port."""

    def __init__(self, model: ReadModel) -> None:
        self._writer = model.writer

    def apply(self, topic: str, partition: int, records: Sequence[tuple[int, str, bytes | None]]) -> None:
        try:
            self._writer.apply(topic, partition, records)
        except StoreUnavailable as error:
            raise ReadModelAway(str(error)) from error


class LogEvents:
    """The log as the API's port: events are durable when `append` returns."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topics = topics

    async def append(self, events: Sequence[tuple[str, bytes, bytes]]) -> None:
        sender = Sender(self._log)
        batches: Batches = defaultdict(list)
        try:
            for topic, key, value in events:
                name = self._topics.prefix + topic
                count = await sender.partitions(name)
                batches[name, partition_for(key, count)].append(Entry(key, value))
            await self._log.append(batches)
        except LogUnavailable as error:
            raise LogAway(str(error)) from error


async def wait_for_log(log: Log, seconds: float, say: Callable[[str], None]) -> None:
    """Start the log, waiting a while for one that is away; LogError, saying so, when it stays away."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await log.start()
        except LogUnavailable as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise LogError(f"gave up after {seconds:g} s: {error}") from error
            say(f"waiting for the log: {error}")
            await asyncio.sleep(1)
