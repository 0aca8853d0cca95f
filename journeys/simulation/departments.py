"""The departments as they are: with clocks that are wrong, feeds that lag, and hours in which nothing works."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from journeys.instants import DAY, HOUR, MINUTE, SECOND
from journeys.map_parts import Department
from journeys.simulation import rates
from journeys.simulation.calendar import STARTS

BEATS = 4
"""Heartbeats in the time that a department may be silent."""


class Span(NamedTuple):
    department: str
    start: int
    end: int


class Departments:
    """Clocks, outages and lags of a number of days.

    In an outage a department does nothing and says nothing, and what it had to do it does afterwards. A lagging
    feed tells hours later what happened in time.
    """

    def __init__(self, departments: Mapping[str, Department], days: float, chance: random.Random) -> None:
        self.names = tuple(departments)
        slowest = chance.choice(self.names)
        self._skew = {
            name: chance.choice((-1, 1))
            * chance.randint(*((60, 150) if name == slowest else (1, 30)))
            * SECOND
            for name in self.names
        }
        self._drift = {name: chance.uniform(-0.5, 0.5) * SECOND for name in self.names}
        watched = [d for d in departments.values() if d.silent_after is not None]
        self.outages = [
            self._span(department, days, chance, department.silent_after or 0)
            for department in chance.sample(watched, min(len(watched), max(2, round(days * 0.7))))
        ]
        self.lags = [
            self._span(department, days, chance, HOUR)
            for department in chance.sample(list(departments.values()), max(1, round(days * 0.4)))
        ]

    def _span(self, department: Department, days: float, chance: random.Random, least: int) -> Span:
        start = STARTS + int(chance.uniform(0.05, 0.85) * days * DAY)
        return Span(department.name, start, start + least + chance.randint(HOUR, 4 * HOUR))

    def works(self, department: str, instant: int, chance: random.Random) -> int:
        """When the department gets to what it would have done at this instant."""
        for outage in self.outages:
            if outage.department == department and outage.start <= instant < outage.end:
                return outage.end + chance.randint(MINUTE, 2 * HOUR)
        return instant

    def is_down(self, department: str, instant: int) -> bool:
        return any(o.department == department and o.start <= instant < o.end for o in self.outages)

    def clock(self, department: str, instant: int) -> int:
        """What the department's clock shows; whole milliseconds, and never two ways back."""
        drift = self._drift[department] * ((instant - STARTS) / DAY) if instant > STARTS else 0
        return (instant + self._skew[department] + int(drift)) // 1_000 * 1_000

    def arrives(self, department: str, instant: int, chance: random.Random) -> int:
        """When an event told at this instant is on its topic."""
        for lag in self.lags:
            if lag.department == department and lag.start <= instant < lag.end:
                return lag.end + chance.randint(SECOND, 10 * MINUTE)
        if chance.random() < rates.SLOW:
            return instant + chance.randint(MINUTE, HOUR)
        return instant + int(chance.expovariate(1 / 2) * SECOND)
