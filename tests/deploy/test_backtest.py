"""Before a map is changed: what the change would have told of history, and which limits history suggests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.cli import main

MAP = Path(__file__).parents[2] / "deploy" / "maps" / "telecom.yaml"


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    run("demo", "--once", "--data", str(folder))
    return folder


@pytest.fixture
def draft(tmp_path: Path) -> str:
    """The map with another time limit and a call that counts as repeated for longer."""
    path = tmp_path / "draft.yaml"
    path.write_text(re.sub("within: 4h", "within: 1h", MAP.read_text()))
    return str(path)


def backtest(draft: str, *given: str) -> Any:
    return json.loads(run("backtest", "--map", draft, "--against", str(MAP), "--json", *given))


def test_a_shorter_limit_raises_more_alerts_that_mend_themselves_and_moves_the_others(
    day: Path, draft: str
) -> None:
    found = backtest(draft, str(day / "demo-day.jsonl"))
    assert found["gone"] == []
    assert {alert["handoff"] for alert in found["new"]} == {"activation"}
    assert all(alert["kind"] in ("late", "jeopardy") for alert in found["new"])
    assert all("due_at" in moved["differs"] for moved in found["moved"])
    assert found["alerts"]["after"] == found["alerts"]["before"] + len(found["new"])
    assert found["mended"]["after"] - found["mended"]["before"] == len(found["new"])


def test_the_same_map_changes_nothing(day: Path) -> None:
    found = backtest(str(MAP), str(day / "demo-day.jsonl"))
    assert (found["gone"], found["new"], found["moved"]) == ([], [], [])
    assert found["same"] == found["alerts"]["before"] == found["alerts"]["after"]


def test_history_can_be_what_departments_sent_to_the_log(day: Path, draft: str) -> None:
    def fingerprints(found: Any) -> set[str]:
        return {alert["fingerprint"] for alert in found["new"]}

    from_log = backtest(draft, "--data", str(day))
    assert fingerprints(from_log) == fingerprints(backtest(draft, str(day / "demo-day.jsonl"))) != set()


def test_the_difference_is_shown_by_kind_with_examples(day: Path, draft: str) -> None:
    shown = run("backtest", str(day / "demo-day.jsonl"), "--map", draft, "--against", str(MAP), "--show", "1")
    assert "0 gone" in shown
    assert shown.count("\nnew ") == 1
    assert "due_at 2026-01-15T" in shown


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path, draft: str) -> None:
    given = ("--map", draft, "--against", str(MAP), "--data", str(tmp_path / "none"))
    assert "which --data had the worker" in run("backtest", *given, code=2)
    assert not (tmp_path / "none").exists()


def test_limits_are_suggested_for_each_handoff_with_what_they_would_have_told(day: Path) -> None:
    found = json.loads(run("suggest", "--map", str(MAP), "--data", str(day), "--json"))
    by_name = {each["handoff"]: each for each in found}
    activation = by_name["activation"]
    assert activation["now"] == "4h"
    assert by_name["delivery"]["now"] == "by promised_at"
    assert activation["happened"] > 200
    proposal = activation["proposal"]
    assert proposal["healed"] <= 0.2
    assert proposal["within"] in {limit["within"] for limit in activation["considered"]}
    assert proposal["jeopardy_alerts_a_day"] >= proposal["alerts_a_day"]
    shown = run("suggest", "--map", str(MAP), "--data", str(day))
    assert f"within: {proposal['within']}" in shown


def test_a_short_history_is_said_to_be_too_short(tmp_path: Path) -> None:
    run("demo", "--once", "--orders", "10", "--data", str(tmp_path))
    assert "too few to learn from" in run("suggest", "--map", str(MAP), "--data", str(tmp_path))
