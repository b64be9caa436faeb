"""Which answers count as fetches, when the reader is slow or goes away: real sockets with small buffers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from multidict import CIMultiDict

from icalsyncd.config import loading
from icalsyncd.config.forms import Address
from icalsyncd.daemon.hub import Hub
from icalsyncd.serving.connections import Connections
from icalsyncd.serving.fetches import is_fetch
from icalsyncd.serving.listeners import listen
from icalsyncd.state.installation import Installation
from icalsyncd.state.store import Store
from icalsyncd.state.view import SyncName
from tests.admin.browser import browser
from tests.serving.readers import BROWSERS, PORTALS, headers

NAME, BESIDE = ("casa", "website"), ("casa", "office")


class House:
    """An accommodation whose feed is far larger than what the sockets hold."""

    def __init__(self, hub: Hub, port: int) -> None:
        self.hub = hub
        self.port = port
        self.paths = {name: link[link.index("/", 8) :] for name, link in hub.links().items()}

    @property
    def last_fetch(self) -> float | None:
        return self.last_fetch_of(NAME)

    def last_fetch_of(self, name: SyncName) -> float | None:
        """As the page would show it at this moment."""
        self.hub.feeds.flush()
        sync = self.hub.view.sync(name)
        assert sync is not None
        return sync.last_fetch

    async def ask(self, name: SyncName = NAME) -> socket.socket:
        """A request whose answer nobody reads yet, long enough ago for it to be on its way."""
        asking = socket.socket()
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asking.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(asking, ("127.0.0.1", self.port))
        await loop.sock_sendall(
            asking, f"GET {self.paths[name]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        await asyncio.sleep(0.1)
        return asking

    async def read(self, asking: socket.socket) -> int:
        """Read the whole answer; its length."""
        length = 0
        while piece := await asyncio.get_running_loop().sock_recv(asking, 65536):
            length += len(piece)
        asking.close()
        await asyncio.sleep(0.05)
        return length


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    start = date.today() + timedelta(1)  # noqa: DTZ011
    stays = ", ".join(
        f"{{from: {start + timedelta(2 * number)}, to: {start + timedelta(2 * number + 1)}}}" for number in range(900)
    )
    text = (
        "terms: accepted\naccommodations:\n  casa:\n    timezone: UTC\n"
        f"    blocks: [{stays}]\n    syncs:\n"
        "      website: {portal: generic, direction: export}\n      office: {portal: generic, direction: export}\n"
    )
    loaded = loading.parse(text, tmp_path / "config.yaml", {})
    assert isinstance(loaded, loading.Accepted), loaded
    hub = Hub(loaded, Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    writing = asyncio.create_task(hub.journal.run())
    given = socket.create_server(("127.0.0.1", 0))
    given.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    listener = await listen(
        Address("127.0.0.1", given.getsockname()[1]), hub.feeds.answer, Connections("feeds", 64, hub.counts), given
    )
    made = House(hub, listener.port)
    # the first fetch is told the nights
    for name in (NAME, BESIDE):
        assert await made.read(await made.ask(name)) > 100_000
    yield made
    await listener.close()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await hub.end()


@pytest.mark.slow
async def test_a_slow_reader_has_fetched_once_it_has_read_all_however_often_was_looked_meanwhile(house: House) -> None:
    before = house.last_fetch
    asking = await house.ask()
    assert house.last_fetch == before, "it is on its way still"
    await house.read(asking)
    after = house.last_fetch
    assert after is not None
    assert before is not None
    assert after > before


@pytest.mark.slow
async def test_an_answer_that_is_broken_off_is_no_fetch_and_takes_none_away(house: House) -> None:
    before = house.last_fetch
    (await house.ask()).close()
    await asyncio.sleep(0.1)
    assert house.last_fetch == before
    await house.read(await house.ask())
    (await house.ask()).close()
    await asyncio.sleep(0.1)
    after = house.last_fetch
    assert after is not None
    assert before is not None
    assert after > before


@pytest.mark.slow
async def test_a_slow_reader_does_not_set_the_clock_of_a_later_one_back(house: House) -> None:
    slow = await house.ask()
    await house.read(await house.ask())
    later = house.last_fetch
    await house.read(slow)
    assert house.last_fetch == later


@pytest.mark.slow
async def test_two_fetches_of_one_accommodation_that_are_entered_together_are_both_entered(house: House) -> None:
    before = house.last_fetch
    for name in (NAME, BESIDE):
        await house.read(await house.ask(name))
    for after in (house.last_fetch_of(NAME), house.last_fetch_of(BESIDE)):
        assert after is not None
        assert before is not None
        assert after > before + 0.1


@pytest.mark.parametrize("sent", PORTALS.values(), ids=PORTALS)
def test_what_programs_send_by_default_is_a_fetch(sent: dict[str, str]) -> None:
    assert is_fetch("GET", headers(sent))
    assert not is_fetch("HEAD", headers(sent))
    assert not is_fetch("GET", headers({**sent, "Range": "bytes=0-10"}))


@pytest.mark.parametrize("sent", BROWSERS.values(), ids=BROWSERS)
def test_what_a_browser_sends_is_no_fetch(sent: dict[str, str]) -> None:
    assert not is_fetch("GET", headers(sent))
    assert not is_fetch("GET", headers({name.lower(): value for name, value in sent.items()}))


@pytest.mark.slow
@pytest.mark.needs("chromium", "chromedriver")
async def test_what_a_real_chromium_sends_is_no_fetch() -> None:
    sent: list[CIMultiDict[str]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        sent.append(CIMultiDict(request.headers))
        return web.Response(text="BEGIN:VCALENDAR")

    server = RawTestServer(answer)
    await server.start_server()

    def look() -> None:
        with browser() as window:
            window.open(str(server.make_url("/x.ics")))

    try:
        await asyncio.to_thread(look)
    finally:
        await server.close()
    opened = sent[0]
    assert not is_fetch("GET", opened)
    # over plain http, to a machine that is not its own, it sends no Sec-Fetch-*
    assert not is_fetch("GET", CIMultiDict((name, value) for name, value in opened.items() if name[:4] != "Sec-"))
