"""What the faults came to is kept."""

from pathlib import Path

from tests.faults.results import Row, keep


def test_the_latest_run_of_each_fault_stays_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    first = Row("a kill", "failed", "1.0", "7", "2026-11-23 08:00", "")
    other = Row("a black hole", "passed", "2.0", "7", "2026-11-23 08:00", "lag: 3 | 4")
    keep([first, other], file)
    again = Row("a kill", "passed", "1.5", "8", "2026-11-24 08:00", "")
    keep([again], file)
    rows = [line for line in file.read_text().splitlines() if line.startswith("| a ")]
    assert rows == [
        "| a black hole | passed | 2.0 | 7 | 2026-11-23 08:00 | lag: 3 / 4 |",
        "| a kill | passed | 1.5 | 8 | 2026-11-24 08:00 |  |",
    ]
