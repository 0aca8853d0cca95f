"""Workers that were paused while another took over, and go on where they were: to the instant, on a real broker."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from aiokafka.protocol.transaction import EndTxnRequest

from journeys import messages
from journeys.events import Event
from journeys.journey_map import JourneyMap
from stream.metrics import Metrics
from stream.sending import Sender
from stream.stitch import Stitch
from stream.topics import Topics
from stream.transports.kafka_appender import KafkaAppender
from stream.transports.kafka_log import KafkaLog
from stream.transports.log import Entry, Fenced, Offsets, Partition, Record
from tests.support.kafka import Broker
from tests.support.scenario import ANNA, ANNAS_PHONE, SIM, TELECOM, activation, event_of, instant, shop

MAP = JourneyMap.parse(TELECOM)
TOPICS = Topics(MAP)


class Pause:
    """Where a worker stands still: it has decided what to write, and the last word to write it is not said."""

    def __init__(self) -> None:
        self.reached, self.over = asyncio.Event(), asyncio.Event()

    async def here(self) -> None:
        self.reached.set()
        await self.over.wait()


class PausingLog(KafkaLog):
    """Its holder stands still when all of the first append is at the broker, before the commit.

    Not `fenced`: as if there were no holds, it stands still before it appends, for that is all there is.
    """

    def __init__(self, url: str, pause: Pause, fenced: bool) -> None:
        super().__init__(url)
        self._pause = pause
        self._fenced = fenced

    async def hold(self, name: str) -> Any:
        if not self._fenced:
            return Unfenced(self, self._pause)
        appender: KafkaAppender = await super().hold(name)
        client = appender._producer.client
        send = client.send

        async def pausing_send(node: Any, request: Any, **options: Any) -> Any:
            if isinstance(request, EndTxnRequest):
                await self._pause.here()
            return await send(node, request, **options)

        client.send = pausing_send
        return appender


class Unfenced:
    def __init__(self, log: KafkaLog, pause: Pause | None = None) -> None:
        self._log = log
        self._pause = pause

    async def append(self, batches: Mapping[Partition, Sequence[Entry]]) -> Offsets:
        if self._pause:
            await self._pause.here()
        return await self._log.append(batches)

    async def release(self) -> None: ...


class UnfencedLog(KafkaLog):
    async def hold(self, name: str) -> Any:
        return Unfenced(self)


def worker(log: KafkaLog) -> Stitch:
    stitch = Stitch(MAP, log, Sender(log), TOPICS, Metrics(), on_events=True)
    stitch.holding.take([0])
    return stitch


def records(start: int, *told: Event | int) -> list[Record]:
    """Events, and instants up to which all departments have been read."""
    values: list[tuple[bytes | None, bytes]] = []
    for each in told:
        if isinstance(each, int):
            reports = [(name, "source", 1, each, None) for name in MAP.departments]
            values.append((None, messages.watermarks(reports)))
        else:
            values.append((each.identifiers[0].encode(), messages.observe(each)))
    return [Record(start + n, 0, key, value) for n, (key, value) in enumerate(values)]


async def alerts(log: KafkaLog) -> list[tuple[str, str]]:
    latest = {r.key: r.value async for batch in log.read(TOPICS.alerts, 0) for r in batch}
    return [(alert["kind"], alert["status"]) for alert in map(orjson.loads, latest.values())]


@pytest.mark.parametrize("fenced", [True, False])
async def test_what_a_paused_worker_was_about_to_announce_never_comes(
    own_kafka: Broker, fenced: bool
) -> None:
    """Without the fence it comes, and nobody would ever take it back: these tests see what they look for."""
    pause = Pause()
    zombies = PausingLog(own_kafka.url, pause, fenced)
    log = (KafkaLog if fenced else UnfencedLog)(own_kafka.url)
    await zombies.start()
    await log.start()
    await log.create_topics(TOPICS.partitions(1), TOPICS.compacted)
    delivered = records(
        0,
        event_of(MAP, "09:00", shop.order_placed(order="A-1", email=ANNA)),
        event_of(MAP, "10:00", shop.parcel_delivered(order="A-1", items=[{"iccid": SIM}])),
        instant("15:00"),
    )
    activated = event_of(MAP, "13:00", activation.line_activated(iccid=SIM, phone=ANNAS_PHONE))

    zombie = asyncio.ensure_future(worker(zombies).handle(0, delivered))
    await pause.reached.wait()
    heir = worker(log)
    await heir.handle(0, [*delivered[:2], *records(2, activated, instant("15:00"))])
    pause.over.set()
    (outcome,) = await asyncio.gather(zombie, return_exceptions=True)
    await heir.handle(0, records(4, instant("16:00")))
    await heir.holding.release_all()
    await log.hold(f"{TOPICS.observations}/0")

    if fenced:
        assert isinstance(outcome, Fenced)
        assert await alerts(log) == []
    else:
        assert outcome is True
        assert await alerts(log) == [("missing", "open")]
    await zombies.stop()
    await log.stop()
