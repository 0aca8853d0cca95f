"""What a journey map consists of. Durations are microseconds; all of it is frozen."""

from dataclasses import dataclass, field
from typing import Literal

from journeys.errors import InvalidEvent
from journeys.identifiers import fold, normalise

Severity = Literal["info", "warning", "critical"]
Pick = Literal["earliest", "latest", "newest"]


@dataclass(frozen=True, slots=True)
class Department:
    name: str
    topic: str
    owner: str = ""
    silent_after: int | None = None
    allowed_delay: int = 0

    @property
    def read(self) -> str:
        """The name of the watermark up to which all it sent was read; it goes on while the department is silent."""
        return self.name if self.silent_after is None else f"{self.name} read"


@dataclass(frozen=True, slots=True)
class IdentifierType:
    """`priority` 1 is the strongest.

    `limit`: one that single events name together with more different values of any one customer-identifying
    type is shared, and links nobody; `limit_within`: with more in any span of `window`. `routes` False: of the whole
    type, each is shared. `changes_hands_after`: once its customer was not heard with it for so long, another may
    have it.
    """

    name: str
    priority: int
    normaliser: str = "text"
    unique: bool = False
    limit: int | None = None
    window: int | None = None
    limit_within: int | None = None
    changes_hands_after: int | None = None
    identifies: Literal["customer", "journey"] = "customer"
    routes: bool = True
    region: str | None = None
    junk: tuple[str, ...] = ()

    def normalise(self, value: object) -> str | None:
        """The value's one spelling, without the type; None where it is unusable or junk to this type.

        InvalidEvent where the normaliser fails on it, so that the event is kept as a dead letter.
        """
        try:
            spelling = normalise(self.normaliser, value, self.region)
        except Exception as error:
            raise InvalidEvent(
                "normaliser_failed",
                f"{self.name}: the normaliser {self.normaliser} failed on {value!r:.80}: {error!r:.200}; report this,"
                " and replay the dead letter once it is mended",
            ) from error
        if (
            spelling is not None
            and self.junk
            and (fold(spelling) in self.junk or fold(str(value)) in self.junk)
        ):
            return None
        return spelling


@dataclass(frozen=True, slots=True)
class EventType:
    """Where an event says who it is about (`identifiers`: type to paths) and what else matters (`fields`).

    `releases`: the types of those identifiers that are their customer's no longer after it.
    """

    type: str
    department: str
    identifiers: dict[str, tuple[str, ...]]
    fields: dict[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ()

    def says(self, name: str) -> bool:
        return name in self.fields or name in self.identifiers


@dataclass(frozen=True, slots=True)
class Promise:
    """A time that events of a type carry; of several, the earliest, the latest, or the newest event's."""

    event: str
    field: str
    pick: Pick = "latest"


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    equals: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Handoff:
    """`source` and `target` are the event types after `from` and `to`.

    `jeopardy_at`: a float is a share of the time allowed, an int a duration. `owner` is never empty where the
    department that owes `to` has one.
    """

    name: str
    source: str
    target: str
    within: int | None = None
    by: Promise | None = None
    fails_on: tuple[str, ...] = ()
    accepted_by: tuple[str, ...] = ()
    agree_on: tuple[str, ...] = ()
    order: bool = False
    once: bool = False
    jeopardy_at: float | int | None = None
    severity: Severity = "warning"
    owner: str = ""
    runbook: str | None = None


@dataclass(frozen=True, slots=True)
class JourneyType:
    """`steps` in the order expected, `optional` ones at the end unless the map places them."""

    name: str
    starts: tuple[str, ...]
    handoffs: dict[str, Handoff]
    steps: tuple[str, ...]
    correlates: str | None = None
    optional: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    stalls_after: int | None = None
    severity: Severity = "warning"


@dataclass(frozen=True, slots=True)
class Contact:
    type: str
    recognised: Condition | None = None
    repeat_within: int | None = None
    severity: Severity = "warning"
    owner: str = ""
    runbook: str | None = None
