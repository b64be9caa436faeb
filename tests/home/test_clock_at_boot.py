"""Starts with a wrong clock, or after a long absence: no night is lost, and no doubt lasts for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from icalsyncd import clock as clocks
from icalsyncd.calendars.nights import Nights, night_of
from icalsyncd.clock import Clock
from icalsyncd.daemon import hub
from icalsyncd.daemon.app import Daemon, Options
from tests.end_to_end.daemon import free_port
from tests.end_to_end.portal import Portal, calendar, day, portals

DAY = 86400.0


class House:
    """One installation, on a machine whose clock the test sets and whose uptime it does not."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, portal: Portal | None) -> None:
        self.ahead = 0.0
        self.state = folder / "state"
        self.listen, self.admin = free_port(), free_port()
        self.file = folder / "config.yaml"
        pulled = f"      a: {{portal: smoobu, direction: import, url: '{portal.url}'}}\n" if portal else ""
        self.file.write_text(
            f"terms: accepted\nserver: {{listen: '127.0.0.1:{self.listen}', admin: '127.0.0.1:{self.admin}'}}\n"
            "pull: {allow_private_addresses: true}\n"
            "accommodations:\n  house:\n    timezone: UTC\n"
            f"    blocks: [{{from: {day(8)}, to: {day(9)}}}, {{from: {day(50)}, to: {day(52)}}}]\n    syncs:\n"
            "      b: {portal: generic, direction: export}\n" + pulled
        )
        wall = clocks.time.time

        def made(last: float | None, agreed: float | None = None) -> Clock:
            return Clock(last, agreed=agreed, wall=lambda: wall() + self.ahead)

        monkeypatch.setattr(hub, "Clock", made)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[Daemon]:
        daemon = Daemon.open(Options(self.file, self.state))
        try:
            await daemon.start()
            yield daemon
        finally:
            await daemon.stop()

    async def asks(self, daemon: Daemon, link: str) -> None:
        """The portal fetches."""
        url = f"http://127.0.0.1:{self.listen}/{link.rpartition('/')[2]}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200

    async def accepts(self) -> int:
        url = f"http://127.0.0.1:{self.admin}/-/accept?clock=1"
        async with aiohttp.ClientSession() as session, session.post(url) as answer:
            return answer.status


def told(daemon: Daemon) -> Nights:
    feed = daemon.hub.view.feed(("house", "b"))
    assert feed is not None
    return feed.nights


def today(daemon: Daemon) -> int:
    """The accommodation's day, in days from the real one."""
    return daemon.hub.journal.current["house"].ledger.today - night_of(day(0))


@pytest.mark.slow
async def test_starts_with_a_clock_20_days_ahead_let_no_night_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with portals(1) as (portal,):
        portal.body = calendar((5, 7), (30, 32))
        house = House(tmp_path, monkeypatch, portal)
        async with house.runs() as daemon:
            await daemon.hub.intake.pull(("house", "a"))
            before = told(daemon)
        house.ahead = 20 * DAY
        for _ in range(3):
            async with house.runs() as daemon:
                daemon.hub.deadlines.attend("house")
                assert daemon.hub.clock.doubted is None
                assert today(daemon) <= 1, "however often it starts"
                assert told(daemon) == before
        async with house.runs() as daemon:
            house.ahead = 0.0
            await daemon.hub.intake.pull(("house", "a"))
            daemon.hub.deadlines.attend("house")
            assert daemon.hub.clock.doubted is None
            assert told(daemon) == before
            assert today(daemon) <= 1


@pytest.mark.slow
async def test_a_portal_that_reads_on_is_seen_to_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with portals(1) as (portal,):
        portal.body = calendar((5, 7), (30, 32))
        house = House(tmp_path, monkeypatch, portal)
        async with house.runs() as daemon:
            await daemon.hub.intake.pull(("house", "a"))
        house.ahead = 20 * DAY
        async with house.runs() as daemon:
            link = daemon.hub.links()["house", "b"]
            await house.asks(daemon, link)
            house.ahead = 0.0
            await daemon.hub.intake.pull(("house", "a"))
            assert daemon.hub.clock.doubted is None
            await house.asks(daemon, link)
            daemon.hub.feeds.flush()
            now = datetime.now(UTC).timestamp()
            last = daemon.hub.journal.current["house"].ledger.syncs["b"].last_fetch
            assert last == pytest.approx(now, abs=60)
            daemon.hub.deadlines.attend("house")
            facts = daemon.hub.journal.current["house"].of("a")
            assert facts.attempts.last is not None
            assert facts.attempts.last <= now + 60
            sync = daemon.hub.journal.current["house"].ledger.syncs["b"]
            assert max(sync.fetches) <= now + 60


async def test_starts_with_a_clock_ahead_do_not_end_the_wait_of_a_shorter_delay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    house = House(tmp_path, monkeypatch, None)
    long = house.file.read_text()
    long = long.replace("server: {", "server: {removal_delay: 7d, ")
    house.file.write_text(long)
    async with house.runs() as daemon:
        assert daemon.hub.removal_delay == 7 * DAY
    # half a file: it says nothing of the delay, and so wants the default
    house.file.write_text(long.replace("removal_delay: 7d, ", ""))
    async with house.runs() as daemon:
        assert daemon.hub.removal_delay == 7 * DAY
    house.ahead = 20 * DAY
    for _ in range(2):
        async with house.runs() as daemon:
            assert daemon.hub.clock.doubted is None
            assert daemon.hub.removal_delay == 7 * DAY, "however often it starts"
            # and not after the half hour for which every wait lasts on after a start
            house.ahead += 2000.0
            assert await daemon.reload() == ()
            assert daemon.hub.removal_delay == 7 * DAY, "however long it runs"
    # it ends only by a clock that somebody outside agrees to
    house.ahead = 0.0
    async with house.runs() as daemon:
        known = daemon.hub.journal.removal_delay
        assert known is not None
        assert (known.seconds, known.shorter) == (7 * DAY, 1800.0)


@pytest.mark.slow
async def test_forty_days_off_without_a_portal_to_ask_are_accepted_by_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    house = House(tmp_path, monkeypatch, None)
    async with house.runs():
        assert await house.accepts() == 409, "nothing is in doubt"
    house.ahead = 40 * DAY
    async with house.runs() as daemon:
        assert daemon.hub.clock.doubted
        assert await house.accepts() == 200
        assert daemon.hub.clock.doubted is None
        daemon.hub.deadlines.attend("house")
        assert today(daemon) == 40
    async with house.runs() as daemon:
        assert daemon.hub.clock.doubted is None, "and so it is after the next start"


@pytest.mark.slow
async def test_three_days_off_without_a_portal_to_ask_are_accepted_by_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    house = House(tmp_path, monkeypatch, None)
    async with house.runs():
        pass
    house.ahead = 3 * DAY
    async with house.runs() as daemon:
        assert today(daemon) == 1
        assert await house.accepts() == 200
        daemon.hub.deadlines.attend("house")
        assert today(daemon) == 3
