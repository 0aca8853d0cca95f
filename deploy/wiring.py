"""The composition root: the only place that knows both sides, the stream and the read model."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from api.ports import LogAway
from api.store.read_model import ReadModel
from deploy.errors import Unusable
from journeys.errors import InvalidMap
from journeys.journey_map import JourneyMap
from stream.sending import Batches, Sender
from stream.topic_admin import TopicAdmin
from stream.topic_check import Use, obstacles
from stream.topics import Topics
from stream.transports.kafka_address import where
from stream.transports.log import Entry, Log, LogUnavailable, open_log, partition_for

Say = Callable[[str], None]
Found = TypeVar("Found")
LOG, READ_MODEL = "log.sqlite", "read-model.sqlite"
ONLY_LOOKS = Use()
DATABASES = ("sqlite:///", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps its log and read model: in one directory, unless URLs say otherwise."""

    data: Path
    broker_url: str | None = None
    read_model_url: str | None = None

    @property
    def broker(self) -> str:
        return self.broker_url or f"embedded://{(self.data / LOG).resolve()}"

    @property
    def where(self) -> str:
        """The broker as messages name it, without its password."""
        return self.broker if self.is_embedded else where(self.broker)

    @property
    def is_embedded(self) -> bool:
        return self.broker.startswith("embedded:")

    def read_model(self) -> ReadModel:
        """The read model, its schema brought up to date. StoreUnavailable when its database is away."""
        url = self.read_model_url or self._own_read_model()
        if not url.startswith(DATABASES):
            raise Unusable(
                f"--read-model: expected {' or '.join(DATABASES)}…, found {url.partition('://')[0]}://…"
            )
        try:
            model = ReadModel(url)
        except ValueError as error:
            raise Unusable(f"--read-model: expected user:password@host:port/database: {error}") from None
        model.migrate()
        return model

    def must_hold(self, file: str) -> None:
        """Refuse a directory without the file that is asked about, instead of creating it."""
        if not (self.data / file).exists():
            raise Unusable(f"{self.data} has no {file}; which --data had the worker, or --out the replay?")

    def _own_read_model(self) -> str:
        self.data.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{(self.data / READ_MODEL).resolve()}"


def load_map(path: Path) -> JourneyMap:
    try:
        return JourneyMap.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}; expected a journey map") from None
    except UnicodeDecodeError as error:
        raise Unusable(f"{path}: expected UTF-8: {error.reason} at byte {error.start}") from None
    except InvalidMap as error:
        raise Unusable(str(error)) from None


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


@asynccontextmanager
async def opened(
    place: Place, topics: Topics, wait: float, say: Say, use: Use = ONLY_LOOKS
) -> AsyncIterator[Log]:
    """The log with all its topics inside the block; `wait` seconds for a broker that is away at the start.

    On the embedded log the topics are created where they are missing. On Kafka they must be there, for those who
    run it say how many partitions they have, and must be allowed to be used so.
    """
    log = open_log(place.broker)
    if place.is_embedded:
        place.data.mkdir(parents=True, exist_ok=True)
        await log.start()
        await log.create_topics(topics.partitions(1), compacted=topics.compacted)
    else:
        await waited_for(log.start, LogUnavailable, wait, say)
    try:
        if not place.is_embedded:
            await asyncio.to_thread(_check_topics, place, topics, use)
        yield log
    finally:
        await log.stop()


async def waited_for(
    action: Callable[[], Awaitable[Found]], away: type[Exception], seconds: float, say: Say
) -> Found:
    """What the action gives, tried again for a while as long as it raises `away`; Unusable when the time is up."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while True:
        try:
            return await action()
        except away as error:
            if clock() >= deadline:
                raise Unusable(f"gave up after {seconds:g} s: {error}") from error
            say(f"waiting: {error}")
            await asyncio.sleep(min(1, max(deadline - clock(), 0)))


def _check_topics(place: Place, topics: Topics, use: Use) -> None:
    with TopicAdmin(place.broker) as admin:
        wrong = obstacles(topics, use, admin.found(list(topics.partitions(1))))
    if wrong:
        raise Unusable("\n".join(f"{place.where}: {each}" for each in wrong))
