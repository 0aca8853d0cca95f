"""How far the state of a partition is on its way into memory, as operators see it."""

import logging
import random
from pathlib import Path

import pytest

from journeys.journey_map import JourneyMap
from stream.holding import Holding
from stream.loading import Loading
from stream.memories import Memories
from stream.metrics import Metrics
from stream.partition_rows import MemoryRows
from stream.sending import Sender
from tests.support.scenario import TELECOM
from tests.support.stitching import Stitching


def of(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_partition_says_how_many_rows_are_still_to_be_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("stream.loading.EVERY_SECONDS", 0.0)
    metrics = Metrics()
    with Loading(metrics).of(3, 1_000, 5_000) as progress:
        assert of(metrics, "baton_rows_to_load", partition="3") == 4_000
        progress.reached(2_000)
        assert of(metrics, "baton_rows_to_load", partition="3") == 3_000
        progress.reached(5_000)
    assert of(metrics, "baton_rows_to_load", partition="3") == 0
    first, second, over = (record.getMessage() for record in caplog.records)
    assert (first, second) == (
        "partition 3: 1000 of 4000 rows loaded, 25 %",
        "partition 3: 4000 of 4000 rows loaded, 100 %",
    )
    assert over.startswith("partition 3: 4000 rows loaded in ")


def test_a_partition_without_rows_is_loaded_at_once() -> None:
    metrics = Metrics()
    with Loading(metrics).of(0, 0, 0):
        pass
    assert of(metrics, "baton_rows_to_load", partition="0") == 0


async def test_a_partition_is_loading_from_its_assignment_until_it_is_loaded_or_taken_away(
    tmp_path: Path,
) -> None:
    async with Stitching(
        JourneyMap.parse(TELECOM), tmp_path / "log.sqlite", 3, random.Random(0)
    ) as stitching:
        log, topics, metrics = stitching.log, stitching.topics, stitching.metrics
        holding = Holding(topics.journey_map, log, Sender(log), topics, metrics, MemoryRows, Memories())
        holding.take([0, 1, 2])
        assert of(metrics, "baton_partitions_loading") == 3
        await holding.release([2])
        await holding.of(0)
        await holding.of(1)
        assert of(metrics, "baton_partitions_loading") == 0
        await holding.release_all()
