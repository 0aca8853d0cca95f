"""How fast workers come through events that are there before they start, and that two agree with one."""

import time
from typing import NamedTuple

from tests.bench.live.place import PARTITIONS, Overdue, has_rested, site, until
from tests.bench.orders import MAP, by_time
from tests.support.kafka import Broker
from tests.support.sites import Site
from tests.support.verifier import Published, Results


class Run(NamedTuple):
    """`messages`: between stitch partitions, watermarks and tokens included, for each event."""

    events_a_second: float
    messages: float
    results: Results


def peak(at: Broker, journeys: int, workers: int, roles: tuple[str, ...]) -> Run:
    """All events are in the topics; the time runs from when the workers work until all that follows is done."""
    events = by_time(journeys)
    with site(at, MAP.read_text()) as place:
        place.send(events)
        started = [place.start(*in_roles(*roles)) for _ in range(workers)]
        for worker in started:
            worker.until_working()
        began = time.monotonic()
        until(lambda: place.progress() >= len(events), "all events are read")
        until(has_rested(place, *roles), "all that follows is done", every=0.1)
        seconds = time.monotonic() - began
        messages = sum(
            offset for (_, n), offset in place.committed(place.topics.observations).items() if n < PARTITIONS
        )
        results = published(place)
    return Run(len(events) / seconds, messages / len(events), results)


def in_roles(*roles: str) -> list[str]:
    return [word for role in roles for word in ("--role", role)]


def recovery(at: Broker, journeys: int) -> float:
    """Seconds for a million events until a worker that comes back with nothing on disk stitches what came since."""
    *events, last = by_time(journeys)
    with site(at, MAP.read_text()) as place:
        place.send(events)
        first = place.start(*in_roles("ingest", "stitch"))
        until(lambda: place.progress() >= len(events), "all events are read")
        until(has_rested(place, "stitch"), "all that follows is done")
        first.stop()
        with_state = _until_it_stitches(place, last)
    with site(at, MAP.read_text()) as place:
        without = _until_it_stitches(place, last)
    return max(with_state - without, 0.0) / len(events) * 1e6


def _until_it_stitches(place: Site, event: bytes) -> float:
    place.send([event])
    before, began = _stitched(place), time.monotonic()
    place.start(*in_roles("ingest", "stitch"))
    until(lambda: _stitched(place) > before, "the worker goes on")
    return time.monotonic() - began


def _stitched(place: Site) -> int:
    return sum(place.committed(place.topics.observations).values())


def published(place: Site) -> Results:
    """What came out, once two looks at it are the same."""
    reader = Published(place.broker.address, place.topics)
    try:
        reader.catch_up()
        for _ in range(60):
            before = reader.results
            time.sleep(1.5)
            reader.catch_up()
            if reader.results == before:
                return before
        raise Overdue("what comes out never rests")
    finally:
        reader.close()
