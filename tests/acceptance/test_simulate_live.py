"""A day played live, ten thousand times as fast as it would be, is found out by a worker as it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.commands.simulate import OPERATOR
from journeys.journey_map import JourneyMap
from stream.topics import Topics
from stream.transports.log import open_log
from tests.support.live import Process, until


@pytest.fixture(params=["embedded", "kafka"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    data = ["--data", str(tmp_path / "data")]
    if request.param == "embedded":
        return data
    broker = request.getfixturevalue("own_kafka")
    topics, log = Topics(JourneyMap.parse(OPERATOR.read_text())), open_log(broker.url)
    await log.start()
    await log.create_topics(topics.partitions(2), topics.compacted)
    await log.stop()
    return ["--broker", broker.url, "--read-model", f"sqlite:///{tmp_path / 'read-model.sqlite'}", *data]


def test_a_day_played_live_is_found_out_as_it_was(tmp_path: Path, place: list[str]) -> None:
    day = tmp_path / "day"
    played = ["simulate", "--orders", "200", "--days", "1", "--seed", "11", "--out", str(day), *place[-2:]]
    broker = place[:2] if "--broker" in place else []
    live = ["--publish", "--speed", "10000", "--begin-in", "8"]
    player = Process([*played, *live, *broker], tmp_path / "player.log")
    until((day / "map.yaml").exists, "the day's map")
    worker = Process(["worker", "--map", str(day / "map.yaml"), *place], tmp_path / "worker.log")

    def found() -> dict[str, Any] | None:
        words = ["score", "--truth", str(day / "truth.jsonl"), "--map", str(day / "map.yaml"), *place]
        result = CliRunner().invoke(main, [*words, "--json"])
        score: dict[str, Any] = json.loads(result.stdout) if result.exit_code == 0 else {}
        kinds = score.get("alerts", {}).values()
        whole = score and score["journeys"]["found"] == score["journeys"]["true"]
        return score if whole and all(not kind["missed"] and not kind["false"] for kind in kinds) else None

    try:
        until(lambda: not player.is_running(), "the end of the day")
        score = until(found, "the truth")
    finally:
        worker.end()
    assert player.end() == 0
    found_kinds = [kind for kind, each in score["alerts"].items() if each["found"]]
    assert len(found_kinds) > 2
    assert all(score["alerts"][kind]["seconds_to_announcement"] for kind in found_kinds)
    assert score["customers"]["recall"] > 0.99
