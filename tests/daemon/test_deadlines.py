"""What time alone changes is changed at its moment, and nothing turns in vain while it is not due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsyncd.availability.attribution import fetched, settled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Block, Ledger, Presence, Standing, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.roster import GONE_KEPT, expire, expiries
from icalsyncd.calendars.nights import EMPTY, Stay, date_of, night_of
from icalsyncd.clock import Clock
from icalsyncd.daemon.deadlines import Deadlines
from icalsyncd.state.journal import Journal
from icalsyncd.state.state import State
from icalsyncd.state.store import Store
from icalsyncd.state.stored import Stored
from icalsyncd.state.view import SyncName
from tests.state import states

DELAY = 1800.0
DAY = 86400.0
CHANNEL = Channel("portal", receives=True, sends=True)


def moment(text: str, zone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


class Watch:
    """The deadlines over a journal on a real file, by a clock that the test sets."""

    def __init__(self, path: Path, ahead: float = 0.0) -> None:
        """*ahead*: seconds by which the clock was set forward while the machine was off."""
        self.now = moment("2027-06-01T12:00", "UTC")
        # the machine was up all the time, so that every moment is believed
        agreed = self.now - ahead if ahead else None
        self.clock = clock = Clock(agreed, agreed=agreed, wall=lambda: self.now, boottime=lambda: self.now)
        store = Store(path)
        self.journal = Journal(store, Stored({}, None, None), clock.now)
        self.new_days: list[SyncName] = []
        self.deadlines = Deadlines(self.journal, clock, self.new_days.append, lambda: None)
        self.journal.on_change = self.deadlines.watch

    def plan(self, ledger: Ledger, *, planned: bool = True) -> None:
        self.deadlines.configure(RemovalDelay(DELAY), frozenset(("house",)) if planned else frozenset())
        self.journal.put("house", State(settled(ledger, self.now)))

    def today(self, zone: str = "UTC") -> int:
        return night_of(datetime.fromtimestamp(self.now, ZoneInfo(zone)).date())

    @property
    def ledger(self) -> Ledger:
        return self.journal.current["house"].ledger

    @property
    def due(self) -> float:
        return self.deadlines._next["house"]

    def wait(self) -> None:
        """Until something is due, and then it is done."""
        self.now = self.due
        self.deadlines.attend("house")


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    made = Watch(tmp_path / "state.sqlite3")
    yield made
    await made.journal.close()


def house(today: int, zone: str = "UTC", **syncs: SyncLedger) -> Ledger:
    return Ledger(today, zone, syncs=syncs or {"s": SyncLedger(CHANNEL, Link("house/s"))})


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("Europe/Madrid", "2027-06-01T23:30+02:00", "2027-06-02T00:00+02:00"),
        ("Pacific/Auckland", "2027-06-01T12:30+12:00", "2027-06-02T00:00+12:00"),
        # the clock goes forward, and back, on the day that begins
        ("Europe/Madrid", "2027-03-27T12:00+01:00", "2027-03-28T00:00+01:00"),
        ("Europe/Madrid", "2027-10-31T12:00+01:00", "2027-11-01T00:00+01:00"),
        # at midnight itself: 00:00 is skipped, and 23:00 comes twice
        ("Africa/Cairo", "2027-04-29T12:00+02:00", "2027-04-30T01:00+03:00"),
        ("Africa/Cairo", "2027-10-28T12:00+03:00", "2027-10-29T00:00+02:00"),
        ("America/Havana", "2027-11-06T12:00-04:00", "2027-11-07T00:00-04:00"),
    ],
)
async def test_the_day_changes_at_the_accommodations_midnight(watch: Watch, zone: str, now: str, midnight: str):
    watch.now = datetime.fromisoformat(now).timestamp()
    today = watch.today(zone)
    watch.plan(house(today, zone))
    assert watch.due == datetime.fromisoformat(midnight).timestamp()
    watch.now = watch.due - 1
    watch.deadlines.attend("house")
    assert watch.ledger.today == today
    watch.wait()
    assert watch.ledger.today == today + 1
    assert watch.new_days == [("house", "s")]
    assert watch.due > watch.now + 22 * 3600


async def test_a_midnight_that_was_slept_over_is_made_up_for_whatever_comes_first(watch: Watch):
    today = watch.today()
    watch.plan(house(today))
    watch.now += 3 * DAY
    # a pull that comes in before the vigil has woken
    watch.journal.put("house", watch.journal.current["house"])
    assert watch.due < watch.now + 1
    watch.wait()
    assert watch.ledger.today == today + 3


async def test_the_day_never_goes_back(watch: Watch):
    today = watch.today() + 3
    watch.plan(house(today))
    watch.deadlines.attend("house")
    assert watch.ledger.today == today
    assert date_of(today + 1) == datetime.fromtimestamp(watch.due, ZoneInfo("UTC")).date()


async def test_a_portal_that_stops_reading_falls_silent_at_its_moment(watch: Watch):
    ledger = fetched(settled(house(watch.today()), watch.now), "s", EMPTY, now=watch.now, looked=True)
    read = watch.now
    watch.plan(ledger)
    watch.wait()
    assert watch.now < read + DAY, "midnight comes first"
    assert not watch.ledger.syncs["s"].silent
    watch.wait()
    assert watch.now == read + DAY + 1
    assert watch.ledger.syncs["s"].silent
    assert watch.due > watch.now + 3600


async def test_a_time_in_which_nobody_could_read_is_not_silence_and_is_waited_for_in_peace(watch: Watch):
    ledger = fetched(settled(house(watch.today()), watch.now), "s", EMPTY, now=watch.now - 3 * DAY, looked=True)
    watch.plan(replace(ledger, awake_since=watch.now))
    watch.deadlines.attend("house")
    assert not watch.ledger.syncs["s"].silent
    assert watch.due > watch.now + 3600


async def test_what_leaves_goes_at_its_moment_and_is_forgotten_in_the_end(watch: Watch):
    leaving = SyncLedger(
        CHANNEL,
        Link("house/s"),
        presence=Presence.LEAVING,
        since=watch.now,
        former=Standing(Presence.ACTIVE, 0.0),
        told=states.Stamps(),
    )
    began = watch.now
    block = Block(Stay(watch.today(), watch.today() + 2), leaving_since=watch.now)
    watch.plan(replace(house(watch.today(), s=leaving), blocks=(block,)), planned=False)
    watch.wait()
    assert watch.now == began + DELAY
    assert watch.ledger.blocks == ()
    assert watch.ledger.syncs["s"].presence is Presence.GONE
    while "house" in watch.journal.current:
        watch.wait()
    assert watch.now == began + DELAY + GONE_KEPT
    assert "house" not in watch.deadlines._next


async def test_what_leaves_waits_while_no_clock_outside_agrees_to_a_later_day(tmp_path: Path):
    watch = Watch(tmp_path / "state.sqlite3", ahead=20 * DAY)
    leaving = SyncLedger(
        CHANNEL,
        Link("house/s"),
        presence=Presence.LEAVING,
        since=watch.now - 20 * DAY,
        former=Standing(Presence.ACTIVE, 0.0),
    )
    watch.plan(house(watch.today() - 20, s=leaving))
    watch.deadlines.attend("house")
    assert watch.ledger.syncs["s"].presence is Presence.LEAVING
    assert watch.due > watch.now + 1.0, "it does not turn in vain"
    assert not watch.clock.hear(watch.now), "a portal's clock agrees"
    watch.deadlines.attend("house")
    assert watch.ledger.syncs["s"].presence is Presence.GONE
    await watch.journal.close()


async def test_an_accommodation_that_was_renamed_away_is_dropped_at_once(watch: Watch):
    watch.plan(Ledger(watch.today()), planned=False)
    watch.wait()
    assert watch.journal.current == {}


async def test_an_accommodation_of_the_config_stays_though_it_is_empty(watch: Watch):
    watch.plan(Ledger(watch.today()))
    watch.deadlines.attend("house")
    assert "house" in watch.journal.current


@pytest.mark.slow
async def test_it_wakes_by_itself_and_does_not_turn_in_vain(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    real = asyncio.get_running_loop().time
    began, start = real(), watch.now
    attended: list[str] = []
    attend = watch.deadlines.attend
    monkeypatch.setattr(watch.deadlines, "attend", lambda each: (attended.append(each), attend(each)))
    leaving = SyncLedger(
        CHANNEL,
        Link("house/s"),
        presence=Presence.LEAVING,
        since=start - DELAY + 0.2,
        former=Standing(Presence.ACTIVE, 0),
    )
    watch.plan(house(watch.today(), s=leaving))
    task = asyncio.create_task(watch.deadlines.run())
    async with asyncio.timeout(3):
        while watch.ledger.syncs["s"].presence is not Presence.GONE:
            watch.now = start + real() - began
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(attended) <= 10, "turning in vain would be fifty times a second"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_bug_in_one_accommodation_stops_no_other(watch: Watch):
    broken = replace(settled(house(watch.today()), watch.now), timezone="Nowhere/Land")
    watch.plan(house(watch.today()))
    watch.journal.current["broken"] = State(broken)
    for accommodation in ("broken", "house"):
        watch.deadlines._plan(accommodation, watch.now)
    task = asyncio.create_task(watch.deadlines.run())
    await asyncio.sleep(0.1)
    assert watch.deadlines._next["broken"] > watch.now + 60, "and is not met again in the same breath"
    assert watch.due > watch.now + 60
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(states.ledgers, st.floats(0, 1e6), st.data())
def test_what_is_due_is_done_so_that_nobody_wakes_twice_for_it(ledger: Ledger, delay: float, data: st.DataObject):
    ledger = replace(ledger, today=740_000)
    due = sorted(expiries(ledger, delay))
    if due:
        now = data.draw(st.sampled_from(due))
        assert all(moment > now for moment in expiries(expire(ledger, delay=delay, now=now), delay))
