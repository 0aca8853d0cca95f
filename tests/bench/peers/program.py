"""A peer's program while it runs, a process of its own; its words are what task.py says they are."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers.orders import Orders
from tests.bench.peers.peer import PROJECT, Peer

LOOK_SECONDS, END_SECONDS = 0.02, 20.0


class DoesNotCount(Exception):
    """A run that gives no figure, and why."""


class TooFast(DoesNotCount):
    """Its results are right, but it took in everything at once, warm-up and all: there is nothing to time."""


class Input(NamedTuple):
    """Orders, on a topic; so many events of it are for warming up."""

    orders: Orders
    topic: str
    warm: int


class Word(NamedTuple):
    """So many events were handled, at that time."""

    events: int
    at: float


class Program:
    """Watched from outside."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process = process
        self._errors = errors
        self._words: dict[str, Word] = {}
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    async def said(self, word: str) -> Word:
        while self._listening.is_alive() and word not in self._words:
            await asyncio.sleep(LOOK_SECONDS)
        if word not in self._words:
            said = self._errors.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise DoesNotCount(f"its program ended: {said[-1][:200]}")
        return self._words[word]

    def tell_to_end(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> float:
        """When its process ended."""
        while self._process.poll() is None:
            await asyncio.sleep(LOOK_SECONDS)
        return time.time()

    def end(self) -> None:
        """At once, if it does not when told."""
        self.tell_to_end()
        try:
            self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listening.join()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            match line.split():
                case ["warm" | "all" as word, events, at]:
                    self._words[word] = Word(int(events), float(at))


@contextmanager
def started(
    peer: Peer, what: str, given: Input, broker: str, group: str, output: str, folder: Path
) -> Iterator[Program]:
    """The program inside the block. `output`: the topic of its alerts or, if that is to be said, its changelog."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "BENCH_BROKER": broker,
        "BENCH_INPUT": given.topic,
        "BENCH_OUTPUT": output,
        "BENCH_GROUP": group,
        "BENCH_FOLDER": str(folder / "data"),
        "BENCH_WARM": str(given.warm),
        "BENCH_EVENTS": str(given.orders.size),
    }
    errors = folder / "errors"
    command = peer.command(what, folder)
    with errors.open("wb") as said:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=said, text=True
        )
    program = Program(process, errors)
    try:
        yield program
    finally:
        program.end()
