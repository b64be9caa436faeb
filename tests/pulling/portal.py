"""A portal on a real socket that answers with exactly the bytes that a test wants, however wrong they are."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//portal//EN\r\nEND:VCALENDAR\r\n"


@dataclass
class Asked:
    """One request as it came in."""

    line: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


@dataclass
class Portal:
    """Where it listens, what it was asked, and how many asked at once at most."""

    scheme: str
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0

    def url(self, path: str = "/calendar.ics", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


Talk = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes = CALENDAR, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; header names are written with `_` for `-`."""
    fields = {"Content_Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


def says(*pieces: bytes) -> Talk:
    """A talk that sends *pieces* and closes."""

    async def talk(_: Asked, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return talk


def routes(**paths: bytes) -> Talk:
    """A talk by path: `a=http()` answers `/a`."""

    async def talk(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(paths[asked.path.lstrip("/")])
        await writer.drain()

    return talk


@asynccontextmanager
async def portal(talk: Talk, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> AsyncIterator[Portal]:
    """Serve *talk* on a loopback port while the block lasts; a talk that hangs is ended with it."""
    here = Portal("https" if tls else "http")
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.connections += 1
        here.open += 1
        here.most_open = max(here.most_open, here.open)
        talks.add(asyncio.current_task())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            asked = Asked(head[0], headers)
            here.asked.append(asked)
            await talk(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # whoever asked has gone, or the test is over
        finally:
            here.open -= 1
            writer.transport.abort() if writer.is_closing() else writer.close()

    server = await asyncio.start_server(serve, address, 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def zipped(body: bytes) -> bytes:
    """*body* as gzip, the same bytes at any time."""
    return gzip.compress(body, mtime=0)
