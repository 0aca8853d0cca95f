"""A replay in which a department falls silent: one alert, and nothing that it owes is called missing meanwhile."""

from pathlib import Path

from tests.support.replaying import Replayed, replay
from tests.support.scenario import ANNA, SIM, TELECOM, Told, cloudevent, shop, when

ALLOWING_TWO_HOURS = TELECOM.replace(
    "activation:\n    owner", "activation:\n    silent_after: 2h\n    owner", 1
)


def heartbeat(time: str) -> dict[str, object]:
    return cloudevent(time, Told("baton.heartbeat", {"department": "activation"}, None), f"beat {time}")


def replayed(folder: Path, *beats: str) -> Replayed:
    """Anna's parcel came at ten; her line was to be active by two. Judged at three."""
    order = shop.order_placed(order="A-1", email=ANNA, plan="L", promised_at="2026-01-15T12:00:00Z")
    events = [
        cloudevent("09:00", order, "1"),
        cloudevent("10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}], plan="L"), "2"),
        *map(heartbeat, beats),
    ]
    return replay(events, ALLOWING_TWO_HOURS, folder, as_of=when("15:00"))


def test_a_department_that_sends_heartbeats_owes_what_has_not_come(tmp_path: Path) -> None:
    found = replayed(tmp_path, "09:30", "11:30", "13:30")
    assert [alert["kind"] for alert in found.alerts()] == ["missing"]
    assert (found.summary["read"], found.reconciles()) == (2, True)


def test_a_silent_department_is_one_alert_and_owes_nothing_yet(tmp_path: Path) -> None:
    (alert,) = replayed(tmp_path, "09:30", "11:30").alerts()
    assert (alert["kind"], alert["status"], alert["department"]) == (
        "silent_department",
        "open",
        "activation",
    )
    assert alert["opened_at"] == when("13:30")


def test_heard_again_all_is_judged_as_if_nothing_had_been(tmp_path: Path) -> None:
    found = replayed(tmp_path, "09:30", "11:30", "14:50")
    assert {alert["kind"]: alert["status"] for alert in found.alerts()} == {
        "missing": "open",
        "silent_department": "resolved",
    }
