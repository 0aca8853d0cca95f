"""A batch of observations, read into a partition's state: what it touched, and what is to follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from journeys import messages
from journeys.outcome import Addressed, Outcome
from journeys.rounds import Token
from journeys.routing import ABSORB, JOIN, OBSERVE, SHARED
from stream.following import Following, round_of
from stream.state import PartitionState
from stream.transports.log import Record


@dataclass(slots=True)
class Batch:
    """`reported`: watermarks were among it. `told_to_judge`: as of when, and when departments were last heard then.
    `stopped`: messages that reached closed neighbourhoods, each with its round, still to be handled.
    """

    following: Following
    reported: bool = False
    told_to_judge: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    stopped: list[tuple[int, Addressed]] = field(default_factory=list)


def read_batch(state: PartitionState, records: Sequence[Record], outcome: Outcome) -> Batch:
    """Take the records in their order; the outcome gathers what they change."""
    batch = Batch(Following(outcome))
    for record in records:
        kind, *content = messages.decode(record.value or b"")
        is_new = state.rounds.passes(record.offset)
        if kind in (OBSERVE, JOIN, ABSORB, SHARED):
            round = round_of(record)
            if round is not None and is_new:
                state.rounds.handled(round)
            belongs_to = state.rounds.current if round is None else round
            stopped = state.neighbourhoods.handle((record.key or b"").decode(), (kind, *content), outcome)
            batch.stopped += [(belongs_to, each) for each in stopped]
            batch.following.belongs_to(belongs_to)
        elif kind == messages.WATERMARK:
            batch.reported = True
            for report in content[0]:
                state.watermarks.report(*report)
        elif kind == messages.HEARD:
            state.hear(content[0], content[1], outcome)
        elif kind == messages.TOKEN:
            batch.following.relay(state.rounds.take(Token(*content[0])) if is_new else None)
        else:
            batch.told_to_judge.append((content[0], content[1]))
    return batch
