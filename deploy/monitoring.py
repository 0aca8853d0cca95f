"""Monitoring: a worker's metrics for Prometheus, and whether it is ready, on a port of this machine."""

import json
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Metric, make_wsgi_app
from prometheus_client.registry import Collector

from deploy.errors import Unusable
from stream.metrics import Metrics

HOST = "127.0.0.1"


class Readiness:
    """Ready is a worker that has its partitions and has loaded them all. It is not while it loads one it is given."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.has_begun = False

    def lacks(self) -> str:
        """What is lacking, in words; empty: nothing."""
        if not self.has_begun:
            return "it has not been given its partitions yet"
        loading = int(self._metrics.registry.get_sample_value("baton_partitions_loading") or 0)
        return f"{loading} of its partitions are still being loaded" if loading else ""


class Together(Collector):
    """The metrics of several processes as those of one: samples with the same labels are added up."""

    def __init__(self, own: CollectorRegistry, others: Sequence[Callable[[], Iterable[Metric]]]) -> None:
        self._counted = (own.collect, *others)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for counted in self._counted:
            for metric in counted():
                before = families.get(metric.name)
                families[metric.name] = _added(before, metric) if before else metric
        yield from families.values()


def _added(one: Metric, other: Metric) -> Metric:
    values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for sample in (*one.samples, *other.samples):
        key = sample.name, frozenset(sample.labels.items())
        add = min if sample.name.endswith("_created") else operator.add
        values[key] = add(values[key], sample.value) if key in values else sample.value
    added = Metric(one.name, one.documentation, one.type)
    for (name, labels), value in values.items():
        added.add_sample(name, dict(labels), value)
    return added


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve_monitoring(port: int, registry: CollectorRegistry, readiness: Readiness) -> int:
    """Serve `/readyz`, `/healthz` and, on every other path, metrics, for as long as the process runs; gives the port.

    Port 0 takes a free one. Unusable when another process has the port.
    """
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path not in ("/readyz", "/healthz"):
            told: Iterable[bytes] = metrics(environ, start_response)
            return told
        lacking = readiness.lacks() if path == "/readyz" else ""
        start_response(
            "503 Service Unavailable" if lacking else "200 OK", [("Content-Type", "application/json")]
        )
        good = "ready" if path == "/readyz" else "alive"
        return [
            json.dumps({"status": "not ready", "detail": lacking} if lacking else {"status": good}).encode()
        ]

    try:
        server = make_server(HOST, port, answer, _Server, _Quiet)
    except OSError as error:
        raise Unusable(
            f"can't listen on {HOST}:{port}: {error.strerror}; choose another --metrics-port"
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
