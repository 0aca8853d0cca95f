"""Events counted by order in Quix Streams' state."""

from typing import Any

from quixstreams import Application, State

from tests.bench.peers import task

app = Application(
    task.BROKER,
    consumer_group=task.GROUP,
    auto_offset_reset="earliest",
    state_dir=task.FOLDER,
    loglevel="WARNING",
)


def count(event: dict[str, Any], state: State) -> None:
    counted = state.get("order", default={"count": 0})
    state.set("order", {"count": counted["count"] + 1, "last": event["time"]})
    task.handled()


app.dataframe(app.topic(task.INPUT)).update(count, stateful=True)

if __name__ == "__main__":
    app.run()
