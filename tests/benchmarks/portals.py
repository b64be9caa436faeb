"""A thousand portals in one process, so that what they cost is not counted: `python -m tests.benchmarks.portals`.

The path says how a calendar behaves:

    /changes/EVENTS/OFFSET/NAME   one stay more, or that one less, at every request
    /grows/EVENTS/OFFSET/NAME     one stay more at every request
    /moves/EVENTS/OFFSET/NAME     the same, and the one before is gone
    /stamps/EVENTS/OFFSET/NAME    the same nights under new DTSTAMPs
    /known/EVENTS/OFFSET/NAME     one body and its ETag: 304 to whoever has it
    /crowd/EVENTS/OFFSET/NAME     stays that lie on top of each other, so that all are within the horizon

Loopback has sixteen million addresses, each of which is a portal of its own to the daemon.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache
from typing import ClassVar

EVERY = 20
"""Nights between the beginnings of two stays of one calendar: with four portals five nights apart, none overlap."""
LENGTH = 4
PORTALS = ("vrbo", "agoda", "holidu", "tripadvisor")
_STAMP = b"20260101T000000Z"
_ETAG = b'"a-body-of-ours"'


@lru_cache(maxsize=64)
def calendar(events: int, offset: int, *, more: int | None = None, every: int = EVERY) -> bytes:
    """*events* stays, the first *offset* nights from today, and one, *more* of them behind the last, where there is one."""
    today = date.today()  # noqa: DTZ011
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//portal.example//EN"]
    for number in (*range(events), *(() if more is None else (events + more,))):
        start = today + timedelta(offset + number * every % 1000)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number:08x}-{offset:04x}@portal.example",
            f"DTSTAMP:{_STAMP.decode()}",
            f"DTSTART;VALUE=DATE:{start:%Y%m%d}",
            f"DTEND;VALUE=DATE:{start + timedelta(LENGTH):%Y%m%d}",
            "SUMMARY:Reserved",
            "END:VEVENT",
        ]
    return "".join(f"{line}\r\n" for line in (*lines, "END:VCALENDAR")).encode()


class _Portal(asyncio.Protocol):
    """HTTP/1.1 as far as it is needed: one request at a time, without a body."""

    asked: ClassVar[Counter[bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, self._heard = self._heard.split(b"\r\n\r\n", 1)
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path == b"/favicon.ico":
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        _, behaviour, events, offset, *_ = path.decode().split("/")
        self.asked[path] += 1
        time = self.asked[path]
        if behaviour == "known" and _ETAG in head:
            self._transport.write(b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n" % _ETAG)
            return
        more = time if behaviour == "moves" else 0 if behaviour == "changes" and time % 2 == 0 else None
        body = calendar(
            int(events) + (time if behaviour == "grows" else 0),
            int(offset),
            more=more,
            every=7 if behaviour == "crowd" else EVERY,
        )
        if behaviour == "stamps":
            body = body.replace(_STAMP, b"2026%02d%02dT%06dZ" % (time // 28 % 12 + 1, time % 28 + 1, time % 235959))
        tag = b"ETag: %b\r\n" % _ETAG if behaviour == "known" else b""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n%bContent-Length: %d\r\n\r\n" % (tag, len(body)) + body
        )


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Portal, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def portals() -> Iterator[int]:
    """The process, and its port at every loopback address."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def url(port: int, behaviour: str, number: int, name: str, *, events: int = 50, offset: int = 1) -> str:
    """The calendar *name* at the portal *number*."""
    host = f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return f"http://{host}:{port}/{behaviour}/{events}/{offset}/{name}.ics"


if __name__ == "__main__":
    asyncio.run(_serve())
