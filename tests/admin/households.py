"""A daemon with the life of a small household: bookings, echoes, a double booking, a portal that is down, a pause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, day, portals

PUBLIC = "https://cal.example.org"
READER = "PortalCalendarBot/2.1 (+https://portal.example/bot)"


@dataclass(frozen=True)
class Household:
    """The daemon and its portals."""

    daemon: Daemon
    holidu: Portal
    vrbo: Portal
    google: Portal
    agoda: Portal
    smoobu: Portal

    async def read(self, sync: str, reader: str = READER) -> bytes:
        """The feed of *sync*, as its portal fetches it."""
        link = self.daemon.links()[sync].replace(PUBLIC, f"http://127.0.0.1:{self.daemon.listen}")
        status, body, _ = await self.daemon.ask("GET", link, {"User-Agent": reader})
        assert status == 200
        return body


def config(
    home: Daemon, holidu: Portal, vrbo: Portal, google: Portal, agoda: Portal, smoobu: Portal, *, well: bool
) -> str:
    paused = "" if well else ", paused: true"
    return home.head(public_url=PUBLIC, removal_delay="30m") + (
        "accommodations:\n"
        "  casa-azul:\n"
        "    name: Casa Azul\n"
        "    timezone: UTC\n"
        "    buffer: {before: 0, after: 1}\n"
        "    blocks:\n"
        f"      - {{from: {day(96)}, to: {day(103)}, note: family}}\n"
        "    syncs:\n"
        f"      holidu: {{portal: holidu, direction: bidirectional, url: '{holidu.url}'}}\n"
        f"      vrbo: {{portal: vrbo, direction: bidirectional, url: '{vrbo.url}'}}\n"
        f"      own-calendar: {{portal: google, direction: import, url: '{google.url}'}}\n"
        "      tourist-office: {portal: office, direction: export}\n"
        "  finca-del-mar:\n"
        "    name: Finca del Mar\n"
        "    timezone: UTC\n"
        "    syncs:\n"
        f"      agoda: {{portal: agoda, direction: bidirectional, url: '{agoda.url}'}}\n"
        f"      smoobu: {{portal: smoobu, direction: bidirectional, url: '{smoobu.url}'}}\n"
        f"      vrbo: {{portal: vrbo, direction: export{paused}}}\n"
    )


HOLIDU = ((2, 6), (9, 16), (30, 37), (61, 65), (65, 68), (120, 134), (190, 197), (233, 247), (260, 274))
VRBO = ((19, 26, "Reserved - A"), (44, 51, "Reserved - B"), (160, 167, "Reserved - C"), (212, 226, "Reserved - D"))


async def _down(request: web.Request) -> web.Response:
    return web.Response(status=503)


@asynccontextmanager
async def household(folder: Path, *, well: bool = False) -> AsyncIterator[Household]:
    """The household in *folder*; *well*: without anything that needs a human."""
    async with portals(5) as opened, daemon(folder) as home:
        house = Household(home, *opened)
        house.holidu.body = calendar(*HOLIDU)
        house.vrbo.body = calendar(*VRBO)
        house.google.body = calendar((75, 79, "Painters"))
        house.agoda.body = calendar((5, 12), (40, 47), (100, 121), (240, 254))
        house.smoobu.body = calendar((14, 21), (60, 67), (140, 149), *(() if well else ((40, 47),)))
        home.write(config(home, *opened, well=well))
        await home.up()
        await home.until(lambda: home.get("/-/ready"), lambda answer: answer[0] == 200)
        for sync in ("casa-azul/holidu", "casa-azul/vrbo", "casa-azul/tourist-office", "finca-del-mar/agoda"):
            await house.read(sync)
        # each repeats some of what it has read of the other, with the night behind it that is kept free
        echoes = ((9, 17, "Blocked"), (120, 135, "Blocked"))
        house.vrbo.body = calendar(*VRBO, *echoes)
        house.holidu.body = calendar(*HOLIDU, (160, 168), (212, 227))
        await home.pull("casa-azul/vrbo")
        await home.pull("casa-azul/holidu")
        if not well:
            # a guest books what holidu has sold already; another cancels, and holidu's echo of it is all that is left
            house.vrbo.body = calendar(*VRBO[:3], *echoes, (64, 68, "Reserved - E"))
            house.agoda.answer = _down
            house.smoobu.body = calendar()
            for sync in ("casa-azul/vrbo", "finca-del-mar/agoda", "finca-del-mar/smoobu"):
                await home.pull(sync)
        await house.read("finca-del-mar/smoobu")
        await house.read("finca-del-mar/vrbo")
        yield house
