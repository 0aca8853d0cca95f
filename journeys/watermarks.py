"""Watermarks: up to when a department's events have all been seen.

A department's watermark is the least over its source partitions; while any of them has not reported, there is
none. It never goes back.
"""

from journeys.handoffs import LONG_AGO


class DepartmentWatermarks:
    """Gathers what is reported for each source partition; `by_department` is what may be judged on."""

    def __init__(self) -> None:
        self._reports: dict[str, dict[str, int]] = {}
        self.by_department: dict[str, int] = {}

    def restore(self, by_department: dict[str, int]) -> None:
        """Take up the watermarks that were judged on before."""
        self.by_department.update(by_department)

    def report(self, department: str, source: str, sources: int, up_to: int) -> bool:
        """Take one source partition's report; tell whether the department's watermark moved.

        `sources` is how many source partitions the department has.
        """
        reports = self._reports.setdefault(department, {})
        reports[source] = max(up_to, reports.get(source, LONG_AGO))
        if len(reports) < sources:
            return False
        least = min(reports.values())
        moved = least > self.by_department.get(department, LONG_AGO)
        if moved:
            self.by_department[department] = least
        return moved


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
