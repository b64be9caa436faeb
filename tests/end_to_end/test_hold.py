"""Copies that look like a fault are held, ordinary cancellations are not, and the host can hurry what waits."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

SYNC = "casa-azul/holidu"
SEASON = (30, 120)


def nights(start: int, end: int) -> set[str]:
    return {day(offset).isoformat() for offset in range(start, end)}


async def seen(running: Daemon) -> set[str]:
    return nights_of((await running.peek("casa-azul/vrbo"))[1])


async def closed_season(running: Daemon, three: list[Portal], hold: str) -> None:
    running.write(two_houses(running, *three).replace("  timeout: 10s\n", f"  timeout: 10s\n  hold: {hold}\n"))
    await running.post("/-/reload")
    three[0].body = calendar(SEASON)
    await running.pull(SYNC)
    assert await seen(running) == nights(*SEASON)


def command(running: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icalsyncd", *words, "--config", running.config, "--state-dir", running.state],
        capture_output=True,
        text=True,
        timeout=30,
    )


async def test_one_of_two_bookings_that_is_cancelled_is_free_at_the_next_pull(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar((10, 13), (20, 22))
    await running.pull(SYNC)
    three[0].body = calendar((20, 22))
    (report,) = await running.pull(SYNC)
    assert (report["outcome"], report["freed"]) == ("updated", 3)
    assert await seen(running) == nights(20, 21)


async def test_the_only_booking_that_is_gone_is_held_since_a_fault_looks_the_same(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar((10, 13))
    await running.pull(SYNC)
    three[0].body = calendar()
    (report,) = await running.pull(SYNC)
    assert (report["outcome"], report["freed"]) == ("held", 0)
    assert await seen(running) == nights(10, 11, 12)


async def test_a_season_that_is_opened_is_free_after_the_hold_and_the_host_is_told_why_it_waits(
    running: Daemon, three: list[Portal]
) -> None:
    await closed_season(running, three, "1s")
    three[0].body = calendar((200, 202))
    (report,) = await running.pull(SYNC)
    assert (report["outcome"], report["freed"]) == ("held", 0)
    assert await seen(running) == nights(*SEASON) | nights(200, 202), "what is new counts at once"
    sync = await running.sync(SYNC)
    assert (sync["state"], sync["reason"]) == ("held", "90 nights would be freed, confirmed 1 of 3")
    assert await running.metric("icalsyncd_sync_held", sync="holidu") == 1.0
    assert await running.metric("icalsyncd_sync_retained_nights", sync="holidu") == 90.0
    explained = command(running, "explain", "casa-azul", day(40).isoformat()).stdout
    assert "icalsyncd accept" in explained
    outcomes = [(await running.pull(SYNC))[0]["outcome"]]
    await running.until(lambda: running.pull(SYNC), lambda reports: reports[0]["outcome"] == "updated", 5)
    assert outcomes == ["held"]
    assert await seen(running) == nights(200, 202)


async def test_a_glitch_is_forgotten_when_the_nights_come_back(running: Daemon, three: list[Portal]) -> None:
    await closed_season(running, three, "6h")
    before = await running.feeds()
    three[0].body = calendar((30, 33))
    assert (await running.pull(SYNC))[0]["outcome"] == "held"
    assert await running.feeds() == before
    three[0].body = calendar(SEASON)
    assert (await running.pull(SYNC))[0]["outcome"] == "updated"
    assert await running.feeds() == before
    assert (await running.sync(SYNC))["state"] == "ok"


async def test_the_host_accepts_what_is_held_after_seeing_what_it_releases(
    running: Daemon, three: list[Portal]
) -> None:
    await closed_season(running, three, "6h")
    three[0].body = calendar((200, 202))
    await running.pull(SYNC)
    running.kill()
    await running.up()
    assert await seen(running) == nights(*SEASON) | nights(200, 202), "a hold outlives a kill"
    status, body = await running.post(f"/-/accept?sync={SYNC}&dry_run=1")
    assert (status, json.loads(body)["releases"]) == (
        200,
        [{"from": day(30).isoformat(), "to": day(120).isoformat()}],
    )
    assert await seen(running) == nights(*SEASON) | nights(200, 202)
    done = command(running, "accept", SYNC, "--yes")
    assert done.returncode == 0, done.stderr
    assert day(30).isoformat() in done.stdout
    assert await seen(running) == nights(200, 202)
    assert (await running.sync(SYNC))["state"] == "ok"
    nothing = command(running, "accept", SYNC, "--yes")
    assert nothing.returncode == 1


async def test_a_partly_unreadable_calendar_adds_and_frees_nothing(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13), (20, 23))
    await running.pull(SYNC)
    broken = calendar((10, 13), (20, 23), (40, 42)).replace(
        f"DTSTART;VALUE=DATE:{day(20):%Y%m%d}".encode(), b"DTSTART:x"
    )
    three[0].body = broken
    (report,) = await running.pull(SYNC)
    assert (report["outcome"], report["freed"]) == ("partial", 0)
    assert await seen(running) == nights(10, 13) | nights(20, 23) | nights(40, 42)
    assert await running.metric("icalsyncd_sync_partial", sync="holidu") == 1.0
    assert await running.metric("icalsyncd_sync_broken_events", sync="holidu") == 1.0
    three[0].body = broken.replace(f"DTSTART;VALUE=DATE:{day(10):%Y%m%d}".encode(), b"DTSTART:y")
    await running.pull(SYNC)
    assert await seen(running) == nights(10, 13) | nights(20, 23) | nights(40, 42)
    done = command(running, "accept", SYNC, "--yes")
    assert done.returncode == 0, done.stderr
    assert await seen(running) == nights(40, 42)
