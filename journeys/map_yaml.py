"""YAML with line numbers: every value knows its place, and notes problems with line and dotted path.

Aliases count with all they stand for, so that a small file can't grow without bound.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from typing import Any

import yaml

from journeys.map_parts import EventType

MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
_MAX_NODES = 100_000
_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq"}


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
        if node and node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            raise yaml.MarkedYAMLError(problem=f"unknown tag {node.tag!r}", problem_mark=mark)
        return node


def _extent(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values a node stands for, and how deep they nest; too deep where it contains itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1, 0
    if id(node) not in known:
        known[id(node)] = (_MAX_NODES + 1, _MAX_DEPTH + 1)
        parts = chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
        sizes, depths = zip((1, 0), *(_extent(part, known) for part in parts), strict=True)
        known[id(node)] = sum(sizes), 1 + max(depths)
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
