"""The job in Faust: journeys in a Table; a partition's own events tell its time."""

from collections import defaultdict
from heapq import heappop, heappush

import faust

from tests.bench.peers import task

DELIVERED, ACTIVATED = "shop.parcel_delivered", "activation.line_activated"
WITHIN_SECONDS = 4 * 3600

app = faust.App(
    task.GROUP,
    broker=f"aiokafka://{task.BROKER}",
    topic_partitions=4,
    web_enabled=False,
    datadir=task.FOLDER,
)
alerts = app.topic(task.OUTPUT, key_type=str, value_serializer="json")
journeys = app.Table("journeys", default=list, partitions=4)
deadlines: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)


@app.agent(app.topic(task.INPUT, key_type=str, value_serializer="json"))
async def stitch(stream: faust.StreamT) -> None:
    async for event in stream.events():
        order, waiting = event.key, deadlines[event.message.partition]
        journeys[order] = [*journeys[order], event.value]
        if event.value["type"] == DELIVERED:
            heappush(waiting, (event.message.timestamp + WITHIN_SECONDS, order))
        while waiting and waiting[0][0] < event.message.timestamp:
            due, order = heappop(waiting)
            if not any(each["type"] == ACTIVATED for each in journeys[order]):
                await alerts.send(key=order, value={"order": order, "due": due, "events": journeys[order]})
        task.handled()


if __name__ == "__main__":
    app.main()
