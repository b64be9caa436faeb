"""`kill -9` at any moment loses nothing: every feed is byte for byte what it was."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from aiohttp import web

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow


async def restarted(running: Daemon) -> dict[str, bytes]:
    await running.up()
    return await running.feeds()


async def test_a_kill_in_the_middle_of_a_pull_changes_no_feed(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()
    before = await running.feeds()
    halfway = asyncio.Event()

    async def stuck(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/calendar"})
        await response.prepare(request)
        await response.write(calendar((50, 60))[:120])
        halfway.set()
        await asyncio.sleep(30)
        return response

    three[0].answer = stuck
    pulling = asyncio.create_task(running.post("/-/pull?sync=casa-azul/holidu"))
    await halfway.wait()
    running.kill()
    await asyncio.gather(pulling, return_exceptions=True)
    for portal in three:
        await portal.close()
    assert await restarted(running) == before


async def test_after_a_kill_with_the_portals_down_every_feed_is_as_before(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13), (40, 44))
    three[1].body = calendar((20, 22))
    three[2].body = calendar((30, 33))
    await running.pull()
    await running.fetch("casa-azul/vrbo")
    before = await running.feeds()
    running.kill()
    for portal in three:
        await portal.close()
    assert await restarted(running) == before
    assert {report["outcome"] for report in await running.pull()} == {"failed"}
    assert await running.feeds() == before


async def test_twenty_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    """Whatever has been seen in a feed is there again after each kill: nothing that closed opens."""
    chance = random.Random(20261122)
    async with portals(3) as opened, daemon(tmp_path) as made:
        made.write(two_houses(made, *opened))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        links = made.links()
        booked: list[tuple[int, int]] = []
        seen: set[str] = set()
        for number in range(20):
            booked.append((5 + 3 * number, 7 + 3 * number))
            opened[0].body = calendar(*booked)
            pulling = asyncio.create_task(made.post("/-/pull?sync=casa-azul/holidu"))
            await asyncio.sleep(chance.uniform(0, 0.03))
            made.kill()
            (outcome,) = await asyncio.gather(pulling, return_exceptions=True)
            if not isinstance(outcome, BaseException):
                # the daemon has answered: this was stored
                seen.update(day(offset).isoformat() for stay in booked for offset in range(*stay))
            for portal in opened:
                await portal.close()
            await made.up()
            _, body, _ = await made.ask("GET", links["casa-azul/vrbo"], LOOK)
            assert seen <= nights_of(body), f"kill {number}"
            seen |= nights_of(body)
            for portal in opened:
                await portal.open()
        await made.pull()
        expected = {day(offset).isoformat() for stay in booked for offset in range(*stay)}
        assert nights_of((await made.peek("casa-azul/vrbo"))[1]) == expected
