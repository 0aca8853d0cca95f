"""A real Kafka broker for the tests: one node, started once a session, its libraries fetched by Maven and
kept."""

import fcntl
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support.services import free_port, require

_POM = Path(__file__).parent / "kafka_libraries" / "pom.xml"
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "kafka"
_START_SECONDS = 60

Kind = TypeVar("Kind", bound="Broker")


class Broker:
    """One Kafka node on loopback, data in `folder`; `kill` and `start` again keep the data and the
    address.

    Who connects to `behind_proxy` is told to come back to `proxy_port`, where a proxy must lead there.
    """

    def __init__(self, libraries: Path, folder: Path) -> None:
        self.port, self.behind_proxy, self.proxy_port = free_port(), free_port(), free_port()
        self._libraries = libraries
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = folder / "server.properties"
        ports = (self.port, free_port(), self.behind_proxy, self.proxy_port)
        self._settings.write_text(_settings(*ports, folder / "data"))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.address}"

    @property
    def pid(self) -> int:
        """Of the node while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def _formatting(self) -> list[str]:
        """More words for the formatting of its data."""
        return []

    def format(self) -> None:
        arguments = ["format", "--cluster-id", uuid.uuid4().hex[:22], "--config", str(self._settings)]
        arguments += self._formatting
        with (self._folder / "format.log").open("wb") as output:
            command = self._java("kafka.tools.StorageTool", *arguments)
            subprocess.run(command, check=True, stdout=output, stderr=subprocess.STDOUT)

    def start(self) -> None:
        with (self._folder / "broker.log").open("ab") as output:
            command = self._java("kafka.Kafka", str(self._settings))
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"Kafka did not start:\n{(self._folder / 'broker.log').read_text()[-4000:]}"
                )
            time.sleep(0.1)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True

    def _java(self, main: str, *arguments: str) -> list[str]:
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["nice", "java", *options, "-cp", f"{self._libraries}/*", main, *arguments]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's broker; every test uses topics and groups with names of its own."""
    yield from running(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own, which it may kill, and whose topics have the names of an installation."""
    folder = tmp_path / "kafka"
    folder.mkdir()
    yield from running(folder)


def running(folder: Path, kind: type[Kind] = Broker) -> Iterator[Kind]:  # type: ignore[assignment]
    """A broker with its data in the folder, gone when the iterator goes on."""
    broker = kind(_libraries(), folder)
    broker.format()
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def _libraries() -> Path:
    """The folder with Kafka's jar files, fetched with Maven on first use."""
    require(shutil.which("java") and shutil.which("mvn"), "apt-get install openjdk-17-jre-headless maven")
    _CACHE.parent.mkdir(exist_ok=True)
    with _CACHE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _CACHE.is_dir():
            _fetch()
    return _CACHE


def _fetch() -> None:
    partial = _CACHE.with_suffix(".part")
    copy = ["mvn", "-q", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
    fetched = subprocess.run([*copy, "-DincludeScope=runtime"], capture_output=True, text=True, check=False)
    require(fetched.returncode == 0, f"Kafka's libraries, which Maven could not fetch:\n{fetched.stdout}")
    partial.rename(_CACHE)


def _settings(port: int, controller_port: int, behind_proxy: int, proxy_port: int, data: Path) -> str:
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{behind_proxy},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.backoff.ms=200
"""
