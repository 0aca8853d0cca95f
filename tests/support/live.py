"""A running installation: `baton worker` and `baton api` as processes, with what they share."""

import http.server
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.support.services import free_port

BATON = Path(sys.executable).with_name("baton")
PATIENCE = 90.0
NO_TIME = timedelta()

Found = TypeVar("Found")


def until(ask: Callable[[], Found], what: str) -> Found:
    """What `ask` gives as soon as it is true; fails, saying for what it waited, when that takes far too long."""
    deadline = time.monotonic() + PATIENCE
    while not (found := ask()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


def _hear_interrupts() -> None:
    """A shell that runs the tests in the background has them, and what they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Process:
    """A `baton` process; its standard error goes to a file."""

    def __init__(self, words: Sequence[str], errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as output:
            self._process = subprocess.Popen(
                [str(BATON), *words], stderr=output, stdout=output, preexec_fn=_hear_interrupts
            )

    def said(self, pattern: str) -> str:
        """The part of its standard error that the pattern's group matches, once it has said so."""
        return until(lambda: self._found(pattern), f"{pattern!r} from {self._process.args}").group(1)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal; give the exit code."""
        self._process.send_signal(how)
        return self._process.wait(timeout=PATIENCE)

    @property
    def output(self) -> str:
        return self._errors.read_text()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def _found(self, pattern: str) -> re.Match[str] | None:
        text = self.output
        assert self.is_running(), text
        return re.search(pattern, text)


class Installation:
    """Worker and API of one place, told by options such as --data; the block's end ends what still runs."""

    def __init__(self, folder: Path, journey_map: str, place: Sequence[str]) -> None:
        self.folder = folder
        self.map = folder / "map.yaml"
        self.map.write_text(journey_map)
        self.place = list(place)
        self._processes: list[Process] = []
        self.url = ""

    @property
    def is_on_kafka(self) -> bool:
        return "--broker" in self.place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.is_running():
                process.end(signal.SIGKILL)

    def worker(self, *options: str) -> Process:
        """Start a worker; returns when it works."""
        process = self._start("worker", *options)
        process.said("(working) on")
        return process

    def api(self) -> None:
        """Start the API; returns when it answers."""
        self.url = self._start("api", "--port", "0").said(r"serving (http\S+)")

    def run(self, *words: str) -> str:
        """Run a command that ends; give what it prints."""
        arguments = [*words, "--map", str(self.map), *self._without_read_model()]
        done = subprocess.run([str(BATON), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def post(self, event_type: str, id: str, ahead: timedelta = NO_TIME, **data: object) -> None:
        """Tell the API of an event that happens now, or ahead of now."""
        department = event_type.partition(".")[0]
        event = {
            "specversion": "1.0",
            "id": id,
            "source": f"/{department}",
            "type": event_type,
            "time": (datetime.now(UTC) + ahead).isoformat(),
            "data": data,
        }
        request = urllib.request.Request(
            f"{self.url}/v1/events",
            json.dumps(event).encode(),
            {"content-type": "application/cloudevents+json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202

    def get(self, route: str) -> Any:
        with urllib.request.urlopen(self.url + route, timeout=30) as answer:
            return json.load(answer)

    def journey(self, order: str) -> Any:
        """The journey of an order with its alerts, None while there is none."""
        found = self.get(f"/v1/journeys?identifier=order:{order}")["journeys"]
        return self.get(f"/v1/journeys/{found[0]['id']}") if found else None

    def _start(self, command: str, *options: str) -> Process:
        errors = self.folder / f"{command}-{len(self._processes)}.log"
        process = Process([command, "--map", str(self.map), *self.place, *options], errors)
        self._processes.append(process)
        return process

    def _without_read_model(self) -> list[str]:
        place = self.place
        pairs = zip(place[::2], place[1::2], strict=True)
        return [word for pair in pairs if pair[0] != "--read-model" for word in pair]


class Hook:
    """A webhook's receiver, which is away until it is opened."""

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[Any] = []
        self._server: http.server.ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"

    def open(self) -> None:
        received = self.received

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
