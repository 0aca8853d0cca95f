"""The read model's writer in a process of its own.

In a thread it would take turns with what judges, row by row, for an interpreter runs one of them at a time.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from api.store.read_model import ReadModel
from deploy.store_writer import StoreWriter
from stream.transports.log import Offsets

Answer = TypeVar("Answer")


class WriterEnded(Exception):
    """The process is gone, and what it had in hand was not written."""


class WriterProcess:
    """Project's port to the read model at a URL, whose schema is this version's.

    The process ends with the one that it serves, however that ends. WriterEnded when it ends before.
    """

    def __init__(self, url: str) -> None:
        self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (url,))
        self._pid = self._process.submit(os.getpid)

    @property
    def pid(self) -> int:
        return self._pid.result()

    def apply(
        self,
        topic: str,
        partition: int,
        records: Sequence[tuple[int, str, bytes | None]],
        refused: Collection[int] = (),
    ) -> None:
        self._there(_apply, topic, partition, records, refused)

    def positions(self) -> Offsets:
        return self._there(_positions)

    def close(self) -> None:
        self._process.shutdown(cancel_futures=True)

    def _there(self, action: Callable[..., Answer], *arguments: object) -> Answer:
        try:
            return self._process.submit(action, *arguments).result()
        except BrokenProcessPool as error:
            raise WriterEnded(
                "the process that writes the read model has ended: was it killed for the memory it took? "
                "Start the worker again, nothing is lost"
            ) from error


_writer: StoreWriter


def _begin(url: str) -> None:
    global _writer
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # told to stop is who is served
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _writer = StoreWriter(ReadModel(url))


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(0)


def _apply(
    topic: str, partition: int, records: Sequence[tuple[int, str, bytes | None]], refused: Collection[int]
) -> None:
    _writer.apply(topic, partition, records, refused)


def _positions() -> Offsets:
    return _writer.positions()
