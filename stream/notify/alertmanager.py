"""Alerts to Prometheus Alertmanager, by its v2 API.

Alertmanager knows an alert by its labels, so they hold only what stays the same while the alert lives. An
overdue handoff is in `jeopardy` first, then `missing` or `stuck`, and `late` once mended: one name for all,
and the kind is an annotation. A contact may move to another journey: its alerts have no label for the
journey's type. No label holds a value that identifies a person; the page behind the link shows those.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson

from stream.notify.posting import post, web_address
from stream.notify.receiver import Alert

NAMES = {
    "jeopardy": "HandoffOverdue",
    "missing": "HandoffOverdue",
    "stuck": "HandoffOverdue",
    "late": "HandoffOverdue",
    "identity_late": "HandoffOverdue",
    "failed": "HandoffFailed",
    "contradictory": "HandoffContradictory",
    "out_of_order": "HandoffOutOfOrder",
    "duplicated": "HandoffDuplicated",
    "unrecognised_caller": "UnrecognisedCaller",
    "repeat_contact": "RepeatContact",
    "stalled": "JourneyStalled",
    "identity_conflict": "IdentityConflict",
    "silent_department": "DepartmentSilent",
}
OTHER_NAME = "BrokenHandoff"
OF_CONTACTS = {"unrecognised_caller", "repeat_contact"}

OPEN_FOR = timedelta(minutes=15)
"""How long Alertmanager holds an open alert without hearing of it: many re-sends may fail before it resolves
by mistake.
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Alertmanager:
    """A Receiver. page_url: the journey page, to which each alert links. now: the time of day, for open
    alerts' end.
    """

    name = "alertmanager"
    at_most = 100
    forgets = True

    def __init__(
        self, session: aiohttp.ClientSession, url: str, page_url: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._session = session
        self._url = web_address("Alertmanager's address", url) / "api/v2/alerts"
        self._page_url = page_url
        self._now = now

    async def send(self, alerts: Sequence[Alert]) -> None:
        now = self._now()
        await post(
            self._session, self._url, orjson.dumps([posted(alert, self._page_url, now) for alert in alerts])
        )


def posted(alert: Alert, page_url: str, now: datetime) -> dict[str, Any]:
    """The alert as Alertmanager's `postableAlert`."""
    return {
        "labels": labels(alert),
        "annotations": annotations(alert),
        "startsAt": alert["opened_at"],
        "endsAt": ends_at(alert, now).isoformat(),
        "generatorURL": link(alert, page_url),
    }


def labels(alert: Alert) -> dict[str, str]:
    return _filled(
        alertname=NAMES.get(alert["kind"], OTHER_NAME),
        baton_fingerprint=alert["fingerprint"],
        severity=alert["severity"],
        department=alert["department"],
        journey_type=None if alert["kind"] in OF_CONTACTS else alert["journey_type"],
        handoff=alert["handoff"],
    )


def annotations(alert: Alert) -> dict[str, str]:
    late_by = alert["late_by_seconds"]
    return _filled(
        summary=alert["summary"],
        kind=alert["kind"],
        customer=alert["customer"],
        journey=alert["journey"],
        journey_type=alert["journey_type"],
        due_at=alert["due_at"],
        late_by=None if late_by is None else str(timedelta(seconds=round(late_by))),
        owner=alert["owner"],
        runbook=alert["runbook"],
        weakest_link=_without_values(alert["weakest_link"]),
    )


def ends_at(alert: Alert, now: datetime) -> datetime:
    """When Alertmanager takes the alert for resolved; never before its start, which Alertmanager would
    refuse.
    """
    if alert["status"] == "open":
        return now + OPEN_FOR
    resolved = datetime.fromisoformat(alert["resolved_at"]) if alert["resolved_at"] else now
    return max(min(resolved, now), datetime.fromisoformat(alert["opened_at"]))


def link(alert: Alert, page_url: str) -> str:
    """The alert on the journey page."""
    return f"{page_url}#alert={alert['fingerprint']}"


def _filled(**texts: str | None) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _without_values(joined: dict[str, Any] | None) -> str | None:
    """The link by types alone: `phone with email, by event 7 of /shop`."""
    if joined is None:
        return None
    one, other = (str(joined[end]).partition(":")[0] for end in ("a", "b"))
    return f"{one} with {other}, by event {joined['id']} of {joined['source']}"
