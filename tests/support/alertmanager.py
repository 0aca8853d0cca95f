"""A real Alertmanager on a free port, with its storage in a temporary folder; it pages nobody."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import free_port, require

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
UP_WITHIN_SECONDS = 30


class RunningAlertmanager:
    """Starts, stops and restarts at the same address; a stop forgets all alerts, as Alertmanager does."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "alertmanager.yml").write_text(CONFIG)

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(PROGRAM),
                    f"--config.file={self._folder / 'alertmanager.yml'}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + UP_WITHIN_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Alertmanager did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def firing(self) -> dict[str, dict[str, Any]]:
        """The alerts that are not resolved, by their label `baton_fingerprint`."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            return {alert["labels"]["baton_fingerprint"]: alert for alert in json.load(answer)}

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture
def stopped_alertmanager(tmp_path: Path) -> Iterator[RunningAlertmanager]:
    """Installed but not started; stopped after the test."""
    require(PROGRAM, "install Alertmanager: apt-get install prometheus-alertmanager")
    server = RunningAlertmanager(tmp_path)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def alertmanager(stopped_alertmanager: RunningAlertmanager) -> RunningAlertmanager:
    stopped_alertmanager.start()
    return stopped_alertmanager
