"""What role processes of tests do."""

import sys
import time
from functools import partial
from pathlib import Path

from deploy.errors import Unusable
from deploy.role_process import Begun, RoleProcess
from stream.metrics import Metrics


def count(records: int, metrics: Metrics, begun: Begun) -> None:
    """Count, and go on for a minute."""
    metrics.events.labels("shop.events").inc(records)
    metrics.messages.inc()
    begun()
    time.sleep(60)


def refuse(metrics: Metrics, begun: Begun) -> None:
    raise Unusable("this cannot be used")


def leave(path: Path, metrics: Metrics, begun: Begun) -> None:
    """End before it begins, when there is a file."""
    while not path.exists():
        time.sleep(0.01)
    sys.exit(0)


if __name__ == "__main__":
    process = RoleProcess(["ingest"], partial(count, 1))
    while not process.counted():
        time.sleep(0.01)
    print(process.pid, flush=True)
    time.sleep(60)
