"""Copies that could be read in part only: they add, and what they lack is kept until it is sure what broke."""

from __future__ import annotations

from icalsyncd.availability.admission import Outcome
from icalsyncd.calendars.calendar import Broken, Good, Partial
from icalsyncd.calendars.nights import EMPTY
from tests.availability.copies import Copies, nights


def test_a_copy_that_is_read_in_part_adds_and_frees_nothing():
    copies = Copies()
    copies.shows((10, 12), (20, 22))
    assert copies.after(1).breaks((30, 32), broken=["x"]) is Outcome.PARTIAL
    assert copies.claimed == nights((10, 12), (20, 22), (30, 32))
    assert copies.sync.retained == nights((10, 12), (20, 22))


def test_what_is_broken_three_times_over_the_hold_keeps_its_own_last_nights_only():
    copies = Copies()
    copies.shows((10, 12), (20, 22), (30, 32))
    for hours in (1, 3):
        assert copies.after(hours).breaks((10, 12), broken=[(20, 22)]) is Outcome.PARTIAL
        assert copies.claimed == nights((10, 12), (20, 22), (30, 32))
    assert copies.after(3).breaks((10, 12), broken=[(20, 22)]) is Outcome.PARTIAL
    assert copies.claimed == nights((10, 12), (20, 22))
    # and goes on so: the rest of each later copy is believed at once
    copies.after(1).breaks(broken=[(20, 22)])
    assert copies.claimed == nights((20, 22))


def test_three_broken_copies_within_the_hold_free_nothing():
    copies = Copies()
    copies.shows((10, 12), (20, 22))
    for _ in range(3):
        copies.after(1).breaks(broken=[(20, 22)])
    assert copies.claimed == nights((10, 12), (20, 22))


def test_other_broken_events_begin_to_count_anew():
    copies = Copies()
    copies.shows((10, 12), (20, 22), (30, 32))
    copies.after(1).breaks(broken=[(20, 22)])
    copies.after(6).breaks(broken=[(20, 22), (30, 32)])
    assert copies.after(6).breaks(broken=[(20, 22), (30, 32)]) is Outcome.PARTIAL
    assert copies.claimed == nights((10, 12), (20, 22), (30, 32))
    copies.after(1).breaks(broken=[(20, 22), (30, 32)])
    assert copies.claimed == nights((20, 22), (30, 32))


def test_one_broken_event_that_can_be_read_again_does_not_set_back_the_count_of_the_other():
    copies = Copies()
    copies.shows((10, 12), (20, 22), (30, 32))
    copies.after(1).breaks(broken=[(20, 22), (30, 32)])
    copies.after(3).breaks((30, 32), broken=[(20, 22)])
    copies.after(3).breaks((30, 32), broken=[(20, 22)])
    assert copies.claimed == nights((20, 22), (30, 32))


def test_a_broken_event_without_a_uid_keeps_what_was_gone_when_it_broke():
    copies = Copies()
    copies.shows((10, 12), (20, 22), (30, 32))
    copies.after(1).breaks((10, 12), (30, 32), broken=["nameless"])
    copies.after(3).breaks((10, 12), (30, 32), broken=["nameless"])
    copies.after(3).breaks((10, 12), broken=["nameless"])
    assert copies.claimed == nights((10, 12), (20, 22))


def test_an_event_that_was_never_whole_keeps_no_night_of_others():
    copies = Copies()
    copies.breaks((10, 12), (20, 22), broken=["for ever"])
    copies.after(3).breaks((10, 12), (20, 22), broken=["for ever"])
    copies.after(3).breaks((10, 12), (20, 22), broken=["for ever"])
    copies.after(1).breaks((10, 12), broken=["for ever"])
    assert copies.claimed == nights((10, 12))


def test_an_event_that_was_only_ever_read_from_a_partial_copy_keeps_its_nights_when_it_breaks():
    copies = Copies()
    copies.shows((10, 12))
    copies.after(1).breaks((10, 12), (20, 22), broken=["x"])
    for _ in range(4):
        copies.after(6).breaks((10, 12), broken=["x", (20, 22)])
    assert copies.claimed == nights((10, 12), (20, 22))


def test_a_whole_copy_ends_what_broken_events_kept():
    copies = Copies()
    copies.shows((10, 12), (20, 22))
    copies.after(1).breaks(broken=["x"])
    assert copies.after(1).shows((10, 12)) is Outcome.UPDATED
    assert copies.claimed == nights((10, 12))
    assert copies.sync.broken is None


def test_believed_rests_of_a_broken_copy_are_held_where_they_are_suspicious():
    copies = Copies()
    copies.shows((0, 300), (400, 401))
    for _ in range(3):
        copies.after(6).breaks((0, 300), broken=["x"])
    assert copies.claimed == nights((0, 300), (400, 401))
    assert copies.after(1).breaks((0, 2), broken=["x"]) is Outcome.PARTIAL
    assert copies.claimed == nights((0, 300), (400, 401))
    assert copies.sync.held


def test_a_partial_copy_neither_confirms_a_hold_nor_ends_it():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows()
    copies.after(6).breaks(broken=["x"])
    copies.after(6).breaks((0, 10), broken=["x"])
    assert copies.claimed == nights((0, 300))
    assert [(lack.times, lack.nights) for lack in copies.sync.held] == [(1, nights((10, 300)))]
    assert copies.after(1).shows((0, 10)) is Outcome.HELD
    assert copies.after(1).shows((0, 10)) is Outcome.UPDATED


def test_reading_anew_never_holds():
    copies = Copies()
    copies.shows((0, 300))
    assert copies.after(1).reread(Good(())) is Outcome.UPDATED
    assert copies.claimed == EMPTY


def test_reading_a_held_copy_anew_confirms_nothing():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows((0, 13))
    for _ in range(5):
        assert copies.after(6).reread() is Outcome.HELD
    assert copies.claimed == nights((0, 300))
    assert [lack.times for lack in copies.sync.held] == [1]


def test_reading_a_broken_copy_anew_confirms_nothing():
    copies = Copies()
    copies.shows((10, 12), (20, 22))
    for _ in range(3):
        copies.after(1).breaks(broken=[(20, 22)])
    # the hold is over by now, but no pull has come since
    assert copies.after(6).reread() is Outcome.PARTIAL
    assert copies.claimed == nights((10, 12), (20, 22))
    copies.after(1).breaks(broken=[(20, 22)])
    assert copies.claimed == nights((20, 22))
    copies.after(24).reread()
    assert copies.claimed == nights((20, 22))


def test_events_that_are_found_broken_by_reading_anew_have_come_in_no_pull_yet():
    copies = Copies()
    copies.shows((10, 12), (20, 22))
    copies.after(1).reread(Partial((), ("broken",), (Broken("x", ""),)))
    for _ in range(2):
        copies.after(6).breaks(broken=["x"])
    assert copies.sync.broken is not None
    assert copies.sync.broken.times == 2
