"""Binary content mode of CloudEvents: attributes as headers, the data as the body. The same for HTTP and
Kafka bindings.
"""

import base64
import re
from collections.abc import Mapping

import orjson

from journeys.errors import InvalidEvent

JSON_DATA = re.compile(r"(application|text)/json|[^/]+/[^/]+\+json")
NOT_HEADERS = ("data", "data_base64", "datacontenttype")


def structured(attributes: Mapping[str, str], content_type: str | None, data: bytes) -> bytes:
    """The event in structured JSON, not yet checked; data whose type is not JSON goes into data_base64.

    `attributes` by name, without the binding's prefix. Raises InvalidEvent.
    """
    if misplaced := [name for name in NOT_HEADERS if name in attributes]:
        raise InvalidEvent("invalid_attribute", f"expected no header for {misplaced[0]}; data is the body")
    event: dict[str, object] = dict(attributes)
    if content_type:
        event["datacontenttype"] = content_type
    if data and (not content_type or JSON_DATA.fullmatch(content_type.partition(";")[0].strip().lower())):
        event["data"] = _json_data(data)
    elif data:
        event["data_base64"] = base64.b64encode(data).decode()
    return orjson.dumps(event)


def _json_data(data: bytes) -> orjson.Fragment:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent("invalid_json", f"expected data in JSON, for so says its type: {error}") from None
    return orjson.Fragment(data)
