"""Alerts of two maps over the same history: which are gone, new, moved or the same."""

from typing import Any

from journeys.comparison import compare, mended


def alert(
    fingerprint: str, kind: str = "missing", opened: str = "10:00", event: str = "e1"
) -> dict[str, Any]:
    at = f"2026-01-15T{opened}:00Z"
    return {
        "fingerprint": fingerprint, "kind": kind, "handoff": "activation", "opened_at": at, "due_at": at,
        "severity": "warning", "owner": "", "department": "activation", "status": "open",
        "evidence": [{"source": "/shop", "id": event}],
    }  # fmt: skip


def test_alerts_that_one_map_alone_raises_are_gone_or_new_in_the_order_of_their_opening() -> None:
    found = compare([alert("b", event="e2"), alert("a", opened="09:00")], [alert("c", event="e3")])
    assert [each["fingerprint"] for each in found.gone] == ["a", "b"]
    assert [each["fingerprint"] for each in found.new] == ["c"]
    assert (found.moved, found.same) == ([], 0)


def test_an_alert_under_another_deadline_has_moved() -> None:
    found = compare([alert("a")], [alert("a", opened="11:00")])
    assert [moved.differs for moved in found.moved] == [("opened_at", "due_at")]
    assert (found.gone, found.new, found.same) == ([], [], 0)


def test_an_alert_whose_journey_is_named_otherwise_is_still_the_same_alert() -> None:
    found = compare([alert("a")], [alert("b")])
    assert (found.gone, found.new, found.moved, found.same) == ([], [], [], 1)


def test_what_was_resolved_has_mended_itself() -> None:
    assert mended([alert("a"), alert("b") | {"status": "resolved"}]) == 1
