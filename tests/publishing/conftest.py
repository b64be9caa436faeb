"""Two portals, and a daemon that is not started yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, portals


@pytest.fixture
async def two() -> AsyncIterator[list[Portal]]:
    """Two portals that are up, with empty calendars."""
    async with portals(2) as opened:
        yield opened


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon that runs once its config is written and it is started."""
    async with daemon(tmp_path) as running:
        yield running
