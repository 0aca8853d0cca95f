"""YAML with line numbers: reads what is expected at a place, notes each problem with line and dotted path.

A reader never raises: it notes the problem and returns a value of the right type, so that one reading finds
them all. Aliases count with all they stand for, so that a small file can't grow without bound.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from journeys.instants import parse_duration
from journeys.map_parts import EventType

MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
_MAX_NODES = 100_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_SCALARS = {"str", "int", "float", "bool", "null", "timestamp"}


@dataclass(slots=True)
class MapFile:
    """What is known while a file is read: its problems so far, and the names declared so far by kind."""

    name: str
    problems: set[tuple[int, str]] = field(default_factory=set)
    declared: dict[str, Collection[str]] = field(default_factory=dict)
    events: dict[str, EventType] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def note(self, line: int, path: str, problem: str) -> None:
        place = f"{self.name}:{line}: {path}: " if path else f"{self.name}:{line}: "
        self.problems.add((line, place + problem))


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the file: where it stands and what it says."""

    file: MapFile
    path: str
    node: yaml.Node
    line: int

    def note(self, problem: str) -> None:
        self.file.note(self.line, self.path, problem)

    def expected(self, what: str) -> None:
        self.note(f"expected {what}, found {describe(self.node)}")

    def entries(self) -> list[tuple[str, "Place"]]:
        """The keys and values of a mapping; notes anything else, duplicate keys and keys that are no text."""
        if not isinstance(self.node, yaml.MappingNode):
            self.expected("keys and values")
            return []
        entries: dict[str, Place] = {}
        for key_node, node in self.node.value:
            key, line = plain(key_node), key_node.start_mark.line + 1
            if not isinstance(key, str):
                self.file.note(line, self.path, f"expected a name as key, found {describe(key_node)}")
            elif key in entries:
                first = entries[key].line
                self.file.note(line, self.path, f"the key {key!r} is here twice (first in line {first})")
            else:
                entries[key] = Place(self.file, f"{self.path}.{key}" if self.path else key, node, line)
        return list(entries.items())

    def get(self, key: str) -> "Place":
        """The value of a key; this place itself where the key is missing."""
        found = dict(self.entries()) if isinstance(self.node, yaml.MappingNode) else {}
        return found.get(key, self)


Reader = Callable[[Place], Any]


def compose(text: str, file: MapFile) -> Place | None:
    """The whole file as a place; None, with the problem noted, where it is not one YAML document."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        file.note(1, "", f"expected at most {MAX_BYTES // 1_000_000} MB of YAML")
        return None
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        file.note(line, "", f"not valid YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        file.note(text.count("\n", 0, position) + 1, "", f"not valid YAML: {str(error).splitlines()[0]}")
        return None
    if node is None:
        file.note(1, "", "the file is empty: expected departments, identifiers, events and journeys")
        return None
    size, depth = _extent(node, {})
    if size > _MAX_NODES or depth > _MAX_DEPTH:
        limits = f"expected at most {_MAX_NODES} values, nested at most {_MAX_DEPTH} deep"
        file.note(1, "", f"{limits}, counting what aliases stand for")
        return None
    return Place(file, "", node, node.start_mark.line + 1)


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested more than {_MAX_DEPTH} deep", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _extent(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values a node stands for, and how deep they nest; beyond the limit where it contains itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1, 0
    if id(node) not in known:
        known[id(node)] = (_MAX_NODES + 1, _MAX_DEPTH + 1)
        inner = (
            [part for pair in node.value for part in pair]
            if isinstance(node, yaml.MappingNode)
            else node.value
        )
        extents = [_extent(part, known) for part in inner]
        known[id(node)] = (
            1 + sum(size for size, _ in extents),
            1 + max((depth for _, depth in extents), default=0),
        )
    return known[id(node)]


def plain(node: yaml.Node) -> Any:
    """The node's content as dict, list, str, int, float, bool or None."""
    if isinstance(node, yaml.MappingNode):
        return {str(plain(key)): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(element) for element in node.value]
    try:
        match node.tag.rpartition(":")[2]:
            case "int":
                return int(node.value.replace("_", ""), 0)
            case "float":
                return float(node.value.replace("_", ""))
            case "bool":
                return node.value.lower() in ("yes", "true", "on")
            case "null":
                return None
    except ValueError:
        pass
    return str(node.value)


def describe(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "keys and values"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    value = plain(node)
    return "nothing" if value is None else repr(value)[:80]


def nearest(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or the choices where none is near and they are few."""
    known = list(names)
    if close := get_close_matches(name, known, n=1, cutoff=0.6):
        return f" (did you mean {close[0]!r}?)"
    return f" (expected one of {', '.join(sorted(known))})" if 0 < len(known) <= 12 else ""


def text(place: Place) -> str:
    value = plain(place.node)
    if isinstance(value, str) and value.strip():
        return value
    place.expected("text")
    return ""


def flag(place: Place) -> bool:
    value = plain(place.node)
    if not isinstance(value, bool):
        place.expected("true or false")
    return value is True


def scalar(place: Place) -> Any:
    value = plain(place.node)
    if value is None or isinstance(value, dict | list):
        place.expected("text, a number, true or false")
    return value


def count(place: Place) -> int:
    """An integer from 1 on."""
    value = plain(place.node)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    place.expected("a whole number from 1 on")
    return 1


def duration(place: Place) -> int:
    return _duration(place, 1)


def duration_or_none(place: Place) -> int:
    """A duration that may be `0s`."""
    return _duration(place, 0)


def _duration(place: Place, least: int) -> int:
    value = plain(place.node)
    try:
        found = parse_duration(value) if isinstance(value, str) else -1
    except ValueError as error:
        place.note(str(error))
        return least
    if found < least:
        place.expected("a duration such as 4h, 30m or 1d12h" + (" longer than 0s" if found == 0 else ""))
    return max(found, least)


def share_or_duration(place: Place) -> float | int:
    """A share of the time allowed between 0 and 1, as a float, or a duration, as an int of microseconds."""
    value = plain(place.node)
    if isinstance(value, float) and 0 < value < 1:
        return value
    if isinstance(value, str):
        return duration(place)
    place.expected("a share such as 0.8 or a duration such as 3h")
    return 0.5


def one_of(*choices: str) -> Reader:
    def read(place: Place) -> str:
        value = plain(place.node)
        if value not in choices:
            place.note(f"unknown value {value!r}{nearest(str(value), choices)}")
        return str(value)

    return read


def declared(kind: str) -> Reader:
    """A name that the file declares, as an event type or a department."""

    def read(place: Place) -> str:
        name = text(place)
        known = place.file.declared.get(kind, ())
        if name and name not in known:
            place.note(f"unknown {kind} {name!r}{nearest(name, known)}")
        return name

    return read


def many(reader: Reader) -> Reader:
    """A list, or one value for a list of one."""

    def read(place: Place) -> tuple[Any, ...]:
        if not isinstance(place.node, yaml.SequenceNode):
            return (reader(place),)
        if not place.node.value:
            place.expected("at least one value")
        values = [
            reader(Place(place.file, f"{place.path}.{index}", node, node.start_mark.line + 1))
            for index, node in enumerate(place.node.value)
        ]
        for value in {value for value in values if values.count(value) > 1}:
            place.note(f"{value!r} is here twice")
        return tuple(dict.fromkeys(values))

    return read


def named(reader: Callable[[str, Place], Any], check: Callable[[str, Place], bool] | None = None) -> Reader:
    """Things by their name, in the order of the file."""

    def read(place: Place) -> dict[str, Any]:
        return {
            name: reader(name, inner)
            for name, inner in place.entries()
            if (check or simple_name)(name, inner)
        }

    return read


def simple_name(name: str, place: Place) -> bool:
    if _NAME.fullmatch(name):
        return own_name(name, place)
    place.note(f"expected a name of letters, digits, _ and - that starts with a letter, found {name!r}")
    return False


def own_name(name: str, place: Place) -> bool:
    if name == "baton" or name.startswith("baton."):
        place.note("names that start with baton are Baton's own: choose another")
        return False
    return True


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys; reads those that are there, in the order given here."""

    keys: Mapping[str, Reader]
    required: tuple[str, ...] = ()

    def __call__(self, place: Place) -> dict[str, Any]:
        entries = dict(place.entries())
        for key in entries.keys() - self.keys.keys():
            place.file.note(entries[key].line, place.path, f"unknown key {key!r}{nearest(key, self.keys)}")
        values = {key: read(entries[key]) for key, read in self.keys.items() if key in entries}
        if isinstance(place.node, yaml.MappingNode):
            for key in self.required:
                if key not in values:
                    place.note(f"the key {key!r} is missing")
        return values
