"""A record's content as an event in structured JSON, whichever content mode it was sent in."""

from journeys.binary_mode import structured
from journeys.errors import InvalidEvent
from stream.transports.log import Record

PREFIX = "ce_"


def content(record: Record) -> bytes | None:
    """The event. Binary mode has the attributes in headers such as ce_id (CloudEvents Kafka binding 1.0.2).

    Raises InvalidEvent.
    """
    headers = {name: value or b"" for name, value in record.headers}
    if not any(name.startswith(PREFIX) for name in headers):
        return record.value
    try:
        attributes = {
            name.removeprefix(PREFIX): value.decode()
            for name, value in headers.items()
            if name.startswith(PREFIX)
        }
        return structured(attributes, headers.get("content-type", b"").decode(), record.value or b"")
    except UnicodeDecodeError as error:
        raise InvalidEvent("invalid_encoding", f"expected headers in UTF-8: {error.reason}") from None
