"""Readers: each reads one kind of value at a place of the map.

A reader never raises: it notes the problem and returns a value of the right type, so that one reading finds
them all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from journeys.instants import parse_duration
from journeys.map_yaml import Place, nearest, plain

Reader = Callable[[Place], Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


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
        if value in choices:
            return str(value)
        place.note(f"unknown value {value!r}{nearest(str(value), choices)}")
        return choices[0]

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
