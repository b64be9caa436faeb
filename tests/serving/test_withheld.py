"""A feed that comes to be withheld while its portal waits for the look at it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from tests.end_to_end.daemon import daemon
from tests.end_to_end.portal import portals


@pytest.mark.slow
async def test_a_feed_that_is_withheld_by_the_end_of_the_look_is_not_told(tmp_path: Path) -> None:
    async with portals(2) as (a, b), daemon(tmp_path) as running:
        came, answers = asyncio.Event(), asyncio.Event()

        async def down(request: web.Request) -> web.Response:
            return web.Response(status=500)

        async def hang(request: web.Request) -> web.Response:
            came.set()
            await answers.wait()
            return web.Response(status=500)

        # never pulled: the accommodation is not complete
        a.answer, b.answer = down, hang
        head = running.head().replace("timeout: 10s", "timeout: 20s") + (
            "accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n"
            f"      a: {{portal: smoobu, direction: import, url: '{a.url}'}}\n"
        )

        async def take_over(paused: str) -> None:
            line = f"      b: {{portal: lodgify, direction: bidirectional, url: '{b.url}'{paused}}}\n"
            running.write(head + line)
            assert (await running.post("/-/reload"))[0] == 200

        running.write(head + f"      b: {{portal: lodgify, direction: bidirectional, url: '{b.url}'}}\n")
        await running.up()
        await asyncio.wait_for(came.wait(), 40)
        link = running.links()["casa-azul/b"]
        await take_over(", paused: true")
        # the feed of a paused sync is empty, and told; this one waits for the look, up to two seconds
        reading = asyncio.create_task(running.ask("GET", link))
        await asyncio.sleep(0.5)
        assert not reading.done()
        await take_over("")
        assert (await running.ask("GET", link, {"Accept": "text/html"}))[0] == 503
        assert (await reading)[0] == 503
        answers.set()
