"""What happens: an event of the world, before any department has told it."""

from dataclasses import dataclass, field
from typing import Any

from journeys.simulation.people import Person
from journeys.simulation.spelling import named


@dataclass(slots=True, eq=False)
class Happening:
    """`at` by a perfect clock; `data` in their one spelling. `person`: whose it is, None where nobody could say.

    `orders`: the journeys that it is part of. `told_at` and `id` are what the department gives it; `names` what it is
    about, as `type:value`.
    """

    type: str
    at: int
    data: dict[str, Any]
    person: Person | None
    orders: tuple[str, ...]
    told_at: int = 0
    id: str = ""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.names = named(self.data)

    @property
    def department(self) -> str:
        return self.type.partition(".")[0]

    @property
    def source(self) -> str:
        return f"/{self.department}"

    @property
    def ref(self) -> str:
        """What tells it from all others: source and id."""
        return f"{self.source}#{self.id}"
