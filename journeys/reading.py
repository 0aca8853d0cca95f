"""Reading: a raw record becomes an event under the journey map, or says why it cannot."""

from difflib import get_close_matches
from typing import Any

from journeys.errors import InvalidEvent
from journeys.events import CloudEvent, Event, event_key, event_time, parse_event
from journeys.identity import strength
from journeys.journey_map import COMMAND_TYPES, Department, JourneyMap
from journeys.silence import HEARTBEAT, home

FIVE_MINUTES = 5 * 60_000_000


class EventReader:
    """Reads records under one journey map.

    `live` refuses events more than five minutes ahead of their receipt; a replay of history has no such
    check.
    """

    def __init__(self, journey_map: JourneyMap, live: bool) -> None:
        self._map = journey_map
        self._live = live

    def read(
        self, raw: bytes | None, origin: list[Any], received_at: int | None, now: int | None = None
    ) -> Event:
        """The event in a record; InvalidEvent says what is wrong.

        Microseconds: `received_at`, None where unknown: then an event must have a time of its own, which is held
        against `now` instead.
        """
        event, plain = parse_event(raw or b"")
        if event.type not in self._map.events and event.type not in (*COMMAND_TYPES, HEARTBEAT):
            near = get_close_matches(event.type, self._map.events, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise InvalidEvent("unknown_event_type", f"{event.type} is in no journey map{hint}")
        time = event_time(event, received_at)
        latest = now if received_at is None else received_at
        if self._live and latest is not None and time > latest + FIVE_MINUTES:
            raise InvalidEvent("time_in_future", f"time is {event.time}; check the sender's clock")
        if event.type in COMMAND_TYPES:
            identifiers, fields, dropped = *self._command(event), 0
        elif event.type == HEARTBEAT:
            identifiers, fields, dropped = [home(self._beating(event))], {}, 0
        else:
            usable, dropped = self._map.identifiers_of(plain)
            identifiers, fields = list(usable), self._map.fields_of(plain)
        if not identifiers:
            wanted = ", ".join(self._map.events[event.type].identifiers)
            raise InvalidEvent("missing_identifiers", f"expected at least one usable identifier of: {wanted}")
        key = event_key(event, plain)
        read = Event(key, event.type, time, identifiers, fields, event.source, event.id, [origin], dropped)
        department = self.department_of(read)
        if department and received_at is not None and received_at - time > department.allowed_delay:
            read.origins[0] = [*origin, received_at - time]
        return read

    def department_of(self, event: Event) -> Department | None:
        """The department that an event is a sign of life of."""
        if event.type == HEARTBEAT:
            return self._map.departments[event.identifiers[0].partition(":")[2]]
        known = self._map.events.get(event.type)
        return self._map.departments[known.department] if known else None

    def _beating(self, event: CloudEvent) -> str:
        name = event.data.get("department") if isinstance(event.data, dict) else None
        if name not in self._map.departments:
            raise InvalidEvent(
                "missing_identifiers",
                f"data.department: expected a department of the map, found {name!r:.80}",
            )
        return str(name)

    def _command(self, event: CloudEvent) -> tuple[list[str], dict[str, Any]]:
        """An operator's link or unlink: the two identifiers it is about, and who says so and why."""
        data = event.data if isinstance(event.data, dict) else {}
        ends = []
        for name in ("a", "b"):
            kind, _, value = str(data.get(name, "")).partition(":")
            rule = self._map.identifiers.get(kind)
            spelling = rule.normalise(value) if rule else None
            if rule is None or spelling is None:
                raise InvalidEvent(
                    "missing_identifiers",
                    f"data.{name}: expected type:value with a type of the map, and a value that names somebody,"
                    f" found {data.get(name)!r:.80}",
                )
            if not rule.routes:
                raise InvalidEvent(
                    "missing_identifiers",
                    f"data.{name}: {kind} names what many customers share (routes: false), and links nobody",
                )
            ends.append(f"{kind}:{spelling}")
        if ends[0] == ends[1]:
            raise InvalidEvent(
                "missing_identifiers",
                f"data.a and data.b: expected two identifiers, found one twice, {ends[0]}",
            )
        ends.sort(key=lambda end: strength(end, self._map.identifiers))
        return ends, {name: data[name] for name in ("by", "reason") if isinstance(data.get(name), str)}
