"""Read models to test on: each test that asks for one runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store.read_model import ReadModel


@pytest.fixture(params=["sqlite", "postgresql"])
def read_model_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/read-model.sqlite"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def read_model(read_model_url: str) -> Iterator[ReadModel]:
    """An empty read model, migrated."""
    model = ReadModel(read_model_url)
    model.migrate()
    yield model
    model.close()
