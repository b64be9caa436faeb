"""The clock that is believed, while the machine's one jumps."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from icalsyncd import RELEASED
from icalsyncd.clock import Clock, Waking, boottime, slept

HOUR, DAY = 3600.0, 86400.0
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC).timestamp()


class Machine:
    """A machine whose clock can be set, and whose uptime cannot."""

    def __init__(self, wall: float = NOW) -> None:
        self.shown = wall
        self.up = 1000.0

    def wall(self) -> float:
        return self.shown

    def boottime(self) -> float:
        return self.up

    def pass_(self, seconds: float) -> None:
        self.shown += seconds
        self.up += seconds

    def clock(self, last: float | None = None) -> Clock:
        return Clock(last, wall=self.wall, boottime=self.boottime)


def test_a_clock_that_goes_as_the_machine_does_is_believed():
    machine = Machine()
    clock = machine.clock(NOW - DAY)
    for _ in range(100):
        machine.pass_(DAY)
        assert clock.now() == machine.shown
    assert clock.doubted is None


def test_the_time_in_which_the_machine_sleeps_is_no_jump():
    machine = Machine()
    clock = machine.clock()
    machine.pass_(20 * DAY)
    assert clock.doubted is None


def test_small_corrections_are_followed_and_add_up():
    machine = Machine()
    clock = machine.clock()
    for _ in range(10):
        machine.pass_(HOUR)
        machine.shown += 1800
        assert clock.now() == machine.shown
    assert clock.doubted is None


@pytest.mark.parametrize(
    ("jump", "words"),
    [(2 * HOUR, "jumped forward by 2.0 hours"), (400 * DAY, "forward by 400 days"), (-2 * HOUR, "back by 2.0 hours")],
)
def test_a_jump_is_not_believed_and_time_goes_on_by_the_uptime(jump, words):
    machine = Machine()
    clock = machine.clock()
    machine.shown += jump
    machine.pass_(60)
    assert clock.now() == NOW + 60
    assert words in clock.doubted
    machine.pass_(DAY)
    assert clock.now() == NOW + 60 + DAY
    assert words in clock.doubted


def test_a_portals_date_that_agrees_ends_the_doubt():
    machine = Machine()
    clock = machine.clock()
    machine.shown += 5 * DAY
    assert clock.doubted
    assert clock.hear(machine.shown + HOUR / 2)
    assert clock.doubted is None
    assert clock.now() == machine.shown


def test_a_portals_date_that_does_not_agree_changes_nothing():
    machine = Machine()
    clock = machine.clock()
    assert not clock.hear(NOW + 400 * DAY)
    assert clock.doubted is None
    machine.shown += 400 * DAY
    assert not clock.hear(NOW)
    assert clock.doubted
    assert clock.now() == NOW


def test_a_portals_date_heard_right_after_the_jump_counts():
    machine = Machine()
    clock = machine.clock()
    machine.shown += 3 * HOUR
    assert clock.hear(machine.shown)
    assert clock.now() == machine.shown


def test_a_clock_that_is_set_right_again_is_believed_again():
    machine = Machine()
    clock = machine.clock()
    machine.shown += 5 * DAY
    assert clock.doubted
    machine.shown -= 5 * DAY
    machine.pass_(60)
    assert clock.doubted is None
    assert clock.now() == NOW + 60


def test_at_boot_a_month_since_the_last_commit_is_believed_and_more_is_not():
    assert Machine().clock(NOW - 29 * DAY).doubted is None
    machine = Machine()
    clock = machine.clock(NOW - 31 * DAY)
    assert clock.doubted == "the machine's clock is 31 days ahead of what was stored last"
    assert clock.now() == NOW - 31 * DAY
    machine.pass_(HOUR)
    assert clock.now() == NOW - 31 * DAY + HOUR
    assert clock.hear(machine.shown)
    assert clock.now() == machine.shown


def test_at_boot_a_clock_behind_the_last_commit_is_not_believed():
    machine = Machine(0.0)
    clock = machine.clock(NOW)
    assert "behind what was stored last" in clock.doubted
    assert clock.now() == NOW
    machine.shown = NOW + 3 * DAY
    assert clock.doubted
    assert clock.hear(NOW + 3 * DAY)
    assert clock.now() == NOW + 3 * DAY


def test_a_first_start_with_a_clock_before_the_release_is_not_believed():
    clock = Machine(0.0).clock()
    assert "behind this release" in clock.doubted
    assert clock.today("Europe/Madrid") == RELEASED


def test_a_first_start_years_after_the_release_is_believed():
    assert Machine(NOW + 900 * DAY).clock().doubted is None


def test_today_is_the_date_of_the_zone():
    machine = Machine(datetime(2027, 6, 1, 23, 30, tzinfo=UTC).timestamp())
    clock = machine.clock()
    assert clock.today("Europe/Madrid") == date(2027, 6, 2)
    assert clock.today("UTC") == date(2027, 6, 1)
    assert clock.today("America/New_York") == date(2027, 6, 1)


def test_today_never_goes_back_behind_the_last_day_stored_nor_the_release():
    clock = Machine().clock()
    assert clock.today("UTC", date(2027, 6, 3)) == date(2027, 6, 3)
    assert clock.today("UTC", date(2027, 5, 3)) == date(2027, 6, 1)
    early = Machine(datetime(2026, 1, 1, tzinfo=UTC).timestamp()).clock()
    assert early.today("UTC", date(2020, 1, 1)) == RELEASED


def test_the_real_machine_is_believed():
    assert boottime() > 0
    assert Clock(None).doubted is None


def test_a_nap_that_ends_late_was_a_sleep():
    assert not slept(NOW, NOW + 21)
    assert slept(NOW, NOW + 60)


def test_a_clock_that_was_set_back_in_a_nap_counts_as_a_sleep():
    assert slept(NOW, NOW - DAY)
    assert not slept(NOW, NOW - 1)


def test_who_looks_first_is_told_before_anything_is_judged_and_nobody_twice():
    machine = Machine()
    told: list[tuple[float, bool]] = []
    waking = Waking(machine.clock().now, lambda set_back: told.append((machine.shown, set_back)))
    for _ in range(100):
        machine.pass_(20)
        waking.look()
    assert not told
    machine.pass_(2.2 * DAY)
    waking.look()
    assert told == [(machine.shown, False)]
    waking.look()
    assert len(told) == 1


def test_today_passes_what_was_agreed_to_by_a_day_and_by_the_uptime():
    machine = Machine(NOW + 20 * DAY)
    clock = Clock(NOW, agreed=NOW, wall=machine.wall, boottime=machine.boottime)
    assert clock.doubted is None
    assert clock.today("UTC") == date(2027, 6, 2)
    assert clock.lags
    machine.pass_(3 * DAY)
    assert clock.today("UTC") == date(2027, 6, 5)
    assert clock.agreed == NOW + 3 * DAY


def test_a_portals_date_that_agrees_lets_today_follow():
    machine = Machine(NOW + 20 * DAY)
    clock = Clock(NOW, agreed=NOW, wall=machine.wall, boottime=machine.boottime)
    assert not clock.hear(NOW)
    assert clock.today("UTC") == date(2027, 6, 2)
    assert not clock.hear(machine.shown), "no doubt ended by it"
    assert not clock.lags
    assert clock.today("UTC") == date(2027, 6, 21)


def test_a_synchronization_after_the_doubt_began_ends_it():
    machine = Machine()
    clock = machine.clock()
    clock.synchronized(7)
    machine.shown += 5 * DAY
    assert clock.doubted
    clock.synchronized(7)
    assert clock.doubted, "that one was before"
    clock.synchronized(8)
    assert clock.doubted is None
    assert clock.now() == machine.shown


def test_a_synchronization_before_the_first_look_says_nothing():
    clock = Machine(0.0).clock(NOW)
    clock.synchronized(7)
    assert clock.doubted
    clock.synchronized(None)
    assert clock.doubted


def test_the_host_ends_a_doubt():
    machine = Machine()
    clock = machine.clock(NOW - 40 * DAY)
    assert clock.doubted
    clock.accept()
    assert clock.doubted is None
    assert clock.now() == machine.shown
