"""A listener on loopback, and what strangers say to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

from aiohttp import web

from icalsyncd.config.forms import Address
from icalsyncd.serving.connections import Connections
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
