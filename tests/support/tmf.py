"""The adapter a telecom would write: an official TM Forum notification becomes a CloudEvent.

Their event ids are only unique together with the event type, and their times are spelled in two ways.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.shared import data

MAP = Path(__file__).parent / "maps" / "tmf.yaml"


def notifications() -> dict[str, dict[str, Any]]:
    """Name of the file → the notification in it."""
    folder = data("tmf_openapi_events") / "events"
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def cloud_event(notification: dict[str, Any]) -> dict[str, Any]:
    """The notification's body, at the time when it happened, from the system that says so."""
    event_type = notification["eventType"]
    happened = (
        notification.get("timeOccurred") or notification.get("timeOcurred") or notification["eventTime"]
    )
    return {
        "specversion": "1.0",
        "id": f"{event_type}-{notification['eventId']}",
        "source": f"/{quote(notification['domain'])}/{quote(notification['source']['id'])}",
        "type": f"tmf.{event_type}",
        "time": happened,
        "correlationid": notification["correlationId"],
        "datacontenttype": "application/json",
        "data": notification["event"],
    }
