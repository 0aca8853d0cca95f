"""What a `KafkaLog` changes beyond appending: topics, and groups that nobody is consuming as."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    CommitFailedError,
    GroupIdNotFound,
    IllegalGenerationError,
    KafkaTimeoutError,
    NonEmptyGroup,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest

from stream.transports.kafka_clients import KafkaClients
from stream.transports.log import GroupInUse, LogError, Partition

COMPACTED = {"cleanup.policy": "compact", "segment.bytes": "52428800"}
PAUSE_SECONDS = 0.1
_SET_FOR_THE_TOPIC = 1


class Shape(NamedTuple):
    """A topic as it is created. `replication` -1: the broker's default."""

    partitions: int
    replication: int
    settings: Mapping[str, str]


class KafkaAdmin:
    """Its methods raise Kafka's errors, but where they say otherwise."""

    def __init__(self, kafka: KafkaClients) -> None:
        self._kafka = kafka

    async def counts(self, topics: Collection[str]) -> dict[str, int]:
        """Number of partitions of those topics that exist and have a leader everywhere."""
        return {
            topic["topic"]: len(topic["partitions"])
            for topic in await self._described(topics)
            if topic["error_code"] == 0 and all(part["error_code"] == 0 for part in topic["partitions"])
        }

    async def create(self, shapes: Mapping[str, Shape]) -> None:
        """Returns when all have leaders; a topic that exists stays as it is."""
        new = [_new_topic(topic, shape) for topic, shape in shapes.items()]
        response = await self._kafka.retrying(lambda: self._kafka.admin.create_topics(new))
        for topic, code, *reason in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise for_code(code)(f"cannot create topic {topic}: {reason[0] if reason else ''}")
        await self._until(lambda present: present >= set(shapes), shapes, "topics without a leader")

    async def shapes(self, topics: Collection[str]) -> dict[str, Shape]:
        """LogError where a topic does not exist."""
        shapes = {}
        for topic in await self._described(topics):
            name, parts = topic["topic"], topic["partitions"]
            if topic["error_code"] == UnknownTopicOrPartitionError.errno:
                raise LogError(f"{self._kafka.where}: topic {name} does not exist: create the topics first")
            settings = await self._settings(name)
            shapes[name] = Shape(len(parts), len(parts[0]["replicas"]), settings)
        return shapes

    async def delete(self, topics: Collection[str]) -> None:
        """Returns when they are gone."""
        response = await self._kafka.retrying(lambda: self._kafka.admin.delete_topics(list(topics)))
        for topic, code, *_ in response.topic_error_codes:
            if code not in (0, UnknownTopicOrPartitionError.errno):
                raise for_code(code)(f"cannot delete topic {topic}")
        await self._until(lambda present: not present, topics, "topics that stay, though they were deleted")

    async def delete_group(self, group: str) -> None:
        """GroupInUse while it has members."""

        async def ask() -> int:
            node = await self._kafka.admin.find_coordinator(group)
            answer = await self._kafka.admin._send_request(DeleteGroupsRequest([group]), node)
            ((_, code),) = answer.results
            if code not in (0, GroupIdNotFound.errno, NonEmptyGroup.errno):
                raise for_code(code)(f"cannot delete group {group}")
            return int(code)

        if await self._kafka.retrying(ask) == NonEmptyGroup.errno:
            raise self._in_use(group)

    async def has_members(self, group: str) -> bool:
        async def ask() -> bool:
            (answer,) = await self._kafka.admin.describe_consumer_groups([group])
            ((code, _, _, _, _, members, *_),) = answer.groups
            if code not in (0, GroupIdNotFound.errno):
                raise for_code(code)(f"cannot describe group {group}")
            return bool(members)

        return await self._kafka.retrying(ask)

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """GroupInUse while the group has members."""
        consumer = self._kafka.consumer(group_id=group)
        try:
            await consumer.start()
            consumer.assign([TopicPartition(*partition) for partition in offsets])
            await consumer.commit({TopicPartition(*partition): at for partition, at in offsets.items()})
        except (CommitFailedError, UnknownMemberIdError, IllegalGenerationError) as error:
            raise self._in_use(group) from error
        finally:
            await consumer.stop()

    def _in_use(self, group: str) -> GroupInUse:
        return GroupInUse(f"{self._kafka.where}: group {group} has members: end those workers first")

    async def _described(self, topics: Collection[str]) -> list[dict[str, Any]]:
        if not topics:
            return []
        described = await self._kafka.retrying(lambda: self._kafka.admin.describe_topics(list(topics)))
        return list(described)

    async def setting(self, topic: str, name: str) -> str:
        """Of a topic, the broker's default where it has none of its own."""
        return str(next(value for found, value, *_ in await self._configured(topic) if found == name))

    async def _settings(self, topic: str) -> dict[str, str]:
        entries = await self._configured(topic)
        return {name: value for name, value, _, source, *_ in entries if source == _SET_FOR_THE_TOPIC}

    async def _configured(self, topic: str) -> list[Any]:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
        (response,) = await self._kafka.retrying(lambda: self._kafka.admin.describe_configs(asked))
        ((code, _, _, _, entries),) = response.resources
        if code:
            raise for_code(code)(f"cannot read the settings of topic {topic}")
        return list(entries)

    async def _until(self, condition: Any, topics: Iterable[str], otherwise: str) -> None:
        deadline = time.monotonic() + self._kafka.patience
        while not condition(present := set(await self.counts(list(topics)))):
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"{otherwise}: {sorted(set(topics) ^ present)}")
            await asyncio.sleep(PAUSE_SECONDS)


def _new_topic(topic: str, shape: Shape) -> NewTopic:
    new = NewTopic(topic, shape.partitions, 1, topic_configs=dict(shape.settings))
    new.replication_factor = shape.replication  # the constructor does not let -1 pass
    return new
