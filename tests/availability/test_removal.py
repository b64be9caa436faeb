"""A removal delay becomes longer at once, and shorter once the one in force has passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.availability.removal import RemovalDelay

WEEK, HOUR = 7 * 86400.0, 3600.0


def test_a_shorter_delay_counts_after_the_one_in_force():
    delay = RemovalDelay(WEEK).under(HOUR, 1000.0)
    assert delay.at(1000.0 + WEEK - 1) == WEEK
    assert delay.shrinks == 1000.0 + WEEK
    assert delay.at(1000.0 + WEEK) == HOUR


def test_a_longer_delay_counts_at_once():
    assert RemovalDelay(HOUR).under(WEEK, 1000.0) == RemovalDelay(WEEK)


def test_the_whole_file_takes_back_what_half_of_it_said():
    assert RemovalDelay(WEEK).under(HOUR, 1000.0).under(WEEK, 1001.0) == RemovalDelay(WEEK)


def test_other_changes_of_the_config_do_not_begin_the_wait_anew():
    delay = RemovalDelay(WEEK).under(HOUR, 1000.0)
    assert delay.under(HOUR, 2000.0) == delay


def test_a_clock_that_was_set_back_does_not_lengthen_the_wait():
    delay = RemovalDelay(WEEK).under(HOUR, 1e9)
    assert delay.under(HOUR, 1000.0).at(1000.0 + WEEK) == HOUR


@given(
    st.lists(st.tuples(st.integers(0, 604_800), st.integers(0, 3600)), min_size=1, max_size=8), st.integers(0, 604_800)
)
def test_no_reload_makes_the_delay_shorter_at_once(changes, first):
    now, delay = 0, RemovalDelay(first)
    for wanted, passed in changes:
        now += passed
        in_force = delay.at(now)
        delay = delay.under(wanted, now)
        assert delay.at(now) >= in_force
