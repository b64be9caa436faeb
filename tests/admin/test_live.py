"""What changes shows at once: the stream of a running daemon."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from icalsyncd.admin.live import MOST
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, portals

pytestmark = pytest.mark.slow


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[tuple[Daemon, Portal]]:
    async with portals(2) as (first, second), daemon(tmp_path) as made:
        first.body = second.body = calendar((5, 8))
        houses = "".join(
            f"  {name}:\n    timezone: UTC\n    syncs: {{a: {{portal: a, direction: import, url: '{portal.url}/{name}'}}}}\n"
            for name, portal in (("casa", first), ("torre", second))
        )
        made.write(f"{made.head()}accommodations:\n{houses}")
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield made, first


async def told(stream: aiohttp.ClientResponse) -> list[str]:
    """What the stream says next."""
    while True:
        line = (await asyncio.wait_for(stream.content.readline(), 20)).decode()
        if not line:
            raise EOFError
        if line.startswith("data: "):
            found: list[str] = json.loads(line[6:])
            return found


async def drained(stream: aiohttp.ClientResponse) -> None:
    """Listen until nothing more comes."""
    while True:
        await told(stream)


async def test_a_house_that_changes_is_named_and_only_that_one(home: tuple[Daemon, Portal]) -> None:
    made, portal = home
    url = f"http://127.0.0.1:{made.admin}/-/events"
    async with AsyncExitStack() as open_streams:
        session = await open_streams.enter_async_context(aiohttp.ClientSession())
        stream = await open_streams.enter_async_context(session.get(url))
        assert (stream.status, stream.content_type) == (200, "text/event-stream")
        portal.body = calendar((5, 8), (20, 22))
        await made.pull("casa/a")
        assert await told(stream) == ["casa"]
        # a pull that brings nothing new is no news; what is said next is the config's
        await made.pull("torre/a")
        made.write(made.config.read_text().replace("timezone: UTC", "timezone: Etc/UTC", 1))
        assert (await made.post("/-/reload"))[0] == 200
        assert await told(stream) in ([], ["casa"])
        # a page of another site gets nothing
        async with session.get(url, headers={"Host": "evil.example"}) as foreign:
            assert foreign.status == 403
        others = [await open_streams.enter_async_context(session.get(url)) for _ in range(MOST - 1)]
        assert {each.status for each in others} == {200}
        async with session.get(url) as one_too_many:
            assert (one_too_many.status, one_too_many.headers["Retry-After"]) == (503, "60")
        others.pop().close()
        # who went makes room, at the next word
        end = time.monotonic() + 30
        while time.monotonic() < end:
            async with session.get(url) as again:
                if again.status == 200:
                    break
            await asyncio.sleep(0.2)
        assert again.status == 200
        # a daemon that ends does not wait for who listens
        assert made.process is not None
        made.process.terminate()
        with pytest.raises(EOFError):
            await drained(stream)
        assert await asyncio.to_thread(made.process.wait, 20) == 0
        made.process = None
