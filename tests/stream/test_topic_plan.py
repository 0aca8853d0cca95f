"""What is to be done so that a cluster has the topics of a map: decided without a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from journeys.journey_map import JourneyMap
from stream.topic_plan import Cluster, Step, Topic, plan, wanted_topics
from stream.topics import Topics

DAY_MS = 86_400_000
TOPICS = Topics(
    JourneyMap.parse(
        """
departments: {shop: {}}
identifiers: {order: text}
events: {shop.ordered: {identifiers: {order: data.order}}}
journeys: {purchase: {starts: shop.ordered}}
"""
    )
)


def wanted(partitions: int = 8, replication: int = 1, min_insync: int = 1) -> list[Topic]:
    return wanted_topics(TOPICS, partitions, replication, min_insync, 14 * DAY_MS)


def cluster(topics: Sequence[Topic] = (), brokers: int = 1) -> Cluster:
    return Cluster(brokers, {topic.name: topic for topic in topics})


def steps(topics: Sequence[Topic], found: Cluster) -> dict[str, Step]:
    return {step.topic.name: step for step in plan(TOPICS, topics, found)}


def actions(found: Mapping[str, Step]) -> set[str]:
    return {step.action for step in found.values()}


def test_an_empty_cluster_gets_every_topic() -> None:
    found = steps(wanted(), cluster())
    assert actions(found) == {"create"}
    assert set(found) == {
        *("shop.events", "baton.commands", "baton.inbox", "baton.observations", "baton.state"),
        *(
            "baton.journeys",
            "baton.customers",
            "baton.alerts",
            "baton.identity",
            "baton.tallies",
            "baton.seen",
            "baton.dead-letters",
        ),
    }
    assert {found[name].topic.partitions for name in found} == {8, 1}


def test_documents_and_state_are_compacted_and_the_rest_is_kept_for_a_while() -> None:
    config = {name: step.topic.config for name, step in steps(wanted(), cluster()).items()}
    compacted = {name for name, each in config.items() if each["cleanup.policy"] == "compact"}
    assert compacted == set(TOPICS.compacted)
    assert {config[name]["retention.ms"] for name in config.keys() - compacted} == {str(14 * DAY_MS)}
    assert all("retention.ms" not in config[name] for name in compacted)


def test_what_is_as_wanted_is_left_alone_whatever_else_is_set() -> None:
    present = [replace(topic, config={**topic.config, "compression.type": "zstd"}) for topic in wanted()]
    assert actions(steps(wanted(), cluster(present))) == {"fine"}


def test_a_plan_that_was_carried_out_leaves_nothing_to_do() -> None:
    first = steps(wanted(), cluster())
    assert actions(steps(wanted(), cluster([step.topic for step in first.values()]))) == {"fine"}


def test_a_setting_is_changed_and_shown_as_it_is_and_as_it_is_wanted() -> None:
    present = {topic.name: topic for topic in wanted()}
    state = present["baton.state"]
    present["baton.state"] = replace(state, config={**state.config, "cleanup.policy": "delete"})
    step = steps(wanted(), cluster(list(present.values())))["baton.state"]
    assert (step.action, step.changes) == ("change", {"cleanup.policy": ("delete", "compact")})


@pytest.mark.parametrize(("now", "warns"), [("-1", True), (str(30 * DAY_MS), True), (str(DAY_MS), False)])
def test_it_warns_of_a_retention_that_deletes_what_is_kept_now(now: str, warns: bool) -> None:
    shop = next(topic for topic in wanted() if topic.name == "shop.events")
    found = steps([shop], cluster([replace(shop, config={**shop.config, "retention.ms": now})]))
    assert found["shop.events"].action == "change"
    assert ("will delete records" in found["shop.events"].why) == warns


@pytest.mark.parametrize(
    "name", ["baton.observations", "baton.state", "baton.journeys", "baton.dead-letters"]
)
def test_it_refuses_to_change_the_number_of_partitions_and_says_what_to_do(name: str) -> None:
    step = steps(wanted(16), cluster(wanted(8)))[name]
    assert step.action == "refuse"
    assert "it has 8 partitions, not 16" in step.why
    assert "Either give --partitions 8; or stop the workers, delete" in step.why


def test_it_says_that_observations_and_state_need_equally_many_partitions() -> None:
    present = [replace(topic, partitions=4) if topic.name == "baton.state" else topic for topic in wanted()]
    found = steps(wanted(), cluster(present))
    assert {name for name, step in found.items() if step.action == "refuse"} == {"baton.state"}
    assert (
        "baton.observations and baton.state need equally many, and have 8 and 4" in found["baton.state"].why
    )


def test_a_department_keeps_the_partitions_its_topic_has() -> None:
    present = [replace(topic, partitions=3) if topic.name == "shop.events" else topic for topic in wanted()]
    step = steps(wanted(), cluster(present))["shop.events"]
    assert step.action == "fine"
    assert "keeps its 3 partitions" in step.why


def test_it_refuses_more_replicas_than_there_are_brokers() -> None:
    found = steps(wanted(replication=3), cluster(brokers=2))
    assert actions(found) == {"refuse"}
    assert "3 replicas need as many brokers, the cluster has 2" in found["shop.events"].why


def test_it_refuses_a_topic_that_nobody_could_write_to() -> None:
    assert actions(steps(wanted(min_insync=2), cluster(brokers=3))) == {"refuse"}
    found = steps(wanted(replication=3, min_insync=2), cluster(wanted(replication=1), brokers=3))
    assert actions(found) == {"refuse"}
    assert (
        "nobody could write to it: min.insync.replicas 2 is more than its 1 replicas"
        in found["shop.events"].why
    )


def test_it_tells_how_replicas_are_added_since_it_does_not() -> None:
    found = steps(wanted(replication=3), cluster(wanted(replication=1), brokers=3))
    assert actions(found) == {"fine"}
    assert "kafka-reassign-partitions gives it 3" in found["baton.state"].why
