"""What a worker counts. Labels never hold personal data."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """One worker's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.events = Counter(
            "baton_records_read", "Records read from source topics", ["topic"], registry=registry
        )
        self.dead_letters = Counter(
            "baton_dead_letters", "Records that could not be used", ["reason"], registry=registry
        )
        self.identifiers_dropped = Counter(
            "baton_identifiers_dropped", "Identifiers that their normaliser rejected", registry=registry
        )
        self.messages = Counter(
            "baton_messages_sent", "Messages between stitch partitions", registry=registry
        )
        self.alerts = Counter(
            "baton_alerts_announced", "Alerts announced", ["kind", "status"], registry=registry
        )
        self.withdrawn = Counter(
            "baton_alerts_withdrawn",
            "Announced alerts that are not borne out any more: after an event that came later than its department is "
            "allowed, a change of who is who, news that revises it, or a rebuild",
            ["kind", "cause"],
            registry=registry,
        )
        self.folds = Counter("baton_neighbourhoods_folded", "Neighbourhoods judged", registry=registry)
        self.largest = Gauge(
            "baton_largest_neighbourhood_events",
            "Events in the largest neighbourhood, of those with a thousand and more",
            ["partition"],
            registry=registry,
        )
        self.large = Gauge(
            "baton_large_neighbourhoods",
            "Neighbourhoods with a thousand events and more",
            ["partition"],
            registry=registry,
        )
        self.source_behind = Gauge(
            "baton_source_behind_seconds",
            "For how long a source partition of this worker has held what is not read yet",
            ["topic", "partition"],
            registry=registry,
        )
        self.partitions_loading = Gauge(
            "baton_partitions_loading",
            "Partitions that were assigned and are not loaded yet",
            registry=registry,
        )
        self.rows_to_load = Gauge(
            "baton_rows_to_load",
            "Rows of the changelog still to be read before a partition goes on, compacted ones counted",
            ["partition"],
            registry=registry,
        )
