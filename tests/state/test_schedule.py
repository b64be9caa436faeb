"""When a sync is pulled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.calendars.calendar import Reason
from icalsyncd.state.schedule import Attempts, after_failure, due, next_slot, spread, unconditional

DAY = 86400.0
HALF_HOUR = 1800.0
NOW = 1795348800.0
NAME = "casa-azul/holidu"

names = st.from_regex(r"[a-z0-9-]{1,20}/[a-z0-9-]{1,20}", fullmatch=True)
moments = st.floats(1.7e9, 2.5e9)
intervals = st.floats(60, 7 * DAY)


@pytest.mark.slow
@given(moments, names, intervals)
def test_a_slot_lies_after_its_moment_and_at_most_an_interval_later(after, name, interval):
    slot = next_slot(after, name, interval)
    assert after < slot <= after + interval + 0.001


@pytest.mark.slow
@given(moments, names)
def test_slots_are_an_interval_apart_wherever_one_starts_to_look(after, name):
    first = next_slot(after, name, HALF_HOUR)
    assert next_slot(first, name, HALF_HOUR) == pytest.approx(first + HALF_HOUR, abs=0.001)
    assert next_slot(first - 1, name, HALF_HOUR) == pytest.approx(first, abs=0.001)


def test_the_phase_follows_from_the_name_and_stays_the_same_for_ever():
    assert next_slot(NOW, NAME, HALF_HOUR) - NOW == pytest.approx(1652.475, abs=0.001)


def test_many_syncs_spread_over_the_interval():
    minutes = [int(next_slot(NOW, f"house-{n}/holidu", HALF_HOUR) - NOW) // 60 for n in range(600)]
    assert all(5 <= minutes.count(minute) <= 45 for minute in range(30))


def test_a_sync_that_was_never_pulled_is_due_when_it_becomes_known():
    assert due(Attempts(), NAME, HALF_HOUR, since=NOW, now=NOW + 5) == NOW


def test_after_a_success_the_next_slot_is_due_and_no_restart_shifts_it():
    last = next_slot(NOW, NAME, HALF_HOUR)
    expected = pytest.approx(last + HALF_HOUR, abs=0.001)
    for restart in (last - 5, last + 1, last + 1000):
        assert due(Attempts(last + 0.2), NAME, HALF_HOUR, since=restart, now=restart) == expected


def test_a_timer_that_rings_early_does_not_pull_twice_for_one_slot():
    slot = next_slot(NOW, NAME, HALF_HOUR)
    assert due(Attempts(slot - 0.05), NAME, HALF_HOUR, since=NOW, now=slot) > slot + 1700


@pytest.mark.slow
@given(names, st.floats(0, 400 * DAY))
def test_what_is_overdue_is_pulled_within_half_a_minute(name, away):
    wanted = due(Attempts(NOW - HALF_HOUR - 60 - away), name, HALF_HOUR, since=NOW, now=NOW)
    assert NOW <= wanted <= NOW + 30


def test_what_is_overdue_at_once_does_not_come_at_once():
    waits = {round(spread(f"house-{n}/holidu")) for n in range(200)}
    assert len(waits) > 25


def test_failures_are_retried_after_one_two_four_minutes_up_to_the_interval():
    attempts = Attempts()
    waits = []
    at = NOW
    for _ in range(8):
        attempts = after_failure(attempts, at=at, reason=Reason.TIMEOUT, retry_after=None, interval=HALF_HOUR)
        wanted = due(attempts, NAME, HALF_HOUR, since=NOW, now=at)
        waits.append((wanted - at) / 60)
        at = wanted
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_failures_without_end_stay_at_the_interval():
    assert due(Attempts(NOW, 100_000), NAME, HALF_HOUR, since=NOW, now=NOW) == NOW + HALF_HOUR


@pytest.mark.parametrize(
    ("reason", "asked", "waited"),
    [
        (Reason.HTTP_429, 7200.0, 7200.0),
        (Reason.HTTP_429, 10 * DAY, DAY),
        (Reason.HTTP_5XX, 3600.0, 3600.0),
        (Reason.HTTP_5XX, 10 * DAY, 4 * HALF_HOUR),
        (Reason.HTTP_5XX, 5.0, 60.0),
        (Reason.HTTP_5XX, 0.0, 60.0),
    ],
)
def test_retry_after_is_obeyed_within_limits(reason, asked, waited):
    attempts = after_failure(Attempts(), at=NOW, reason=reason, retry_after=asked, interval=HALF_HOUR)
    assert due(attempts, NAME, HALF_HOUR, since=NOW, now=NOW) == NOW + waited


def test_a_restart_does_not_forget_what_the_portal_asked_for():
    attempts = after_failure(Attempts(), at=NOW, reason=Reason.HTTP_429, retry_after=7200.0, interval=HALF_HOUR)
    assert due(attempts, NAME, HALF_HOUR, since=NOW + 600, now=NOW + 600) == NOW + 7200


def test_an_attempt_in_the_future_does_not_keep_a_sync_from_being_pulled():
    for attempts in (Attempts(NOW + 365 * DAY), Attempts(NOW + 365 * DAY, 3, NOW + 366 * DAY)):
        assert NOW <= due(attempts, NAME, HALF_HOUR, since=NOW, now=NOW) <= NOW + 30


def test_once_a_day_a_pull_goes_without_conditions():
    assert unconditional(None, NOW)
    assert not unconditional(NOW, NOW)
    assert not unconditional(NOW - DAY + 1, NOW)
    assert unconditional(NOW - DAY, NOW)
    assert unconditional(NOW + 1, NOW)
