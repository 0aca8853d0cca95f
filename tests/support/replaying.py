"""Runs the real `baton replay` in a process of its own, as a newcomer would, and reads what it leaves."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Document = dict[str, Any]
BATON = Path(sys.executable).with_name("baton")
INPUT = "events.jsonl"
DIAGNOSTICS = ("topic", "partition", "offset", "judged_at")


@dataclass(frozen=True)
class Replayed:
    """What a replay left in its folder: every file as a list of documents, the summary as one."""

    folder: Path
    journeys: list[Document]
    customers: list[Document]
    dead_letters: list[Document]
    summary: Document
    all_alerts: list[Document]

    def alerts(self, **wanted: object) -> list[Document]:
        """The alerts with these values, such as `kind="late", handoff="delivery"`; without, all."""
        return [
            alert for alert in self.all_alerts if all(alert[key] == value for key, value in wanted.items())
        ]

    def journey(self, journey_id: str) -> Document:
        return self._journeys_by_id[journey_id]

    def events(self) -> list[Document]:
        """Every event that was folded: of journeys, and of customers outside any journey."""
        owners = [*self.journeys, *self.customers]
        return [entry for owner in owners for entry in owner.get("timeline") or owner.get("unattached") or ()]

    def dead_letters_by_line(self) -> dict[int, Document]:
        """Line of the input (from 1) → the dead letter that it became."""
        return {int(letter["origin"].rpartition(":")[2]): letter for letter in self.dead_letters}

    def reconciles(self) -> bool:
        """Every line that was read is accounted for exactly once."""
        counted = ("folded", "duplicates", "dead", "after_as_of")
        accounted = self.summary["read"] == sum(self.summary[key] for key in counted)
        return bool(
            accounted and self.summary["reconciles"] and self.summary["dead"] == len(self.dead_letters)
        )

    def results(self) -> dict[str, Document]:
        """What any replay of these events comes to: every document by id, without where events were read."""
        documents = [*self.journeys, *self.customers, *self.all_alerts]
        return {each.get("id") or each["fingerprint"]: without_diagnostics(each) for each in documents}

    @cached_property
    def _journeys_by_id(self) -> dict[str, Document]:
        return {journey["id"]: journey for journey in self.journeys}


def replay(
    events: Iterable[Document | bytes],
    journey_map: str | Path,
    out: Path,
    as_of: str | None = None,
    broker: str | None = None,
) -> Replayed:
    """Replay `events` (documents, or raw lines) against a map (its text, or its file) in the folder `out`.

    Without a broker the log is embedded in the folder. A replay that ends badly fails with its own words.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / INPUT).write_bytes(b"".join(_line(event) for event in events))
    if isinstance(journey_map, str):
        (out / "map.yaml").write_text(journey_map)
        journey_map = out / "map.yaml"
    command = [
        str(BATON),
        "replay",
        str(out / INPUT),
        "--map",
        str(journey_map),
        "--out",
        str(out / "replayed"),
    ]
    command += ["--as-of", as_of] if as_of else []
    command += ["--broker", broker] if broker else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return read(out / "replayed")


def read(folder: Path) -> Replayed:
    """The outputs of a replay that is done."""
    return Replayed(
        folder=folder,
        journeys=_documents(folder / "journeys.jsonl"),
        customers=_documents(folder / "customers.jsonl"),
        dead_letters=_documents(folder / "dead-letters.jsonl"),
        summary=json.loads((folder / "summary.json").read_bytes()),
        all_alerts=_documents(folder / "alerts.jsonl"),
    )


def grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, set[Any]]:
    """Key → the set of values that came with it."""
    groups: dict[Any, set[Any]] = defaultdict(set)
    for key, value in pairs:
        groups[key].add(value)
    return dict(groups)


def _line(event: Document | bytes) -> bytes:
    return (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\n"


def without_diagnostics(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_diagnostics(each) for key, each in value.items() if key not in DIAGNOSTICS}
    return [without_diagnostics(each) for each in value] if isinstance(value, list) else value


def _documents(path: Path) -> list[Document]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]
