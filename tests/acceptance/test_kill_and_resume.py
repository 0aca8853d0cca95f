"""A replay that is killed with -9, wherever it stands, and started again comes to what it would have come to."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from deploy.demo_day import demo_day
from tests.support.kafka import Broker
from tests.support.replaying import BATON, DIAGNOSTICS
from tests.support.scenario import MAPS

MAP = MAPS / "telecom.yaml"
FILES = ("journeys.jsonl", "alerts.jsonl", "customers.jsonl")
ORDERS = 600


def command(folder: Path, *options: str, journey_map: Path = MAP) -> list[str]:
    return [
        str(BATON),
        "replay",
        str(folder / "day.jsonl"),
        "--map",
        str(journey_map),
        "--out",
        str(folder / "out"),
        *options,
    ]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)


def results(folder: Path) -> list[bytes]:
    """The files as bytes, but for where events were read."""
    return [_comparable((folder / "out" / name).read_bytes()) for name in FILES]


def _comparable(content: bytes) -> bytes:
    def blank(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {name: value for name, value in pairs if name not in DIAGNOSTICS}

    lines = (json.loads(line, object_pairs_hook=blank) for line in content.splitlines())
    return b"\n".join(json.dumps(line).encode() for line in lines)


def written(folder: Path) -> int:
    """How many bytes the log has grown to."""
    files = folder / "out" / "log.sqlite", folder / "out" / "log.sqlite-wal"
    return sum(file.stat().st_size for file in files if file.exists())


def kill_when(folder: Path, is_time: Callable[[], bool], *options: str) -> bool:
    """Start the replay and kill it as soon as it is time; False: it came to its end before."""
    with subprocess.Popen(
        command(folder, *options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            if is_time():
                os.kill(process.pid, signal.SIGKILL)
                return True
            time.sleep(0.002)
    return False


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], int]:
    """The results of a run that nobody disturbs, and how far its log grows."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "day.jsonl").write_bytes(b"\n".join(demo_day(5, ORDERS)))
    done = run(*command(folder))
    assert done.returncode == 0, done.stderr
    return results(folder), written(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "day.jsonl").write_bytes(b"\n".join(demo_day(5, ORDERS)))
    return tmp_path


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_it_comes_to_the_same(
    seed: int, folder: Path, undisturbed: tuple[list[bytes], int]
) -> None:
    expected, size = undisturbed
    chance = random.Random(seed)
    kills = sum(
        kill_when(folder, lambda share=share: written(folder) > share * size)
        for share in sorted(chance.uniform(0.05, 0.95) for _ in range(3))
    )
    assert kills, "the replay was over before it could be killed"
    done = run(*command(folder))
    assert done.returncode == 0, done.stderr
    assert results(folder) == expected
    assert json.loads((folder / "out" / "summary.json").read_bytes())["reconciles"]


def test_killed_while_judging_it_comes_to_the_same(
    folder: Path, undisturbed: tuple[list[bytes], int]
) -> None:
    def is_judging() -> bool:
        return b"baton.tallies" in log_tail() or (folder / "out" / "journeys.part").exists()

    def log_tail() -> bytes:
        log = folder / "out" / "log.sqlite-wal"
        return log.read_bytes()[-200_000:] if log.exists() else b""

    expected, _ = undisturbed
    kill_when(folder, lambda: b'"fingerprint"' in log_tail() or is_judging())
    done = run(*command(folder))
    assert done.returncode == 0, done.stderr
    assert results(folder) == expected


def test_on_kafka_too_it_goes_on_where_it_was_killed_and_leaves_nothing_behind(
    folder: Path, undisturbed: tuple[list[bytes], int], kafka: Broker
) -> None:
    def exists(name: str) -> bool:
        return (folder / "out" / name).exists()

    def prefix() -> str:
        found: str = json.loads((folder / "out" / "replay.json").read_bytes())["prefix"]
        return found

    on_kafka = ("--broker", kafka.url)
    assert kill_when(folder, lambda: exists("fed.json"), *on_kafka)
    abandoned = prefix()
    assert left_on(kafka, abandoned)
    assert kill_when(folder, lambda: prefix() != abandoned and exists("fed.json"), *on_kafka, "--fresh")
    assert not left_on(kafka, abandoned)
    assert kill_when(folder, lambda: exists("journeys.part"), *on_kafka) or exists("journeys.jsonl")
    done = run(*command(folder, *on_kafka))
    assert done.returncode == 0, done.stderr
    assert results(folder) == undisturbed[0]
    assert json.loads((folder / "out" / "summary.json").read_bytes())["reconciles"]
    assert not left_on(kafka, prefix())
    refused = run(*command(folder, *on_kafka, "--as-of", "2026-01-15T12:00:00Z"))
    assert (refused.returncode, "other as_of" in refused.stderr) == (2, True)


def left_on(kafka: Broker, prefix: str) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=kafka.address)
    topics = [topic["name"] for topic in admin.describe_topics() if topic["name"].startswith(prefix)]
    admin.close()
    return topics


def test_a_run_that_is_done_may_be_repeated(folder: Path, undisturbed: tuple[list[bytes], int]) -> None:
    for _ in range(2):
        assert run(*command(folder)).returncode == 0
        assert results(folder) == undisturbed[0]


def test_another_map_another_input_or_another_time_is_refused_until_told_to_start_over(folder: Path) -> None:
    assert run(*command(folder)).returncode == 0
    (folder / "other.yaml").write_text(MAP.read_text().replace("within: 4h", "within: 5h"))
    for what, other in (
        ("map", command(folder, journey_map=folder / "other.yaml")),
        ("as_of", command(folder, "--as-of", "2026-01-15T12:00:00Z")),
    ):
        refused = run(*other)
        assert refused.returncode == 2
        assert f"other {what}" in refused.stderr
        assert "--fresh" in refused.stderr
    (folder / "day.jsonl").write_bytes(b"\n".join(demo_day(6, 20)))
    refused = run(*command(folder))
    assert refused.returncode == 2
    assert "other inputs" in refused.stderr
    fresh = run(*command(folder, "--fresh", "--json"))
    assert fresh.returncode == 0
    assert json.loads(fresh.stdout)["read"] == len(demo_day(6, 20))
