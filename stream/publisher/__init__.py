"""Publish a department's events to Kafka so that nothing acknowledged is ever lost.

    with Publisher("shop", broker="kafka://host:9092", source="/shop", spool=Path("/var/lib/shop")) as publisher:
        publisher.publish({"type": "shop.order_placed", "id": "A-1", "time": "…", "data": {…}})

`publish` returns when Kafka has the event (acks=all), or, while Kafka is away, when it is on disk in the
spool. What is spooled reaches Kafka before anything newer, also after a crash. A repeat carries the same
(source, id) and counts once; there are repeats only after a crash of the publisher or of Kafka.
"""

from journeys.errors import InvalidEvent
from stream.publisher.outbox import Taken
from stream.publisher.publisher import Publisher
from stream.publisher.spool import SpoolDamaged, SpoolFull

__all__ = ["InvalidEvent", "Publisher", "SpoolDamaged", "SpoolFull", "Taken"]
