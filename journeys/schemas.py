"""Schemas: what the lines of each result file look like. Documents are made elsewhere; tests hold them to this."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from journeys.map_parts import Severity

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Identifiers = dict[str, list[str]]
Version = Annotated[Literal[1], Field(alias="schema")]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Kind(StrEnum):
    """In what way a handoff broke."""

    JEOPARDY = "jeopardy"
    MISSING = "missing"
    LATE = "late"
    IDENTITY_LATE = "identity_late"
    STUCK = "stuck"
    FAILED = "failed"
    CONTRADICTORY = "contradictory"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATED = "duplicated"
    STALLED = "stalled"
    UNRECOGNISED_CALLER = "unrecognised_caller"
    REPEAT_CONTACT = "repeat_contact"
    IDENTITY_CONFLICT = "identity_conflict"
    SILENT_DEPARTMENT = "silent_department"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Position(_Part):
    topic: str | None
    """The topic that has the event; with partition and offset a diagnosis, which differs from run to run."""
    partition: int | None
    """Its partition."""
    offset: int | None
    """Its lowest offset there."""


class EventReference(_Part):
    source: str
    """The event's source."""
    id: str
    """The event's id, unique within its source."""
    type: str
    """The event's type."""
    at: Instant
    """When it happened."""


class Evidence(EventReference, Position):
    """An event that proves it."""


class TimelineEntry(EventReference, Position):
    """An event as it was read."""

    department: str
    """Who published it."""
    fields: dict[str, Any]
    """What the journey map reads from it."""
    identifiers: list[str]
    """Those usable, each `type:value`, the strongest first."""


class Link(EventReference):
    """An event that names two identifiers together, so that they are one customer's."""

    a: str
    """The stronger identifier, `type:value`."""
    b: str
    """The other one."""


class Step(_Part):
    """A step of a journey."""

    event: str
    """The event type expected."""
    at: Instant | None
    """When it first happened; null: not yet."""
    optional: bool
    """Whether the journey completes without it."""


class Handoff(_Part):
    """One event that another must follow."""

    handoff: str
    """Its name in the journey map."""
    from_: Annotated[str, Field(alias="from")]
    """The event type that hands over."""
    to: str
    """The event type that must follow."""
    from_department: str
    """Who hands over."""
    department: str
    """Who owes `to`."""
    status: Literal["waiting", "done", "late", "missing", "stuck", "failed", "cancelled", "unpromised"]
    """How it stands, see Status of a handoff."""
    from_at: Instant | None
    """When `from` happened."""
    to_at: Instant | None
    """When `to` happened."""
    due_at: Instant | None
    """Until when `to` is in time; null: no deadline."""
    seconds: float | None
    """From `from` to `to`; negative where they came out of order."""
    late_by_seconds: float | None
    """How long after `due_at` it came; null: in time, or not yet."""


class Journey(_Part):
    """One line of journeys.jsonl: what one customer went through for one purpose."""

    version: Version
    """Version of this format."""
    id: str
    """Made of its type and the identifier that tells it apart, else of the event that started it."""
    type: str
    """Its name in the journey map."""
    customer: str
    """Id of the customer."""
    status: Literal["open", "completed", "cancelled"]
    """Whether it has ended, and how."""
    correlates: str | None
    """The identifier that tells it apart, such as `order:A-1001`; null where the map names none."""
    started_at: Instant
    """Time of the event that started it."""
    last_event_at: Instant
    """Time of its latest event or contact."""
    ended_at: Instant | None
    """When it was completed or cancelled."""
    identifiers: Identifiers
    """Type → values, of its events and contacts."""
    steps: list[Step]
    """Every step, in the order expected."""
    handoffs: list[Handoff]
    """Every handoff, as the journey map has them."""
    broken: list[Kind]
    """The kinds of its alerts, each once."""
    alerts: list[str]
    """Fingerprints of its alerts."""
    timeline: list[TimelineEntry]
    """Its events and contacts, in time order."""


class Customer(_Part):
    """One line of customers.jsonl: who the departments' identifiers come to be."""

    version: Version
    """Version of this format."""
    id: str
    """Made of the strongest identifier: it changes when a stronger one becomes known."""
    identifiers: Identifiers
    """Type → values."""
    journeys: list[str]
    """Ids of the customer's journeys."""
    alerts: list[str]
    """Fingerprints of the customer's alerts."""
    events: int
    """How many events are the customer's."""
    first_seen: Instant
    """Time of the earliest."""
    last_seen: Instant
    """Time of the latest."""
    links: list[Link]
    """The events that joined the identifiers, just enough of them to reach each one."""
    unattached: list[TimelineEntry]
    """Events that belong to no journey."""


class Cause(EventReference):
    """The event that made an alert what it is since."""

    by: str | None
    """Who gave the command, if it is one."""
    reason: str | None
    """Why, if it was said."""


class Revision(_Part):
    """What an alert was from then on."""

    at: Instant
    """Since when, by the events' own times."""
    kind: Kind
    """In what way it was broken."""
    status: Literal["open", "resolved", "withdrawn"]
    """Whether it lasted, was over, or not so."""
    cause: Cause | None
    """What made it so; null: the time that passed."""


class Side(_Part):
    """One of two that claim the same."""

    identifier: str
    """What tells it from the other side, `type:value`."""
    customer: str | None
    """Id of the customer it is; null: nobody's event bears it."""
    links: list[Link]
    """The chain from it to what both claim."""


class Conflict(_Part):
    """What can not both be true of one customer."""

    rule: str
    """What decided, and what was refused."""
    refused: Link
    """The link that does not hold."""
    sides: list[Side]
    """Both sides, each with what it rests on."""


class Alert(_Part):
    """One line of alerts.jsonl: a broken handoff, with its proof."""

    version: Version
    """Version of this format."""
    fingerprint: str
    """What tells it from every other alert; stays the same from open to resolved."""
    kind: Kind
    """In what way it broke; it may change while the alert lives, as from missing to late."""
    journey: str | None
    """Id of the journey it broke; null where it is the customer's alone."""
    journey_type: str | None
    """That journey's type."""
    customer: str | None
    """Id of the customer; null where a department is silent."""
    handoff: str | None
    """The handoff's name; null for stalls, contacts and identities."""
    department: str
    """Who owes what is missing, or whose contact it was."""
    severity: Severity
    """As the journey map says."""
    status: Literal["open", "resolved", "withdrawn"]
    """Whether it lasts, is over, or was borne out no longer by what came in later."""
    opened_at: Instant
    """Since when it is broken; of a call in hindsight, when the caller became known."""
    due_at: Instant | None
    """The deadline."""
    resolved_at: Instant | None
    """Since when it is over."""
    occurred_at: Instant | None
    """Of contacts: when the customer called."""
    late_by_seconds: float | None
    """How long after the deadline it came."""
    owner: str
    """Who is alerted; empty: nobody is named."""
    runbook: str | None
    """Where it says what to do."""
    summary: str
    """What broke, in a sentence."""
    identifiers: Identifiers
    """Type → values, of the journey, else of the evidence."""
    evidence: list[Evidence]
    """The events that prove it, in time order."""
    links: list[Link]
    """The chain that makes the evidence one customer's, where it does not share an identifier."""
    weakest_link: Link | None
    """The link to doubt first."""
    conflict: Conflict | None
    """Of identity conflicts: both sides, and the rule that decided; else null."""
    supersedes: list[str]
    """Fingerprints of alerts that this one goes on for, since customers merged or split."""
    history: list[Revision]
    """What it was since when, and what made it so."""
    map_version: str
    """The journey map it was judged by."""
    judged_at: Instant | None
    """Up to when the department's events had all been seen; a diagnosis."""


class DeadLetter(_Part):
    """One line of dead-letters.jsonl: a record that could not be used."""

    version: Version
    """Version of this format."""
    id: str
    """topic/partition/offset of the record."""
    reason: str
    """A code, see Reasons of dead letters."""
    detail: str
    """What was expected, and what was found."""
    topic: str
    """The topic it was read from; of what was too large to be published, file and line."""
    partition: int
    """The partition it was read from."""
    offset: int
    """Its offset there."""
    received_at: Instant | None
    """The record's timestamp, where it has one."""
    origin: str | None
    """File and line it was published from."""
    key: str | None = None
    """The record's key."""
    key_base64: str | None = None
    """Instead of `key`, where that is not UTF-8."""
    value: str | None = None
    """The record's value, of one over 256 KiB the first 64 KiB."""
    value_base64: str | None = None
    """Instead of `value`, where that is not UTF-8."""
    size: int
    """Bytes of the whole value."""
    sha256: str | None = None
    """Digest of the whole value, only where it was cut."""
    headers: dict[str, str]
    """The record's headers."""


class Summary(_Part):
    """summary.json: what was read, and what it came to."""

    version: Version
    """Version of this format."""
    map: str
    """The journey map's name."""
    map_version: str
    """The journey map's version, made of its content."""
    as_of: Instant | None
    """The time that deadlines were judged at; null: there was no usable event."""
    read: int
    """Lines read, but for blank ones and heartbeats."""
    folded: int
    """Events used, each once."""
    duplicates: int
    """Repeats of an event: same source, id and content."""
    after_as_of: int
    """Events later than `as_of`."""
    dead: int
    """Dead letters."""
    reconciles: bool
    """Whether read = folded + duplicates + after_as_of + dead."""
    identifiers_dropped: int
    """Identifiers that name nobody or are misspelt, on events that were used."""
    customers: int
    """How many customers."""
    journeys: dict[str, dict[str, int]]
    """Type → status → how many."""
    alerts: dict[str, dict[str, int]]
    """Kind → status → how many."""
    unpromised: dict[str, int]
    """Handoff → how many had no promise, and so no deadline."""
    dead_letters: dict[str, int]
    """Reason → how many."""


RESULTS: dict[str, type[BaseModel]] = {
    "journeys": Journey,
    "customers": Customer,
    "alerts": Alert,
    "dead-letters": DeadLetter,
    "summary": Summary,
}


def json_schema(result: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a line of that file, or of summary.json. KeyError for any other."""
    return {"$schema": DRAFT, **RESULTS[result].model_json_schema()}
