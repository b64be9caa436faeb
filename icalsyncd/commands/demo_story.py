"""What happens in the demo: told line by line, each once it has been seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

from icalsyncd.calendars.nights import Nights, Stay, date_of, night_of
from icalsyncd.commands.client import Answer, ask
from icalsyncd.commands.demo_portal import DemoPortal
from icalsyncd.commands.links import links_of
from icalsyncd.commands.offline import read_offline
from icalsyncd.commands.outcome import CommandError
from icalsyncd.commands.terminal import Colour, painted
from icalsyncd.config.paths import Paths

PATIENCE: Final = 60.0
"""Seconds to wait for something that should take a few."""
BREATH: Final = 2.5
"""Seconds between two chapters, for people to read."""
HOUSE: Final = "casa-demo"
_LOOK: Final = 0.2

Json = dict[str, Any]


@dataclass
class Story:
    """What happens in the demo, each line said once it has been seen."""

    paths: Paths
    portals: list[DemoPortal]
    page: str
    log: Path
    began: float = 0.0
    status: Json = field(default_factory=dict)
    """The daemon's, as last asked for; empty before it answers."""

    @property
    def alma(self) -> DemoPortal:
        return self.portals[0]

    @property
    def brisa(self) -> DemoPortal:
        return self.portals[1]

    async def tell(self) -> None:
        """The whole of it; then the config is watched, until cancelled. Raises CommandError if something fails."""
        await self._begin({(HOUSE, "alma"): self.alma, (HOUSE, "brisa"): self.brisa})
        self._say("Two made-up portals, Alma and Brisa, list the same house. icalsyncd stands between them.")
        await self._until(lambda: all(sync["last_fetch"] for sync in self._syncs()), "both portals read our feeds")
        await self._bookings()
        await self._outage()
        await self._cancellation()
        self._say("That was all of it. The daemon and both portals go on; Ctrl-C ends them.")
        await self._watch_config()

    async def _begin(self, reading: Mapping[tuple[str, str], DemoPortal]) -> None:
        """Wait for the daemon, have each portal of *reading* read the link of its sync, and say where all lies."""
        self.began = monotonic()
        await self._until(lambda: len(self._syncs()) == len(reading), "the daemon started")
        links = links_of(await asyncio.to_thread(read_offline, self.paths))
        for sync, portal in reading.items():
            portal.link = links[sync]
        print(f"Status page  {painted(self.page, Colour.STRONG)}")
        print(f"Config       {painted(str(self.paths.config), Colour.STRONG)}   edit it while I run")
        print(f"Log          {self.log}")

    async def _bookings(self) -> None:
        today = night_of(datetime.now(UTC).date())
        await self._book(self.alma, self.brisa, "Ana", Stay(today + 10, today + 13))
        await self._until(lambda: self._sync("brisa")["echo_nights"] == 3, "Brisa's repetition was pulled")
        self._say("Brisa's calendar now repeats them as its own. icalsyncd knows the echo: nobody is told of it.")
        await self._book(self.brisa, self.alma, "Bruno", Stay(today + 20, today + 22))

    async def _outage(self) -> None:
        today = night_of(datetime.now(UTC).date())
        await asyncio.sleep(BREATH)
        await self.brisa.go_down()
        self._say("Brisa goes down: it neither answers nor reads.")
        await self._until(lambda: self._sync("brisa")["state"] == "failing", "the pull of Brisa failed")
        kept = Nights.of_stays(self.brisa.sold.values())
        await self._until(lambda: kept <= self.alma.closed, "Alma kept Brisa's nights closed")
        self._say("icalsyncd cannot pull Brisa. No night opens for that: what Brisa had sold stays closed at Alma.")
        await asyncio.sleep(BREATH)
        stay = Stay(today + 30, today + 32)
        self.alma.sold["Carla"] = stay
        self._say(f"Meanwhile Alma sells {shown(stay)}.")
        await asyncio.sleep(BREATH)
        await self.brisa.open()
        await self._until(lambda: Nights.of_stays([stay]) <= self.brisa.closed, "Brisa closed what Alma sold")
        self._say("Brisa is back, has read its feed, and has closed what Alma sold meanwhile.")
        await self._until(lambda: self._sync("brisa")["state"] == "ok", "Brisa was pulled again")

    async def _cancellation(self) -> None:
        await asyncio.sleep(BREATH)
        stay = self.alma.sold.pop("Ana")
        nights = Nights.of_stays([stay])
        self._say(f"Alma's guest cancels {shown(stay)}.")
        await self._until(
            lambda: nights.isdisjoint(self.alma.closed | self.brisa.closed), "the nights opened at both portals"
        )
        self._say("Open again at both portals. A plain merge would have kept them closed for ever: a ghost.")

    async def _book(self, at: DemoPortal, other: DemoPortal, guest: str, stay: Stay) -> None:
        await asyncio.sleep(BREATH)
        at.sold[guest] = stay
        self._say(f"{at.name} takes a booking: {shown(stay)}.")
        sold = monotonic()
        await self._until(lambda: Nights.of_stays([stay]) <= other.closed, f"{other.name} closed those nights")
        self._say(f"{other.name} has read its feed and closed the same nights, {monotonic() - sold:.0f} s later.")

    async def _watch_config(self) -> None:
        known: Json = self.status["config"]
        while True:
            await asyncio.sleep(_LOOK)
            await self._ask()
            config: Json = self.status["config"]
            if config["problems"] and config["problems"] != known["problems"]:
                self._say("config.yaml cannot be run, the one before goes on:", *config["problems"])
            elif config["ok"] and config["loaded_at"] != known["loaded_at"]:
                self._say("config.yaml was taken over.")
            known = config

    async def _until(self, seen: Callable[[], bool], what: str) -> None:
        """Wait until *seen* holds. Raises CommandError if it does not in time."""
        patient_until = monotonic() + PATIENCE
        while monotonic() < patient_until:
            await self._ask()
            if seen():
                return
            await asyncio.sleep(_LOOK)
        raise CommandError(f"this should have been seen within {PATIENCE:.0f} seconds: {what}; see {self.log}")

    async def _ask(self) -> None:
        answer = await asyncio.to_thread(ask, self.paths, "GET", "/api/v1/status")
        if isinstance(answer, Answer) and answer.ok:
            self.status = answer.json()

    def _syncs(self) -> list[Json]:
        return [sync for house in self.status.get("accommodations", ()) for sync in house["syncs"]]

    def _sync(self, name: str) -> Json:
        return next(sync for sync in self._syncs() if sync["id"] == f"{HOUSE}/{name}")

    def _say(self, *lines: str) -> None:
        stamp = painted(f"{monotonic() - self.began:4.0f} s", Colour.FAINT)
        print(f"{stamp}  " + "\n        ".join(lines), flush=True)


def shown(stay: Stay) -> str:
    """A stay for people."""
    return f"{date_of(stay.check_in):%-d %B} to {date_of(stay.check_out):%-d %B}"
