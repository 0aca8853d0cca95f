"""What is to be done so that a Kafka cluster has the topics a journey map needs. Decides only; topic_admin acts.

The number of partitions of a topic never changes: keys would land elsewhere, so that identifiers would not find their
rows, and a document's newer version would not replace its older one. A department's topic may have any number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stream.topics import Topics

Action = Literal["create", "change", "fine", "refuse"]

MINUTE_MS, DAY_MS = 60_000, 86_400_000
MAX_MESSAGE_BYTES = 1_048_588
COMPACTED = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "segment.ms": str(60 * MINUTE_MS),
    "segment.bytes": "52428800",
    "delete.retention.ms": str(7 * DAY_MS),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is, or as it is wanted. `config`: Kafka's names and values, as text."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the plan depends on: the number of brokers, the topics by name."""

    brokers: int
    topics: Mapping[str, Topic]


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one topic. changes: setting → (is, is wanted) · why: of a refusal, or what to know."""

    action: Action
    topic: Topic
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    why: str = ""


def wanted_topics(
    topics: Topics, partitions: int, replication: int, min_insync: int, retention_ms: int
) -> list[Topic]:
    """Every topic of the map: department topics, observations and dead letters are kept for `retention_ms`."""
    common = {"min.insync.replicas": str(min_insync), "max.message.bytes": str(MAX_MESSAGE_BYTES)}
    kept = {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}
    return [
        Topic(name, count, replication, {**(COMPACTED if name in topics.compacted else kept), **common})
        for name, count in topics.partitions(partitions).items()
    ]


def plan(topics: Topics, wanted: Sequence[Topic], cluster: Cluster) -> list[Step]:
    """A step for each topic that is wanted, in that order. One refusal forbids all."""
    return [
        _change(topics, topic, cluster) if topic.name in cluster.topics else _creation(topic, cluster)
        for topic in wanted
    ]


def _creation(topic: Topic, cluster: Cluster) -> Step:
    if topic.replication > cluster.brokers:
        why = (
            f"{topic.replication} replicas need as many brokers, the cluster has {cluster.brokers}: "
            "add brokers, or give a smaller --replication"
        )
        return Step("refuse", topic, why=why)
    if why := _never_writable(topic, topic.replication):
        return Step("refuse", topic, why=why)
    return Step("create", topic)


def _change(topics: Topics, wanted: Topic, cluster: Cluster) -> Step:
    present = cluster.topics[wanted.name]
    if wanted.partitions != present.partitions and wanted.name not in topics.sources:
        return Step("refuse", present, why=_why_not_repartition(topics, wanted, cluster))
    if why := _never_writable(wanted, present.replication):
        return Step("refuse", present, why=why)
    changes = {
        name: (present.config.get(name, ""), value)
        for name, value in wanted.config.items()
        if present.config.get(name) != value
    }
    return Step(
        "change" if changes else "fine", present, changes, "; ".join(_notes(wanted, present, changes))
    )


def _never_writable(topic: Topic, replication: int) -> str:
    if int(topic.config["min.insync.replicas"]) <= replication:
        return ""
    return (
        f"nobody could write to it: min.insync.replicas {topic.config['min.insync.replicas']} is more than its "
        f"{replication} replicas: give a smaller --min-insync, or more replicas (kafka-reassign-partitions)"
    )


def _why_not_repartition(topics: Topics, wanted: Topic, cluster: Cluster) -> str:
    now = cluster.topics[wanted.name].partitions
    if wanted.name == topics.tallies:
        return f"it has {now} partitions and needs 1: stop the workers, delete it, and apply again"
    why = f"it has {now} partitions, not {wanted.partitions}, and keys would land elsewhere"
    if wanted.name in (pair := (topics.observations, topics.state)):
        why += ": routing is by partition"
        counts = [cluster.topics[name].partitions for name in pair if name in cluster.topics]
        if len(set(counts)) > 1:
            why += f"; {pair[0]} and {pair[1]} need equally many, and have {counts[0]} and {counts[1]}"
    return (
        f"{why}. Either give --partitions {now}; or stop the workers, delete the consumer groups "
        f"{topics.group('*')} and the topics that workers write ({topics.observations}, {topics.state}, "
        f"{', '.join(topics.documents)}, {topics.tallies}, {topics.seen}, {topics.dead_letters}), and apply again: "
        "the workers then rebuild from the departments' topics, as far back as those reach"
    )


def _notes(wanted: Topic, present: Topic, changes: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    if wanted.partitions != present.partitions:
        yield f"keeps its {present.partitions} partitions, so that a repeated event lands where the first did"
    if present.replication < wanted.replication:
        yield f"has {present.replication} replicas: kafka-reassign-partitions gives it {wanted.replication}"
    if _keeps_less(changes):
        yield "Kafka will delete records that it keeps now"


def _keeps_less(changes: Mapping[str, tuple[str, str]]) -> bool:
    if "cleanup.policy" in changes:
        return True
    now, later = changes.get("retention.ms", ("0", "0"))
    return bool(now) and (int(now) < 0 or int(now) > int(later) >= 0)
