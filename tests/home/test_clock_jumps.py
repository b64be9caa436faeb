"""The machine's clock jumps a day ahead and back, made by libfaketime: nothing opens, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import LOOK, Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day, portals

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

pytestmark = pytest.mark.slow

WEBSITE = "casa-azul/website"
DAY = 86400


class Shifted(Daemon):
    """A daemon on a machine whose clock the test sets, and whose uptime it does not."""

    def __init__(self, folder: Path) -> None:
        self.offset = folder / "offset"
        self.shift(0)
        super().__init__(
            folder,
            LD_PRELOAD=str(LIBRARY),
            FAKETIME_TIMESTAMP_FILE=str(self.offset),
            FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            NO_FAKE_STAT="1",
            # house is kept each second, as with a watchdog of two
            WATCHDOG_USEC="2000000",
        )

    def shift(self, seconds: int) -> None:
        draft = self.offset.with_suffix(".new")
        draft.write_text(f"{seconds:+d}\n", encoding="ascii")
        draft.replace(self.offset)

    async def jump(self, seconds: int) -> None:
        """Shift the clock of the running daemon, and wait until the library has seen it."""
        self.shift(seconds)
        await asyncio.sleep(1.2)


@pytest.fixture(autouse=True)
def _library() -> None:
    if LIBRARY is None:
        why = "needs the library libfaketime"
        if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)


def config(running: Daemon, portal: Portal, *, old: bool = True) -> str:
    leaving = f"      old: {{portal: vrbo, direction: import, url: '{portal.url}/2'}}\n" if old else ""
    return running.head(removal_delay="3s").replace("timeout: 10s", "timeout: 20s") + (
        "accommodations:\n"
        "  casa-azul:\n"
        "    timezone: UTC\n"
        f"    blocks: [{{from: {day(0)}, to: {day(1)}}}, {{from: {day(50)}, to: {day(52)}}}]\n"
        "    syncs:\n"
        "      website: {portal: generic, direction: export}\n"
        f"      holidu: {{portal: holidu, direction: import, url: '{portal.url}/1'}}\n{leaving}"
    )


def offsets(nights: set[str]) -> list[int]:
    return sorted((datetime.fromisoformat(night).date() - day(0)).days for night in nights)


def is_planned(sync: dict[str, Any]) -> bool:
    """Whether its next pull is at most an interval away, by the real clock."""
    return (datetime.fromisoformat(sync["next_pull"]) - datetime.now(UTC)).total_seconds() < 1860


async def seen(running: Daemon, link: str) -> list[int]:
    """The nights that are closed, as days from the real today."""
    status, body, _ = await running.ask("GET", link, LOOK)
    assert status == 200
    return offsets(nights_of(body))


async def test_a_day_ahead_and_back_while_it_runs(tmp_path: Path) -> None:
    async with portals(1) as (portal,):
        running = Shifted(tmp_path)
        try:
            portal.body = calendar((0, 2), (20, 22))
            running.write(config(running, portal))
            await running.up()
            await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
            link = running.links()[WEBSITE]
            assert await seen(running, link) == [0, 1, 20, 21, 50, 51]

            await running.jump(DAY)
            portal.body = calendar((0, 2), (20, 22), (30, 31))
            assert (await running.pull("casa-azul/holidu"))[0]["outcome"] == "updated"
            assert await seen(running, link) == [0, 1, 20, 21, 30, 50, 51], (
                "what closes shows, and today is still today"
            )

            async def log() -> str:
                return running.words()

            await running.until(log, lambda text: "the clock is doubted" in text)
            # what leaves while the clock is wrong
            running.write(config(running, portal, old=False))
            assert (await running.post("/-/reload"))[0] == 200

            await running.jump(0)
            portal.body = calendar((0, 2), (30, 31))
            await running.pull("casa-azul/holidu")
            # neither what was cancelled nor what has left keeps a night
            await running.until(lambda: seen(running, link), lambda nights: nights == [0, 1, 30, 50, 51])
            await running.until(lambda: running.sync("casa-azul/holidu"), is_planned, 60)
        finally:
            if running.process is not None:
                running.kill()


async def test_a_start_a_day_ahead_ends_with_the_first_portal_that_tells_the_time(tmp_path: Path) -> None:
    async with portals(1) as (portal,):
        running = Shifted(tmp_path)
        try:
            portal.body = calendar((0, 2), (20, 22), (60, 61))
            running.write(config(running, portal, old=False))
            await running.up()
            await running.until(lambda: running.get("/-/ready"), lambda answer: answer[0] == 200)
            link = running.links()[WEBSITE]
            before = await seen(running, link)
            assert running.stop() == 0

            running.shift(DAY)
            await running.up()
            assert await seen(running, link) == before
            await running.jump(0)
            portal.body = calendar((0, 2), (30, 31), (60, 61))
            await running.pull("casa-azul/holidu")
            await running.until(lambda: seen(running, link), lambda nights: nights == [0, 1, 30, 50, 51, 60])
            # where the daemon saw the jump only after that pull, it asks the portal again by itself
            await running.until(lambda: running.sync("casa-azul/holidu"), is_planned, 90)
        finally:
            if running.process is not None:
                running.kill()
