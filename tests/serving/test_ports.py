"""Addresses that move while the daemon runs, though the old ones are in the way of the new ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from icalsyncd.admin.metrics import Counts
from icalsyncd.config.loading import Accepted, parse
from icalsyncd.config.resolved import Config
from icalsyncd.serving.connections import Closed
from icalsyncd.serving.listeners import CannotListen
from icalsyncd.serving.ports import Ports
from tests.end_to_end.daemon import free_port


def config(listen: str | None, admin: str) -> Config:
    said = f"listen: '{listen}', " if listen else ""
    loaded = parse(f"terms: accepted\nserver: {{{said}admin: '{admin}'}}\n", Path("config.yaml"), {})
    assert isinstance(loaded, Accepted), loaded
    return loaded.config


def saying(word: str) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=word)

    return answer


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    made = Ports({"feeds": saying("feeds"), "admin": saying("admin")}, lambda: 0.0, lambda: 0.0, Counts(Closed))
    try:
        yield made
    finally:
        await made.close()


async def ask(host: str, port: int) -> str:
    async with ClientSession() as session, session.get(f"http://{host}:{port}/") as answer:
        return await answer.text()


async def move(ports: Ports, to: Config) -> None:
    for listener in ports.take_up(await ports.prepare(to)):
        await listener.close()


@pytest.mark.parametrize(("before", "after"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")])
async def test_an_address_that_overlaps_the_old_one(ports: Ports, before: str, after: str) -> None:
    port, admin = free_port(), f"127.0.0.1:{free_port()}"
    await ports.open(config(f"{before}:{port}", admin))
    await move(ports, config(f"{after}:{port}", admin))
    assert await ask("127.0.0.1", port) == "feeds"
    # an address of loopback that the wildcard has, and the other one does not
    with socket.socket() as client:
        answers = client.connect_ex(("127.0.0.2", port)) == 0
    assert answers is (after == "0.0.0.0")


async def test_the_two_ports_are_swapped(ports: Ports) -> None:
    one, other = free_port(), free_port()
    await ports.open(config(f"127.0.0.1:{one}", f"127.0.0.1:{other}"))
    await move(ports, config(f"127.0.0.1:{other}", f"127.0.0.1:{one}"))
    assert await ask("127.0.0.1", one) == "admin"
    assert await ask("127.0.0.1", other) == "feeds"


async def test_where_another_program_has_one_of_them_all_stays_as_it_was(ports: Ports) -> None:
    port, admin, taken = free_port(), free_port(), free_port()
    await ports.open(config(f"0.0.0.0:{port}", f"127.0.0.1:{admin}"))
    with socket.create_server(("127.0.0.1", taken)):
        with pytest.raises(CannotListen, match=str(taken)):
            # the port of the feeds has moved by then, and moves back
            await ports.prepare(config(f"127.0.0.1:{taken}", f"127.0.0.1:{port}"))
        assert await ask("127.0.0.1", port) == "feeds"
        assert await ask("127.0.0.2", port) == "feeds"
        assert await ask("127.0.0.1", admin) == "admin"


async def test_a_move_that_is_not_taken_up_is_undone(ports: Ports) -> None:
    port, admin = free_port(), f"127.0.0.1:{free_port()}"
    await ports.open(config(f"0.0.0.0:{port}", admin))
    await ports.undo(await ports.prepare(config(f"127.0.0.1:{port}", admin)))
    assert await ask("127.0.0.2", port) == "feeds"


async def test_an_answer_under_way_ends_where_it_began() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        began.set()
        await go_on.wait()
        return web.Response(text="slow")

    ports = Ports({"feeds": slow, "admin": saying("admin")}, lambda: 0.0, lambda: 0.0, Counts(Closed))
    port, admin = free_port(), f"127.0.0.1:{free_port()}"
    await ports.open(config(f"0.0.0.0:{port}", admin))
    asking = asyncio.create_task(ask("127.0.0.1", port))
    await began.wait()
    old = ports.take_up(await ports.prepare(config(f"127.0.0.1:{port}", admin)))
    go_on.set()
    assert await asking == "slow"
    for listener in old:
        await listener.close()
    await ports.close()


async def test_an_address_that_disappeared_is_kept_and_the_default_written_out_counts_at_once(ports: Ports) -> None:
    port, admin = free_port(), f"127.0.0.1:{free_port()}"
    await ports.open(config(f"127.0.0.1:{port}", admin))
    await move(ports, config(None, admin))
    assert ports.moving
    assert await ask("127.0.0.1", port) == "feeds"
    default = str(config(None, admin).server.listen)
    assert (await ports.prepare(config(None, admin))).fresh == {}
    # bound for a moment at most; another program may have it
    with suppress(CannotListen):
        await ports.undo(await ports.prepare(config(default, admin)))
    assert not ports.moving
