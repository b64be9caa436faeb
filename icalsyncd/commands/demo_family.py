"""The demo of a family: a house and two rooms, each sold at a portal of its own; which booking closes what is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from icalsyncd.calendars.nights import Nights, Stay, night_of
from icalsyncd.commands.demo_portal import DemoPortal
from icalsyncd.commands.demo_story import BREATH, Json, Story, shown

FAMILY_CONFIG: Final = """\
  finca:
    name: Finca entera
    timezone: Europe/Madrid
    parts: [room-1, room-2]           # whoever books the house has both rooms
    syncs:
      alma: {{portal: alma, direction: bidirectional, url: '{alma}', echo_lag: 0s}}
  room-1:
    name: Room 1
    timezone: Europe/Madrid
    syncs:
      brisa: {{portal: brisa, direction: bidirectional, url: '{brisa}', echo_lag: 0s}}
  room-2:
    name: Room 2
    timezone: Europe/Madrid
    syncs:
      cala: {{portal: cala, direction: bidirectional, url: '{cala}', echo_lag: 0s}}
"""


class FamilyStory(Story):
    """What happens to a house and its rooms."""

    @property
    def cala(self) -> DemoPortal:
        return self.portals[2]

    async def tell(self) -> None:
        """The whole of it; then the config is watched, until cancelled. Raises CommandError if something fails."""
        await self._begin(
            {("finca", "alma"): self.alma, ("room-1", "brisa"): self.brisa, ("room-2", "cala"): self.cala}
        )
        self._say("Alma lists the whole house, Brisa lists room 1, Cala lists room 2.")
        await self._until(lambda: all(sync["last_fetch"] for sync in self._syncs()), "all portals read our feeds")
        today = night_of(datetime.now(UTC).date())
        room, house = Stay(today + 10, today + 13), Stay(today + 20, today + 22)
        await asyncio.sleep(BREATH)
        # one that stays: a calendar that loses all of its stays at once is not believed at once
        self.brisa.sold |= {"Ana": room, "Carla": Stay(today + 40, today + 41)}
        self._say(f"Brisa sells room 1: {shown(room)}, and one night later.")
        nights = Nights.of_stays([room])
        await self._until(lambda: nights <= self.alma.closed, "Alma closed those nights")
        self._say("Alma has closed the house on these nights. Room 2 stays open at Cala.")
        await self._until(lambda: self._of("finca/alma")["echo_nights"] == 4, "Alma's repetition was pulled")
        self._say("Alma's calendar repeats them as its own. icalsyncd knows the echo: it never reaches room 2.")
        await asyncio.sleep(BREATH)
        self.alma.sold["Bruno"] = house
        self._say(f"Alma sells the house: {shown(house)}.")
        taken = Nights.of_stays([house])
        await self._until(lambda: taken <= self.brisa.closed & self.cala.closed, "both rooms were closed")
        self._say("Brisa and Cala have closed both rooms on these nights.")
        await asyncio.sleep(BREATH)
        del self.brisa.sold["Ana"]
        self._say(f"The guest of room 1 cancels {shown(room)}.")
        await self._until(
            lambda: nights.isdisjoint(self.alma.closed | self.brisa.closed | self.cala.closed), "the nights opened"
        )
        self._say("Open again everywhere. With links between the listings all three would have stayed closed for ever.")
        self._say("That was all of it. The daemon and the portals go on; Ctrl-C ends them.")
        await self._watch_config()

    def _of(self, name: str) -> Json:
        return next(sync for sync in self._syncs() if sync["id"] == name)
