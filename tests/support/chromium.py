"""A real Chromium for a test: the one that CHROME names, else the one on the path; without a network of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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
NONE = "no Chromium: install it (Debian: apt-get install chromium), or set CHROME to its path"


def chromium_path() -> str:
    """Where it is. Skips the test on a machine that has none, but fails in CI, which brings it in."""
    path = os.environ.get("CHROME") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(NONE)
        pytest.skip(NONE)
    return path


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser, gone afterwards."""
    path = chromium_path()
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
