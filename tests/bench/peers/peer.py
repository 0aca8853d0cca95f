"""The peers: what each needs, and how its programs are started."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
CACHE = PROJECT / ".cache" / "peers"
INSTALL_SECONDS = 240

STATE, JOB = "state", "job"
"""What is compared: the stateful loop, and the job itself."""


class NotInstalled(Exception):
    """A peer cannot be had here, and why."""


class Peer(NamedTuple):
    """`install` gives the version; `command` takes what is compared and a folder of the run's own.

    `changelog`: its name for a group and an input, empty where there is none. `keeps_offsets`: it has them
    elsewhere than in Kafka, and ends with its input. `is_slow`: it reads a smaller input.
    """

    name: str
    install: Callable[[], str]
    command: Callable[[str, Path], list[str]]
    changelog: Callable[[str, str], str] = lambda group, topic: ""
    compared: Sequence[str] = (STATE, JOB)
    keeps_offsets: bool = False
    is_slow: bool = False
    is_ours: bool = False


def _ours(module: str) -> Callable[[str, Path], list[str]]:
    return lambda what, _: [sys.executable, "-m", f"tests.bench.peers.{module}.{what}"]


def _in_venv(name: str) -> Callable[[str, Path], list[str]]:
    return lambda what, _: [str(_python(name)), str(HERE / name / f"{what}.py")]


def _faust(what: str, folder: Path) -> list[str]:
    return [*_ours("plain_faust")(what, folder), "worker", "--without-web", "--loglevel", "error"]


def _bytewax(what: str, folder: Path) -> list[str]:
    recovery = folder / "recovery"
    recovery.mkdir()
    run = [str(_python("bytewax")), "-m"]
    subprocess.run([*run, "bytewax.recovery", str(recovery), "1"], check=True)
    program = str(HERE / "bytewax" / f"{what}.py")
    return [*run, "bytewax.run", program, "-r", str(recovery), "-s", "10", "-b", "0"]


def _kafka_streams(what: str, _: Path) -> list[str]:
    built = _place("kafka_streams", "pom.xml")
    return ["java", "-cp", f"{built}/classes:{built}/jars/*", what.capitalize()]


def _version_of(package: str, name: str | None = None) -> Callable[[], str]:
    def version() -> str:
        python = Path(sys.executable) if name is None else _venv(name)
        ask = f"from importlib.metadata import version; print(version({package!r}))"
        return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()

    return version


def _place(name: str, pinned: str) -> Path:
    """Where a peer is kept: another place once anything of what it was made from has changed."""
    sources = [HERE / name / pinned, *sorted((HERE / name).glob("*.java"))]
    made_from = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    return CACHE / f"{name}-{made_from.hexdigest()[:12]}"


def _python(name: str) -> Path:
    return _place(name, "requirements.txt") / "bin" / "python"


def _venv(name: str) -> Path:
    """Python with a peer's packages, installed on first use."""

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
        ]
        pinned = str(HERE / name / "requirements.txt")
        _run([*pip, "--only-binary", ":all:", "--require-hashes", "--requirement", pinned])

    _once(_place(name, "requirements.txt"), install)
    return _python(name)


def _install_kafka_streams() -> str:
    if missing := [tool for tool in ("java", "javac", "mvn") if not shutil.which(tool)]:
        raise NotInstalled(f"needs {' and '.join(missing)}: apt-get install openjdk-17-jdk-headless maven")

    def install(folder: Path) -> None:
        jars, classes = folder / "jars", folder / "classes"
        copy = ["mvn", "-q", "-f", str(HERE / "kafka_streams" / "pom.xml"), "dependency:copy-dependencies"]
        _run([*copy, f"-DoutputDirectory={jars}", "-DincludeScope=runtime"])
        sources = [str(source) for source in (HERE / "kafka_streams").glob("*.java")]
        _run(["javac", "-cp", f"{jars}/*", "-d", str(classes), *sources])

    place = _place("kafka_streams", "pom.xml")
    _once(place, install)
    return next((place / "jars").glob("kafka-streams-*.jar")).stem.removeprefix("kafka-streams-")


def _once(place: Path, install: Callable[[Path], None]) -> None:
    """A place that is there is complete."""
    done = place / "installed"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        install(place)
        done.touch()


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{command[0]} took more than {INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines()
        raise NotInstalled(f"{Path(command[0]).name}: {said[-1] if said else error}") from None


PEERS = (
    Peer("Baton", _version_of("baton"), _ours("baton"), lambda group, _: f"{group}-changelog", is_ours=True),
    Peer(
        "Faust",
        _version_of("faust-streaming"),
        _faust,
        lambda group, _: f"{group}-counts-changelog",
        is_slow=True,
    ),
    Peer(
        "Quix Streams",
        _version_of("quixstreams", "quix_streams"),
        _in_venv("quix_streams"),
        lambda group, topic: f"changelog__{group}--{topic}--default",
    ),
    Peer("Bytewax", _version_of("bytewax", "bytewax"), _bytewax, keeps_offsets=True),
    Peer(
        "Kafka Streams",
        _install_kafka_streams,
        _kafka_streams,
        lambda group, _: f"{group}-counts-changelog",
    ),
    Peer(
        "confluent-kafka",
        _version_of("confluent-kafka", "reading"),
        _in_venv("reading"),
        compared=(STATE,),
    ),
)
