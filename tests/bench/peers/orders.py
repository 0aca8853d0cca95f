"""What every program of the comparison reads: orders of six events, each within hours of the one before.

Seeded, so that every run plays the same. One line in twenty is never activated: an alert is due four hours of
event time after its parcel was delivered. A last order in every partition, placed hours later, shows that the
time of all these alerts has come.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import orjson

from journeys.instants import format_instant, parse_instant
from stream.transports.log import Entry, Partition, partition_for

STEPS = (
    "shop.order_placed",
    "shop.order_paid",
    "shop.order_packed",
    "shop.parcel_sent",
    "shop.parcel_delivered",
    "activation.line_activated",
)
PARTITIONS = 4
SEED = 20250115

_HOUR = 3600 * 1_000_000
_FIRST = parse_instant("2025-01-15T00:00:00Z")
_ORDERS_AN_HOUR = 100
_LONGEST_GAP, _MUCH_LATER = 2 * _HOUR, 12 * _HOUR
_NEVER_ACTIVATED = 0.05


class Orders(NamedTuple):
    """The events by partition, in time order; how many come of each order; the orders that alerts are due for."""

    events: dict[int, list[Entry]]
    counts: dict[str, int]
    missing: frozenset[str]

    @property
    def size(self) -> int:
        return sum(map(len, self.events.values()))

    def on(self, topic: str) -> Iterator[dict[Partition, list[Entry]]]:
        """A few thousand at a time, for the log."""
        for partition, entries in self.events.items():
            for start in range(0, len(entries), 5_000):
                yield {(topic, partition): entries[start : start + 5_000]}


def play(orders: int) -> Orders:
    happened: list[tuple[int, str, int]] = []
    counts: dict[str, int] = {}
    for number in range(orders):
        random = Random(SEED + number)
        order, at = f"A-{number:07d}", _FIRST + int(random.random() * orders / _ORDERS_AN_HOUR * _HOUR)
        counts[order] = len(STEPS) - (random.random() < _NEVER_ACTIVATED)
        for step in range(counts[order]):
            happened.append((at, order, step))
            at += 1 + int(random.random() * _LONGEST_GAP)
    happened.sort()
    events: dict[int, list[Entry]] = {partition: [] for partition in range(PARTITIONS)}
    for at, order, step in happened:
        events[partition_for(order.encode(), PARTITIONS)].append(_event(order, step, at))
    for partition, order in _one_in_each():
        counts[order] = 1
        events[partition].append(_event(order, 0, happened[-1][0] + _MUCH_LATER))
    missing = frozenset(order for order, count in counts.items() if count == len(STEPS) - 1)
    return Orders(events, counts, missing)


def _one_in_each() -> Iterator[tuple[int, str]]:
    wanted, number = set(range(PARTITIONS)), 0
    while wanted:
        order = f"Z-{number:07d}"
        partition = partition_for(order.encode(), PARTITIONS)
        if partition in wanted:
            wanted.remove(partition)
            yield partition, order
        number += 1


def _event(order: str, step: int, at: int) -> Entry:
    value = {
        "specversion": "1.0",
        "id": f"{order}-{step}",
        "source": f"/{STEPS[step].partition('.')[0]}",
        "type": STEPS[step],
        "time": format_instant(at),
        "data": {"order": order, "plan": "SML"[step % 3], "amount": 499},
    }
    return Entry(order.encode(), orjson.dumps(value), timestamp=at // 1000)
