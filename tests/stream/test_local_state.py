"""Where workers keep rows on one machine."""

from pathlib import Path

from stream.local_state import LocalState
from stream.transports.sqlite_log import SqliteLog


async def test_a_worker_that_comes_back_finds_its_own_and_one_beside_it_has_another_place(
    tmp_path: Path,
) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    first, second = LocalState(tmp_path / "state"), LocalState(tmp_path / "state")
    rows = [state.rows(log, "baton.state", 0) for state in (first, second)]
    assert rows[0].folder != rows[1].folder
    rows[0].close()
    first.close()
    again = LocalState(tmp_path / "state")
    found = again.rows(log, "baton.state", 0)
    assert found.folder == rows[0].folder
    for each in (found, rows[1]):
        each.close()
    for state in (again, second):
        state.close()
