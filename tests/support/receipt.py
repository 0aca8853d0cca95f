"""A municipality's permit process, split into two systems that know a case by different numbers.

The even half is the department `left`, the odd half `right`; a row of the table that relates the numbers is
an operator's link.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support import shared

HALVES = {"left": "receipt_even", "right": "receipt_odd"}
CASE, ACTIVITY, INSTANCE, TIME = "case:concept:name", "concept:name", "concept:instance", "time:timestamp"
RELATIONS = "/operators/relations"

Row = dict[str, str]


def rows(table: str) -> list[Row]:
    return shared.rows("receipt_interleaved", table)


def events() -> Iterator[dict[str, Any]]:
    """One CloudEvent per row of both halves; its id is the task's number, unique in both."""
    for department, table in HALVES.items():
        for row in rows(table):
            yield {
                "specversion": "1.0",
                "id": row[INSTANCE],
                "source": f"/{department}",
                "type": f"{department}.{slug(row[ACTIVITY])}",
                "time": row[TIME].replace(" ", "T"),
                "data": {"case": row[CASE], "activity": row[ACTIVITY]},
            }


def links() -> Iterator[dict[str, Any]]:
    """One operator's link per related pair of cases, at the time of the left case's first event."""
    first: dict[str, str] = {}
    for row in rows(HALVES["left"]):
        first[row[CASE]] = min(row[TIME], first.get(row[CASE], row[TIME]))
    for left, right in relations():
        yield {
            "specversion": "1.0",
            "id": f"{left}-{right}",
            "source": RELATIONS,
            "type": "baton.link",
            "time": first[left].replace(" ", "T"),
            "data": {
                "a": f"left_case:{left}",
                "b": f"right_case:{right}",
                "by": "relations",
                "reason": "the relation table names both as one case",
            },
        }


def relations() -> list[tuple[str, str]]:
    return [(row[f"{CASE}_LEFT"], row[f"{CASE}_RIGHT"]) for row in rows("case_relations")]


def journey_map() -> str:
    """The map of these events, as YAML: any of them may begin or continue the one journey of a case."""
    every_type = sorted({event["type"] for event in events()})
    return yaml.safe_dump(
        {
            "name": "receipt",
            "departments": {department: {} for department in HALVES},
            "identifiers": {"left_case": "text", "right_case": "text"},
            "events": {
                type_: {
                    "identifiers": {f"{type_.partition('.')[0]}_case": "data.case"},
                    "fields": {"activity": "data.activity"},
                }
                for type_ in every_type
            },
            "journeys": {"permit": {"starts": every_type, "optional": every_type}},
        },
        sort_keys=False,
    )


def slug(activity: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", activity.lower()).strip("_")
