"""`baton simulate`, `baton replay`, `baton score`: a week whose truth is known, from end to end."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli import main

pytestmark = pytest.mark.timeout(900)


def run(*words: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 20,000 orders and a seed that no test fixes, and beside it what a replay made of it."""
    seed = random.SystemRandom().randrange(2**31)
    print(f"seed of the simulated week: {seed}")
    folder = tmp_path_factory.mktemp(f"week-of-seed-{seed}")
    run("simulate", "--orders", "20000", "--seed", str(seed), "--out", folder)
    run("replay", folder / "events.jsonl", "--map", folder / "map.yaml", "--out", folder / "results")
    return folder


def test_a_replay_of_a_simulated_week_accounts_for_every_record(week: Path) -> None:
    summary = json.loads((week / "results" / "summary.json").read_text())
    assert summary["reconciles"] and summary["dead_letters"].keys() <= {"missing_identifiers"}


def test_a_simulated_week_is_found_out_as_it_was(week: Path) -> None:
    told = run(
        "score", "--truth", week / "truth.jsonl", "--results", week / "results", "--json", "--show", "5"
    ).stdout
    score = json.loads(told)
    for kind, each in score["alerts"].items():
        # Of a rare kind a single error is more than one of a hundred.
        assert each["false"] <= max(1, each["found"] // 100), (kind, told)
        assert each["missed"] <= max(1, each["found"] // 100), (kind, told)
    assert score["customers"]["precision"] >= 0.999 and score["customers"]["recall"] >= 0.99, told
    assert score["journeys"]["precision"] >= 0.999 and score["journeys"]["recall"] >= 0.99, told
    assert len(score["alerts"]) >= 12, told


def test_the_score_is_a_table_too_and_lists_the_worst(week: Path) -> None:
    told = run("score", "--truth", week / "truth.jsonl", "--results", week / "results", "--show", "1").stdout
    assert "unrecognised caller" in told and "false alarms per thousand journeys" in told


def test_the_same_options_give_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        run("simulate", "--rate", "20", "--days", "2", "--seed", "-3", "--out", tmp_path / name)
    for file in ("events.jsonl", "truth.jsonl", "map.yaml"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_orders_and_rate_together_are_refused(tmp_path: Path) -> None:
    told = run("simulate", "--orders", "3", "--rate", "3", "--out", tmp_path, code=2)
    assert "exclude each other" in told.output


def test_a_score_of_what_is_no_truth_or_no_result_says_what_was_expected(tmp_path: Path, week: Path) -> None:
    missing = run("score", "--truth", tmp_path / "none", "--results", week / "results", code=2)
    assert "expected the truth of `baton simulate`" in missing.stderr
    other = run("score", "--truth", week / "events.jsonl", "--results", week / "results", code=2)
    assert "events.jsonl:1: expected a document with 'truth'" in other.stderr
