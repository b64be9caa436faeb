"""A made-up booking site for the demo: a real HTTP server that sells nights, reads our feed, and repeats it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
from aiohttp import web

from icalsyncd.calendars.nights import EMPTY, Nights, Stay, date_of, night_of

READS_EVERY: Final = 2.0
"""Seconds between two readings of our feed; real portals take hours."""
PATH: Final = "/calendar.ics"
_DATE: Final = re.compile(r"^DT(START|END);VALUE=DATE:(\d{8})", re.MULTILINE)


@dataclass
class DemoPortal:
    """One site with one calendar. All its events look alike: its own bookings cannot be told from what it repeats."""

    name: str
    port: int
    link: str | None = None
    """Where it reads our feed; None until the host has pasted it."""
    sold: dict[str, Stay] = field(default_factory=dict)
    """Stays by guest."""
    imported: Nights = EMPTY
    """What our feed told it to close."""
    _site: web.TCPSite | None = None
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def closed(self) -> Nights:
        """Nights that cannot be booked there."""
        return Nights.of_stays(self.sold.values()) | self.imported

    async def open(self) -> None:
        """Serve the calendar."""
        if self._runner is None:
            app = web.Application()
            app.router.add_get(PATH, self._answer)
            self._runner = web.AppRunner(app, access_log=None)
            await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()

    async def go_down(self) -> None:
        """Answer no request, and read nothing, until opened again."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def close(self) -> None:
        """For good."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def read_on(self) -> None:
        """Read our feed again and again while open, until cancelled."""
        async with aiohttp.ClientSession(headers={"User-Agent": f"{self.name} demo portal"}) as session:
            while True:
                if self.link is not None and self._site is not None:
                    await self._read(session, self.link)
                await asyncio.sleep(READS_EVERY)

    async def _read(self, session: aiohttp.ClientSession, link: str) -> None:
        try:
            async with session.get(link) as response:
                if response.status == 200:
                    self.imported = _nights(await response.text())
        except aiohttp.ClientError:
            # the feed is out of reach: as real portals do, it keeps what it read last
            return

    async def _answer(self, _: web.Request) -> web.Response:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{self.name}//EN"]
        for stay in (*self.sold.values(), *self.imported.stays()):
            start, end = (f"{date_of(night):%Y%m%d}" for night in stay)
            # a UID of its own, also for what it only repeats
            lines += ["BEGIN:VEVENT", f"UID:{start}{end}@{self.name.lower()}.example", f"DTSTAMP:{stamp}"]
            lines += [f"DTSTART;VALUE=DATE:{start}", f"DTEND;VALUE=DATE:{end}", "SUMMARY:Not available", "END:VEVENT"]
        body = "\r\n".join([*lines, "END:VCALENDAR", ""])
        return web.Response(text=body, content_type="text/calendar", charset="utf-8")


def _nights(feed: str) -> Nights:
    """The nights of a feed from yesterday on."""
    days = [night_of(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date()) for _, day in _DATE.findall(feed)]
    today = night_of(datetime.now(UTC).date())
    return Nights.of_stays(zip(days[::2], days[1::2], strict=True)).since(today - 1)
