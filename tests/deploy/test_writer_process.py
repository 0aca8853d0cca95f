"""The process that writes the read model: what goes wrong in it is told here, and it ends with whom it serves."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.store.errors import StoreDamaged
from api.store.read_model import ReadModel
from deploy.writer_process import WriterEnded, WriterProcess
from stream.project import ReadModelAway
from tests.support import documents
from tests.support.documents import encoded
from tests.support.live import until

JOURNEYS = "baton.journeys"
SERVED = """
import sys, time
from deploy.writer_process import WriterProcess
if __name__ == "__main__":
    writer = WriterProcess(sys.argv[1])
    writer.positions()
    print(writer.pid, flush=True)
    time.sleep(60)
"""


def test_what_its_database_refuses_comes_as_if_it_were_here(tmp_path: Path) -> None:
    path = tmp_path / "read-model.sqlite"
    model = ReadModel(f"sqlite:///{path}")
    model.migrate()
    writer = WriterProcess(model.url)
    writer.apply(JOURNEYS, 0, [(0, "j0", encoded(documents.journey("j0")))])
    assert writer.positions() == {(JOURNEYS, 0): 1}

    locked = sqlite3.connect(path, isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    with pytest.raises(ReadModelAway, match="locked"):
        writer.apply(JOURNEYS, 0, [(1, "j1", None)])
    locked.close()

    model.close()
    path.write_bytes(b"no database" * 1000)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    other = WriterProcess(model.url)
    with pytest.raises(StoreDamaged, match="is damaged"):
        other.positions()
    writer.close()
    other.close()


def test_it_ends_with_the_process_it_serves_even_one_that_is_killed(
    read_model: ReadModel, tmp_path: Path
) -> None:
    script = tmp_path / "served.py"
    script.write_text(SERVED)
    served = subprocess.Popen(
        [sys.executable, str(script), read_model.url], stdout=subprocess.PIPE, text=True
    )
    assert served.stdout
    pid = int(served.stdout.readline())
    assert _is_there(pid)
    served.kill()
    served.wait()
    until(lambda: not _is_there(pid), "the writer is gone")


def test_that_it_was_killed_is_said_and_nothing_counts_as_written(read_model: ReadModel) -> None:
    writer = WriterProcess(read_model.url)
    writer.positions()
    os.kill(writer.pid, signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(WriterEnded, match="memory"):
        writer.apply(JOURNEYS, 0, [(0, "j0", None)])
    assert read_model.writer.positions() == {}
    writer.close()


def _is_there(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
