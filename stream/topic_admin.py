"""Looks at a Kafka cluster's topics, and carries out a topic plan."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from stream.publisher.client import away, explained
from stream.topic_check import Found
from stream.topic_plan import Cluster, Step, Topic
from stream.transports.kafka_address import client_settings, where
from stream.transports.kafka_greeting import greet
from stream.transports.log import LogError

CONNECT_SECONDS = 10


class TopicAdmin:
    """A context manager. Every error is a LogError that names the remedy; LogUnavailable when Kafka is away."""

    def __init__(self, broker: str) -> None:
        """Not within an event loop."""
        self._place, settings = where(broker), client_settings(broker)
        asyncio.run(greet(self._place, settings))
        with self._explaining():
            self._admin = KafkaAdminClient(bootstrap_timeout_ms=CONNECT_SECONDS * 1000, **settings)

    def __enter__(self) -> "TopicAdmin":
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()

    def cluster(self, names: Sequence[str]) -> Cluster:
        """The cluster as it is, of its topics those named."""
        with self._explaining():
            brokers = len(self._admin.describe_cluster()["brokers"])
            described = self._admin.describe_topics(list(names))
        present = [topic for topic in described if not self._is_missing(topic)]
        configs = self._configs([topic["name"] for topic in present])
        topics = {}
        for topic in present:
            name, partitions = topic["name"], topic["partitions"]
            replicas = min(len(partition["replica_nodes"]) for partition in partitions)
            topics[name] = Topic(name, len(partitions), replicas, configs[name])
        return Cluster(brokers, topics)

    def found(self, names: Sequence[str]) -> dict[str, Found]:
        """Each topic as this user finds it."""
        with self._explaining():
            described = self._admin.describe_topics(list(names))
        found = {}
        for topic in described:
            hidden = topic["error_code"] == TopicAuthorizationFailedError.errno
            missing = not hidden and self._is_missing(topic)
            allowed = None if hidden else () if missing else topic["authorized_operations"]
            found[topic["name"]] = Found(len(topic["partitions"]), allowed)
        return {name: found[name] for name in names}

    def _is_missing(self, topic: dict[str, Any]) -> bool:
        if topic["error_code"] not in (0, UnknownTopicOrPartitionError.errno):
            raise explained(for_code(topic["error_code"])(), self._place, topic["name"])
        return bool(topic["error_code"])

    def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        with self._explaining():
            found = self._admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
        for name in names:
            if not found[name]:
                raise explained(TopicAuthorizationFailedError(), self._place, name)
        return {
            name: {key: each["value"] for key, each in settings.items()} for name, settings in found.items()
        }

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Create and change; may be repeated after an error. Steps that are fine or refused are passed over."""
        self._create([step.topic for step in steps if step.action == "create"])
        self._configure([step for step in steps if step.action == "change"])

    def delete(self, topics: Sequence[str], groups: Sequence[str]) -> None:
        """Those that are there; a group that had a member a moment ago is left to Kafka, which drops it in time."""
        with self._explaining():
            present = [
                topic["name"]
                for topic in self._admin.describe_topics(list(topics))
                if not topic["error_code"]
            ]
            if present:
                self._admin.delete_topics(present)
            self._admin.delete_groups(list(groups))

    def _create(self, topics: Sequence[Topic]) -> None:
        if topics:
            new = {
                topic.name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": topic.replication,
                    "configs": dict(topic.config),
                }
                for topic in topics
            }
            with self._explaining():
                answer = self._admin.create_topics(new, raise_errors=False)
                for topic in answer["topics"]:
                    if topic["error_code"]:
                        error = for_code(topic["error_code"])(topic.get("error_message"))
                        raise explained(error, self._place, topic["name"])
                self._admin.wait_for_topics(list(new))

    def _configure(self, steps: Sequence[Step]) -> None:
        if steps:
            resources = [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    step.topic.name,
                    {name: value for name, (_, value) in step.changes.items()},
                )
                for step in steps
            ]
            with self._explaining():
                outcomes = self._admin.alter_configs(resources)["topic"]
            refused = [f"{name}: {outcome}" for name, outcome in outcomes.items() if outcome != "OK"]
            if refused:
                raise LogError(f"{self._place} refuses to change {'; '.join(refused)}: check the user's ACLs")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise explained(error, self._place) from error
        except OSError as error:
            raise away(self._place, error) from error
