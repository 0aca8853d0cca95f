"""Every metric of the API, in a registry of its own."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.store.errors import StoreError
from api.store.reader import Reader


class Metrics:
    """The API's counters, and gauges that are read from the read model at each scrape."""

    def __init__(self, reader: Reader) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "baton_api_requests",
            "Requests answered, by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        self.events_accepted = Counter(
            "baton_api_events_accepted", "Events appended durably to the log", registry=self.registry
        )
        self.events_refused = Counter(
            "baton_api_events_refused", "Events refused, by reason code", ["reason"], registry=self.registry
        )
        self.registry.register(ReadModelMetrics(reader))


class ReadModelMetrics(Collector):
    """Open alerts, verdicts withheld, and whether the read model could be asked for them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            counts = self._reader.open_alerts()
            silences = self._reader.silences(time.time_ns() // 1000)
        except StoreError:
            yield GaugeMetricFamily("baton_api_read_model_up", "1 if the read model answers", 0)
            return
        yield GaugeMetricFamily("baton_api_read_model_up", "1 if the read model answers", 1)
        family = GaugeMetricFamily(
            "baton_api_open_alerts",
            "Open alerts, acknowledged or not, by kind and the department that owes",
            labels=["kind", "department"],
        )
        for kind, department, count in counts:
            family.add_metric([kind, department], count)
        yield family
        withheld = GaugeMetricFamily(
            "baton_api_withheld_verdicts",
            "Handoffs that are due and not judged, for the department that owes them is silent",
            labels=["department"],
        )
        for department, silence in silences.items():
            withheld.add_metric([department], silence.withheld)
        yield withheld
