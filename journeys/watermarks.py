"""Watermarks: up to when a department's events have all been seen.

A department's watermark is the least over its source partitions; while any of them has not reported, there is
none. It never goes back.
"""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import Any

from journeys.journey_map import Department
from journeys.judgement import LONG_AGO
from journeys.silence import capped


class DepartmentWatermarks:
    """Gathers what is reported for each source partition.

    `read` is what all of a department's source partitions have passed. `by_name` is what may be judged on: under a
    department's name a watermark that stands still while it is silent, and where that differs, what was read as well.
    """

    def __init__(self, departments: Mapping[str, Department]) -> None:
        self._departments = departments
        self._reports: dict[str, dict[str, int]] = {}
        self._heard: dict[str, int] = {}
        self.read: dict[str, int] = {}
        self.by_name: dict[str, int] = {}

    def report(
        self, department: str, source: str, sources: int, up_to: int, heard: int | None = None
    ) -> None:
        """Take the report of a source partition, one of the department's `sources`, last `heard` of then."""
        reports = self._reports.setdefault(department, {})
        reports[source] = max(up_to, reports.get(source, LONG_AGO))
        if len(reports) >= sources:
            self.passed(department, min(reports.values()), heard)

    def passed(self, department: str, up_to: int, heard: int | None) -> None:
        """All source partitions of the department have passed an instant; it was last `heard` of then."""
        if heard is not None:
            self._heard[department] = max(heard, self._heard.get(department, heard))
        self.read[department] = max(up_to, self.read.get(department, up_to))
        owing, read = self._departments[department], self.read[department]
        self.judged_on(
            {owing.read: read, department: capped(read, self._heard.get(department), owing.silent_after)}
        )

    def judged_on(self, marks: dict[str, int]) -> None:
        """Take up watermarks that were judged on before: they do not go back."""
        for name, mark in marks.items():
            self.by_name[name] = max(mark, self.by_name.get(name, LONG_AGO))

    def encode(self) -> list[Any]:
        """The state as plain lists, for a row."""
        return [self._reports, self._heard, self.read, self.by_name]

    def restore(self, state: list[Any]) -> None:
        """The inverse of `encode`."""
        self._reports, self._heard, self.read, self.by_name = state


class Deadlines:
    """Which neighbourhoods are to be judged again once a department's watermark passes an instant.

    What was put before counts no more, which is found out when it passes: `due_of` gives what counts.
    """

    def __init__(self, due_of: Callable[[str], Mapping[str, int]]) -> None:
        self._due_of = due_of
        self._waiting: dict[str, list[tuple[int, str]]] = {}

    def put(self, identifier: str, due: Mapping[str, int]) -> None:
        """`due`: department → instant."""
        for department, instant in due.items():
            heappush(self._waiting.setdefault(department, []), (instant, identifier))

    def passed(self, department: str, mark: int, most: int) -> list[str]:
        """The identifiers with an instant before the department's mark, earliest first; at most so many."""
        waiting = self._waiting.get(department, [])
        passed: dict[str, int] = {}
        while waiting and waiting[0][0] < mark and len(passed) < most:
            instant, identifier = heappop(waiting)
            if self._due_of(identifier).get(department) == instant:
                passed[identifier] = instant
        for identifier, instant in passed.items():
            heappush(waiting, (instant, identifier))
        return list(passed)
