"""Where an event says something: dotted paths into its JSON, compiled once.

`data.order_id`, `data.items.0.id`, `data.items.*.id`, `subject`, `source`. A number counts into a list, `*`
takes all elements of a list or all values of an object. Nothing at the end of a path is no error.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Reader = Callable[[Mapping[str, Any]], list[Any]]

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")


def check_path(path: str) -> None:
    """Raises ValueError that says what a path looks like."""
    first, *rest = path.split(".")
    if any(not part or part != part.strip() or ("*" in part and part != "*") for part in (first, *rest)):
        raise ValueError(f"expected a path such as data.order_id or data.items.*.id, found {path!r}")
    if not _ATTRIBUTE.fullmatch(first) or (rest and first != "data"):
        raise ValueError(
            f"expected a path that starts at data, subject, source …, found {path!r}"
            f" (did you mean 'data.{path}'?)"
        )


class Paths:
    """Reads the values at one or several paths of an event given as a dict."""

    __slots__ = ("_readers", "paths")

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        self._readers = tuple(map(_reader, paths))

    @classmethod
    def compile(cls, *paths: str) -> "Paths":
        """Raises ValueError for a path that can't be one."""
        for path in paths:
            check_path(path)
        return cls(paths)

    def __call__(self, event: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the paths, lists flattened, nulls left out."""
        if len(self._readers) == 1:
            return self._readers[0](event)
        return [value for read in self._readers for value in read(event)]

    def __repr__(self) -> str:
        return f"Paths{self.paths!r}"


def _reader(path: str) -> Reader:
    parts = path.split(".")
    if len(parts) == 1:
        return lambda event: _leaf(event.get(path))
    if len(parts) == 2 and not _counts(parts[1]):
        return _member(parts[1])
    return lambda event: [leaf for found in _walk(event, parts, 0) for leaf in _leaf(found)]


def _member(key: str) -> Reader:
    def read(event: Mapping[str, Any]) -> list[Any]:
        data = event.get("data")
        return _leaf(data.get(key)) if isinstance(data, dict) else []

    return read


def _leaf(value: Any) -> list[Any]:
    if value is None:
        return []
    if type(value) is list:
        return [leaf for element in value for leaf in _leaf(element)]
    return [value]


def _counts(part: str) -> bool:
    return part == "*" or (part.isascii() and part.isdigit())


def _walk(value: Any, parts: list[str], at: int) -> Iterator[Any]:
    if at == len(parts):
        yield value
        return
    part = parts[at]
    if part == "*":
        inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        for element in inner:
            yield from _walk(element, parts, at + 1)
    elif isinstance(value, dict):
        if part in value:
            yield from _walk(value[part], parts, at + 1)
    elif isinstance(value, list) and _counts(part) and len(part) < 9 and int(part) < len(value):
        yield from _walk(value[int(part)], parts, at + 1)
