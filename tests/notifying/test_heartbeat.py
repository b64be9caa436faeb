"""The heartbeat: fetched while all lives, and its monitor told where it can be told that something does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from icalsyncd.config.secret import Secret
from icalsyncd.config.telling import Heartbeat
from icalsyncd.notifying import heartbeat
from icalsyncd.notifying.heartbeat import Beat, Pulse, saying_so
from tests.end_to_end.daemon import free_port

CHECK = "/ping/6e3b1c2d-aaaa-bbbb-cccc-0123456789ab"


@dataclass
class Monitor:
    """A monitor that waits for a heartbeat."""

    port: int = field(default_factory=free_port)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        self.news.set()
        return web.Response(status=self.status)

    async def until(self, path: str) -> None:
        """Wait until *path* was asked for once more."""
        self.asked.clear()
        async with asyncio.timeout(30):
            while path not in self.asked:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def monitor() -> AsyncIterator[Monitor]:
    made = Monitor()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made._answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", made.port, reuse_address=True).start()
    try:
        yield made
    finally:
        await runner.cleanup()


class Tally:
    def __init__(self) -> None:
        self.beats: list[Beat] = []
        self._news = asyncio.Event()

    def beaten(self, beat: Beat) -> None:
        self.beats.append(beat)
        self._news.set()

    async def more(self, count: int) -> None:
        """Wait for so many more."""
        wanted = len(self.beats) + count
        while len(self.beats) < wanted:
            self._news.clear()
            await self._news.wait()


async def test_it_beats_while_all_lives_and_says_where_it_can_that_something_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(heartbeat, "AGAIN", 0.01)
    dead: list[str | None] = [None]
    tally = Tally()

    async def look() -> str | None:
        if dead[0] == "bug":
            raise ValueError("s3cret")
        return dead[0]

    async with monitor() as there:
        pulse = Pulse(look, lambda: 7.0, tally)
        assert pulse.status() is None
        running = asyncio.create_task(pulse.run())
        url = f"http://127.0.0.1:{there.port}"
        pulse.configure(Heartbeat(Secret(f"{url}{CHECK}"), 0))
        await there.until(CHECK)
        dead[0] = "the clock is doubted"
        await there.until(f"{CHECK}/fail")
        await there.until(f"{CHECK}/fail")
        assert CHECK not in there.asked
        dead[0] = "bug"
        await there.until(f"{CHECK}/fail")
        dead[0] = None
        await there.until(CHECK)
        there.status = 503
        await there.until(CHECK)
        await there.until(CHECK)
        status = pulse.status()
        assert status is not None
        assert (status.stopped, status.failing_since) == (None, 7.0)
        # another one, of Uptime Kuma
        there.status = 200
        pulse.configure(Heartbeat(Secret(f"{url}/api/push/s3cret?status=up&msg=OK"), 0))
        await there.until("/api/push/s3cret?status=up&msg=OK")
        dead[0] = "all pulls fail"
        await there.until("/api/push/s3cret?status=down&msg=all+pulls+fail")
        # one that knows no such word is left in silence
        pulse.configure(Heartbeat(Secret(f"{url}/s3cret"), 0))
        await tally.more(2)
        there.asked.clear()
        await tally.more(3)
        assert there.asked == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    said = capsys.readouterr()
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://hc-ping.com/6e3b1c2d-aaaa-bbbb-cccc-0123456789ab", "/6e3b1c2d-aaaa-bbbb-cccc-0123456789ab/fail"),
        ("https://hc-ping.com/abcdefghijklmnopqrstuv/house", "/abcdefghijklmnopqrstuv/house/fail"),
        ("https://home.example/ping/6e3b1c2d-aaaa-bbbb-cccc-0123456789ab/", f"{CHECK}/fail"),
        ("http://kuma.lan:3001/api/push/abc", "/api/push/abc?status=down&msg=why"),
        ("https://elsewhere.example/6e3b1c2d-aaaa-bbbb-cccc-0123456789ab", None),
        ("https://elsewhere.example/abcdefghijklmnopqrstuv/house", None),
        ("not a url", None),
    ],
)
def test_what_each_monitor_is_told(url: str, said: str | None) -> None:
    told = saying_so(url, "why")
    assert (told is None) is (said is None)
    assert said is None or (told is not None and told.endswith(said))
