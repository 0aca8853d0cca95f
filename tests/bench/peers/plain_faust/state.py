"""Events counted by order in a Faust Table, as Faust documents it."""

import faust

from tests.bench.peers import task

app = faust.App(
    task.GROUP,
    broker=f"aiokafka://{task.BROKER}",
    topic_partitions=4,
    web_enabled=False,
    datadir=task.FOLDER,
)
counts = app.Table("counts", default=lambda: {"count": 0}, partitions=4)


@app.agent(app.topic(task.INPUT, key_type=str, value_serializer="json"))
async def count(stream: faust.StreamT) -> None:
    async for order, event in stream.items():
        counts[order] = {"count": counts[order]["count"] + 1, "last": event["time"]}
        task.handled()


if __name__ == "__main__":
    app.main()
