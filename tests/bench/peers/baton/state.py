"""Events counted by order in one Faust agent on our driver: rows as stitch keeps them.

A batch's rows are gathered, sent as record batches and awaited before the batch is acknowledged; on assignment
they are read back.
"""

import asyncio
import signal
from typing import Any

import orjson

from stream.changelog import changelog_entries, row_key
from stream.transports.kafka_log import KafkaLog
from stream.transports.running import new_app, running
from tests.bench.peers import task

URL = f"kafka://{task.BROKER}"
COUNT = "count"

log = KafkaLog(URL)
app = new_app(task.GROUP, URL)
counts: dict[int, dict[str, dict[str, Any]]] = {}


@app.agent(app.topic(task.INPUT, key_serializer="raw", value_serializer="raw"))
async def count(stream: Any) -> None:
    async for event in stream.events():
        partition = event.message.tp.partition
        if partition not in counts:
            counts[partition] = await load(partition)
        counted, changed = counts[partition], {}
        records = event.message.take()
        for record in records:
            order, happened = record.key.decode(), orjson.loads(record.value)
            row = counted.get(order)
            changed[order] = counted[order] = {
                "count": row["count"] + 1 if row else 1,
                "last": happened["time"],
            }
        rows = [((COUNT, order, ""), orjson.dumps(row)) for order, row in changed.items()]
        await log.append({(task.OUTPUT, partition): changelog_entries(rows)})
        app.consumer.finish(event.message)
        task.handled(len(records))


async def load(partition: int) -> dict[str, dict[str, Any]]:
    return {
        row_key(record.key)[1]: orjson.loads(record.value or b"")
        async for records in log.read(task.OUTPUT, partition)
        for record in records
    }


async def main() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await log.start()
    async with running(app):
        await stopping.wait()
    await log.stop()


if __name__ == "__main__":
    asyncio.run(main())
