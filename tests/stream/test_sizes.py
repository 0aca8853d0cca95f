"""The sizes of neighbourhoods, as Prometheus sees them."""

import logging

import pytest

from stream.metrics import Metrics
from stream.sizes import LARGE, Sizes


def figures(metrics: Metrics, partition: str = "0") -> tuple[float | None, float | None]:
    names = ("baton_large_neighbourhoods", "baton_largest_neighbourhood_events")
    many, largest = (metrics.registry.get_sample_value(name, {"partition": partition}) for name in names)
    return many, largest


def test_large_neighbourhoods_are_counted_and_the_largest_is_told(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    sizes = Sizes(0, metrics)
    roots = {"email:anna@example.com", "phone:+491713920001", "order:A-1"}
    with caplog.at_level(logging.WARNING):
        sizes.judged("order:A-1", LARGE - 1, roots)
        assert figures(metrics) == (0, 0)
        for _ in range(2):
            sizes.judged("email:anna@example.com", LARGE, roots)
            sizes.judged("phone:+491713920001", 3 * LARGE, roots)
    assert figures(metrics) == (2, 3 * LARGE)
    assert [record.message.partition(".")[0] for record in caplog.records] == [
        "partition 0: 1000 events have met, by an identifier of the type email and others",
        "partition 0: 3000 events have met, by an identifier of the type phone and others",
    ]


def test_a_neighbourhood_that_is_no_more_is_not_counted() -> None:
    metrics = Metrics()
    sizes = Sizes(0, metrics)
    sizes.judged("email:b@example.com", LARGE, {"email:b@example.com"})
    sizes.judged("email:a@example.com", LARGE + 1, {"email:a@example.com"})
    assert figures(metrics) == (1, LARGE + 1)
    sizes.forget()
    assert figures(metrics) == (0, 0)
