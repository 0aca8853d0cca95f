"""A real browser for tests: Debian's Chromium, headless, with a profile of its own that goes with the test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright

from tests.support.services import require

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[BrowserContext]:
    """A window of 1280 by 900 pixels in UTC."""
    chromium = shutil.which("chromium")
    require(chromium, "Chromium is needed: apt-get install chromium")
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=ARGUMENTS,
            viewport={"width": 1280, "height": 900},
            timezone_id="UTC",
            locale="en-GB",
        )
        yield context
        await context.close()
