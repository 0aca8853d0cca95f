"""Replay: recorded events run through the same agents on event time, and are judged when all are read."""

import asyncio
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from api.store.read_model import ReadModel
from deploy.errors import Unusable
from deploy.inputs import Line, fingerprint, lines
from deploy.results import write_results
from deploy.wiring import Place, StoreWriter
from journeys import messages
from journeys.events import Event
from journeys.instants import format_instant
from journeys.journey_map import JourneyMap
from journeys.routing import OBSERVE
from journeys.silence import Span, heard_until
from stream.metrics import Metrics
from stream.publishing import address, is_heartbeat
from stream.topics import Topics
from stream.transports.log import Entry, Log, Partition, open_log, partition_for
from stream.worker import Job, working

FED_AT_ONCE = 4000
PARTITIONS = 1
MANIFEST = "replay.json"

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What to replay, and where the log and the results go. `as_of` None: the latest accepted event time."""

    files: Sequence[Path]
    journey_map: JourneyMap
    out: Path
    as_of: int | None = None
    broker: str | None = None
    partitions: int = PARTITIONS

    @property
    def place(self) -> Place:
        return Place(self.out, self.broker)


def prepare(replay: Replay, fresh: bool) -> str:
    """Make the directory ready, resuming an interrupted run of the same; give the prefix of its topics.

    Raises Unusable where the directory holds a replay of other inputs, map or time.
    """
    replay.out.mkdir(parents=True, exist_ok=True)
    manifest = {
        "schema": 1,
        "map": replay.journey_map.version,
        "as_of": replay.as_of,
        "inputs": fingerprint(replay.files),
        "broker": None if replay.place.is_embedded else replay.place.where,
    }
    path = replay.out / MANIFEST
    if fresh:
        _clear(replay.out)
    if path.exists():
        before = json.loads(path.read_text())
        changed = [name for name, value in manifest.items() if before.get(name) != value]
        if changed:
            raise Unusable(
                f"{replay.out} holds a replay with other {' and '.join(changed)}; "
                "choose another --out, or start over with --fresh"
            )
        if replay.place.is_embedded:
            return ""
        _clear(replay.out)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(manifest, indent=2))
    partial.rename(path)
    return "" if replay.place.is_embedded else f"replay-{uuid.uuid4().hex[:8]}."


def _clear(out: Path) -> None:
    for pattern in (MANIFEST, "log.sqlite*", "read-model.sqlite*"):
        for file in out.glob(pattern):
            file.unlink()


async def run(replay: Replay, prefix: str, progress: Progress) -> dict[str, Any]:
    """Run the replay to its end and write its files; give the summary."""
    topics = Topics(replay.journey_map, prefix)
    place = replay.place
    log = open_log(place.broker)
    model = place.read_model()
    await log.start()
    try:
        await log.create_topics(topics.partitions(replay.partitions), compacted=topics.compacted)
        job = Job(replay.journey_map, place.broker, topics, live=False, writer=StoreWriter(model))
        async with working(job, log, Metrics()) as failed:
            work = asyncio.ensure_future(_play(replay, log, topics, progress))
            either: set[asyncio.Task[Any]] = {work, failed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                raise failed.result()
            read, as_of = work.result()
        return await _results(replay, log, topics, model, read, as_of)
    finally:
        await log.stop()
        model.close()


async def _play(replay: Replay, log: Log, topics: Topics, progress: Progress) -> tuple[int, int | None]:
    read = await _feed(replay, log, topics, progress)
    stitch = topics.group("stitch")
    await _handled(log, stitch, topics.sources, progress)
    await _handled(log, stitch, (topics.observations,), progress)
    latest, spans = await _times(log, topics)
    as_of = replay.as_of if replay.as_of is not None else latest
    if as_of is not None:
        count = await log.partitions(topics.observations)
        heard = {
            name: until for name, each in spans.items() if (until := heard_until(each, as_of)) is not None
        }
        told = [Entry(None, messages.judge(as_of, heard))]
        await log.append({(topics.observations, partition): told for partition in range(count)})
        await _handled(log, stitch, (topics.observations,), progress)
    await _handled(log, topics.group("project"), topics.documents, progress)
    return read, as_of


async def _feed(replay: Replay, log: Log, topics: Topics, progress: Progress) -> int:
    """Append every line once, going on after the last that is in the log; give how many events there are.

    A heartbeat says that a department is there; it is no event, and not counted.
    """
    resume = (topics.group("feed"), topics.inbox, 0)
    fed = 0
    if replay.place.is_embedded:
        fed = (await log.committed(resume[0], (topics.inbox,)))[topics.inbox, 0]
    remaining = lines(replay.files)
    events = sum(not is_heartbeat(raw) for _, raw in islice(remaining, fed))
    while chunk := list(islice(remaining, FED_AT_ONCE)):
        events += sum(not is_heartbeat(raw) for _, raw in chunk)
        batches: defaultdict[Partition, list[Entry]] = defaultdict(list)
        for topic, entry in _addressed(chunk, topics):
            batches[topic, partition_for(entry.key, replay.partitions)].append(entry)
        fed += len(chunk)
        await log.append(batches, {resume: fed} if replay.place.is_embedded else None)
        progress("read", fed)
    return events


def _addressed(chunk: Sequence[Line], topics: Topics) -> Iterator[tuple[str, Entry]]:
    return (address(raw, topics, origin) for origin, raw in chunk)


async def _handled(log: Log, group: str, names: Sequence[str], progress: Progress) -> None:
    """Wait until the group has handled all there is, and its doing so has brought nothing new to these topics.

    What a batch sends is durable before its offset is committed: so once every end that was there is
    committed, and no end has moved since it was read, nothing is under way.
    """
    while True:
        ends = await log.ends(names)
        committed = await log.committed(group, names)
        progress("handled", sum(committed.values()))
        if all(committed[tp] >= end for tp, end in ends.items()) and await log.ends(names) == ends:
            return
        await asyncio.sleep(0.05)


async def _times(log: Log, topics: Topics) -> tuple[int | None, dict[str, list[Span]]]:
    """The latest time of an accepted event, and when each department was heard."""
    latest: int | None = None
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    async for record in _records(log, topics.observations):
        kind, *content = messages.decode(record)
        if kind == OBSERVE:
            time = Event.decode(content[0]).time
            latest = time if latest is None else max(latest, time)
        elif kind == messages.HEARD:
            spans[content[0]] += content[1]
    return latest, spans


async def _records(log: Log, topic: str) -> AsyncIterator[bytes]:
    for partition in range(await log.partitions(topic)):
        async for records in log.read(topic, partition):
            for record in records:
                if record.value is not None:
                    yield record.value


async def _results(
    replay: Replay, log: Log, topics: Topics, model: ReadModel, read: int, as_of: int | None
) -> dict[str, Any]:
    tally: Counter[str] = Counter()
    latest: dict[int, dict[str, Any]] = {}
    for partition in range(await log.partitions(topics.tallies)):
        async for records in log.read(topics.tallies, partition):
            latest |= {int(r.key or b"0"): orjson.loads(r.value or b"{}") for r in records}
    for counted in latest.values():
        tally.update({name: count for name, count in counted.items() if name != "as_of"})
    when = None if as_of is None else format_instant(as_of)
    return await write_results(replay.out, log, topics, model.reader, read, dict(tally), when)
