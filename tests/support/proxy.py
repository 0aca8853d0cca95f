"""Toxiproxy between workers and the broker: a network that fails on demand. Built with Go on first use, and kept."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.services import free_port, require

MODULE = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0"
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "toxiproxy"
_UP_WITHIN = 30.0


class Proxy:
    """Leads from one port of this machine to another, for better or worse."""

    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}"

    def lead(self, port: int, to: int) -> None:
        self._ask(
            "POST",
            "/proxies",
            {"name": "kafka", "listen": f"127.0.0.1:{port}", "upstream": f"127.0.0.1:{to}"},
        )

    @contextmanager
    def _trouble(self, type: str, **attributes: int) -> Iterator[None]:
        for stream in ("upstream", "downstream"):
            toxic = {"name": f"{type}-{stream}", "type": type, "stream": stream, "attributes": attributes}
            self._ask("POST", "/proxies/kafka/toxics", toxic)
        try:
            yield
        finally:
            for stream in ("upstream", "downstream"):
                self._ask("DELETE", f"/proxies/kafka/toxics/{type}-{stream}")

    def black_hole(self):  # type: ignore[no-untyped-def]
        """Nothing arrives, and no connection is closed."""
        return self._trouble("timeout", timeout=0)

    def resets(self):  # type: ignore[no-untyped-def]
        """Every connection is reset."""
        return self._trouble("reset_peer", timeout=0)

    def latency(self):  # type: ignore[no-untyped-def]
        """A second, half of it more or less, each way."""
        return self._trouble("latency", latency=1000, jitter=500)

    def throttle(self):  # type: ignore[no-untyped-def]
        """50 KB a second each way."""
        return self._trouble("bandwidth", rate=50)

    def is_up(self) -> bool:
        try:
            self._ask("GET", "/version")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str, body: object = None) -> None:
        request = urllib.request.Request(
            self._api + path, None if body is None else json.dumps(body).encode(), method=method
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    port = free_port()
    command = [str(_program()), "-host", "127.0.0.1", "-port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        proxy = Proxy(port)
        deadline = time.monotonic() + _UP_WITHIN
        while not proxy.is_up():
            assert server.poll() is None and time.monotonic() < deadline, "Toxiproxy did not start"
            time.sleep(0.05)
        yield proxy
    finally:
        server.terminate()
        server.wait(10)


def _program() -> Path:
    go = shutil.which("go")
    require(go, "apt-get install golang-go")
    program = _CACHE / "server"
    if not program.exists():
        partial = _CACHE.with_name(f"toxiproxy.{os.getpid()}")
        built = subprocess.run(
            [str(go), "install", MODULE],
            env={**os.environ, "GOBIN": str(partial)},
            capture_output=True,
            text=True,
        )
        require(built.returncode == 0, f"Toxiproxy, which Go could not build:\n{built.stderr}")
        partial.rename(_CACHE)
    return program
