"""The comparison: every peer, one after another in rounds, on one broker and the same inputs."""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from stream.transports.log import Log, LogError, open_log
from tests.bench.peers import measuring
from tests.bench.peers.measuring import Place
from tests.bench.peers.orders import play
from tests.bench.peers.peer import JOB, PEERS, STATE, NotInstalled, Peer
from tests.bench.peers.program import DoesNotCount, Input
from tests.support.kafka import running

ROUNDS, QUICK_ROUNDS = 3, 1
ORDERS = {STATE: 60_000, JOB: 24_000}
ORDERS_OF_THE_SLOW, QUICK_ORDERS = 6_000, 1_000
WARM_ONE_IN = 6
RUN_SECONDS, ALL_SECONDS = 45.0, 240.0
"""A run, and all of one thing compared: when these have passed no other round begins."""
INPUTS = {STATE: "bench.state", JOB: "bench.job"}
INPUT_OF_THE_SLOW = "bench.slow"
MEASURES = {STATE: measuring.state, JOB: measuring.job}

Say = Callable[[str], None]


class Result(NamedTuple):
    """A peer's events a second, run by run; or what kept it from having any."""

    peer: Peer
    version: str
    runs: list[float]
    trouble: str = ""

    @property
    def median(self) -> float | None:
        return None if self.trouble else statistics.median(self.runs)


Results = dict[str, list[Result]]


def compare(quick: bool, say: Say) -> Results:
    """What was found of each thing compared, in the order of the peers."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    versions: dict[str, str | NotInstalled] = {}
    for peer in PEERS:
        say(f"installing {peer.name}")
        try:
            versions[peer.name] = peer.install()
        except NotInstalled as error:
            versions[peer.name] = error
    with tempfile.TemporaryDirectory(prefix="baton-peers-") as folder:
        say("starting Kafka")
        with contextmanager(running)(Path(folder)) as broker:
            return asyncio.run(_Comparison(broker.address, Path(folder), quick, say).of_all(versions))


class _Comparison:
    def __init__(self, broker: str, folder: Path, quick: bool, say: Say) -> None:
        self._broker = broker
        self._folder = folder
        self._quick = quick
        self._say = say

    async def of_all(self, versions: dict[str, str | NotInstalled]) -> Results:
        log = open_log(f"kafka://{self._broker}")
        await log.start()
        try:
            inputs, slow = await self._loaded(log)
            results: Results = {}
            for what, given in inputs.items():
                ready = [
                    peer for peer in PEERS if what in peer.compared and isinstance(versions[peer.name], str)
                ]
                runs = await self._runs(what, ready, given, slow, log)
                results[what] = [
                    _result(peer, versions[peer.name], runs.get(peer.name, []))
                    for peer in PEERS
                    if what in peer.compared
                ]
            return results
        finally:
            await log.stop()

    async def _loaded(self, log: Log) -> tuple[dict[str, Input], Input]:
        inputs = {}
        for what, topic in INPUTS.items():
            inputs[what] = await self._load(log, topic, QUICK_ORDERS if self._quick else ORDERS[what])
        return inputs, await self._load(
            log, INPUT_OF_THE_SLOW, QUICK_ORDERS if self._quick else ORDERS_OF_THE_SLOW
        )

    async def _load(self, log: Log, topic: str, count: int) -> Input:
        self._say(f"writing {count:,} orders to {topic}")
        orders = play(count)
        measuring.create(self._broker, topic)
        for batches in orders.on(topic):
            await log.append(batches)
        return Input(orders, topic, orders.size // WARM_ONE_IN)

    async def _runs(
        self, what: str, peers: list[Peer], given: Input, slow: Input, log: Log
    ) -> dict[str, list[float | DoesNotCount]]:
        runs: dict[str, list[float | DoesNotCount]] = {peer.name: [] for peer in peers}
        rounds = QUICK_ROUNDS if self._quick else ROUNDS
        began = time.monotonic()
        for nth in range(1, rounds + 1):
            if time.monotonic() - began > ALL_SECONDS:
                break
            for number, peer in enumerate(peers):
                if any(isinstance(run, DoesNotCount) for run in runs[peer.name]):
                    continue
                self._say(f"{what}, round {nth} of {rounds}: {peer.name}")
                group = f"{what}-{nth}-{number}"
                place = Place(self._broker, log, group, self._folder / group)
                place.folder.mkdir()
                runs[peer.name].append(await _run(what, peer, slow if peer.is_slow else given, place))
        return runs


async def _run(what: str, peer: Peer, given: Input, place: Place) -> float | DoesNotCount:
    try:
        async with asyncio.timeout(RUN_SECONDS):
            return await MEASURES[what](peer, given, place)
    except TimeoutError:
        return DoesNotCount(f"not done within {RUN_SECONDS:g} s")
    except LogError as error:
        return DoesNotCount(str(error))
    except DoesNotCount as error:
        return error


def _result(peer: Peer, version: str | NotInstalled, runs: list[float | DoesNotCount]) -> Result:
    if isinstance(version, NotInstalled):
        return Result(peer, "", [], f"not installed: {version}")
    failed = [run for run in runs if isinstance(run, DoesNotCount)]
    figures = [run for run in runs if isinstance(run, float)]
    return Result(peer, version, figures, str(failed[0]) if failed else "")
