"""What a newcomer gets wrong ends with one clear sentence and exit code 2, never with a traceback."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli import main

MAP = str(Path(__file__).parents[2] / "deploy" / "maps" / "telecom.yaml")
NO_BROKER = ("--broker", "kafka://127.0.0.1:1", "--wait", "0")
NO_DATABASE = ("--read-model", "postgresql+psycopg://baton@127.0.0.1:1/baton", "--wait", "0")
NOWHERE = "/proc/nowhere"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a file, an empty folder and an input of nonsense in it."""
    monkeypatch.chdir(tmp_path)
    Path("a-file").touch()
    Path("a-folder").mkdir()
    Path("events.jsonl").write_text('{"a": 1}\n')
    Path("cut.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 1000)[:-12])
    Path("broken.yaml").write_text("name: [")
    Path("typo.yaml").write_text("departmnts: {}\n")
    Path("binary.yaml").write_bytes(b"name: \xff\n")
    Path("worker").mkdir()
    Path("worker/log.sqlite").write_bytes(b"not a log, whatever its name says " * 100)
    return tmp_path


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that another process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


def refused(*words: str) -> str:
    """What a command says when it ends as it should with unusable input."""
    result: Result = CliRunner().invoke(main, list(words))
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, "Traceback" in result.output) == (2, False), result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.yaml", "nowhere.yaml: No such file or directory; expected a journey map"),
        ("a-folder", "a-folder: Is a directory; expected a journey map"),
        ("broken.yaml", "broken.yaml:1: not valid YAML"),
        ("typo.yaml", "typo.yaml:1: unknown key 'departmnts' (did you mean 'departments'?)"),
        ("binary.yaml", "binary.yaml: expected UTF-8"),
    ],
)
def test_a_map_that_is_none(given: str, said: str) -> None:
    assert said in refused("check", given)
    assert said in refused("replay", "events.jsonl", "--map", given, "--out", "out")
    assert said in refused("worker", "--map", given)
    assert said in refused("api", "--map", given)
    assert said in refused("publish", "events.jsonl", "--map", given)
    assert said in refused("dead-letters", "list", "--map", given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.jsonl", "nowhere.jsonl: No such file or directory; expected JSON Lines of CloudEvents"),
        ("a-folder", "a-folder: Is a directory; expected JSON Lines of CloudEvents"),
        ("cut.jsonl.gz", "cut.jsonl.gz: damaged gzip"),
    ],
)
def test_an_input_that_cannot_be_read(given: str, said: str) -> None:
    assert said in refused("check", MAP, "--sample", given)
    assert said in refused("replay", given, "--map", MAP, "--out", "out")
    assert said in refused("publish", given, "--map", MAP)


@pytest.mark.parametrize("words", [("worker",), ("api",), ("publish", "events.jsonl")])
def test_a_directory_that_cannot_be_one(words: tuple[str, ...]) -> None:
    assert "Directory 'a-file' is a file" in refused(*words, "--map", MAP, "--data", "a-file")
    assert "Not a directory" in refused(*words, "--map", MAP, "--data", "a-file/data")
    assert NOWHERE in refused(*words, "--map", MAP, "--data", NOWHERE)


def test_an_output_directory_that_cannot_be_one() -> None:
    given = ("replay", "events.jsonl", "--map", MAP, "--out")
    assert "Directory 'a-file' is a file" in refused(*given, "a-file")
    assert "Not a directory" in refused(*given, "a-file/out")
    assert NOWHERE in refused(*given, NOWHERE)
    assert NOWHERE in refused("demo", "--once", "--data", NOWHERE)


@pytest.mark.parametrize("words", [("worker",), ("api",), ("publish", "events.jsonl")])
def test_a_broker_that_does_not_answer(words: tuple[str, ...]) -> None:
    said = refused(*words, "--map", MAP, *NO_BROKER)
    assert "gave up after 0 s: Kafka at 127.0.0.1:1 is away" in said
    assert "check the address" in said


@pytest.mark.parametrize(
    "words",
    [
        ("worker",),
        ("api",),
        ("publish", "events.jsonl"),
        ("dead-letters", "list"),
        ("dead-letters", "replay"),
        ("replay", "events.jsonl", "--out", "out"),
    ],
)
def test_a_broker_of_another_kind(words: tuple[str, ...]) -> None:
    said = refused(*words, "--map", MAP, "--broker", "rabbit://127.0.0.1")
    assert "expected embedded:///path/to/log.sqlite or kafka://host:port" in said


@pytest.mark.parametrize("words", [("worker",), ("api",)])
def test_a_database_that_does_not_answer(words: tuple[str, ...]) -> None:
    said = refused(*words, "--map", MAP, "--data", "data", *NO_DATABASE)
    assert "gave up after 0 s: the read model's database is not available" in said


@pytest.mark.parametrize("words", [("worker",), ("api",), ("explain", "anna@example.com")])
def test_a_database_that_cannot_be_meant(words: tuple[str, ...]) -> None:
    given = (*words, "--map", MAP, "--data", "data", "--read-model")
    assert "expected sqlite:/// or postgresql+psycopg://" in refused(*given, "shop.sqlite")
    assert "found mysql://" in refused(*given, "mysql://baton:secret@db/baton")
    assert "secret" not in refused(*given, "mysql://baton:secret@db/baton")
    assert "expected user:password@host:port/database" in refused(*given, "postgresql+psycopg://db:port/x")


def test_a_port_that_is_taken(taken: str) -> None:
    said = f"can't listen on 127.0.0.1:{taken}"
    whole = refused("api", "--map", MAP, "--data", "data", "--port", taken)
    assert whole.startswith(said) and whole.endswith("Choose another with --port")
    assert said in refused("worker", "--map", MAP, "--data", "data", "--metrics-port", taken)
    assert said in refused("demo", "--orders", "2", "--port", taken)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none(port: str) -> None:
    assert "Invalid value for '--port'" in refused("api", "--map", MAP, "--port", port)
    assert "Invalid value for '--port'" in refused("demo", "--port", port)
    assert "Invalid value for '--metrics-port'" in refused("worker", "--map", MAP, "--metrics-port", port)


def test_a_receiver_that_has_no_address() -> None:
    given = ("worker", "--map", MAP, "--data", "data")
    assert "expected an address like http" in refused(*given, "--webhook", "hooks.example")
    assert "expected an address like http" in refused(*given, "--alertmanager", "localhost:9093")
    assert "expected whsec_ and base64" in refused(
        *given, "--webhook", "http://hooks.example", "--webhook-secret", "!"
    )


def test_a_log_that_is_none_or_not_there() -> None:
    assert "not a log" in refused("worker", "--map", MAP, "--data", "worker")
    assert "not a log" in refused("dead-letters", "list", "--map", MAP, "--data", "worker")
    assert "a-folder has no log.sqlite" in refused("dead-letters", "list", "--map", MAP, "--data", "a-folder")
    assert "a-folder has no read-model.sqlite" in refused(
        "explain", "anna@example.com", "--map", MAP, "--data", "a-folder"
    )


@pytest.mark.parametrize("fresh", [(), ("--fresh",)], ids=["again", "fresh"])
def test_a_replay_into_the_directory_of_a_worker_which_it_would_spoil(fresh: tuple[str, ...]) -> None:
    before = Path("worker/log.sqlite").read_bytes()
    said = refused("replay", "events.jsonl", "--map", MAP, "--out", "worker", *fresh)
    assert "holds the log of a worker" in said
    assert "holds the log of a worker" in refused("demo", "--once", "--data", "worker")
    assert Path("worker/log.sqlite").read_bytes() == before


def test_a_replay_into_the_directory_of_another() -> None:
    given = ("replay", "--map", MAP, "--out", "out")
    assert CliRunner().invoke(main, [*given, "events.jsonl"]).exit_code == 0
    Path("others.jsonl").write_text('{"b": 2}\n')
    assert "holds a replay with other inputs; choose another --out, or start over with --fresh" in refused(
        *given, "others.jsonl"
    )
    assert "with other as_of" in refused(*given, "events.jsonl", "--as-of", "2026-01-15T18:00:00Z")
    assert CliRunner().invoke(main, [*given, "others.jsonl", "--fresh"]).exit_code == 0


def test_a_time_that_is_none() -> None:
    given = ("replay", "events.jsonl", "--map", MAP, "--out", "out", "--as-of", "yesterday")
    assert "expected a time such as 2026-01-15T18:00:00Z" in refused(*given)


def test_an_api_that_is_none(taken: str) -> None:
    assert "expected an address such as http" in refused("explain", "x", "--api", "localhost:8080")
    assert "http://127.0.0.1:1 can't be reached" in refused("explain", "x", "--api", "http://127.0.0.1:1")
    assert "say which: --api URL" in refused("explain", "x")
