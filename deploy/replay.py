"""Replay: recorded events run through the same agents on event time, and are judged when all are read."""

import asyncio
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from api.store.read_model import ReadModel
from deploy.errors import Unusable
from deploy.feed import PROGRESS, Feed
from deploy.inputs import fingerprint
from deploy.results import write_results
from deploy.store_writer import StoreWriter
from deploy.wiring import Place
from journeys import messages
from journeys.events import Event
from journeys.instants import format_instant
from journeys.journey_map import JourneyMap
from journeys.routing import OBSERVE
from journeys.silence import Span, heard_until
from stream.metrics import Metrics
from stream.topic_admin import TopicAdmin
from stream.topics import Topics
from stream.transports.log import Entry, Log, open_log
from stream.worker import Job, working

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


@dataclass(frozen=True, slots=True)
class Run:
    """On Kafka the `prefix` of a replay's topics and groups, and those of earlier runs that are to be deleted."""

    prefix: str
    leftover: Sequence[str]


def prepare(replay: Replay, fresh: bool) -> Run:
    """Make the directory ready, resuming an interrupted run of the same.

    Raises Unusable where the directory holds a replay of other inputs, map or time.
    """
    replay.out.mkdir(parents=True, exist_ok=True)
    place, path = replay.place, replay.out / MANIFEST
    what = {
        "schema": 1,
        "map": replay.journey_map.version,
        "as_of": replay.as_of,
        "inputs": fingerprint(replay.files),
        "broker": None if place.is_embedded else place.where,
    }
    before = json.loads(path.read_text()) if path.exists() else {}
    changed = [name for name, value in what.items() if before and before.get(name) != value]
    if changed and not fresh:
        raise Unusable(
            f"{replay.out} holds a replay with other {' and '.join(changed)}; "
            "choose another --out, or start over with --fresh"
        )
    if before and not fresh and not before.get("done"):
        return Run(before.get("prefix", ""), before.get("leftover", ()))
    leftover: list[str] = []
    if before.get("prefix") and before["broker"] == what["broker"]:
        leftover = [*before["leftover"], before["prefix"]]
    if before or fresh:
        _clear(replay.out)
    run = Run("" if place.is_embedded else f"replay-{uuid.uuid4().hex[:8]}.", leftover)
    _write_manifest(replay.out, {**what, "prefix": run.prefix, "leftover": leftover})
    return run


def _write_manifest(out: Path, manifest: dict[str, Any]) -> None:
    partial = (out / MANIFEST).with_suffix(".part")
    partial.write_text(json.dumps(manifest, indent=2))
    partial.rename(out / MANIFEST)


def _clear(out: Path) -> None:
    for pattern in (PROGRESS, "log.sqlite*", "read-model.sqlite*"):
        for file in out.glob(pattern):
            file.unlink()


def _clean_up(replay: Replay, prefix: str) -> None:
    """Delete from Kafka what a replay made there."""
    topics = Topics(replay.journey_map, prefix)
    with TopicAdmin(replay.place.broker) as admin:
        admin.delete(list(topics.partitions(1)), topics.groups)


async def run(replay: Replay, this: Run, progress: Progress) -> dict[str, Any]:
    """Run the replay to its end and write its files; give the summary.

    On Kafka its topics are deleted then, for the files hold all that it came to.
    """
    topics = Topics(replay.journey_map, this.prefix)
    place = replay.place
    log = open_log(place.broker)
    model = place.read_model()
    await log.start()
    try:
        for prefix in this.leftover:
            await asyncio.to_thread(_clean_up, replay, prefix)
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
        summary = await _results(replay, log, topics, model, read, as_of)
        if this.prefix:
            _write_manifest(replay.out, json.loads((replay.out / MANIFEST).read_text()) | {"done": True})
            await asyncio.to_thread(_clean_up, replay, this.prefix)
        return summary
    finally:
        await log.stop()
        model.close()


async def _play(replay: Replay, log: Log, topics: Topics, progress: Progress) -> tuple[int, int | None]:
    read = await Feed(replay.files, replay.out, log, topics).run(progress)
    stitch = topics.group("stitch")
    await _handled(log, topics.group("ingest"), topics.sources, progress)
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
