"""A department's publisher."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from journeys.errors import InvalidEvent
from journeys.events import event_time, parse_event, record_key
from journeys.instants import format_instant
from journeys.silence import HEARTBEAT
from stream.publisher.link import Link
from stream.publisher.outbox import Outbox, Taken, in_calls
from stream.publisher.spool import Letter, Spool
from stream.transports.log import Entry, LogError

logger = logging.getLogger(__name__)

SPOOL_BYTES = 256 * 1024 * 1024


class Publisher:
    """Publishes the events of one department. A context manager; may be used by several threads.

    An event is a CloudEvent as a mapping (or its JSON) with at least `id` and `type`; without a `specversion` or
    a `source` it gets the publisher's. One with the same (source, id) as an earlier event counts as a repeat
    of it. Events keep their order: those of one thread, within a partition of the topic. The partition follows
    from `partitionkey`, else from source and id.
    """

    def __init__(
        self,
        department: str,
        *,
        broker: str,
        spool: Path,
        source: str | None = None,
        topic: str | None = None,
        spool_bytes: int = SPOOL_BYTES,
        patience: float = 5.0,
        heartbeat_seconds: float | None = 30.0,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        **client: Any,
    ) -> None:
        """Does not wait for Kafka. SpoolDamaged, or LogError for an address or a spool that cannot be used.

        broker: `kafka://[user:password@]host:port,…` · spool: a directory of this publisher's own; what an earlier
        run left there is sent first · source: of events that name none, default `/<department>` · topic: default
        `<department>.events` · patience: seconds to wait for Kafka before events are spooled ·
        heartbeat_seconds: None for no heartbeats in the background · clock: microseconds since 1970 UTC ·
        client: further settings of kafka-python, such as ssl_context.
        """
        self._department = department
        self._source = source or f"/{department}"
        self._topic = topic or f"{department}.events"
        self._clock = clock
        self._outbox = Outbox(Link(broker, patience, **client), Spool(spool, spool_bytes), patience)
        self._closing = threading.Event()
        if heartbeat_seconds is not None:
            beats = threading.Thread(target=self._beat, args=(heartbeat_seconds,), daemon=True)
            beats.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def publish(self, *events: Mapping[str, Any] | bytes) -> Taken:
        """Returns when Kafka has all the events, or the spool has those that Kafka does not have yet.

        InvalidEvent: an event can't be used, none was sent. SpoolFull: Kafka is away, and there is no room.
        LogError: Kafka refuses, and says what to mend (topic, ACL, credentials). After the last two publish again:
        some of the events may have arrived, which does no harm.
        """
        taken = Taken.BY_KAFKA
        for letters in in_calls([self._letter(event) for event in events]):
            taken = self._outbox.send(letters)
        return taken

    def heartbeat(self) -> Taken:
        """Say that the department is alive though it has no events, so that it does not count as silent."""
        now = self._clock()
        return self.publish(
            {
                "id": f"{self._department}-{now}",
                "type": HEARTBEAT,
                "time": format_instant(now),
                "data": {"department": self._department},
            }
        )

    @property
    def spooled_bytes(self) -> int:
        """How much Kafka does not have yet."""
        return self._outbox.spooled

    @property
    def problem(self) -> str | None:
        """Why the spool is not empty, and what to mend."""
        return str(self._outbox.problem) if self._outbox.problem else None

    def drain(self, seconds: float | None = None) -> bool:
        """Wait until Kafka has everything; False when the time was up before. None: as long as it takes."""
        return self._outbox.drain(seconds)

    def close(self) -> None:
        """What is spooled stays there, for the next publisher on this spool."""
        self._closing.set()
        self._outbox.close()

    def _letter(self, event: Mapping[str, Any] | bytes) -> Letter:
        raw = event if isinstance(event, bytes) else self._encoded(event)
        checked, plain = parse_event(raw)
        now = self._clock()
        event_time(checked, now)
        partition_key = record_key(plain.get("partitionkey"), checked.source, checked.id)
        if not isinstance(partition_key, str):
            raise InvalidEvent(
                "invalid_attribute", f"partitionkey: expected a string; found {partition_key!r:.80}"
            )
        return Letter(self._topic, Entry(partition_key.encode(), raw, timestamp=now // 1000))

    def _encoded(self, event: Mapping[str, Any]) -> bytes:
        try:
            return orjson.dumps({"specversion": "1.0", "source": self._source, **event})
        except TypeError as error:
            raise InvalidEvent("invalid_json", f"expected what JSON can hold: {error}") from None

    def _beat(self, seconds: float) -> None:
        while not self._closing.wait(seconds):
            if not self._outbox.spooled:
                try:
                    self.heartbeat()
                except LogError as error:
                    logger.warning("no heartbeat: %s", error)
