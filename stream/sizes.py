"""How large neighbourhoods are: a large one is slow to judge, and a sign that many customers share an identifier."""

import logging
from collections.abc import Container

from journeys.identity import type_of
from stream.metrics import Metrics

LARGE = 1_000
"""Events from which on a neighbourhood is told of."""

logger = logging.getLogger(__name__)


class Sizes:
    """Of the large neighbourhoods of one partition, as they are judged; each is logged once."""

    def __init__(self, partition: int, metrics: Metrics) -> None:
        self._partition = partition
        self._largest = metrics.largest.labels(str(partition))
        self._count = metrics.large.labels(str(partition))
        self._large: dict[str, int] = {}
        self._told: set[str] = set()

    def judged(self, identifier: str, events: int, roots: Container[str]) -> None:
        """A neighbourhood has so many events; `roots` are all that there are now."""
        if events < LARGE and not self._large:
            return
        self._large[identifier] = events
        self._tell({each: size for each, size in self._large.items() if size >= LARGE and each in roots})
        if events >= LARGE and identifier not in self._told:
            self._told.add(identifier)
            logger.warning(
                "partition %d: %d events have met, by an identifier of the type %s and others. If they are not one "
                "customer's, a type that many customers share needs a limit, or routes: false, in the map",
                self._partition, events, type_of(identifier),
            )  # fmt: skip

    def forget(self) -> None:
        """The partition was taken away."""
        self._tell({})

    def _tell(self, large: dict[str, int]) -> None:
        self._large = large
        self._largest.set(max(large.values(), default=0))
        self._count.set(len(large))
