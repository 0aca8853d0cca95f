"""What senders and operators get wrong: `baton replay` says what, loses nothing, and goes on."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.replaying import BATON, Replayed, read
from tests.support.scenario import ANNA, MAPS, cloudevent, shop

MAP = MAPS / "telecom.yaml"
GOOD = cloudevent("09:00", shop.order_placed(order="A-1", email=ANNA), "good")


def without(*names: str, **changes: Any) -> bytes:
    """The good event as bytes, changed."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if name not in names}).encode()


def baton(*arguments: object, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [str(BATON), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


def replay(
    folder: Path, content: bytes, *options: str, name: str = "in.jsonl"
) -> "subprocess.CompletedProcess[bytes]":
    (folder / name).write_bytes(content)
    return baton("replay", folder / name, "--map", MAP, "--out", folder / "out", *options)


REFUSED = {
    "cut_off": (json.dumps(GOOD).encode()[:50], "invalid_json", "expected JSON"),
    "nan": (without().replace(b'"A-1"', b"NaN"), "invalid_json", "expected JSON"),
    "two_documents": (without() + b" " + without(), "invalid_json", "expected JSON"),
    "byte_order_mark": (b"\xef\xbb\xbf" + without(), "invalid_json", "expected JSON"),
    "deeply_nested": (b'{"a":' * 3000 + b"1" + b"}" * 3000, "invalid_json", "depth limit"),
    "lone_surrogate": (without().replace(b'"A-1"', b'"\\ud800"'), "invalid_json", "surrogate"),
    "latin_1": (without().replace(b"A-1", b"M\xfcller"), "invalid_encoding", "expected UTF-8"),
    "list": (b"[]", "not_an_object", "found list"),
    "number": (b"7", "not_an_object", "found int"),
    "null": (b"null", "not_an_object", "found NoneType"),
    "empty_object": (b"{}", "missing_attribute", "specversion"),
    "version_0_3": (without(specversion="0.3"), "wrong_specversion", "found '0.3'"),
    "version_as_number": (without(specversion=1.0), "wrong_specversion", "found 1.0"),
    "no_id": (without("id"), "missing_attribute", "id"),
    "empty_id": (without(id=""), "invalid_attribute", "id"),
    "id_as_number": (without(id=7), "invalid_attribute", "id"),
    "nul_in_source": (without(source="/shop\x00"), "invalid_attribute", "source"),
    "long_source": (without(source="/" * 2049), "invalid_attribute", "source"),
    "type_as_object": (without(type={"name": "shop.order_placed"}), "invalid_attribute", "type"),
    "no_time": (without("time"), "missing_time", "time"),
    "time_as_number": (without(time=1768467600), "invalid_attribute", "time"),
    "no_such_day": (without(time="2026-02-30T00:00:00Z"), "invalid_time", "RFC 3339"),
    "before_2000": (without(time="1999-12-31T23:59:59Z"), "time_before_2000", "clock"),
    "misspelt_type": (
        without(type="shop.order_plcaed"),
        "unknown_event_type",
        "did you mean shop.order_placed",
    ),
    "no_data": (without("data"), "missing_identifiers", "usable identifier of: order"),
    "data_as_text": (without(data="order A-1"), "missing_identifiers", "usable identifier of: order"),
    "junk_only": (without(data={"order": "null", "email": "anonymous"}), "missing_identifiers", "usable"),
    "identifiers_as_objects": (
        without(data={"order": {"id": 7}, "email": True}),
        "missing_identifiers",
        "usable",
    ),
    "ten_megabytes": (
        without(data={"order": "A-1", "note": "x" * 10_000_000}),
        "too_large",
        "at most 262144",
    ),
    "command_about_nobody": (
        without(type="baton.link", data={"a": "email:x@example.com"}),
        "missing_identifiers",
        "data.b",
    ),
    "command_without_data": (without(type="baton.unlink", data=None), "missing_identifiers", "data.a"),
}
USED = {
    "huge_number_beside": without(id="huge", data={"order": "A-2", "weight": 10**300}),
    "huge_number_as_order": without(id="huge order", data={"order": 10**18}),
    "nul_in_data": without(id="nul", data={"order": "A-4", "note": "a\x00b"}),
    "far_future": without(id="future", time="9999-12-31T23:59:59Z", data={"order": "A-5"}),
    "extension_attributes": without(id="extended", traceparent="00-1", data={"order": "A-6"}),
    "a_time_without_a_zone": without(id="zoneless", time="2026-01-15T09:00:00", data={"order": "A-7"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Everything bad at once, among good events and blank lines."""
    folder = tmp_path_factory.mktemp("bad")
    reused = [
        without(id="good", time="2026-01-15T09:00:01Z", data={"order": "A-1", "email": ANNA, "plan": "S"})
    ]
    lines = [
        without(),
        *(line for line, _, _ in REFUSED.values()),
        b"",
        b"   ",
        *USED.values(),
        *reused,
        without(),
    ]
    done = replay(folder, b"\n".join(lines))
    assert done.returncode == 0, done.stderr.decode()
    return read(folder / "out")


@pytest.mark.parametrize("what", REFUSED)
def test_it_becomes_a_dead_letter_that_says_why(what: str, replayed: Replayed) -> None:
    raw, reason, detail = REFUSED[what]
    letter = replayed.dead_letters_by_line()[2 + list(REFUSED).index(what)]
    assert letter["reason"] == reason
    assert detail in letter["detail"]
    assert letter["size"] == len(raw)


@pytest.mark.parametrize("what", USED)
def test_it_is_odd_but_usable(what: str, replayed: Replayed) -> None:
    assert json.loads(USED[what])["id"] in {event["id"] for event in replayed.events()}


def test_every_line_is_accounted_for(replayed: Replayed) -> None:
    assert replayed.reconciles()
    assert replayed.summary["reconciles"]
    counts = {name: replayed.summary[name] for name in ("read", "folded", "duplicates", "dead")}
    dead = len(REFUSED) + 1
    assert counts == {
        "read": 1 + dead + len(USED) + 1,
        "folded": 1 + len(USED),
        "duplicates": 1,
        "dead": dead,
    }


def test_an_id_used_again_for_something_else_is_a_dead_letter(replayed: Replayed) -> None:
    (letter,) = [letter for letter in replayed.dead_letters if letter["reason"] == "id_reused"]
    assert json.loads(letter["value"])["data"]["plan"] == "S"
    assert "good" in letter["detail"]


def test_a_dead_letter_keeps_the_bytes(replayed: Replayed) -> None:
    letters = replayed.dead_letters_by_line()
    cut_off = letters[2 + list(REFUSED).index("cut_off")]
    assert cut_off["value"].encode() == REFUSED["cut_off"][0]
    huge = letters[2 + list(REFUSED).index("ten_megabytes")]
    assert len(huge["value"]) == 64 * 1024
    assert len(huge["sha256"]) == 64


def test_dead_letters_are_no_failure_unless_strict(tmp_path: Path) -> None:
    assert replay(tmp_path, without() + b"\n{").returncode == 0
    assert replay(tmp_path, without() + b"\n{", "--strict").returncode == 1
    assert replay(tmp_path, without(), "--strict", "--fresh").returncode == 0


def test_an_empty_file_comes_to_nothing(tmp_path: Path) -> None:
    done = replay(tmp_path, b"", "--json")
    assert done.returncode == 0, done.stderr.decode()
    summary = json.loads(done.stdout)
    assert (summary["read"], summary["folded"], summary["as_of"]) == (0, 0, None)
    assert read(tmp_path / "out").journeys == []


def test_windows_line_ends_and_a_missing_last_one_are_fine(tmp_path: Path) -> None:
    done = replay(tmp_path, without() + b"\r\n" + without(id="other", data={"order": "A-2"}), "--json")
    assert json.loads(done.stdout)["folded"] == 2


def test_gzip_is_read(tmp_path: Path) -> None:
    done = replay(tmp_path, gzip.compress(without() + b"\n"), "--json", name="in.jsonl.gz")
    assert json.loads(done.stdout)["folded"] == 1


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = baton("replay", "-", "--map", MAP, "--out", tmp_path / "out", "--json", stdin=without())
    assert json.loads(done.stdout)["folded"] == 1


@pytest.mark.parametrize(
    "content", [gzip.compress(without() * 1000)[:-20], b"not gzip at all", b""], ids=["cut", "plain", "empty"]
)
def test_damaged_gzip_is_unusable_and_named(content: bytes, tmp_path: Path) -> None:
    done = replay(tmp_path, content, name="in.jsonl.gz")
    if content:
        assert (done.returncode, b"in.jsonl.gz: damaged gzip" in done.stderr) == (2, True), (
            done.stderr.decode()
        )
    assert b"Traceback" not in done.stderr


def test_a_missing_file_is_unusable_and_named(tmp_path: Path) -> None:
    done = baton("replay", tmp_path / "absent.jsonl", "--map", MAP, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert b"absent.jsonl: No such file" in done.stderr


def test_a_typo_in_the_map_is_named_with_file_line_and_the_nearest_name(tmp_path: Path) -> None:
    text = MAP.read_text().replace("within: 4h", "witin: 4h")
    line = 1 + text[: text.index("witin")].count("\n")
    (tmp_path / "typo.yaml").write_text(text)
    (tmp_path / "in.jsonl").write_bytes(without())
    done = baton("replay", tmp_path / "in.jsonl", "--map", tmp_path / "typo.yaml", "--out", tmp_path / "out")
    assert done.returncode == 2
    message = " ".join(done.stderr.decode().split())
    assert f"typo.yaml:{line}: journeys.new_line.handoffs.activation" in message
    assert "did you mean 'within'?" in message
    assert not (tmp_path / "out").exists()
