"""Watermarks: up to when a department's events have all been seen.

A department's watermark is the least over its source partitions; while any of them has not reported, there is
none. It never goes back.
"""

from typing import Any

from journeys.handoffs import LONG_AGO


class DepartmentWatermarks:
    """Gathers what is reported for each source partition; `by_department` is what all of a department's have passed."""

    def __init__(self) -> None:
        self._reports: dict[str, dict[str, int]] = {}
        self.by_department: dict[str, int] = {}

    def report(self, department: str, source: str, sources: int, up_to: int) -> None:
        """Take the report of a source partition, one of the department's `sources`."""
        reports = self._reports.setdefault(department, {})
        reports[source] = max(up_to, reports.get(source, LONG_AGO))
        if len(reports) >= sources:
            self.judged_on({department: min(reports.values())})

    def judged_on(self, marks: dict[str, int]) -> None:
        """Take up watermarks that were judged on before: they do not go back."""
        for department, mark in marks.items():
            self.by_department[department] = max(mark, self.by_department.get(department, LONG_AGO))

    def encode(self) -> list[Any]:
        """The state as plain lists, for a row."""
        return [self._reports, self.by_department]

    def restore(self, state: list[Any]) -> None:
        """The inverse of `encode`."""
        self._reports, self.by_department = state


class Deadlines:
    """Which neighbourhoods are to be judged again once a department's watermark passes an instant."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, int]] = {}

    def put(self, identifier: str, due: dict[str, int]) -> None:
        """`due`: department → instant. Replaces what was put for the identifier before."""
        if due:
            self._waiting[identifier] = due
        else:
            self._waiting.pop(identifier, None)

    def get(self, identifier: str) -> dict[str, int]:
        return self._waiting.get(identifier, {})

    def passed(self, watermarks: dict[str, int]) -> list[str]:
        """The identifiers with an instant before its department's watermark."""
        return [
            identifier
            for identifier, due in self._waiting.items()
            if any(watermarks.get(department, LONG_AGO) > instant for department, instant in due.items())
        ]
