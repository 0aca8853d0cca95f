"""The commands as a shell uses them: pipes, redirection, standard input, signals."""

import gzip
import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from deploy.demo_day import demo_day
from tests.support.live import Process, until

BATON = str(Path(sys.executable).with_name("baton"))
MAP = str(Path(__file__).parents[2] / "deploy" / "maps" / "telecom.yaml")
DAY = b"\n".join(demo_day(3, orders=30)) + b"\n"


def run(*words: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([BATON, *words], input=given, capture_output=True, check=False)


def test_json_stands_alone_on_standard_output_and_what_goes_on_is_told_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_bytes(DAY)
    given = ("replay", str(tmp_path / "day.jsonl"), "--map", MAP, "--out", str(tmp_path / "out"))
    done = run(*given, "--json", "--log-level", "info")
    assert json.loads(done.stdout)["reconciles"] is True
    assert b"rows loaded" in done.stderr


def test_replay_takes_standard_input_and_gzip_for_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_bytes(DAY)
    (tmp_path / "day.jsonl.gz").write_bytes(gzip.compress(DAY))
    summaries = [
        run("replay", name, "--map", MAP, "--out", str(tmp_path / str(n)), "--json", given=given).stdout
        for n, (name, given) in enumerate(
            [(str(tmp_path / "day.jsonl"), None), (str(tmp_path / "day.jsonl.gz"), None), ("-", DAY)]
        )
    ]
    assert len(set(summaries)) == 1
    alerts = {(tmp_path / str(n) / "alerts.jsonl").read_bytes() for n in range(3)}
    assert len(alerts) == 1


def test_a_reader_that_goes_away_early_is_no_error_of_ours() -> None:
    shell = f"{BATON} schema | head -n 1"
    done = subprocess.run(shell, shell=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"{\n", b"")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_the_demo_serves_its_day_until_it_is_told_to_end(tmp_path: Path, how: signal.Signals) -> None:
    demo = Process(["demo", "--orders", "20", "--port", "0"], tmp_path / "demo.log")
    try:
        address = demo.said(r"Open (http\S+)")
        with urllib.request.urlopen(f"{address}/v1/journeys?identifier=A-1001", timeout=30) as answer:
            (journey,) = json.load(answer)["journeys"]
        assert journey["broken"] == ["missing", "unrecognised_caller"]
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"<html" in answer.read()
        assert demo.end(how) == 0
    finally:
        if demo.is_running():
            demo.end(signal.SIGKILL)


def test_an_interrupted_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_bytes(b"\n".join(demo_day(3, orders=1500)) + b"\n")
    given = ["replay", str(tmp_path / "day.jsonl"), "--map", MAP, "--out"]
    interrupted = Process([*given, str(tmp_path / "out")], tmp_path / "replay.log")
    until(lambda: (tmp_path / "out" / "log.sqlite-wal").exists(), "the log")
    assert interrupted.end(signal.SIGINT) == 1
    assert "the same command goes on where it was" in (tmp_path / "replay.log").read_text()
    assert not (tmp_path / "out" / "summary.json").exists()
    assert run(*given, str(tmp_path / "out")).returncode == 0
    assert run(*given, str(tmp_path / "at-once")).returncode == 0
    for result in ("journeys.jsonl", "customers.jsonl", "summary.json"):
        assert (tmp_path / "out" / result).read_bytes() == (tmp_path / "at-once" / result).read_bytes()
