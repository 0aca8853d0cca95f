"""The read model's writer as project's port."""

from collections.abc import Collection, Sequence

from api.store.errors import StoreUnavailable, UnusableDocument
from api.store.read_model import ReadModel
from stream.project import ReadModelAway, UnusableDocuments
from stream.transports.log import Offsets


class StoreWriter:
    def __init__(self, model: ReadModel) -> None:
        self._writer = model.writer

    def apply(
        self,
        topic: str,
        partition: int,
        records: Sequence[tuple[int, str, bytes | None]],
        refused: Collection[int] = (),
    ) -> None:
        try:
            self._writer.apply(topic, partition, records, refused)
        except StoreUnavailable as error:
            raise ReadModelAway(str(error)) from error
        except UnusableDocument as error:
            raise UnusableDocuments(error.problems) from error

    def positions(self) -> Offsets:
        try:
            return self._writer.positions()
        except StoreUnavailable as error:
            raise ReadModelAway(str(error)) from error
