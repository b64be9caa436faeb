"""A house with two portals, as most hosts have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, portals


def two_houses(running: Daemon, first: Portal, second: Portal, third: Portal, **server: object) -> str:
    """Two accommodations, three syncs."""
    return running.head(**server) + (
        "accommodations:\n"
        "  casa-azul:\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        "      holidu:\n"
        "        portal: holidu\n"
        "        direction: bidirectional\n"
        f"        url: {first.url}/1\n"
        "      vrbo:\n"
        "        portal: vrbo\n"
        "        direction: bidirectional\n"
        f"        url: {second.url}/2\n"
        "  finca:\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        "      agoda:\n"
        "        portal: agoda\n"
        "        direction: bidirectional\n"
        f"        url: {third.url}/3\n"
    )


@pytest.fixture
async def three() -> AsyncIterator[list[Portal]]:
    """Three portals that are up, with empty calendars."""
    async with portals(3) as opened:
        yield opened


@pytest.fixture
async def running(tmp_path: Path, three: list[Portal]) -> AsyncIterator[Daemon]:
    """A daemon with two accommodations, every sync pulled once."""
    async with daemon(tmp_path) as made:
        made.write(two_houses(made, *three))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield made
