"""A real PostgreSQL for tests: a cluster of its own in a temporary directory, gone with the tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.services import free_port, require

INSTALL = "PostgreSQL is needed: apt-get install postgresql"
SECONDS_TO_START = 60


def programs() -> Path | None:
    """Where Debian keeps the newest PostgreSQL's programs, none of which is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """The URL of a running cluster's maintenance database."""
    bin = programs()
    require(bin, INSTALL)
    assert bin is not None
    home = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
    try:
        yield from run(bin, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, this test's own."""
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(postgres_cluster, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    server = postgres_cluster.removesuffix("/postgres").removeprefix("postgresql")
    yield f"postgresql+psycopg{server}/{name}"
    with psycopg.connect(postgres_cluster, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator["Cluster"]:
    """A cluster of the test's own, which it may restart."""
    bin = programs()
    require(bin, INSTALL)
    assert bin is not None
    home = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
    cluster = Cluster(bin, home)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def run(bin: Path, home: Path) -> Iterator[str]:
    cluster = Cluster(bin, home)
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.stop()


class Cluster:
    """One PostgreSQL server on loopback, everything of it in `home`; started again it has the same address."""

    def __init__(self, bin: Path, home: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._home = home
        self._server: subprocess.Popen[bytes] | None = None
        data = ["-D", str(home / "data")]
        user = as_user(home)
        rights = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [*user, str(bin / "initdb"), *data, *rights], check=True, capture_output=True, cwd=home
        )
        options = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-p",
            str(self.port),
            "-k",
            str(home),
            "-c",
            "fsync=off",
        ]
        self._command = [*user, str(bin / "postgres"), *data, *options]

    def start(self) -> None:
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._home)
        wait_for(self.url, self._server, self._home / "log")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGQUIT ends it at once, as a crash would."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None


def as_user(home: Path) -> list[str]:
    """The prefix that runs a program as Debian's PostgreSQL user: it refuses to run as root."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    os.chown(home, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.1)
