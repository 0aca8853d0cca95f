"""However the log is cut, repeated and retried, the read model ends with the same rows."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from api.store.read_model import ReadModel
from api.store.tables import metadata
from tests.support import documents
from tests.support.documents import encoded

KEYS = ("j1", "j2", "j3")
Record = tuple[int, str, bytes | None]


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records of a few keys with gaps in their offsets, some of them tombstones."""
    records: list[Record] = []
    offset = 0
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=12)):
        offset += draw(st.integers(1, 3))
        order = draw(st.text(max_size=3))
        document = documents.journey(key, identifiers={"order": [order, order]}, broken=["late", "late"])
        records.append((offset, key, draw(st.sampled_from([encoded(document), encoded(document), None]))))
    return records


@given(logs(), st.data())
@settings(max_examples=60)
def test_any_replay_of_prefixes_and_repeats_gives_the_same_tables(
    records: list[Record], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        once, often = (ReadModel(f"sqlite:///{folder}/{name}.sqlite") for name in ("once", "often"))
        for model in (once, often):
            model.migrate()
        once.writer.apply("baton.journeys", 0, records)
        done = 0
        while done < len(records):
            start = data.draw(st.integers(0, done), label="restarts at")
            end = data.draw(st.integers(done + 1, len(records)), label="reads up to")
            often.writer.apply("baton.journeys", 0, records[start:end])
            done = end
        assert tables_of(Path(folder) / "once.sqlite") == tables_of(Path(folder) / "often.sqlite")
        once.close()
        often.close()


def tables_of(path: Path) -> dict[str, set[Any]]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        rows = {
            table.name: {tuple(row) for row in connection.execute(select(table))}
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return rows
