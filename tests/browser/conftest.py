"""One Chromium for each module of browser tests; their loop is the module's too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.support.chromium import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser; a test opens contexts of its own in it."""
    async with chromium() as opened:
        yield opened
