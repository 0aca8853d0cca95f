"""Quiet rounds among partitions that crash and fall behind."""

import random
from dataclasses import dataclass, field

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.rounds import Rounds, Token

DEPARTMENT = "shop"


@dataclass(frozen=True)
class Travelling:
    """A message that still has to be handed on `hops` times; `round` is None as long as ingest sent it."""

    event: int
    hops: int
    round: int | None


@dataclass(frozen=True)
class Report:
    """All events sent so far are below this watermark."""

    mark: int


@dataclass
class Owner:
    partition: int
    position: int
    rounds: Rounds
    marks: dict[str, int]
    handled: dict[int, int] = field(default_factory=dict)
    """Offset by event, of those that it took from ingest."""
    arriving: set[int] = field(default_factory=set)


@dataclass
class Cluster:
    """Partitions with logs that keep order; an event is there once it was handed on to its end."""

    count: int
    chance: random.Random
    logs: list[list[Travelling | Report | Token]] = field(init=False)
    owners: list[Owner] = field(init=False)
    arrived: set[int] = field(default_factory=set)
    covered: dict[int, int] = field(default_factory=lambda: {0: 0})
    events: int = 0
    judged: int = 0

    def __post_init__(self) -> None:
        self.logs = [[] for _ in range(self.count)]
        self.owners = [Owner(p, 0, Rounds(p, self.count), {}) for p in range(self.count)]
        self.saved = [(orjson.dumps(owner.rounds.encode()), dict(owner.marks)) for owner in self.owners]
        self.committed = [0] * self.count

    def send_event(self) -> None:
        self.events += 1
        self.chance.choice(self.logs).append(Travelling(self.events, self.chance.randint(0, 4), None))

    def send_report(self) -> None:
        mark = max(self.covered) + 1
        self.covered[mark] = self.events
        for log in self.logs:
            log.append(Report(mark))

    def _replace_owner(self, partition: int) -> None:
        state, marks = self.saved[partition]
        rounds = Rounds(partition, self.count).restore(orjson.loads(state))
        self.owners[partition] = Owner(partition, self.committed[partition], rounds, dict(marks))

    def step(self, partition: int, crashes: float) -> None:
        """Handle a batch: first some messages, or none; then the others, token and rows at once; then commit. The owner
        may die, or be fenced, before each of these, and then another goes on.
        """
        owner = self.owners[partition]
        batch = self.logs[partition][owner.position : owner.position + self.chance.randint(1, 6)]
        sent = [
            send
            for offset, message in enumerate(batch, owner.position)
            for send in self._handle(owner, offset, message)
        ]
        for message in batch:
            if isinstance(message, Travelling) and message.round is None:
                owner.handled[message.event] = owner.rounds.position
        dies_before = self.chance.choice(("rows", "commit")) if self.chance.random() < crashes else None
        early = self.chance.randint(0, len(sent))
        for to, message in sent[:early]:
            self.logs[to].append(message)
        if dies_before == "rows":
            return self._replace_owner(partition)
        for to, message in sent[early:]:
            self.logs[to].append(message)
        if batch and (token := owner.rounds.propose(owner.marks)):
            for log in self.logs:
                log.append(token)
        self.arrived |= owner.arriving
        self._judge(owner)
        self.saved[partition] = (orjson.dumps(owner.rounds.encode()), dict(owner.marks))
        owner.position += len(batch)
        if dies_before == "commit":
            return self._replace_owner(partition)
        if self.chance.random() < 0.5:
            self.committed[partition] = owner.position

    def _handle(
        self, owner: Owner, offset: int, message: Travelling | Report | Token
    ) -> list[tuple[int, Travelling]]:
        is_new = owner.rounds.passes(offset)
        match message:
            case Report(mark):
                owner.marks[DEPARTMENT] = max(mark, owner.marks.get(DEPARTMENT, 0))
            case Token() if is_new:
                owner.rounds.take(message)
            case Travelling(event, hops, round):
                if round is not None and is_new:
                    owner.rounds.handled(round)
                if hops:
                    onward = Travelling(event, hops - 1, owner.rounds.covering if round is None else round)
                    return [((event * 7 + hops * 13) % self.count, onward)]
                owner.arriving.add(event)
        return []

    def _judge(self, owner: Owner) -> None:
        mark = owner.rounds.judged.get(DEPARTMENT, 0)
        missing = [event for event in range(1, self.covered[mark] + 1) if event not in self.arrived]
        assert not missing, f"judged on {mark} while events {missing[:5]} were under way"
        settled = {event for event, offset in owner.handled.items() if offset <= owner.rounds.settled}
        assert settled <= self.arrived, f"{settled - self.arrived} were under way, and said to be settled"
        self.judged = max(self.judged, mark)


@settings(max_examples=60)
@given(st.integers(2, 5), st.integers(0, 2**32), st.sampled_from([0.0, 0.14]))
def test_nothing_is_judged_while_an_event_it_covers_is_under_way(
    count: int, seed: int, crashes: float
) -> None:
    chance = random.Random(seed)
    cluster = Cluster(count, chance)
    for _ in range(1_200):
        if chance.random() < 0.3:
            cluster.send_event()
        if chance.random() < 0.02:
            cluster.send_report()
        cluster.step(chance.randrange(count), crashes)


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(0, 2**32))
def test_once_all_is_read_the_last_watermark_is_judged_and_the_partitions_rest(count: int, seed: int) -> None:
    chance = random.Random(seed)
    cluster = Cluster(count, chance)
    for _ in range(400):
        if chance.random() < 0.3:
            cluster.send_event()
        if chance.random() < 0.05:
            cluster.send_report()
        cluster.step(chance.randrange(count), 0.0)
    cluster.send_report()
    while behind := [o for o in cluster.owners if o.position < len(cluster.logs[o.partition])]:
        cluster.step(chance.choice(behind).partition, 0.0)
    assert cluster.judged == max(cluster.covered)
    assert all(owner.rounds.judged == {DEPARTMENT: cluster.judged} for owner in cluster.owners)
