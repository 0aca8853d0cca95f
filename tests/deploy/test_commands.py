"""What each command prints, and the code it ends with."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import COMMANDS, main
from deploy.demo_day import ANNA, BERTA, demo_day, story
from journeys.events import MOST_ORIGINS

MAP = str(Path(__file__).parents[2] / "deploy" / "maps" / "telecom.yaml")
DAY = demo_day(7, orders=40)


MAPLESS = {"demo", "check"}


def run(*words: str, code: int = 0) -> str:
    """What a command prints on standard output, under the telecom map, when it ends with the code."""
    given = () if words[0] in MAPLESS else ("--map", MAP)
    result = CliRunner().invoke(main, [*words, *given])
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's day as a file, and beside it what a replay made of it."""
    folder = tmp_path_factory.mktemp("day")
    (folder / "day.jsonl").write_bytes(b"\n".join(DAY) + b"\n")
    run("replay", str(folder / "day.jsonl"), "--out", str(folder / "out"))
    return folder


def test_demo_tells_both_stories_with_the_time_when_a_number_became_known(tmp_path: Path) -> None:
    told = run("demo", "--once", "--orders", "20", "--data", str(tmp_path))
    anna, berta = told.split("Anna, order A-1001")[1].split("Berta, order A-1002")
    assert "2026-01-15T13:30:00Z  missing (open)" in anna
    assert "2026-01-15T14:05:00Z  unrecognised caller (open)" in anna
    assert "became known" not in anna
    assert "2026-01-15T20:15:00Z  unrecognised caller (open)" in berta
    assert "the call was at 2026-01-15T14:55:00Z, the caller became known at 2026-01-15T20:15:00Z" in berta
    assert all(value in told for value in story(ANNA).values())


def test_demo_prints_its_summary_and_stories_as_json() -> None:
    found = json.loads(run("demo", "--once", "--orders", "20", "--json"))
    kinds = {
        order: {(alert["kind"], alert["status"]) for alert in told}
        for order, told in found["stories"].items()
    }
    assert kinds == {
        ANNA.number: {("missing", "open"), ("unrecognised_caller", "open")},
        BERTA.number: {("late", "resolved"), ("unrecognised_caller", "open")},
    }
    assert found["reconciles"] is True


def test_demo_needs_no_directory_and_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("demo", "--once", "--orders", "2")
    assert list(tmp_path.iterdir()) == []


def test_check_says_that_a_map_is_fine_and_what_is_in_it() -> None:
    assert "3 departments, 9 event types, 1 journeys, 2 handoffs" in run("check", MAP)
    assert json.loads(run("check", MAP, "--json"))["events"] == 9


def test_check_shows_what_a_sample_matches_and_what_it_does_not(day: Path) -> None:
    shown = run("check", MAP, "--sample", str(day / "day.jsonl"))
    assert "new_line, contacts" not in shown
    assert "1 times unknown_event_type: shop.order_plcaed" in shown
    assert "did you mean shop.order_placed?" in shown
    sample = json.loads(run("check", MAP, "--sample", str(day / "day.jsonl"), "--json"))["sample"]
    used_by = {row["type"]: row["used_by"] for row in sample["matched"]}
    assert used_by["shop.order_placed"] == ["new_line"]
    assert used_by["call_center.call_received"] == ["contacts"]
    assert {row["reason"] for row in sample["refused"]} == {
        "invalid_json",
        "missing_identifiers",
        "unknown_event_type",
    }
    assert sum(row["events"] for row in (*sample["matched"], *sample["refused"])) == len(DAY)


def test_replay_accounts_for_every_line(day: Path, tmp_path: Path) -> None:
    summary = json.loads(run("replay", str(day / "day.jsonl"), "--out", str(tmp_path), "--json"))
    assert summary["reconciles"] is True
    assert (summary["read"], summary["dead"]) == (len(DAY), 3)
    assert json.loads((tmp_path / "summary.json").read_bytes()) == summary


def test_replay_ends_with_1_for_dead_letters_where_they_are_not_wanted(day: Path) -> None:
    run("replay", str(day / "day.jsonl"), "--out", str(day / "out"), "--strict", code=1)


def test_replay_judges_as_of_the_time_it_is_given(day: Path, tmp_path: Path) -> None:
    noon = "2026-01-15T12:00:00Z"
    out = str(tmp_path)
    summary = json.loads(run("replay", str(day / "day.jsonl"), "--out", out, "--as-of", noon, "--json"))
    assert (summary["as_of"], summary["reconciles"]) == (noon, True)
    assert summary["after_as_of"] > 0
    assert ANNA.number not in (tmp_path / "alerts.jsonl").read_text()


def test_explain_tells_who_bears_an_identifier_and_by_which_event(day: Path) -> None:
    told = run("explain", BERTA.phone, "--data", str(day / "out"))
    assert f"phone:{BERTA.phone} is customer" in told
    assert f"iccid:{BERTA.iccid} and phone:{BERTA.phone} in activation.line_activated" in told or (
        f"phone:{BERTA.phone} and iccid:{BERTA.iccid} in activation.line_activated" in told
    )
    assert "unrecognised caller (open)" in told


def test_explain_finds_the_same_by_any_spelling(day: Path) -> None:
    customers = {
        json.loads(run("explain", spelling, "--data", str(day / "out"), "--json"))[0]["customer"]
        for spelling in ("order:a-1001", "A-1001", "ANNA@example.com", "0171 3920001", *story(ANNA).values())
    }
    assert len(customers) == 1


def test_explain_gives_an_empty_list_to_a_program_for_an_identifier_of_nobody(day: Path) -> None:
    assert json.loads(run("explain", "order:A-9999", "--data", str(day / "out"), "--json")) == []
    run("explain", "order:A-9999", "--data", str(day / "out"), code=2)


def test_publish_tells_how_many_events_went_where(day: Path, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    published = json.loads(run("publish", str(day / "day.jsonl"), *data, "--json"))
    assert published.keys() == {"shop.events", "activation.events", "call_center.events", "baton.inbox"}
    assert sum(published.values()) == len(DAY)
    assert f"{published['shop.events']:,} events published to shop.events" in run(
        "publish", str(day / "day.jsonl"), *data
    )


def test_dead_letters_lists_each_with_its_reason_and_origin(day: Path) -> None:
    given = ("dead-letters", "list", "--data", str(day / "out"))
    letters = [json.loads(line) for line in run(*given, "--json").splitlines()]
    assert {letter["reason"] for letter in letters} == {
        "invalid_json",
        "missing_identifiers",
        "unknown_event_type",
    }
    assert all(letter["origin"].startswith("day.jsonl:") for letter in letters)
    assert "unknown_event_type" in run(*given)
    assert "no dead letters" in run(*given, "--reason", "too_large")
    only = run(*given, "--reason", "invalid_json", "--json").splitlines()
    assert [json.loads(line)["reason"] for line in only] == ["invalid_json"]


def test_every_command_explains_itself() -> None:
    overview = CliRunner().invoke(main, ["--help"]).output.split("Commands:")[1]
    listed = dict(re.findall(r"^  ([a-z-]+)  +(\S.*)$", overview, flags=re.M))
    assert listed.keys() == COMMANDS.keys()
    for name in listed:
        explained = CliRunner().invoke(main, [name, "-h"])
        assert (explained.exit_code, "Usage: " in explained.output) == (0, True)


def test_an_event_that_comes_endlessly_often_is_counted_to_the_last(tmp_path: Path) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop",
        "type": "shop.order_placed",
        "time": "2026-01-15T09:00:00Z",
        "data": {"order": "A-1", "email": "anna@example.com"},
    }
    lines = tmp_path / "events.jsonl"
    lines.write_text((json.dumps(event) + "\n") * (MOST_ORIGINS + 200))
    summary = json.loads(run("replay", str(lines), "--out", str(tmp_path / "out"), "--json"))
    assert (summary["folded"], summary["duplicates"]) == (1, MOST_ORIGINS + 199)
    assert summary["reconciles"]
