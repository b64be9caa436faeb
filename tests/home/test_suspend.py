"""The machine is suspended for a weekend: wall clock and uptime go on, and nothing runs meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from icalsyncd import clock as clocks
from icalsyncd.calendars.nights import Nights
from icalsyncd.clock import Clock
from icalsyncd.daemon import hub
from icalsyncd.daemon.app import Daemon, Options
from icalsyncd.serving import fetches
from tests.end_to_end.daemon import free_port
from tests.end_to_end.portal import Portal, calendar, portals

WEEKEND = 2.2 * 86400


class Machine:
    """This one, and for how long it has been suspended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.suspended = 0.0
        wall, boottime = clocks.time.time, clocks.boottime
        monkeypatch.setattr(fetches, "boottime", lambda: boottime() + self.suspended)

        def made(last: float | None, agreed: float | None = None) -> Clock:
            return Clock(
                last, agreed=agreed, wall=lambda: wall() + self.suspended, boottime=lambda: boottime() + self.suspended
            )

        monkeypatch.setattr(hub, "Clock", made)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@asynccontextmanager
async def house(folder: Path, a: Portal, b: Portal) -> AsyncIterator[Daemon]:
    """A daemon in this process, with two portals that have read their feeds."""
    listen = free_port()
    file = folder / "config.yaml"
    file.write_text(
        f"terms: accepted\nserver: {{listen: '127.0.0.1:{listen}', admin: '127.0.0.1:{free_port()}'}}\n"
        "pull: {allow_private_addresses: true}\n"
        "accommodations:\n  house:\n    timezone: UTC\n    syncs:\n"
        f"      a: {{portal: smoobu, direction: bidirectional, url: '{a.url}'}}\n"
        f"      b: {{portal: lodgify, direction: bidirectional, url: '{b.url}'}}\n"
    )
    daemon = Daemon.open(Options(file, folder / "state"))
    try:
        await daemon.start()
        for name in "ab":
            await daemon.hub.intake.pull(("house", name))
        for name in "ab":
            await fetch(daemon, listen, name)
        yield daemon
    finally:
        await daemon.stop()


async def fetch(daemon: Daemon, listen: int, name: str) -> None:
    path = daemon.hub.links()["house", name].rpartition("/")[2]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{listen}/{path}") as answer:
        assert answer.status == 200


def silent(daemon: Daemon) -> set[str]:
    syncs = daemon.hub.journal.current["house"].ledger.syncs
    return {name for name, sync in syncs.items() if sync.silent}


def told(daemon: Daemon, name: str) -> Nights:
    feed = daemon.hub.view.feed(("house", name))
    assert feed is not None
    return feed.nights


async def attended(daemon: Daemon) -> None:
    """Wait until the deadlines were looked at after waking: the daemon looks at the clock every five seconds."""
    since = daemon.hub.clock.now()
    for _ in range(400):
        if daemon.hub.deadlines._next.get("house", 0.0) > since:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the daemon did not look at the clock")


@pytest.mark.slow
async def test_nobody_is_silent_for_a_weekend_in_suspend(tmp_path: Path, machine: Machine) -> None:
    async with portals(2) as (a, b):
        a.body, b.body = calendar((10, 12)), calendar()
        async with house(tmp_path, a, b) as daemon:
            b.body = calendar((10, 12))  # it repeats what it was told
            await daemon.hub.intake.pull(("house", "b"))
            assert not told(daemon, "a")
            machine.suspended = WEEKEND
            await attended(daemon)
            assert silent(daemon) == set()
            assert not told(daemon, "a"), "an echo is not told to the portal that it came from"
            a.body = calendar((40, 41))  # its guest cancels
            await daemon.hub.intake.pull(("house", "a"))
            assert not told(daemon, "a"), "what b repeats of it keeps nothing closed"


async def test_whoever_judges_by_the_time_first_notices_the_sleep(tmp_path: Path, machine: Machine) -> None:
    async with portals(2) as (a, b):
        a.body, b.body = calendar((10, 12)), calendar()
        async with house(tmp_path, a, b) as daemon:
            machine.suspended = WEEKEND
            # no loop has turned since
            daemon.hub.deadlines.attend("house")
            assert silent(daemon) == set()
            assert daemon.hub.journal.current["house"].ledger.awake_since == pytest.approx(
                daemon.hub.clock.now(), abs=5
            )
