from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from stream.notify.alertmanager import NAMES, Alertmanager, annotations, ends_at, labels
from stream.notify.receiver import Alert
from tests.stream.notify.receiving import EMAIL, PAGE, PHONE, alert, resolved
from tests.support.alertmanager import RunningAlertmanager

NOW = datetime(2026, 1, 15, 16, 0, tzinfo=UTC)


async def test_an_alert_fires_with_its_proof_and_a_link_until_it_is_resolved(
    alertmanager: RunningAlertmanager, session: aiohttp.ClientSession
) -> None:
    receiver = Alertmanager(session, alertmanager.url, PAGE)
    await receiver.send([alert("f1"), alert("f2")])
    firing = alertmanager.firing()
    assert firing.keys() == {"f1", "f2"}
    assert firing["f1"]["labels"] == {
        "alertname": "HandoffOverdue",
        "baton_fingerprint": "f1",
        "severity": "critical",
        "department": "activation",
        "journey_type": "purchase",
        "handoff": "activation",
    }
    assert firing["f1"]["startsAt"] == "2026-01-15T14:00:00.000Z"
    assert firing["f1"]["generatorURL"] == "http://baton.example/#alert=f1"
    assert firing["f1"]["annotations"]["weakest_link"] == "phone with email, by event e7 of /shop"

    await receiver.send([resolved("f1")])
    assert alertmanager.firing().keys() == {"f2"}


@pytest.mark.parametrize("resolved_at", [None, "2026-01-15T14:00:00Z"])
async def test_a_withdrawn_alert_stops_firing(
    alertmanager: RunningAlertmanager, session: aiohttp.ClientSession, resolved_at: str | None
) -> None:
    receiver = Alertmanager(session, alertmanager.url, PAGE)
    await receiver.send([alert()])
    await receiver.send([alert(status="withdrawn", resolved_at=resolved_at)])
    assert alertmanager.firing() == {}


async def test_every_kind_is_taken_also_without_journey_and_with_any_text(
    alertmanager: RunningAlertmanager, session: aiohttp.ClientSession
) -> None:
    kinds = [
        alert(
            kind,
            kind=kind,
            journey=None,
            journey_type=None,
            handoff=None,
            weakest_link=None,
            summary="ü\n\"'",
        )
        for kind in [*NAMES, "unheard_of"]
    ]
    await Alertmanager(session, alertmanager.url, PAGE).send(kinds)
    assert alertmanager.firing().keys() == {each["kind"] for each in kinds}


@pytest.mark.parametrize("kind", ["stuck", "late"])
def test_an_overdue_handoff_keeps_its_labels_when_its_kind_changes(kind: str) -> None:
    assert labels(alert(kind=kind)) == labels(alert(kind="missing"))
    assert annotations(alert(kind=kind))["kind"] == kind


def test_an_alert_about_a_contact_keeps_its_labels_when_it_moves_to_another_journey() -> None:
    stranger = {"kind": "unrecognised_caller", "handoff": None}
    assert labels(alert(**stranger, journey_type=None)) == labels(alert(**stranger, journey_type="repair"))


def test_no_label_or_link_shows_who_the_customer_is() -> None:
    shown = str(labels(alert())) + annotations(alert())["weakest_link"]
    assert EMAIL not in shown and PHONE not in shown


def test_the_annotations_tell_a_person_what_to_do() -> None:
    told = annotations(resolved())
    assert told["late_by"] == "1:30:00"
    assert told["runbook"] == "https://runbooks.example/activation"
    assert told["owner"] == "line activation"


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (alert(), NOW + timedelta(minutes=15)),
        (resolved(), datetime(2026, 1, 15, 15, 30, tzinfo=UTC)),
        (alert(status="withdrawn"), NOW),
        (
            alert(status="resolved", resolved_at="2026-01-15T13:00:00Z"),
            datetime(2026, 1, 15, 14, 0, tzinfo=UTC),
        ),
        (alert(status="resolved", resolved_at="2026-01-15T18:00:00.5Z"), NOW),
    ],
    ids=["open", "resolved", "withdrawn", "never before its start", "never in the future"],
)
def test_an_alert_ends_when(state: Alert, ends: datetime) -> None:
    assert ends_at(state, NOW) == ends
