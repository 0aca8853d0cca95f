from collections.abc import AsyncIterator

import aiohttp
import pytest

from stream.notify.posting import open_session
from tests.stream.notify.receiving import Desk, open_desk


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk
