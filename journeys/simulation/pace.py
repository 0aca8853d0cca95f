"""A simulated week at another time and speed: its events, its truth and its map, all alike.

At speed 60 an hour passes in a minute, and what is due within four hours is due within four minutes.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from journeys.instants import format_duration, format_instant, parse_duration, parse_instant
from journeys.simulation.calendar import STARTS
from journeys.simulation.world import Arrival

_INSTANTS = {"time", "promised_at", "until", "broken_at", "mended_at", "first_seen"}
_DURATIONS = {
    "within", "jeopardy_at", "stalls_after", "silent_after", "allowed_delay", "repeat_within", "window",
    "changes_hands_after",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """The week begins at an instant and goes by `speed` times as fast as it would."""

    begins: int
    speed: float

    def instant(self, simulated: int) -> int:
        return self.begins + int((simulated - STARTS) / self.speed) // 1_000 * 1_000

    def arrival(self, arrival: Arrival) -> Arrival:
        return Arrival(self.instant(arrival.at), orjson.dumps(self.document(orjson.loads(arrival.raw))))

    def document(self, found: Any) -> Any:
        """An event, or a line of the truth, with all its times as they are to be."""
        if isinstance(found, list):
            return [self.document(each) for each in found]
        if not isinstance(found, dict):
            return found
        return {
            name: format_instant(self.instant(parse_instant(value)))
            if name in _INSTANTS and isinstance(value, str)
            else self.document(value)
            for name, value in found.items()
        }

    def map(self, text: str) -> str:
        """The journey map with its durations shortened."""
        return yaml.safe_dump(self._shortened(yaml.safe_load(text)), sort_keys=False)

    def _shortened(self, found: Any) -> Any:
        if not isinstance(found, dict):
            return found
        return {
            name: format_duration(round(parse_duration(value) / self.speed))
            if name in _DURATIONS and isinstance(value, str)
            else self._shortened(value)
            for name, value in found.items()
        }
