"""The outbox: letters go straight to Kafka while it answers, else into the spool, and never past each other.

One thread, the courier, talks to Kafka. While nothing is spooled it sends what callers hand in, all that
waits at a time. When Kafka is away, what it could not deliver is spooled in order and everything newer queues
behind it, until the courier has brought the last of it.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from stream.publisher.link import Flight, Link, is_transient
from stream.publisher.spool import Letter, Spool, SpoolFull
from stream.transports.log import BATCH_BYTES, LogError

logger = logging.getLogger(__name__)

CALL_BYTES = BATCH_BYTES
"""What one call may hand in, and what is under way at once: it fits into one record batch."""

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
POLL_SECONDS = 0.5
_OVERHEAD = 60


class Taken(StrEnum):
    """Who has an event for good."""

    BY_KAFKA = "kafka"
    BY_SPOOL = "spool"


def size_of(letters: Sequence[Letter]) -> int:
    return sum(letter.entry.size + _OVERHEAD for letter in letters)


def in_calls(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """The letters in runs that `Outbox.send` takes."""
    call: list[Letter] = []
    room = CALL_BYTES
    for letter in letters:
        size = size_of([letter])
        if call and size > room:
            yield call
            call, room = [], CALL_BYTES
        call.append(letter)
        room -= size
    if call:
        yield call


class _Caller:
    """Waits to hear what became of its letters."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = letters
        self._told = threading.Event()
        self._outcome: Taken | Exception

    def tell(self, outcome: Taken | Exception) -> None:
        self._outcome = outcome
        self._told.set()

    def outcome(self) -> Taken:
        self._told.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Outbox:
    """May be used by several threads.

    The letters of one call, and of calls that follow one another, keep their order within a partition.
    """

    def __init__(self, link: Link, spool: Spool, patience: float) -> None:
        """`patience`: seconds to wait for Kafka before letters are spooled."""
        self.problem: LogError | None = None
        self._link = link
        self._spool = spool
        self._patience = patience
        self._changed = threading.Condition()
        self._queue: deque[_Caller] = deque()
        self._served: list[_Caller] = []
        self._flight: Flight | None = None
        self._left: Sequence[Letter] = ()
        self._end = 0
        self._wait = FIRST_WAIT
        self._stopping = False
        self._broken: Exception | None = None
        self._courier = threading.Thread(target=self._run, name="baton-publisher", daemon=True)
        self._courier.start()

    @property
    def spooled(self) -> int:
        """Bytes that wait in the spool."""
        return self._spool.waiting

    def send(self, letters: Sequence[Letter]) -> Taken:
        """Returns when Kafka or the spool has all the letters, at most CALL_BYTES.

        SpoolFull: Kafka is away and there is no room. LogError: Kafka refuses for good (topic, ACL, size), and
        says what to mend. After either, some of the letters may have arrived nevertheless.
        """
        caller = _Caller(letters)
        with self._changed:
            self._check_open()
            if self._spool.waiting:
                self._spool.append(letters)
                return Taken.BY_SPOOL
            self._queue.append(caller)
            self._changed.notify_all()
        return caller.outcome()

    def drain(self, seconds: float | None) -> bool:
        """Wait until nothing is spooled; False when the time was up before."""
        with self._changed:
            self._changed.wait_for(lambda: self._broken or not self._spool.waiting, seconds)
            return not self._spool.waiting

    def close(self) -> None:
        """Returns when every caller has been told. What is spooled stays for the next start."""
        with self._changed:
            if self._stopping:
                return
            self._stopping = True
            self._changed.notify_all()
        self._courier.join()
        self._link.reset()
        self._spool.close()

    def _check_open(self) -> None:
        if self._broken:
            raise LogError(f"{self._spool.path}: publishing has stopped: {self._broken}") from self._broken
        if self._stopping:
            raise LogError("the publisher is closed")

    def _run(self) -> None:
        try:
            while self._works():
                pass
        except Exception as error:
            logger.exception("publishing has stopped")
            with self._changed:
                self._broken = error
                for caller in (*self._served, *self._queue):
                    caller.tell(LogError(f"publishing has stopped: {error}"))
                self._changed.notify_all()

    def _works(self) -> bool:
        """Do the next thing; False when asked to stop and nobody waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._spool.waiting or self._stopping)
            if self._stopping and not self._queue:
                return False
            self._served = self._next_callers()
        if self._served:
            self._deliver()
        else:
            self._bring_spooled()
        return True

    def _next_callers(self) -> list[_Caller]:
        callers: list[_Caller] = []
        room = CALL_BYTES
        while self._queue and (not callers or size_of(self._queue[0].letters) <= room):
            callers.append(self._queue.popleft())
            room -= size_of(callers[-1].letters)
        return callers

    def _deliver(self) -> None:
        flight = self._link.send([letter for caller in self._served for letter in caller.letters])
        problems = iter(flight.wait(self._patience))
        with self._changed:
            kept = [self._settle(caller, [next(problems) for _ in caller.letters]) for caller in self._served]
            if not self._spool.waiting and all(kept):
                return
            self._end = self._spool.end
            while self._queue and self._spool.waiting:
                caller = self._queue.popleft()
                self._keep(caller, caller.letters)
        if all(kept):
            self._flight = flight
        else:
            self._link.reset()

    def _settle(self, caller: _Caller, problems: Sequence[LogError | None]) -> bool:
        """Tell the caller; True unless letters are under way that nobody waits for."""
        refused = next((problem for problem in problems if problem and not is_transient(problem)), None)
        if refused:
            caller.tell(refused)
            return False
        undelivered = [letter for letter, problem in zip(caller.letters, problems, strict=True) if problem]
        if not undelivered:
            caller.tell(Taken.BY_KAFKA)
            return True
        self.problem = next(problem for problem in problems if problem)
        logger.warning("spooling: %s", self.problem)
        return self._keep(caller, undelivered)

    def _keep(self, caller: _Caller, letters: Sequence[Letter]) -> bool:
        try:
            self._spool.append(letters)
        except SpoolFull as full:
            caller.tell(full)
            return False
        caller.tell(Taken.BY_SPOOL)
        return True

    def _bring_spooled(self) -> None:
        if self._flight is None:
            if not self._left:
                self._left, self._end = self._spool.first(CALL_BYTES)
            self._flight = self._link.send(self._left)
        problems = self._flight.wait(POLL_SECONDS)
        if not self._flight.landed:
            return
        letters, self._flight = self._flight.letters, None
        self._left = [letter for letter, problem in zip(letters, problems, strict=True) if problem]
        if not self._left:
            self._has_arrived()
            return
        self.problem = next(problem for problem in problems if problem)
        logger.warning("trying again in %.1f s: %s", self._wait, self.problem)
        self._link.reset()
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)

    def _has_arrived(self) -> None:
        with self._changed:
            self._spool.drop(self._end)
            self.problem, self._wait = None, FIRST_WAIT
            self._changed.notify_all()
