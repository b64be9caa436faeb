"""What is done at a house is seen at its rooms, and where these are published: a hold, a pause, the host's word."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow

SYNCS = {"finca": "vrbo", "room-1": "holidu", "room-2": "agoda"}
SEASON = (60, 90)


def nights(*stays: tuple[int, int]) -> set[str]:
    return {day(offset).isoformat() for stay in stays for offset in range(*stay)}


def config(running: Daemon, opened: list[Portal], paused: str = "false") -> str:
    """A house of two rooms, each at a portal of its own; the second room's feed is published as well."""
    cloud = running.folder / "cloud"
    cloud.mkdir(exist_ok=True)
    written = running.head(removal_delay="1h") + "publish:\n"
    written += (
        f"  - {{name: nas, type: folder, path: {cloud}, public_url: 'https://c.example', accommodations: [room-2]}}\n"
    )
    written += "accommodations:\n"
    for (name, sync), portal in zip(SYNCS.items(), opened, strict=True):
        written += f"  {name}:\n    name: {name.title()}\n    timezone: UTC\n"
        written += "    parts: [room-1, room-2]\n" if name == "finca" else ""
        state = f", paused: {paused}" if name == "finca" else ""
        written += (
            f"    syncs:\n      {sync}: {{portal: {sync}, direction: bidirectional, url: '{portal.url}'{state}}}\n"
        )
    return written


class Family:
    """The family as its portals see it."""

    def __init__(self, running: Daemon, links: dict[str, str]) -> None:
        self.running = running
        self.links = links
        self.copy = running.folder / "cloud" / links["room-2/agoda"].rpartition("/")[2]

    async def _seen(self, sync: str) -> set[str]:
        return nights_of((await self.running.ask("GET", self.links[sync], LOOK))[1])

    async def closed(self) -> dict[str, set[str]]:
        """What each feed closes; that of the second room as it is published."""
        found = {name: await self._seen(f"{name}/{SYNCS[name]}") for name in ("finca", "room-1")}
        found["room-2"] = nights_of(self.copy.read_bytes()) if self.copy.exists() else {"nothing is published"}
        return {name: shown for name, shown in found.items() if shown}

    async def closes(self, wanted: dict[str, set[str]]) -> None:
        """Wait until it is so: what is published follows what is served."""
        await self.running.until(self.closed, lambda found: found == wanted)

    async def post(self, path: str) -> Any:
        status, body = await self.running.post(path)
        assert status == 200, body
        return json.loads(body)


async def test_what_is_done_at_the_house_is_seen_at_its_rooms_and_where_they_are_published(tmp_path: Path) -> None:
    async with portals(3) as opened, daemon(tmp_path) as running:
        finca, room, _ = opened
        finca.body = calendar(SEASON)
        running.write(config(running, opened))
        await running.up()
        await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
        family = Family(running, await asyncio.to_thread(running.links))
        rooms = ("room-1", "room-2")
        await family.closes(dict.fromkeys(rooms, nights(SEASON)))

        # a copy of the house that looks like a fault frees no room before the host says so
        finca.body = calendar()
        (report,) = await running.pull("finca/vrbo")
        assert report["outcome"] == "held"
        assert await family.closed() == dict.fromkeys(rooms, nights(SEASON))
        (ahead,) = (await family.post("/-/accept?sync=finca/vrbo&dry_run=1"))["releases"]
        assert (ahead["from"], ahead["to"]) == (day(SEASON[0]).isoformat(), day(SEASON[1]).isoformat())
        await family.post("/-/accept?sync=finca/vrbo")
        await family.closes({})

        # a pause of the house that keeps what is known opens no room, one that does not opens all
        finca.body = calendar((10, 13))
        await running.pull("finca/vrbo")
        await family.closes(dict.fromkeys(rooms, nights((10, 13))))
        running.write(config(running, opened, "keep"))
        await running.until(lambda: running.sync("finca/vrbo"), lambda sync: sync["state"] == "paused")
        assert await family.closed() == dict.fromkeys(rooms, nights((10, 13)))
        running.write(config(running, opened, "true"))
        await family.closes({})
        running.write(config(running, opened))
        await family.closes(dict.fromkeys(rooms, nights((10, 13))))

        # the house and a room begin to show the same, told of nothing: nobody can tell who has it, and the host looks
        finca.body, room.body = calendar((10, 13), (20, 22), (40, 42)), calendar((20, 22), (40, 42))
        await running.pull("finca/vrbo")
        await running.pull("room-1/holidu")
        taken = nights((10, 13), (20, 22), (40, 42))
        await family.closes({"finca": nights((20, 22), (40, 42)), "room-1": taken, "room-2": taken})
        nobody = f"/-/confirm?accommodation=finca&from={day(40)}&to={day(42)}&nobody=1"
        ahead = await family.post(f"{nobody}&dry_run=1")
        assert {event["sync"] for event in ahead["events"]} == {"vrbo", "room-1/holidu"}
        assert ahead["releases"] == [{"from": day(40).isoformat(), "to": day(42).isoformat()}]
        await family.post(f"{nobody}&seen={ahead['seen']}")
        taken = nights((10, 13), (20, 22))
        await family.closes({"finca": nights((20, 22)), "room-1": taken, "room-2": taken})
        await family.post(f"/-/confirm?accommodation=finca&from={day(20)}&to={day(22)}&by=room-1/holidu")
        left = {"finca": nights((20, 22)), **dict.fromkeys(rooms, nights((10, 13)))}
        await family.closes(left)
        words = json.loads((await running.get(f"/api/v1/explain?accommodation=finca&night={day(20)}"))[1])
        assert (words["overbooked"], words["possible_ghost"], words["said"]["by"]) == (False, False, "room-1/holidu")
        _, history = await running.get(f"/api/v1/history?accommodation=finca&night={day(20)}")
        assert "you said that it is booked at room-1/holidu" in history.decode()
        running.kill()
        await running.up()
        await family.closes(left)
