"""What the generator plays, in real time: an hour of it takes some seconds."""

import re
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import orjson

from journeys.instants import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant

Thing = TypeVar("Thing")
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}


def moved(events: Iterable[bytes], start: int, an_hour: int) -> Iterator[tuple[int, bytes]]:
    """The events, each with its time: the first that is given happens at `start`, an hour takes `an_hour`
    microseconds, and what was promised is moved alike.
    """
    first: int | None = None

    def now(time: str) -> int:
        return start + (parse_instant(time) - (first or 0)) * an_hour // HOUR

    for raw in events:
        event = orjson.loads(raw)
        first = parse_instant(event["time"]) if first is None else first
        at = now(event["time"])
        if promised := event["data"].get("promised_at"):
            event["data"]["promised_at"] = format_instant(now(promised))
        yield at, orjson.dumps({**event, "time": format_instant(at)})


def quickened(journey_map: str, an_hour: int) -> str:
    """The map with every duration of a minute or more as long as it is then."""

    def seconds(found: re.Match[str]) -> str:
        return f"{int(found[1]) * _UNITS[found[2]] * an_hour / HOUR / SECOND:g}s"

    return re.sub(r"(?<=[:,] )(\d+)([dhm])\b", seconds, journey_map)


def in_time(things: Iterable[tuple[int, Thing]]) -> Iterator[Thing]:
    """Each once its time has come."""
    for at, thing in things:
        time.sleep(max(0.0, at / SECOND - time.time()))
        yield thing
