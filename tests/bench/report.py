"""What was measured, as a table on the terminal, as JSON, and as the page that is kept."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.measures import RATIOS, Measure

HEAD = ("measure", "what", "median", "lowest to highest", "target", "of target")
WIDTH = 118


class Figure(NamedTuple):
    """The median of a measure's runs."""

    measure: Measure
    median: float
    runs: list[float]

    @property
    def of_target(self) -> float | None:
        """How many times better than the target; below 1 it is missed."""
        if self.measure.target is None:
            return None
        better, worse = self.median, self.measure.target
        return worse / better if self.measure.most else better / worse

    def cells(self) -> tuple[str, ...]:
        target, of_target = self.measure.target, self.of_target
        sign = "≤" if self.measure.most else "≥"
        return (
            self.measure.name,
            self.measure.about,
            f"{self.median:,.0f} {self.measure.unit}",
            f"{min(self.runs):,.0f} to {max(self.runs):,.0f}",
            "" if target is None else f"{sign} {target:,.0f}",
            "" if of_target is None else f"{of_target:.0%}",
        )


class Report(NamedTuple):
    """Figures, and the machine that they hold for."""

    machine: dict[str, str]
    figures: list[Figure]

    def ratios(self) -> dict[str, float]:
        """One measure's figure relative to another's."""
        medians = {figure.measure.name: figure.median for figure in self.figures}
        return {f"{one} : {other}": medians[one] / medians[other] for one, other in RATIOS}

    def show(self, console: Console) -> None:
        table = Table(title="Baton, benchmark")
        for name in HEAD:
            table.add_column(name, justify="left" if name in HEAD[:2] else "right")
        for figure in self.figures:
            table.add_row(*figure.cells())
        console.print(table)
        for name, ratio in self.ratios().items():
            console.print(f"{name} = {ratio:.2f}", highlight=False)
        for name, value in self.machine.items():
            console.print(f"{name}: {value}", highlight=False)

    def document(self) -> dict[str, object]:
        figures = {
            figure.measure.name: {
                "median": figure.median,
                "runs": figure.runs,
                "unit": figure.measure.unit,
                "target": figure.measure.target,
                "of_target": figure.of_target,
            }
            for figure in self.figures
        }
        return {"machine": self.machine, "figures": figures, "ratios": self.ratios()}

    def as_markdown(self) -> str:
        rows = [HEAD, ("---",) * len(HEAD), *(figure.cells() for figure in self.figures)]
        lines = [
            "# Results of the benchmark",
            "",
            "Written by `make bench ARGS=--write`: medians of three (memory: once), journeys of 12 events.",
            "",
            *(f"- {name}: {value}" for name, value in self.machine.items()),
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
            *(f"- {name} = {ratio:.2f}" for name, ratio in self.ratios().items()),
        ]
        return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    """What the figures depend on, at the time of the call."""
    cores = os.cpu_count() or 1
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cpu": f"{_cpu()}, {cores} cores, {gigabytes:.0f} GB of memory",
        "load before (1, 5, 15 minutes)": load,
        "software": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"Faust {version('faust-streaming')}, {platform.system()} {platform.release()}",
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
