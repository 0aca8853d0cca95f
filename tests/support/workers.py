"""`baton worker` as it is stopped, killed and frozen, with the processes that it has its roles in."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

BATON = Path(sys.executable).with_name("baton")
STARTS_WITHIN, ENDS_WITHIN = 120.0, 20.0


def processor_seconds(pid: int) -> float:
    """That a process took so far, in all its threads."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


class Worker:
    """What it says goes to `errors`."""

    def __init__(self, options: Sequence[str], errors: Path) -> None:
        self.errors = errors
        with errors.open("wb") as output:
            self._process = subprocess.Popen([str(BATON), "worker", *options], stdout=output, stderr=output)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        return self.errors.read_text(errors="replace")

    @property
    def megabytes(self) -> float:
        """Of memory that its processes have now."""
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in self._pids]
        return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) / 1024

    @property
    def processor_seconds(self) -> list[float]:
        """That each of its processes took so far: what stitches, then the others."""
        return [processor_seconds(pid) for pid in self._pids]

    @property
    def niceness(self) -> list[int]:
        """Of its processes; 0 is what this one has."""
        return sorted(os.getpriority(os.PRIO_PROCESS, pid) - os.nice(0) for pid in self._pids)

    @property
    def _pids(self) -> list[int]:
        own = self._process.pid
        tasks = Path(f"/proc/{own}/task").glob("*/children")
        return [own, *(int(pid) for children in tasks for pid in children.read_text().split())]

    def until_working(self) -> "Worker":
        deadline = time.monotonic() + STARTS_WITHIN
        while "working on" not in self.said:
            assert self.is_running, f"the worker ended with {self._process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"the worker does not work:\n{self.said}"
            time.sleep(0.05)
        return self

    def until_ended(self, within: float = STARTS_WITHIN) -> int:
        return self._process.wait(timeout=within)

    def stop(self) -> int:
        """SIGTERM; gone within the time that is promised. The exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.until_ended(ENDS_WITHIN)

    def kill(self) -> None:
        """Its first process; the others end by themselves."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGCONT)
