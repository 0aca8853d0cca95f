"""The score of a run's results against the truth, as a whole and as a document."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from journeys.instants import parse_instant
from journeys.scoring.alerts import Document, KindScore, ref, score_alerts
from journeys.scoring.groups import Mixed, PairScore, SetScore, score_pairs, score_sets

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Score:
    """`unclear`: how many events are in no comparison, as nobody could know whose they are."""

    kinds: dict[str, KindScore]
    customers: PairScore
    journeys: SetScore
    unclear: int

    @property
    def false_alarms_per_thousand_journeys(self) -> float | None:
        false = sum(len(kind.false) for kind in self.kinds.values())
        return 1000 * false / self.journeys.true if self.journeys.true else None


def score(
    truth: Iterable[Document],
    alerts: Iterable[Document],
    customers: Iterable[Document],
    journeys: Iterable[Document],
    announced: Mapping[str, int] | None = None,
) -> Score:
    """Score the documents of a run's files. `announced`: fingerprint → when an alert was told, of a live run."""
    broken: list[Document] = []
    true_customers: dict[str, str] = {}
    true_journeys: dict[str, set[str]] = {}
    people: dict[str, list[int]] = {}
    doubtful: set[str] = set()
    unclear: set[str] = set()
    until = ""
    for line in truth:
        if line["truth"] == "week":
            until = line["until"]
        elif line["truth"] == "broken":
            broken.append(line)
        elif line["truth"] == "journey":
            true_journeys[line["journey"]] = set(line["events"])
        elif line["truth"] == "customer":
            name = str(line["customer"])
            true_customers |= dict.fromkeys(line["events"], name)
            people[name] = line["people"]
            if not line["clear"]:
                doubtful.add(name)
                unclear.update(line["events"])
    holders: dict[str, str] = {}
    found_journeys: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for journey in journeys:
        events = {ref(entry) for entry in journey["timeline"]}
        names[journey["id"]] = name = journey["correlates"] or journey["id"]
        found_journeys[name] = events
        holders |= dict.fromkeys(events, str(journey["customer"]))
    for customer in customers:
        holders |= {ref(entry): customer["id"] for entry in customer["unattached"]}
    anybodys = unclear.difference(*true_journeys.values())
    return Score(
        score_alerts(broken, _up_to(until, alerts), names, announced or {}),
        score_pairs(holders, true_customers, people, doubtful),
        score_sets(found_journeys, true_journeys, anybodys),
        len(unclear),
    )


def _up_to(until: str, alerts: Iterable[Document]) -> Iterator[Document]:
    """The alerts opened while the truth is known; workers go on judging after it ends."""
    last = parse_instant(until) if until else None
    for alert in alerts:
        if last is None or parse_instant(alert["opened_at"]) <= last:
            yield alert


def score_document(result: Score, show: int = 0) -> Document:
    """The score as JSON; with `show` the worst so many of what was missed, raised for nothing or mixed up."""
    pairs, sets = result.customers, result.journeys
    document: Document = {
        "schema": SCHEMA,
        "alerts": {kind: _kind(each) for kind, each in result.kinds.items()},
        "customers": {
            "precision": pairs.precision,
            "recall": pairs.recall,
            "pairs_found": pairs.found,
            "pairs_true": pairs.true,
            "merged": len(pairs.merged),
            "split": len(pairs.split),
            "unclear_events": result.unclear,
        },
        "journeys": {
            "precision": sets.precision,
            "recall": sets.recall,
            "found": sets.found,
            "true": sets.true,
        },
        "false_alarms_per_thousand_journeys": result.false_alarms_per_thousand_journeys,
    }
    if show:
        document["worst"] = worst(result, show)
    return document


def worst(result: Score, show: int) -> Document:
    """The errors to look at first: of alerts those that last longest, of customers those with the most wrong pairs."""
    return {
        "false": {
            kind: _longest(each.false, "opened_at", "resolved_at")[:show]
            for kind, each in result.kinds.items()
            if each.false
        },
        "missed": {
            kind: _longest(each.missed, "broken_at", "mended_at")[:show]
            for kind, each in result.kinds.items()
            if each.missed
        },
        "merged": [_mixed(each) for each in result.customers.merged[:show]],
        "split": [_mixed(each) for each in result.customers.split[:show]],
        "journeys": [
            {"journey": name, "lacks": lacks, "foreign": foreign}
            for name, (lacks, foreign) in list(result.journeys.wrong.items())[:show]
        ],
    }


def _longest(items: list[Document], since: str, until: str) -> list[Document]:
    """Those that last first, then those that began first."""
    return sorted(items, key=lambda item: (item[until] is not None, item[since]))


def _mixed(mixed: Mixed) -> Document:
    return mixed._asdict()


def _kind(kind: KindScore) -> Document:
    return {
        "precision": kind.precision,
        "recall": kind.recall,
        "found": kind.found,
        "false": len(kind.false),
        "missed": len(kind.missed),
        "undecidable": kind.undecidable,
        "seconds_to_detection": _spread(kind.delays),
        "seconds_to_announcement": _spread(kind.announced),
    }


def _spread(delays: list[int]) -> dict[str, Any] | None:
    """Median, the 95th of a hundred, and the greatest, in seconds."""
    if not delays:
        return None
    cuts = quantiles(delays, n=100, method="inclusive") if len(delays) > 1 else delays * 99
    return {"p50": cuts[49] / 1e6, "p95": cuts[94] / 1e6, "max": max(delays) / 1e6}
