"""Results of a replay as files: journeys, customers, alerts, dead letters and a summary that reconciles."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import orjson

from api.store.reader import Reader
from journeys.journey_map import JourneyMap
from stream.dead_letters import read_dead_letters
from stream.topics import Topics
from stream.transports.log import Log

SCHEMA = 1
KINDS: tuple[Literal["journeys", "customers", "alerts"], ...] = ("journeys", "customers", "alerts")


async def write_results(
    out: Path, log: Log, topics: Topics, reader: Reader, read: int, tally: dict[str, int], as_of: str | None
) -> dict[str, Any]:
    """Write the files, each whole or not at all, sorted by id; give the summary.

    The summary reconciles when every record read was folded, a duplicate, dead, or after the time it was
    judged as of.
    """
    counts = {kind: _write(out / f"{kind}.jsonl", reader.documents(kind)) for kind in KINDS}
    letters = sorted(await read_dead_letters(log, topics.dead_letters), key=_place)
    _write(
        out / "dead-letters.jsonl", (orjson.dumps(letter, option=orjson.OPT_SORT_KEYS) for letter in letters)
    )
    accounted = {name: tally.get(name, 0) for name in ("folded", "duplicates", "after_as_of")}
    lacking = read - sum(accounted.values()) - len(letters)
    if tally.get("capped"):  # an event came so often that not all of its duplicates were counted
        accounted["duplicates"] += max(lacking, 0)
    summary = {
        "schema": SCHEMA,
        "map": topics.journey_map.name,
        "map_version": topics.journey_map.version,
        "as_of": as_of,
        "read": read,
        **accounted,
        "dead": len(letters),
        "reconciles": read == sum(accounted.values()) + len(letters),
        "identifiers_dropped": tally.get("identifiers_dropped", 0),
        "customers": counts["customers"],
        **_breakdown(reader, topics.journey_map),
        "dead_letters": dict(sorted(Counter(letter["reason"] for letter in letters).items())),
    }
    _replace(out / "summary.json", orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    return summary


def _breakdown(reader: Reader, journey_map: JourneyMap) -> dict[str, Any]:
    journeys: dict[str, Counter[str]] = {}
    unpromised: Counter[str] = Counter()
    for document in map(orjson.loads, reader.documents("journeys")):
        journeys.setdefault(document["type"], Counter())[document["status"]] += 1
        promising = journey_map.journeys[document["type"]].handoffs
        unpromised.update(
            h["handoff"]
            for h in document["handoffs"]
            if promising[h["handoff"]].by and h["from_at"] and not h["due_at"]
        )
    alerts: dict[str, Counter[str]] = {}
    for document in map(orjson.loads, reader.documents("alerts")):
        alerts.setdefault(document["kind"], Counter())[document["status"]] += 1
    return {
        "journeys": {type: dict(sorted(counted.items())) for type, counted in sorted(journeys.items())},
        "alerts": {kind: dict(sorted(counted.items())) for kind, counted in sorted(alerts.items())},
        "unpromised": dict(sorted(unpromised.items())),
    }


def _place(letter: dict[str, Any]) -> tuple[str, int, int, str]:
    return letter["topic"], letter["partition"], letter["offset"], letter["origin"] or ""


def _write(path: Path, documents: Iterable[bytes]) -> int:
    partial = path.with_suffix(".part")
    count = 0
    with partial.open("wb") as file:
        for document in documents:
            file.write(document + b"\n")
            count += 1
    partial.rename(path)
    return count


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    partial.rename(path)
