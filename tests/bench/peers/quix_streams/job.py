"""The job in Quix Streams: journeys in state, and who waits for an activation until when.

State is a key's own, and passes no deadline by itself. So events are grouped by the partition they came from, whose
events tell its time. (A session window of four hours would be shorter, but each event took it ten times as long.)
"""

from typing import Any

from quixstreams import Application, State, message_context

from tests.bench.peers import task

DELIVERED, ACTIVATED = "shop.parcel_delivered", "activation.line_activated"
WITHIN_MS = 4 * 3600 * 1000

app = Application(
    task.BROKER,
    consumer_group=task.GROUP,
    auto_offset_reset="earliest",
    state_dir=task.FOLDER,
    loglevel="WARNING",
)
alerts = app.topic(task.OUTPUT)


def stitch(event: dict[str, Any], _: str, now: int, __: Any, state: State) -> list[dict[str, Any]]:
    order = event["data"]["order"]
    state.set(order, [*state.get(order, []), event])
    waiting = state.get("waiting", [])
    due = [order for until, order in waiting if until < now]
    if event["type"] == DELIVERED:
        state.set("waiting", [*waiting[len(due) :], (now + WITHIN_MS, order)])
    elif due:
        state.set("waiting", waiting[len(due) :])
    task.handled()
    journeys = [(order, state.get(order)) for order in due]
    return [
        {"order": order, "events": journey}
        for order, journey in journeys
        if all(happened["type"] != ACTIVATED for happened in journey)
    ]


(
    app.dataframe(app.topic(task.INPUT))
    .group_by(lambda event: str(message_context().partition), name="partition")
    .apply(stitch, stateful=True, metadata=True, expand=True)
    .to_topic(alerts, key=lambda alert: alert["order"])
)

if __name__ == "__main__":
    app.run()
