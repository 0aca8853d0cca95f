"""Publishing: where a raw event goes. Every record goes somewhere: what no department is known for goes to
the inbox.
"""

import orjson

from journeys.errors import InvalidEvent
from journeys.events import MAX_EVENT_BYTES, record_key
from journeys.silence import HEARTBEAT
from stream.dead_letters import ORIGIN_HEADER, dead_letter
from stream.topics import Topics
from stream.transports.log import Entry, Record


def address(raw: bytes, topics: Topics, origin: str) -> tuple[str, Entry]:
    """The topic and entry for a raw event; `origin`, such as `orders.jsonl:17`, is kept beside it.

    An event over the size limit becomes a dead letter at once: no log would take it.
    """
    headers = ((ORIGIN_HEADER, origin.encode()),)
    if len(raw) > MAX_EVENT_BYTES:
        error = InvalidEvent("too_large", f"{len(raw)} bytes; an event has at most {MAX_EVENT_BYTES}")
        return topics.dead_letters, dead_letter(error, origin, 0, Record(0, 0, None, raw, headers))
    try:
        event = orjson.loads(raw)
        type, source, id = event["type"], event["source"], event["id"]
        key = record_key(event.get("partitionkey"), source, id)
        return topics.source_of(type), Entry(key.encode(), raw, headers)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeEncodeError):
        return topics.inbox, Entry(None, raw, headers)


def is_heartbeat(raw: bytes) -> bool:
    """Whether a raw event is a department's heartbeat."""
    if HEARTBEAT.encode() not in raw:
        return False
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(event, dict) and event.get("type") == HEARTBEAT
