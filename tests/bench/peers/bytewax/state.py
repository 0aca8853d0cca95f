"""Events counted by order in Bytewax's state, which its recovery store keeps."""

from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow

from tests.bench.peers import task


def decode(message: KafkaSourceMessage) -> tuple[str, Any]:
    return message.key.decode(), orjson.loads(message.value)


def count(counted: dict[str, Any] | None, event: dict[str, Any]) -> tuple[dict[str, Any], None]:
    counted = {"count": counted["count"] + 1 if counted else 1, "last": event["time"]}
    return counted, None


flow = Dataflow("state")
messages = op.input("events", flow, KafkaSource([task.BROKER], [task.INPUT], tail=False))
counts = op.stateful_map("count", op.map("decode", messages, decode), count)
op.inspect("handled", counts, lambda *_: task.handled())
