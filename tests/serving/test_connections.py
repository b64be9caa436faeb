"""Who may be connected to a listener, and for how long it may say nothing: real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from aiohttp import web

from icalsyncd.serving.connections import Closed, Connections
from tests.serving.door import ASK, PATIENCE, Tally, answered, is_closed, place


@pytest.mark.parametrize("words", [b"", b"GE", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_ends_the_connection(deadlines: Callable[..., None], words: bytes) -> None:
    deadlines(MAX_HEAD=0.2)
    async with place() as here:
        assert await here.say(words) == b""
        assert here.tally == {Closed.SILENT: 1}


@pytest.mark.slow
async def test_a_head_that_drips_does_not_live_longer_than_its_deadline(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_HEAD=0.3)
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(b"GET / HTTP/1.1\r\n")
        closing = asyncio.ensure_future(is_closed(reader))
        for _ in range(500):
            writer.write(b"A: b\r\n")
            if (await asyncio.wait((closing,), timeout=0.05))[0]:
                break
        assert closing.done()
        assert closing.result()
        writer.close()


async def test_a_head_after_others_has_the_same_deadline(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_HEAD=0.2)
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        assert await answered(reader) == 200
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await is_closed(reader)
        writer.close()


@pytest.mark.slow
async def test_a_connection_that_is_kept_is_not_cut_for_being_slow(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_HEAD=1.0)
    async with place() as here:
        reader, writer = await here.connect()
        for pause in (0.0, 1.5, 1.2):
            await asyncio.sleep(pause)
            writer.write(ASK[:9])
            await asyncio.sleep(0.2)
            writer.write(ASK[9:])
            assert await answered(reader) == 200
        assert not here.tally
        writer.close()


async def test_a_connection_is_not_kept_for_ever(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_IDLE=0.2)
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        assert await answered(reader) == 200
        assert await is_closed(reader)
        assert here.tally == {Closed.SILENT: 1}
        writer.close()


@pytest.mark.slow
async def test_an_answer_may_take_its_time(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_HEAD=0.2, MAX_IDLE=0.2, MAX_UNREAD=0.2)

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(1.0)
        return web.Response()

    async with place(slow) as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        assert await answered(reader) == 200
        writer.close()


async def large(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=bytes(32 * 2**20))


@pytest.mark.slow
async def test_an_answer_that_nobody_reads_ends_the_connection(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_UNREAD=0.2)
    async with place(large) as here:
        with socket.create_connection(("127.0.0.1", here.listener.port)) as unread:
            unread.sendall(ASK)
            await asyncio.wait_for(here.tally.counted.wait(), PATIENCE)
        assert here.tally == {Closed.SILENT: 1}


@pytest.mark.slow
async def test_an_answer_that_is_read_slowly_comes_whole(deadlines: Callable[..., None]) -> None:
    deadlines(MAX_UNREAD=1.0)
    async with place(large) as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        came = 0
        for _ in range(16):
            came += len(await reader.read(2**21))
            await asyncio.sleep(0.1)
        while came < 32 * 2**20:
            piece = await reader.read(2**21)
            assert piece
            came += len(piece)
        writer.close()


async def test_where_there_is_no_room_the_one_silent_longest_gives_way(deadlines: Callable[..., None]) -> None:
    deadlines()
    async with place(most=3) as here:
        first, second, third = [await here.connect() for _ in range(3)]
        for _, writer in (second, third, first):
            writer.write(ASK)
        assert [await answered(reader) for reader, _ in (second, third, first)] == [200] * 3
        second[1].write(ASK)
        assert await answered(second[0]) == 200
        newcomer = await here.connect()
        newcomer[1].write(ASK)
        assert await answered(newcomer[0]) == 200
        assert await is_closed(third[0])
        for reader, writer in (first, second):
            writer.write(ASK)
            assert await answered(reader) == 200
        assert here.tally == {Closed.FULL: 1}
        for _, writer in (first, second, third, newcomer):
            writer.close()


async def test_who_is_being_answered_gives_way_last(deadlines: Callable[..., None]) -> None:
    deadlines()
    go, asked = asyncio.Event(), asyncio.Event()

    async def waits(request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return web.Response()

    async with place(waits, most=2) as here:
        early, silent = await here.connect(), await here.connect()
        early[1].write(ASK)
        await asked.wait()
        newcomer = await here.connect()
        assert await is_closed(silent[0])
        go.set()
        assert await answered(early[0]) == 200
        newcomer[1].write(ASK)
        assert await answered(newcomer[0]) == 200
        for _, writer in (early, silent, newcomer):
            writer.close()


async def test_a_peer_has_a_share_and_takes_none_of_another(deadlines: Callable[..., None]) -> None:
    deadlines()
    async with place(most=16, proxies=("127.0.0.9/32",)) as here:
        other, *behind = [await here.connect("127.0.0.3"), *[await here.connect("127.0.0.9") for _ in range(5)]]
        many = [await here.connect("127.0.0.2") for _ in range(3)]
        assert await is_closed(many[0][0])
        assert here.tally == {Closed.PEER_FULL: 1}
        for reader, writer in (other, *behind, *many[1:]):
            writer.write(ASK)
            assert await answered(reader) == 200
        for _, writer in (other, *behind, *many):
            writer.close()


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_a_peer_is_an_address_or_of_ipv6_the_network_of_a_home(one: str, another: str, same: bool) -> None:
    room = Connections("feeds", 64, Tally())
    assert (room.peer_of((one, 1)) == room.peer_of((another, 2))) is same
    room.proxies = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert [room.peer_of((host, 1)) for host in ("127.0.0.5", "::1", "::ffff:127.0.0.1")] == [None] * 3
