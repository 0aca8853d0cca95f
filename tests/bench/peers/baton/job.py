"""`baton worker`, as it is shipped: its metrics tell how many events it has read."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.bench.peers import task
from tests.support.services import free_port

BATON = Path(sys.executable).with_name("baton")
MAP = Path(__file__).with_name("map.yaml")
READ = re.compile(rb'baton_records_read_total\{topic="' + task.INPUT.encode() + rb'"\} (\S+)')


def main() -> int:
    port = free_port()
    options = [
        "--map",
        str(MAP),
        "--broker",
        f"kafka://{task.BROKER}",
        "--role",
        "ingest",
        "--role",
        "stitch",
    ]
    worker = subprocess.Popen([str(BATON), "worker", *options, "--metrics-port", str(port)])
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    read = 0
    while read < task.EVENTS and worker.poll() is None:
        time.sleep(0.5)
        now = records_read(port)
        task.handled(now - read)
        read = now
    return worker.wait()


def records_read(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            found = READ.search(answer.read())
    except OSError:
        return 0
    return int(float(found[1])) if found else 0


if __name__ == "__main__":
    sys.exit(main())
