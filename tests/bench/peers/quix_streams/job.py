"""The job in Quix Streams: a journey is a session, which ends four hours after its last event."""

from datetime import timedelta
from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Collect

from tests.bench.peers import task

DELIVERED, ACTIVATED = "shop.parcel_delivered", "activation.line_activated"

app = Application(
    task.BROKER,
    consumer_group=task.GROUP,
    auto_offset_reset="earliest",
    state_dir=task.FOLDER,
    loglevel="WARNING",
)
alerts = app.topic(task.OUTPUT)


def is_broken(journey: dict[str, Any]) -> bool:
    happened = {event["type"] for event in journey["events"]}
    return DELIVERED in happened and ACTIVATED not in happened


(
    app.dataframe(app.topic(task.INPUT))
    .update(lambda event: task.handled())
    .session_window(timedelta(hours=4))
    .agg(events=Collect())
    .final(closing_strategy="partition")
    .filter(is_broken)
    .to_topic(alerts)
)

if __name__ == "__main__":
    app.run()
