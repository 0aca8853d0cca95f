"""The journey map: which departments report which events, how these name a customer, what is promised when.

One YAML file, checked as a whole before anything starts; its keys are in map_sections, its syntax in
deploy/maps/README.md.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

from journeys.errors import InvalidMap
from journeys.map_parts import (
    Condition,
    Contact,
    Department,
    EventType,
    Handoff,
    IdentifierType,
    JourneyType,
    Promise,
)
from journeys.map_sections import read_map
from journeys.map_yaml import MapFile, compose, plain
from journeys.payload import Paths

__all__ = [
    "Condition",
    "Contact",
    "Department",
    "EventType",
    "Handoff",
    "IdentifierType",
    "Identifiers",
    "InvalidMap",
    "JourneyMap",
    "JourneyType",
    "Promise",
]

COMMANDS = "baton.commands"
INBOX = "baton.inbox"
COMMAND_TYPES = ("baton.link", "baton.unlink")


class Identifiers(NamedTuple):
    """An event's usable identifiers, `type:value`, strongest first; how many values were dropped."""

    usable: tuple[str, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class JourneyMap:
    """Dictionaries are in the file's order. `version` depends on content, not on comments or key order.

    `keep_closed`: how long after its last event a neighbourhood stays in working state in which nothing is open.
    """

    name: str
    version: str
    default_region: str | None
    keep_closed: int
    departments: dict[str, Department]
    identifiers: dict[str, IdentifierType]
    events: dict[str, EventType]
    journeys: dict[str, JourneyType]
    contacts: dict[str, Contact]
    _identifier_readers: dict[str, tuple[tuple[IdentifierType, Paths], ...]] = field(init=False, repr=False)
    _field_readers: dict[str, tuple[tuple[str, Paths], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_identifier, by_field = {}, {}
        for event in self.events.values():
            readers = [
                (self.identifiers[name], Paths.compile(*paths)) for name, paths in event.identifiers.items()
            ]
            by_identifier[event.type] = tuple(sorted(readers, key=lambda reader: reader[0].priority))
            by_field[event.type] = tuple((name, Paths.compile(path)) for name, path in event.fields.items())
        object.__setattr__(self, "_identifier_readers", by_identifier)
        object.__setattr__(self, "_field_readers", by_field)

    @classmethod
    def parse(cls, text: str, name: str = "map.yaml") -> "JourneyMap":
        """Reads a map from the file called `name`. Raises InvalidMap with all problems, in line order."""
        file = MapFile(name)
        place = compose(text, file)
        parts = read_map(place) if place else {}
        if place is None or file.problems:
            raise InvalidMap([problem for _, problem in sorted(file.problems)])
        return cls(parts.pop("name") or PurePath(name).stem, _version(plain(place.node)), **parts)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that events are read from: the departments', the commands', the inbox for the rest."""
        return (*dict.fromkeys(department.topic for department in self.departments.values()), COMMANDS, INBOX)

    def topic_of(self, event_type: str) -> str | None:
        if event_type in COMMAND_TYPES:
            return COMMANDS
        event = self.events.get(event_type)
        return self.departments[event.department].topic if event else None

    def routes(self, identifier: str) -> bool:
        """Whether events meet by this identifier, `type:value`, or too many customers share its type."""
        rule = self.identifiers.get(identifier.partition(":")[0])
        return rule is None or rule.routes

    def identifiers_of(self, event: Mapping[str, Any]) -> Identifiers:
        """What names the customer in an event of a declared type (else KeyError), each identifier once."""
        usable: list[str] = []
        dropped = 0
        for identifier, read in self._identifier_readers[event["type"]]:
            values = read(event)
            found = [spelling for value in values if (spelling := identifier.normalise(value)) is not None]
            dropped += len(values) - len(found)
            usable += [f"{identifier.name}:{value}" for value in (sorted(set(found)) if found[1:] else found)]
        return Identifiers(tuple(usable), dropped)

    def fields_of(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that an event of a declared type carries: a scalar each, or a list of several."""
        fields = {}
        for name, read in self._field_readers[event["type"]]:
            if values := [value for value in read(event) if not isinstance(value, dict)]:
                fields[name] = values[0] if len(values) == 1 else values
        return fields


def _version(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()[:12]
