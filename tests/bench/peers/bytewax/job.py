"""The job in Bytewax: a journey is a session, which ends four hours after its last event."""

from datetime import datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow

from tests.bench.peers import task

DELIVERED, ACTIVATED = "shop.parcel_delivered", "activation.line_activated"

Journey = tuple[str, tuple[int, list[dict[str, Any]]]]


def decode(message: KafkaSourceMessage) -> tuple[str, Any]:
    return message.key.decode(), orjson.loads(message.value)


def alert(journey: Journey) -> KafkaSinkMessage | None:
    order, (_, events) = journey
    happened = {event["type"] for event in events}
    if DELIVERED not in happened or ACTIVATED in happened:
        return None
    return KafkaSinkMessage(order.encode(), orjson.dumps({"order": order, "events": events}))


# What happened long ago is not waited for by today's clock: a session ends by events, or with the input.
clock = win.EventClock(
    lambda event: datetime.fromisoformat(event["time"]), timedelta(0), to_system_utc=lambda _: None
)
sessions = win.SessionWindower(gap=timedelta(hours=4))

flow = Dataflow("job")
messages = op.input("messages", flow, KafkaSource([task.BROKER], [task.INPUT], tail=False))
events = op.map("decode", messages, decode)
op.inspect("handled", events, lambda *_: task.handled())
journeys = win.collect_window("journeys", events, clock, sessions)
op.output("alerts", op.filter_map("alert", journeys.down, alert), KafkaSink([task.BROKER], task.OUTPUT))
