"""Many strangers at the feeds listener, who say nothing, half of something, or a letter at a time."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def many_descriptors() -> Iterator[None]:
    """The strangers live in this process, and have to be held."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def strangers(stack: ExitStack, running: Daemon, count: int, *, peers: int = 1) -> list[socket.socket]:
    """*count* connections from so many loopback addresses, each of which begins a request at most."""
    made = []
    for number in range(count):
        here = (f"127.0.1.{number % peers + 1}", 0)
        stranger = stack.enter_context(socket.create_connection(("127.0.0.1", running.listen), 20, here))
        if number % 3:
            stranger.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n"[: number % 24])
        made.append(stranger)
    return made


async def drip(held: list[socket.socket]) -> None:
    """One letter more on each connection, again and again."""
    while True:
        for number, stranger in enumerate(held):
            with suppress(OSError):  # it was closed from there
                stranger.send(b"x")
            if number % 50 == 0:
                await asyncio.sleep(0.01)


async def test_a_thousand_strangers_take_nothing_from_portals_host_and_watchdog(
    tmp_path: Path, three: list[Portal]
) -> None:
    signs = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    signs.bind(str(tmp_path / "notify"))
    signs.setblocking(False)
    loop = asyncio.get_running_loop()

    async def sign_of_life() -> None:
        while await loop.sock_recv(signs, 1000) != b"WATCHDOG=1":
            pass

    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
    with signs, ExitStack() as stack:
        async with daemon(tmp_path, **environment) as running:
            running.descriptors = 256
            running.write(two_houses(running, *three))
            await running.up()
            await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
            await asyncio.wait_for(sign_of_life(), 20)
            link = running.links()["casa-azul/vrbo"]
            before = running.words()
            held = await asyncio.to_thread(strangers, stack, running, 1000, peers=50)
            dripping = asyncio.create_task(drip(held[::3]))
            try:
                for begin in (10, 20, 30):
                    three[0].body = calendar((begin, begin + 3), (50, 51))
                    reports = await running.pull("casa-azul/holidu")
                    assert reports
                    status, body, _ = await running.ask("GET", link)
                    assert status == 200
                    assert len(nights_of(body)) == 4
                    assert (await running.get("/-/healthy"))[0] == 200
                    while True:  # what was said before is no sign
                        try:
                            signs.recv(1000)
                        except BlockingIOError:
                            break
                    await asyncio.wait_for(sign_of_life(), 20)
                new = await asyncio.to_thread(strangers, stack, running, 100)
                new[-1].sendall(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert new[-1].recv(1000).startswith(b"HTTP/1.1 404")
            finally:
                dripping.cancel()
            gone = await running.metric("icalsyncd_listener_closed_connections_total", listener="feeds", reason="full")
            assert gone is not None
            assert gone > 500
            grown = running.words().removeprefix(before)
            assert len(grown.splitlines()) < 100, grown[-2000:]


async def test_a_peer_has_its_share_unless_it_is_a_proxy(tmp_path: Path, three: list[Portal]) -> None:
    async def turned_away() -> float | None:
        return await running.metric("icalsyncd_listener_closed_connections_total", listener="feeds", reason="peer_full")

    with ExitStack() as stack:
        async with daemon(tmp_path) as running:
            running.write(two_houses(running, *three, proxies="[]"))
            await running.up()
            strangers(stack, running, 140)
            await running.until(turned_away, lambda count: count == 140 - 128)
            running.write(two_houses(running, *three, proxies='["127.0.1.0/24"]'))
            assert (await running.post("/-/reload"))[0] == 200
            strangers(stack, running, 140)
            assert (await running.get("/-/healthy"))[0] == 200
            assert await turned_away() == 12


async def test_malformed_requests_write_no_log(running: Daemon) -> None:
    before = running.words()
    token = running.links()["casa-azul/vrbo"].rpartition("/")[2][:-4]
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", running.listen), 20) as stranger:
            stranger.sendall(f"GET /{token} HTTP/1.1\r\n{token} : x\r\n\r\n".encode())
            told = stranger.recv(4096)
        assert told == b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    counted = await running.metric("icalsyncd_listener_closed_connections_total", listener="feeds", reason="malformed")
    assert counted == 200
    assert running.words() == before


@pytest.mark.parametrize(
    "since", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2035 00:00:00 +" + "9" * 20, "9" * 4000, "Mon,"]
)
async def test_a_date_that_no_calendar_has_is_as_none(running: Daemon, since: str) -> None:
    link = running.links()["casa-azul/vrbo"]
    assert (await running.ask("GET", link))[0] == 200
    assert (await running.ask("GET", link, {"If-Modified-Since": since}))[0] == 200
    assert "Traceback" not in running.words()
