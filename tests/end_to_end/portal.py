"""A portal for tests: a real HTTP server on loopback whose calendar and whose faults the test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from aiohttp import web

TODAY = date.today


def day(offset: int) -> date:
    """The date *offset* days from today."""
    return date.today() + timedelta(days=offset)  # noqa: DTZ011


def calendar(*stays: tuple[int, int] | tuple[int, int, str], extra: str = "") -> bytes:
    """A calendar whose stays are half-open ranges of days from today, with a summary each."""
    events = []
    for number, (start, end, *summary) in enumerate(stays):
        events.append(
            "BEGIN:VEVENT\r\n"
            f"UID:{start}-{end}-{number}@portal.example\r\n"
            "DTSTAMP:20260101T000000Z\r\n"
            f"DTSTART;VALUE=DATE:{day(start):%Y%m%d}\r\n"
            f"DTEND;VALUE=DATE:{day(end):%Y%m%d}\r\n"
            f"SUMMARY:{summary[0] if summary else 'Booked'}\r\n"
            f"{extra}END:VEVENT\r\n"
        )
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//portal.example//EN\r\n" + "".join(events) + "END:VCALENDAR\r\n"
    ).encode()


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Portal:
    """One calendar URL; ``body`` is what it answers, unless ``answer`` says otherwise."""

    body: bytes = field(default_factory=calendar)
    answer: Answer | None = None
    asked: int = 0
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/s3cret-calendar-url/export.ics"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(body=self.body, content_type="text/calendar")

    async def open(self) -> None:
        app = web.Application()
        app.router.add_get("/{tail:.*}", self.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@asynccontextmanager
async def portals(count: int) -> AsyncIterator[list[Portal]]:
    """*count* portals with empty calendars, up for as long as the block runs."""
    opened = [Portal() for _ in range(count)]
    for portal in opened:
        await portal.open()
    try:
        yield opened
    finally:
        await asyncio.gather(*(portal.close() for portal in opened))
