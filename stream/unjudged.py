"""What was read of a partition and is not judged yet: what it touched, and what is to follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from journeys import messages
from journeys.outcome import Addressed, Outcome
from journeys.rounds import Marks, Token
from journeys.routing import ABSORB, JOIN, OBSERVE, SHARED
from stream.following import Following, round_of
from stream.state import PartitionState
from stream.transports.log import Record


@dataclass(slots=True)
class Unjudged:
    """Batches of observations, read into the partition's state since all was last judged.

    `outcome` gathers what they change; at first, after loading, it mends what a crash left.
    `marks`: the watermarks judged on before. `since`: when the first records were read, in seconds. `reported`:
    watermarks were among them. `told_to_judge`: as of when, and when departments were last heard then.
    """

    marks: Marks
    outcome: Outcome = field(default_factory=Outcome)
    is_first: bool = False
    records: int = 0
    since: float = inf
    reported: bool = False
    told_to_judge: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    following: Following = field(init=False)

    def __post_init__(self) -> None:
        self.following = Following(self.outcome)

    async def read(self, state: PartitionState, records: Sequence[Record]) -> None:
        """Take the records in their order, which follow those that were read before."""
        self.records += len(records)
        stopped: list[tuple[int, Addressed]] = []
        for record in records:
            kind, *content = messages.decode(record.value or b"")
            is_new = state.rounds.passes(record.offset)
            if kind in (OBSERVE, JOIN, ABSORB, SHARED):
                round = round_of(record)
                if round is not None and is_new:
                    state.rounds.handled(round)
                belongs_to = state.rounds.covering if round is None else round
                at = (record.key or b"").decode()
                for each in state.neighbourhoods.handle(at, (kind, *content), self.outcome):
                    stopped.append((belongs_to, each))
                self.following.belongs_to(belongs_to)
            elif kind == messages.WATERMARK:
                self.reported = True
                for report in content[0]:
                    state.watermarks.report(*report)
            elif kind == messages.HEARD:
                state.hear(content[0], content[1], self.outcome)
            elif kind == messages.TOKEN:
                if is_new:
                    state.rounds.take(Token(*content[0]))
            else:
                self.told_to_judge.append((content[0], content[1]))
        await state.resume(stopped, self.outcome, self.following)
