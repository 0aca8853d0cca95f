"""Not how to do it: events counted in a Faust Table, as Faust documents it. A process that tests stop."""

import sys

import faust

broker, topic, group = sys.argv[1:4]
app = faust.App(
    group,
    broker=f"aiokafka://{broker}",
    store="memory://",
    topic_partitions=4,
    topic_replication_factor=1,
    web_enabled=False,
    datadir=sys.argv[4],
)
counts = app.Table("counts", default=int, partitions=4)


@app.agent(app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"))
async def count(stream: faust.StreamT[bytes]) -> None:
    async for key, _ in stream.items():
        counts[key.decode()] += 1


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "-l", "info"]
    app.main()
