"""Whether the topics of a cluster are there and may be used: all that is wrong at once, with what to do."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from stream.topics import Topics
from stream.transports.kafka_clients import GUIDE

READ, WRITE = "READ", "WRITE"


class Found(NamedTuple):
    """A topic as this user finds it: `partitions` 0 where there is none; `allowed` None where he may not even look."""

    partitions: int
    allowed: Collection[str] | None


class Use(NamedTuple):
    """The topics that a command reads and writes."""

    reads: Collection[str] = ()
    writes: Collection[str] = ()


def work(topics: Topics, roles: Collection[str]) -> Use:
    """What a worker in these roles does; in any it reads documents."""
    every = topics.partitions(1)
    made = {*every} - {*topics.sources}
    reads, writes = {*topics.documents}, {topics.dead_letters}
    if "ingest" in roles:
        reads |= {*topics.sources, topics.seen, topics.state}
        writes |= {topics.observations, topics.seen}
    if "stitch" in roles:
        reads |= made
        writes |= made
    return Use([topic for topic in every if topic in reads], [topic for topic in every if topic in writes])


def obstacles(topics: Topics, use: Use, found: Mapping[str, Found]) -> list[str]:
    """What keeps the topics from being used so."""
    return [*_unseen(found), *_missing(found), *_forbidden(use, found), *_unequal(topics, found)]


def _unseen(found: Mapping[str, Found]) -> Iterator[str]:
    if names := [name for name, topic in found.items() if topic.allowed is None]:
        yield (
            f"this user may not see the topics {', '.join(names)}, whether they exist or not: grant DESCRIBE, READ or "
            f"WRITE on them; {GUIDE}"
        )


def _missing(found: Mapping[str, Found]) -> Iterator[str]:
    if names := [name for name, topic in found.items() if topic.allowed is not None and not topic.partitions]:
        yield f"the cluster lacks the topics {', '.join(names)}: `baton topics apply` creates them"


def _forbidden(use: Use, found: Mapping[str, Found]) -> Iterator[str]:
    for operation, wanted in ((READ, use.reads), (WRITE, use.writes)):
        names = [name for name in wanted if operation not in (found[name].allowed or (operation,))]
        if names:
            yield f"this user may not {operation} the topics {', '.join(names)}: grant it; {GUIDE}"


def _unequal(topics: Topics, found: Mapping[str, Found]) -> Iterator[str]:
    state, observations = found[topics.state].partitions, found[topics.observations].partitions
    if state and observations and state != observations:
        yield (
            f"{topics.state} has {state} partitions and {topics.observations} {observations}, and they need equally "
            "many: `baton topics plan` tells what to do"
        )
    if found[topics.tallies].partitions > 1:
        yield f"{topics.tallies} must have 1 partition: `baton topics plan` tells what to do"
