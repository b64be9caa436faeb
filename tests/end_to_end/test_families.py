"""A house and its rooms in a real daemon: what is booked closes what shares a unit with it, through echoes and edits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow

ROOMS = ("room-1", "room-2", "annex")


def nights(*offsets: int) -> set[str]:
    return {day(offset).isoformat() for offset in offsets}


def config(running: Daemon, opened: list[Portal], parts: str = "[room-1, room-2, annex]", more: str = "") -> str:
    """A house of two rooms and an annex, each with a listing of its own at one portal."""
    written = running.head(removal_delay="1h") + "accommodations:\n"
    for name, portal in zip(("finca", *ROOMS), opened, strict=True):
        written += f"  {name}:\n    name: {name.title()}\n    timezone: UTC\n"
        written += f"    parts: {parts}\n{more}" if name == "finca" else ""
        written += f"    syncs:\n      vrbo: {{portal: vrbo, direction: bidirectional, url: '{portal.url}/{name}'}}\n"
    return written


async def closed(running: Daemon) -> dict[str, set[str]]:
    """What each feed closes, without a fetch."""
    found = {name: nights_of((await running.peek(f"{name}/vrbo"))[1]) for name in ("finca", *ROOMS)}
    return {name: shown for name, shown in found.items() if shown}


async def test_a_booking_closes_what_shares_a_unit_and_its_echo_goes_no_further(tmp_path: Path) -> None:
    async with portals(4) as opened, daemon(tmp_path) as running:
        running.write(config(running, opened))
        await running.up()
        await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
        finca, room, *_ = opened
        for name in ("finca", *ROOMS):
            await running.fetch(f"{name}/vrbo")
        # a room's booking closes the house, and the house's portal repeats it
        room.body = calendar((10, 13), (40, 41))
        await running.pull("room-1/vrbo")
        assert await closed(running) == {"finca": nights(10, 11, 12, 40)}
        await running.fetch("finca/vrbo")
        finca.body = calendar((10, 13))
        await running.pull("finca/vrbo")
        assert await closed(running) == {"finca": nights(10, 11, 12, 40)}
        # why, on the command line and as JSON
        _, body = await running.get(f"/api/v1/explain?accommodation=finca&night={day(10)}")
        found = json.loads(body)
        assert (found["taken"], found["beside"]) == (True, ["room-1/vrbo"])
        assert "It is closed because Room-1 is booked at vrbo." in "\n".join(found["words"])
        assert [claim["verdict"] for claim in found["claims"]] == ["echo"]
        # a restart finds all of it
        running.stop()
        await running.up()
        assert await closed(running) == {"finca": nights(10, 11, 12, 40)}
        # the guest cancels, and all of it opens
        room.body = calendar((40, 41))
        await running.pull("room-1/vrbo")
        assert await closed(running) == {"finca": nights(40)}
        await running.fetch("finca/vrbo")
        finca.body = calendar((20, 22))
        await running.pull("finca/vrbo")
        assert await closed(running) == {"finca": nights(40), **dict.fromkeys(ROOMS, nights(20, 21))}
        # a part that is gone from the file counts on, and a new wish to open waits
        running.write(config(running, opened, "[room-1, room-2]"))
        await running.until(lambda: running.status(), lambda status: bool(status["accommodations"][1]["leaving"]))
        assert await closed(running) == {"finca": nights(40), **dict.fromkeys(ROOMS, nights(20, 21))}
        status = await running.status()
        assert [each["what"] for each in status["accommodations"][1]["leaving"]] == ["parts"]
        assert any("Annex is leaving" in need for need in status["verdict"]["needs"])
        answer, body = await running.post("/-/accept?accommodation=finca")
        assert answer == 200, body
        assert await closed(running) == {"finca": nights(40), **dict.fromkeys(ROOMS[:2], nights(20, 21))}
        assert (await running.get(f"/explain?accommodation=room-1&night={day(20)}"))[0] == 200
        assert b"Finca is booked at vrbo" in (await running.get(f"/explain?accommodation=room-1&night={day(20)}"))[1]
