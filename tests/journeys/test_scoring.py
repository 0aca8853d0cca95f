"""Scores: what was found, raised for nothing, missed or mixed up, by hand and by counting every pair."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.scoring.groups import score_pairs, score_sets
from journeys.scoring.score import score, score_document

MISSING = {
    "truth": "broken", "kind": "missing", "about": "order:A-1", "handoff": "delivery", "decidable": True,
    "broken_at": "2026-01-15T10:00:00Z", "mended_at": None,
}  # fmt: skip
SILENT = MISSING | {"kind": "silent_department", "about": "shop", "handoff": None}
CONFLICT = MISSING | {
    "kind": "identity_conflict",
    "about": "email:a@b.example",
    "handoff": None,
    "between": ["crm:1", "crm:2"],
}
CALL = MISSING | {"kind": "unrecognised_caller", "about": "/care#7", "handoff": None}
JOURNEY = {"truth": "journey", "journey": "order:A-1", "type": "new_line", "events": ["/shop#1", "/shop#2"]}
ANNA = {
    "truth": "customer",
    "customer": 0,
    "clear": True,
    "people": [1],
    "identifiers": [],
    "events": ["/shop#1", "/shop#2"],
}
FOUND = {
    "id": "j1", "correlates": "order:A-1", "customer": "c1",
    "timeline": [{"source": "/shop", "id": "1"}, {"source": "/shop", "id": "2"}],
}  # fmt: skip
ALERT: dict[str, Any] = {
    "fingerprint": "f1", "kind": "missing", "journey": "j1", "handoff": "delivery", "status": "open",
    "department": "shop", "opened_at": "2026-01-15T10:00:05Z", "resolved_at": None, "occurred_at": None, "evidence": [],
}  # fmt: skip


def kinds(truth: list[dict[str, Any]], alerts: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    """Kind → found, raised for nothing, missed."""
    result = score([JOURNEY, ANNA, *truth], alerts, [], [FOUND])
    return {kind: (each.found, len(each.false), len(each.missed)) for kind, each in result.kinds.items()}


def test_an_alert_of_the_same_kind_journey_and_handoff_is_right() -> None:
    assert kinds([MISSING], [ALERT]) == {"missing": (1, 0, 0)}


def test_an_alert_of_another_handoff_is_false_and_the_broken_one_missed() -> None:
    assert kinds([MISSING], [ALERT | {"handoff": "activation"}]) == {"missing": (0, 1, 1)}


def test_a_late_alert_does_not_make_up_for_a_missing_one() -> None:
    assert kinds([MISSING], [ALERT | {"kind": "late"}]) == {"late": (0, 1, 0), "missing": (0, 0, 1)}


def test_a_second_alert_about_the_same_thing_is_false() -> None:
    assert kinds([MISSING], [ALERT, ALERT]) == {"missing": (1, 1, 0)}


def test_what_is_undecidable_counts_neither_way() -> None:
    unclear = MISSING | {"decidable": False}
    assert kinds([unclear], [ALERT]) == {"missing": (0, 0, 0)}
    assert kinds([unclear], []) == {"missing": (0, 0, 0)}


def test_a_withdrawn_alert_claims_nothing() -> None:
    assert kinds([], [ALERT | {"status": "withdrawn"}]) == {}


def test_a_call_is_known_by_the_evidence_of_its_time() -> None:
    at = "2026-01-15T09:00:00Z"
    evidence = [
        {"source": "/shop", "id": "1", "at": "2026-01-14T09:00:00Z"},
        {"source": "/care", "id": "7", "at": at},
    ]
    alert = ALERT | {"kind": "unrecognised_caller", "handoff": None, "occurred_at": at, "evidence": evidence}
    assert kinds([CALL], [alert]) == {"unrecognised_caller": (1, 0, 0)}


def test_a_silence_is_known_by_its_department_and_a_conflict_by_its_evidence() -> None:
    silence = ALERT | {"kind": "silent_department", "journey": None, "handoff": None}
    conflict = silence | {"kind": "identity_conflict", "identifiers": {"crm": ["1", "2"], "order": ["A-1"]}}
    assert kinds([SILENT, CONFLICT], [silence, conflict]) == {
        "identity_conflict": (1, 0, 0),
        "silent_department": (1, 0, 0),
    }
    assert kinds([CONFLICT], [conflict, conflict]) == {"identity_conflict": (1, 1, 0)}


def test_delays_and_false_alarms_are_told_in_seconds_and_per_thousand_journeys() -> None:
    told = score(
        [JOURNEY, MISSING], [ALERT, ALERT | {"handoff": "other"}], [], [FOUND], {"f1": 1_768_471_230_000_000}
    )
    document = score_document(told, show=1)
    assert document["alerts"]["missing"]["seconds_to_detection"] == {"p50": 5.0, "p95": 5.0, "max": 5.0}
    assert document["alerts"]["missing"]["seconds_to_announcement"] == {"p50": 30.0, "p95": 30.0, "max": 30.0}
    assert document["false_alarms_per_thousand_journeys"] == 1000
    assert [alert["handoff"] for alert in document["worst"]["false"]["missing"]] == ["other"]


def test_a_customer_found_whole_has_every_pair_and_one_found_in_parts_lacks_some() -> None:
    whole = score([JOURNEY, ANNA], [], [], [FOUND]).customers
    assert (whole.precision, whole.recall) == (1, 1)
    bare = FOUND | {"timeline": FOUND["timeline"][:1]}
    apart = {"id": "c2", "unattached": [{"source": "/shop", "id": "2"}]}
    parts = score([JOURNEY, ANNA], [], [apart], [bare]).customers
    assert (parts.precision, parts.recall, len(parts.split)) == (None, 0, 1)


@pytest.mark.parametrize(("people", "precision"), [([1], 1), ([2], 1 / 3)])
def test_who_is_not_clear_is_rightly_apart_and_wrongly_somebody_elses(
    people: list[int], precision: float
) -> None:
    guest = ANNA | {"customer": 1, "clear": False, "people": people, "events": ["/shop#3"]}
    mine, theirs = ({"id": c, "unattached": [{"source": "/shop", "id": "3"}]} for c in ("c1", "c2"))
    merged, apart = (score([JOURNEY, ANNA, guest], [], [who], [FOUND]).customers for who in (mine, theirs))
    assert (merged.precision, merged.recall) == (precision, 1)
    assert (apart.precision, apart.recall) == (1, 1)


def test_the_order_of_somebody_who_is_not_clear_is_a_journey_to_get_right() -> None:
    guest = ANNA | {"clear": False}
    call = guest | {"customer": 1, "events": ["/care#7"]}
    called = FOUND | {"timeline": [*FOUND["timeline"], {"source": "/care", "id": "7"}]}
    assert score([JOURNEY, guest, call], [], [], [called]).journeys.precision == 1
    assert score([JOURNEY, guest], [], [], [FOUND | {"timeline": FOUND["timeline"][:1]}]).journeys.recall == 0


@pytest.mark.parametrize("found", [{"j": {"1", "2"}}, {"j": {"1"}}, {}])
def test_a_journey_is_right_with_exactly_its_events(found: dict[str, set[str]]) -> None:
    result = score_sets(found, {"j": {"1", "2"}}, set())
    assert result.exact == (found == {"j": {"1", "2"}})
    assert (result.recall == 1) == (not result.wrong)


CUSTOMERS = st.dictionaries(st.integers(0, 30).map(str), st.sampled_from("abcd"), max_size=20)


PEOPLE = st.fixed_dictionaries(dict.fromkeys("abcd", st.sets(st.integers(1, 3))))


@given(CUSTOMERS, CUSTOMERS, PEOPLE, st.sets(st.sampled_from("abcd")))
def test_pairs_counted_by_overlaps_are_the_pairs_counted_one_by_one(
    found: dict[str, str], true: dict[str, str], people: dict[str, set[int]], unclear: set[str]
) -> None:
    pairs = list(combinations(sorted(found.keys() & true.keys()), 2))
    counted = score_pairs(found, true, people, unclear)
    assert counted.found == sum(
        found[a] == found[b]
        and not (true[a] != true[b] and unclear & {true[a], true[b]} and people[true[a]] & people[true[b]])
        for a, b in pairs
    )
    assert counted.true == sum(true[a] == true[b] for a, b in pairs)
    assert counted.together == sum(found[a] == found[b] and true[a] == true[b] for a, b in pairs)
    assert sum(mixed.pairs for mixed in counted.merged) == counted.found - counted.together
    assert sum(mixed.pairs for mixed in counted.split) == counted.true - counted.together
