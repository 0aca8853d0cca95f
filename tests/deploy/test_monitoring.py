"""What a worker says of itself on its monitoring port."""

import json
import urllib.error
import urllib.request

import pytest

from deploy.monitoring import Readiness, serve_monitoring
from stream.metrics import Metrics


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_a_worker_is_ready_when_it_has_its_partitions_and_has_loaded_them(metrics: Metrics) -> None:
    readiness = Readiness(metrics)
    port = serve_monitoring(0, metrics.registry, readiness)

    def said() -> tuple[int, dict[str, str]]:
        status, body = asked(port, "/readyz")
        return status, json.loads(body)

    assert said() == (503, {"status": "not ready", "detail": "it has not been given its partitions yet"})
    metrics.partitions_loading.inc(2)
    readiness.has_begun = True
    assert said() == (503, {"status": "not ready", "detail": "2 of its partitions are still being loaded"})
    metrics.partitions_loading.dec(2)
    assert said() == (200, {"status": "ready"})


def test_a_worker_that_loads_is_alive_and_tells_its_metrics(metrics: Metrics) -> None:
    port = serve_monitoring(0, metrics.registry, Readiness(metrics))
    assert asked(port, "/healthz") == (200, '{"status": "alive"}')
    status, text = asked(port, "/metrics")
    assert (status, "baton_partitions_loading 0.0" in text) == (200, True)
