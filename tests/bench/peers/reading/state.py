"""No state: how fast confluent-kafka reads and orjson decodes."""

import orjson
from confluent_kafka import Consumer

from tests.bench.peers import task

consumer = Consumer(
    {"bootstrap.servers": task.BROKER, "group.id": task.GROUP, "auto.offset.reset": "earliest"}
)
consumer.subscribe([task.INPUT])
while True:
    messages = consumer.consume(2_000, timeout=0.1)
    for message in messages:
        orjson.loads(message.value())
    task.handled(len(messages))
