"""The topics, and what each is for.

A prefix keeps one run's topics and groups apart from another's on the same broker.
"""

from dataclasses import dataclass

from journeys.journey_map import INBOX, JourneyMap


@dataclass(frozen=True, slots=True)
class Topics:
    """Names under one journey map.

    observations: messages between stitch partitions, keyed by identifier · state: the rows of those
    partitions, compacted · journeys, customers, alerts: documents by id, compacted · identity: the ledger of who
    became whom · tallies: what each
    partition counted when it judged, compacted · seen: which ids the sources brought · dead_letters: what
    could not be used, with why.
    """

    journey_map: JourneyMap
    prefix: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Everything that events are read from."""
        return tuple(self.prefix + topic for topic in self.journey_map.topics)

    @property
    def observations(self) -> str:
        return f"{self.prefix}baton.observations"

    @property
    def state(self) -> str:
        return f"{self.prefix}baton.state"

    @property
    def journeys(self) -> str:
        return f"{self.prefix}baton.journeys"

    @property
    def customers(self) -> str:
        return f"{self.prefix}baton.customers"

    @property
    def alerts(self) -> str:
        return f"{self.prefix}baton.alerts"

    @property
    def identity(self) -> str:
        return f"{self.prefix}baton.identity"

    @property
    def tallies(self) -> str:
        return f"{self.prefix}baton.tallies"

    @property
    def seen(self) -> str:
        return f"{self.prefix}baton.seen"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}baton.dead-letters"

    @property
    def inbox(self) -> str:
        return self.prefix + INBOX

    @property
    def documents(self) -> tuple[str, ...]:
        """What the read model is made of."""
        return self.journeys, self.customers, self.alerts

    @property
    def compacted(self) -> tuple[str, ...]:
        return self.state, *self.documents, self.tallies

    def source_of(self, event_type: str) -> str:
        """Where an event of this type is published; the inbox takes what no department is known for."""
        topic = self.journey_map.topic_of(event_type)
        return self.prefix + topic if topic else self.inbox

    def partitions(self, count: int) -> dict[str, int]:
        """How many partitions each topic is to have: `count`, but one for tallies."""
        kept = (*self.documents, self.identity, self.dead_letters)
        every = (*self.sources, self.observations, self.state, self.seen, *kept)
        return {**dict.fromkeys(every, count), self.tallies: 1}

    @property
    def groups(self) -> list[str]:
        """The consumer groups of all but receivers: how far the results have come, and the read model."""
        return [self.group(role) for role in ("ingest", "stitch", "project")]

    def group(self, role: str) -> str:
        """The consumer group of a role: ingest, stitch, project, notify-…"""
        return f"{self.prefix}baton-{role}"
