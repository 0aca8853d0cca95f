"""Project: documents from the compacted topics go into the read model, with the log position in the same
transaction.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from stream.sending import until_available
from stream.transports.log import Record


class ReadModelAway(Exception):
    """The database does not answer for now; nothing was written."""


class DocumentWriter(Protocol):
    def apply(self, topic: str, partition: int, records: Sequence[tuple[int, str, bytes | None]]) -> None:
        """Write (offset, id, document or None) and the position, in one transaction, skipping what is below it.

        ReadModelAway when it may work later.
        """


class Project:
    """Hands batches to the writer, off the event loop; waits while the database is away."""

    def __init__(self, writer: DocumentWriter) -> None:
        self._writer = writer

    async def handle(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Returns when the records are in the read model."""
        rows = [(r.offset, r.key.decode(), r.value) for r in records if r.key is not None]
        await until_available(
            lambda: asyncio.to_thread(self._writer.apply, topic, partition, rows), ReadModelAway
        )
