from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.household import CONFIG, Home
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, portals


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A house with two syncs, of which nothing is known yet."""
    made = Home(tmp_path / "home")
    made.write(CONFIG)
    return made


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    """A portal with three nights taken in a month."""
    async with portals(1) as (opened,):
        opened.body = calendar((30, 33))
        yield opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[Daemon, Portal, Portal]]:
    """A running daemon between two portals, the first with three nights taken, the second with two."""
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body, second.body = calendar((30, 33)), calendar((40, 42))
        made.write(
            made.head() + "accommodations:\n"
            "  casa-azul:\n"
            "    timezone: UTC\n"
            "    syncs:\n"
            f"      holidu: {{portal: holidu, direction: bidirectional, url: '{first.url}/1'}}\n"
            f"      vrbo: {{portal: vrbo, direction: bidirectional, url: '{second.url}/2'}}\n"
        )
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield made, first, second
