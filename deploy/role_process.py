"""Roles of a worker in a process of their own: in one process they would take turns, for an interpreter runs one
thread at a time.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from prometheus_client import Metric

from deploy.telling import FAILED, told_in_words
from stream.metrics import Metrics

ANSWERS_WITHIN = 2.0
Begun = Callable[[], None]
Work = Callable[[Metrics, Begun], None]
"""Counts in the metrics it is given, and tells when its roles have their partitions."""


class RoleEnded(Exception):
    """A process is gone that was not told to go; `code` is what this process is to end with, too."""

    def __init__(self, roles: Sequence[str], code: int) -> None:
        how = f"with {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        asking = ": was it killed for the memory it took?" if code == -signal.SIGKILL else "."
        super().__init__(
            f"the process of {' and '.join(roles)} has ended {how}{asking} Nothing is lost: start the worker again"
        )
        self.code = code if code > 0 else FAILED


class State(NamedTuple):
    """Whether the roles have their partitions, and what was counted."""

    has_begun: bool
    counted: Sequence[Metric]


class RoleProcess:
    """A process that does the work.

    It logs and tells errors as this one does, with the same exit codes, and does not outlive this one: it is told to
    stop when this one ends, and ends at once when this one is killed.
    """

    def __init__(self, roles: Sequence[str], work: Work) -> None:
        context = multiprocessing.get_context("spawn")
        self._roles = roles
        self._connection, its = context.Pipe()
        self._asking = threading.Lock()
        self._state = State(False, ())
        level = logging.getLevelName(logging.getLogger().level)
        self._process = context.Process(target=_serve, args=(work, its, level), daemon=True)
        self._process.start()
        its.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    async def begun(self) -> None:
        """Returns when its roles have their partitions; never, when it ends before."""
        while not (await asyncio.to_thread(self._told)).has_begun:
            await asyncio.sleep(0.05)

    async def ended(self) -> RoleEnded:
        """Waits until it has ended, and gives how."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        return RoleEnded(self._roles, self._process.exitcode or 0)

    def counted(self) -> Sequence[Metric]:
        """As it is now, or was last where it does not answer at once."""
        return self._told().counted

    def stop(self) -> None:
        """Tell it to finish what it has in hand."""
        self._process.terminate()

    async def has_stopped(self) -> None:
        await asyncio.to_thread(self._process.join)

    def _told(self) -> State:
        with self._asking:
            try:
                self._connection.send(None)
                if self._connection.poll(ANSWERS_WITHIN):
                    self._state = self._connection.recv()
            except (OSError, EOFError):
                pass  # it has ended, of which others are told
        return self._state


def _serve(work: Work, connection: Connection, log_level: str) -> None:
    metrics, has_begun = Metrics(), threading.Event()
    threading.Thread(target=_answer, args=(connection, metrics, has_begun), daemon=True).start()
    with told_in_words(log_level):
        work(metrics, has_begun.set)


def _answer(connection: Connection, metrics: Metrics, has_begun: threading.Event) -> None:
    """Tell the state whenever asked, and end when who asks has ended."""
    try:
        while True:
            connection.recv()
            connection.send(State(has_begun.is_set(), list(metrics.registry.collect())))
    except (OSError, EOFError):
        os._exit(0)
