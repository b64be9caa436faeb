"""A large installation is looked at while portals read their feeds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import day

pytestmark = pytest.mark.slow


def large(home: Daemon) -> str:
    """200 accommodations with 5 syncs each."""
    text = [home.head(), "accommodations:\n"]
    for number in range(200):
        blocks = ", ".join(f"{{from: {day(at)}, to: {day(at + 4)}}}" for at in range(3 + number % 7, 330, 11))
        syncs = "".join(f"      portal-{sync}: {{portal: office, direction: export}}\n" for sync in range(5))
        text.append(f"  house-{number:03}:\n    timezone: UTC\n    blocks: [{blocks}]\n    syncs:\n{syncs}")
    return "".join(text)


async def test_feeds_are_answered_while_a_page_of_1000_syncs_is_made(tmp_path: Path) -> None:
    async with daemon(tmp_path) as home, aiohttp.ClientSession() as session:
        home.write(large(home))
        await home.up()
        links = list(home.links().values())
        assert len(links) == 1000
        answered = 0
        meanwhile: list[int] = []

        async def read() -> None:
            nonlocal answered
            for turn in range(10_000):
                async with session.get(links[turn % 7]) as answer:
                    await answer.read()
                    assert answer.status == 200
                answered += 1

        reading = asyncio.create_task(read())
        for path in ("/", "/", "/api/v1/status", "/metrics", "/", "/metrics", "/api/v1/status", "/"):
            before = answered
            async with session.get(f"http://127.0.0.1:{home.admin}{path}") as answer:
                text = await answer.text()
            if path != "/metrics":
                # that is over before many feeds can be asked for
                meanwhile.append(answered - before)
            whole = text.count('<li class="row ') == 200 or text.count('"portal": ') == 1000
            assert whole or "icalsyncd_sync_info" in text
        reading.cancel()
        # what is made on the event loop keeps every feed waiting for as long as it takes
        assert min(meanwhile) > 5, meanwhile
