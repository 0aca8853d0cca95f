"""Alerts held against what truly broke."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from journeys.instants import parse_instant

Document = dict[str, Any]
Key = tuple[str, str, str | None]


@dataclass(slots=True)
class KindScore:
    """Of one kind: what was found, raised for nothing, and missed; `delays` are from broken to opened, microseconds."""

    found: int = 0
    false: list[Document] = field(default_factory=list)
    missed: list[Document] = field(default_factory=list)
    undecidable: int = 0
    delays: list[int] = field(default_factory=list)
    announced: list[int] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        return share(self.found, self.found + len(self.false))

    @property
    def recall(self) -> float | None:
        return share(self.found, self.found + len(self.missed))


def share(part: int, whole: int) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


def score_alerts(
    broken: Iterable[Document],
    alerts: Iterable[Document],
    journeys: Mapping[str, str],
    announced: Mapping[str, int],
) -> dict[str, KindScore]:
    """The score of every kind that is in the truth or the alerts.

    `journeys`: journey id → what it is about in the truth. `announced`: fingerprint → when somebody was told.
    """
    raised: defaultdict[Key, list[Document]] = defaultdict(list)
    conflicts: list[Document] = []
    for alert in alerts:
        if alert["status"] == "withdrawn":
            continue
        if alert["kind"] == "identity_conflict":
            conflicts.append(alert)
        else:
            raised[_key(alert, journeys)].append(alert)
    expected: defaultdict[Key, list[Document]] = defaultdict(list)
    disputed: list[Document] = []
    for item in broken:
        if "between" in item:
            disputed.append(item)
        else:
            expected[item["kind"], item["about"], item["handoff"]].append(item)
    scores: defaultdict[str, KindScore] = defaultdict(KindScore)
    for key in sorted(expected.keys() | raised.keys(), key=str):
        _match(scores[key[0]], expected.get(key, []), raised.get(key, []), announced)
    if disputed or conflicts:
        _match_conflicts(scores["identity_conflict"], disputed, conflicts, announced)
    return dict(sorted(scores.items()))


def ref(event: Mapping[str, Any]) -> str:
    """What tells an event from all others, as the truth writes it."""
    return f"{event['source']}#{event['id']}"


def _key(alert: Document, journeys: Mapping[str, str]) -> Key:
    if alert["kind"] == "silent_department":
        return alert["kind"], alert["department"], None
    if alert["occurred_at"] is not None:
        calls = [event for event in alert["evidence"] if event["at"] == alert["occurred_at"]]
        return alert["kind"], ref(calls[0]) if calls else "", None
    return alert["kind"], journeys.get(alert["journey"], str(alert["journey"])), alert["handoff"]


def _match(
    score: KindScore, expected: list[Document], raised: list[Document], announced: Mapping[str, int]
) -> None:
    """Each alert to what broke nearest to when it opened."""
    remaining = sorted(raised, key=_opened)
    for item in sorted(expected, key=_began):
        alert = min(remaining, key=lambda a: abs(_opened(a) - _began(item)), default=None)
        if alert is not None:
            remaining.remove(alert)
        _count(score, item, alert, announced)
    score.false += remaining


def _match_conflicts(
    score: KindScore, expected: list[Document], raised: list[Document], announced: Mapping[str, int]
) -> None:
    """Each alert to a dispute between two of the values that its evidence names."""
    disputes: defaultdict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(expected):
        for value in item["between"]:
            disputes[value].append(number)
    open_items = set(range(len(expected)))
    for alert in sorted(raised, key=_opened):
        named = [f"{kind}:{value}" for kind, values in alert["identifiers"].items() for value in values]
        shared = Counter(n for value in named for n in disputes.get(value, ()) if n in open_items)
        about = [n for n, values in shared.items() if values > 1]
        if about:
            nearest = min(about, key=lambda n: (abs(_opened(alert) - _began(expected[n])), n))
            open_items.remove(nearest)
            _count(score, expected[nearest], alert, announced)
        else:
            score.false.append(alert)
    for number in sorted(open_items):
        _count(score, expected[number], None, announced)


def _count(score: KindScore, item: Document, alert: Document | None, announced: Mapping[str, int]) -> None:
    if not item["decidable"]:
        score.undecidable += 1
    elif alert is None:
        score.missed.append(item)
    else:
        score.found += 1
        score.delays.append(_opened(alert) - _began(item))
        if (told := announced.get(alert["fingerprint"])) is not None:
            score.announced.append(told - _began(item))


def _opened(alert: Document) -> int:
    return parse_instant(alert["opened_at"])


def _began(item: Document) -> int:
    return parse_instant(item["broken_at"])
