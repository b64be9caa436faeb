"""Who may be connected to a listener, and for how long it may say nothing: real sockets on loopback."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_network

import pytest
from aiohttp import web

from icalsyncd.config.forms import Address
from icalsyncd.pulling.bounded_sockets import MOST
from icalsyncd.serving import connections, descriptors
from icalsyncd.serving.connections import Closed, Connections
from icalsyncd.serving.listeners import Handler, Listener, listen

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE = 20.0
"""Seconds for what happens at once, or within a deadline that a test has made short."""


class Tally(Counter[str]):
    """What was counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = asyncio.Event()

    def closed(self, listener: str, why: str) -> None:
        self[why] += 1
        self.counted.set()


class Place:
    """A listener, and what is said to it."""

    def __init__(self, listener: Listener, tally: Tally) -> None:
        self.listener = listener
        self.tally = tally

    async def connect(self, peer: str = "127.0.0.1") -> tuple[Reader, Writer]:
        return await asyncio.open_connection("127.0.0.1", self.listener.port, local_addr=(peer, 0))

    async def say(self, words: bytes) -> bytes:
        """All that is answered until the connection is closed from there."""
        reader, writer = await self.connect()
        writer.write(words)
        told = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return told


async def answered(reader: Reader) -> int:
    """The status of the next answer, of which the body is read as well."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return int(head.split()[1])


async def is_closed(reader: Reader) -> bool:
    """Whether the connection is closed from there, waited for."""
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE) == b""
    except ConnectionResetError:
        return True


async def fine(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="fine")


@asynccontextmanager
async def place(
    handler: Handler = fine, most: int = 64, proxies: tuple[str, ...] = ("127.0.0.0/8",)
) -> AsyncIterator[Place]:
    tally = Tally()
    room = Connections("feeds", most, tally)
    room.proxies = tuple(map(ip_network, proxies))
    listener = await listen(Address("127.0.0.1", 0), handler, room)
    try:
        yield Place(listener, tally)
    finally:
        await listener.close()


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Deadlines of this test, in seconds; those that are not named are far off."""
    monkeypatch.setattr(connections, "LOOK_EVERY", 0.02)

    def put(**named: float) -> None:
        for name in ("MAX_HEAD", "MAX_IDLE", "MAX_UNREAD"):
            monkeypatch.setattr(connections, name, named.get(name, 1000.0))

    return put


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


@pytest.mark.parametrize(
    "words",
    [
        b"garbage\r\n\r\n",
        b"GET /s3cret HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /" + b"s3cret" * 2000 + b" HTTP/1.1\r\n\r\n",
        b"GET /s3cret HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\ns3cret",
        b"\x16\x03\x01\x02\x00\x01\x00s3cret\r\n\r\n",
        # what a proxy before it may understand in another way
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: s3cret\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: \0s3cret\r\n\r\n",
    ],
)
async def test_what_is_no_request_gets_a_bare_answer_and_is_only_counted(
    words: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with place() as here:
        told = await here.say(words)
        assert told == b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        assert here.tally == {Closed.MALFORMED: 1}
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Transfer-Encoding: chunked", b"no chunk\r\n\r\n"),
        (b"Content-Encoding: gzip\r\nContent-Length: 20", b"\x1f\x8bs3crets3crets3cret"),
    ],
)
async def test_a_body_that_cannot_be_read_is_not_logged_either(
    head: bytes, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n")
        assert await answered(reader) == 200
        writer.write(body)
        writer.write_eof()
        await is_closed(reader)
        writer.close()
    assert [record.getMessage() for record in caplog.records] == []


async def test_little_of_a_stranger_is_parsed_before_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    parse = connections.Connection.data_received

    def watched(self: connections.Connection, data: bytes) -> None:
        pieces.append(len(data))
        parse(self, data)

    monkeypatch.setattr(connections.Connection, "data_received", watched)
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000)
        assert await answered(reader) == 200
        writer.close()
        # somebody else is answered beside it
        assert (await here.say(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert 0 < max(pieces) <= MOST


async def test_who_asks_on_and_on_and_reads_nothing_is_not_heard_any_more() -> None:
    async with place() as here:
        _, writer = await here.connect()

        async def ask() -> None:
            # far more than the system keeps for the two of them
            for _ in range(200):
                writer.write(ASK * 10_000)
                await writer.drain()

        asking = asyncio.create_task(ask())
        assert await asyncio.wait({asking}, timeout=2) == (set(), {asking})
        writer.transport.abort()
        asking.cancel()


async def test_a_bug_of_ours_is_logged_and_its_answer_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def buggy(request: web.BaseRequest) -> web.StreamResponse:
        raise LookupError("s3cret")

    async with place(buggy) as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        assert await answered(reader) == 500
        assert not here.tally
        writer.close()
    (record,) = caplog.records
    assert record.exc_info is not None


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Nothing more can be opened in the block."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 8, limits[1]))  # noqa: PTH208
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for each in taken:
            os.close(each)


@pytest.mark.slow
async def test_without_a_descriptor_newcomers_wait_and_that_is_told_once(
    deadlines: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    deadlines()
    loop = asyncio.get_running_loop()
    async with place() as here:
        held = await here.connect()
        callers = [socket.socket() for _ in range(40)]
        for caller in callers:
            caller.setblocking(False)
        with no_descriptor_left():
            for caller in callers:
                await loop.sock_connect(caller, ("127.0.0.1", here.listener.port))
                await loop.sock_sendall(caller, ASK)
            assert await is_closed(held[0]), "whoever has been silent makes room"
            told = await asyncio.wait_for(loop.sock_recv(callers[0], 1000), PATIENCE)
            assert told.startswith(b"HTTP/1.1 200")
        for caller in callers[-3:]:
            assert (await asyncio.wait_for(loop.sock_recv(caller, 1000), PATIENCE)).startswith(b"HTTP/1.1 200")
        for caller in callers:
            caller.close()
        held[1].close()
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


@pytest.mark.parametrize("had", [64, 128, 256, 512, 1024, 4096, 500_000])
def test_what_the_listeners_may_have_leaves_what_the_daemons_own_work_needs(had: int) -> None:
    most = descriptors.shares(had)
    assert most.feeds >= 8
    assert most.admin >= 4
    assert had - most.feeds - most.admin >= min(256, had // 2)


def test_the_units_limit_is_enough_for_all_connections() -> None:
    assert descriptors.shares(4096) == descriptors.shares(500_000)
