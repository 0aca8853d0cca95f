"""Reads what the CloudEvents scenarios use of Gherkin: outlines with examples, doc strings, tables."""

from dataclasses import dataclass, field
from textwrap import dedent

QUOTES = '"""'


@dataclass
class Step:
    """One line of a scenario with what hangs below it."""

    text: str
    doc_string: str = ""
    table: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def pairs(self) -> dict[str, str]:
        """A table of keys and values, without its heading."""
        return {row[0]: row[1] for row in self.table[1:]}


@dataclass
class Scenario:
    name: str
    steps: list[Step] = field(default_factory=list)

    def step(self, beginning: str) -> Step:
        return next(step for step in self.steps if step.text.startswith(beginning))


def scenarios(text: str) -> list[Scenario]:
    """Every scenario; of an outline, one per row of its examples."""
    return [example for block in _blocks(text) for example in _examples(block)]


def _blocks(text: str) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if line.strip().startswith(("Scenario:", "Scenario Outline:")):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return blocks


def _examples(block: list[str]) -> list[Scenario]:
    outline = _scenario(block)
    if not outline.steps[-1].text.startswith("Examples:"):
        return [outline]
    placeholders, *examples = outline.steps[-1].table
    filled = []
    for values in examples:
        lines = "\n".join(block)
        for placeholder, value in zip(placeholders, values, strict=True):
            lines = lines.replace(f"<{placeholder}>", value)
        filled.append(_scenario(lines.splitlines()))
        filled[-1].steps.pop()
    return filled


def _scenario(lines: list[str]) -> Scenario:
    scenario = Scenario(lines[0].partition(":")[2].strip())
    quoted: list[str] | None = None
    for line in lines[1:]:
        stripped = line.strip()
        if stripped == QUOTES and quoted is None:
            quoted = []
        elif stripped == QUOTES:
            scenario.steps[-1].doc_string = dedent("\n".join(quoted or ()))
            quoted = None
        elif quoted is not None:
            quoted.append(line)
        elif stripped.startswith("|"):
            scenario.steps[-1].table.append(tuple(cell.strip() for cell in stripped.strip("|").split("|")))
        elif stripped:
            scenario.steps.append(Step(stripped))
    return scenario
