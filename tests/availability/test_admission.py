"""Which copies of a calendar are believed: a glitch frees no night, and a cancellation frees its nights at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.attribution import fetched
from icalsyncd.calendars.calendar import Good, Kind, nights_in
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.calendars.zones import nights_begun
from tests.availability.copies import HOLD, HOUR, TODAY, Copies, Range, event, nights, season


def test_a_calendar_that_falls_from_300_nights_to_13_and_comes_back_frees_nothing():
    copies = Copies()
    copies.shows((0, 300))
    assert copies.after(1).shows((0, 13)) is Outcome.HELD
    assert copies.claimed == nights((0, 300))
    assert copies.after(1).shows((0, 300)) is Outcome.UPDATED
    assert copies.claimed == nights((0, 300))
    assert not copies.sync.held


def test_a_calendar_that_falls_from_39_events_to_none_and_comes_back_frees_nothing():
    copies = Copies()
    copies.shows(*season(39))
    assert copies.after(2).shows() is Outcome.HELD
    assert len(copies.claimed) == 39
    assert copies.after(2).shows(*season(40)) is Outcome.UPDATED
    assert copies.claimed == nights(*season(40))


def test_new_claims_in_a_held_copy_count_at_once():
    copies = Copies()
    copies.shows((0, 300))
    assert copies.after(1).shows((400, 410)) is Outcome.HELD
    assert copies.claimed == nights((0, 300), (400, 410))


def test_a_held_night_is_released_by_the_third_pull_after_the_hold_and_not_before():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows((0, 13))
    assert copies.after(HOLD / HOUR - 0.1).shows((0, 13)) is Outcome.HELD
    assert copies.after(0.1).shows((0, 13)) is Outcome.UPDATED
    assert copies.claimed == nights((0, 13))


def test_two_pulls_do_not_release_a_held_night_however_far_apart():
    copies = Copies()
    copies.shows((1, 300))
    copies.after(1).shows()
    assert copies.after(48).shows() is Outcome.HELD
    assert copies.after(0.5).shows() is Outcome.UPDATED
    assert copies.claimed == EMPTY


def test_nights_that_come_back_are_kept_and_the_others_wait_on():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows((0, 13))
    # no suspicious share is missing any more, but two pulls are not three
    assert copies.after(1).shows((0, 100)) is Outcome.HELD
    assert copies.claimed == nights((0, 300))
    assert copies.after(6).shows((0, 100)) is Outcome.UPDATED
    assert copies.claimed == nights((0, 100))


def test_a_night_that_came_back_is_counted_anew_when_it_goes_again():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows((0, 13))
    copies.after(1).shows((0, 300))
    copies.after(6).shows((0, 13))
    assert copies.after(6).shows((0, 13)) is Outcome.HELD
    assert copies.after(6).shows((0, 13)) is Outcome.UPDATED


def test_an_ordinary_cancellation_frees_its_nights_at_once_beside_held_ones():
    copies = Copies()
    copies.shows((0, 300))
    copies.after(1).shows((0, 13))
    copies.after(1).shows((0, 290))
    assert copies.claimed == nights((0, 300))
    assert copies.after(1).shows((0, 5), (8, 290)) is Outcome.HELD
    assert copies.claimed == nights((0, 5), (8, 300))


def test_a_cancellation_of_three_nights_is_believed_where_others_are_left():
    copies = Copies()
    copies.shows((10, 13), (20, 21))
    assert copies.after(1).shows((20, 21)) is Outcome.UPDATED
    assert copies.claimed == nights((20, 21))


def test_a_calendar_that_lost_its_only_night_waits_for_the_hold_and_no_longer():
    copies = Copies()
    copies.shows((10, 11))
    assert copies.after(1).shows() is Outcome.HELD
    assert copies.after(HOLD / HOUR - 0.1).shows() is Outcome.HELD
    assert copies.claimed == nights((10, 11))
    assert copies.after(0.1).shows() is Outcome.UPDATED
    assert copies.claimed == EMPTY


def test_a_booking_window_hides_no_loss_of_the_bookings():
    copies = Copies()
    booked = [(10 * number, 10 * number + 5) for number in range(1, 13)]
    copies.shows(*booked, (365, 1096))
    # a faulty copy has the window and no bookings; its start has moved on, as every day
    assert copies.after(1).shows((366, 1096)) is Outcome.HELD
    assert copies.claimed == nights(*booked, (365, 1096))
    copies.after(1).shows(*booked, (366, 1096))
    assert copies.claimed.until(TODAY + 365) == nights(*booked)
    assert not copies.sync.held or copies.sync.held[0].nights == nights((365, 366))


def test_one_booking_beside_a_booking_window_is_held_as_one_without():
    copies = Copies()
    copies.shows((10, 13), (365, 1096))
    assert copies.after(1).shows((365, 1096)) is Outcome.HELD
    assert copies.claimed == nights((10, 13), (365, 1096))


def test_a_closed_season_that_vanishes_is_held_though_many_bookings_stay():
    copies = Copies()
    booked = [(200 + 10 * number, 209 + 10 * number) for number in range(30)]
    copies.shows((5, 95), *booked)
    assert copies.after(1).shows(*booked) is Outcome.HELD
    assert copies.claimed == nights((5, 95), *booked)
    # 89 nights are a stay like others
    copies = Copies()
    copies.shows((5, 94), *booked)
    assert copies.after(1).shows(*booked) is Outcome.UPDATED


def test_ordinary_cancellations_beside_a_booking_window_are_believed_at_once():
    copies = Copies()
    copies.shows(*season(10), (365, 1096))
    assert copies.after(1).shows(*season(8), (365, 1096)) is Outcome.UPDATED


def test_a_night_that_has_begun_is_kept_until_noon_of_the_next_day():
    copies = Copies()
    copies.shows((0, 3), (20, 22))
    # it is another day already where the portal is
    assert copies.after(1).shows((1, 3), (20, 22)) is Outcome.UPDATED
    assert copies.claimed == nights((0, 3), (20, 22))
    assert copies.sync.retained == nights((0, 1))
    copies.next_day(hours=11)
    copies.after(10.9).shows((1, 3), (20, 22))
    assert copies.claimed == nights((0, 3), (20, 22)), "a minute before noon"
    copies.after(0.2).shows((1, 3), (20, 22))
    assert copies.claimed == nights((1, 3), (20, 22))
    assert not copies.sync.retained


def test_a_stay_that_is_cancelled_on_its_first_evening_frees_all_but_that_night():
    copies = Copies()
    copies.shows((0, 10), (20, 22))
    assert copies.after(1).shows((20, 22)) is Outcome.UPDATED
    assert copies.claimed == nights((0, 1), (20, 22))
    # the same copy again, by its own word, and the copy read anew
    copies.after(1).is_not_modified()
    assert copies.claimed == nights((0, 1), (20, 22))
    assert copies.sync.retained == nights((0, 1))
    copies.after(1).reread()
    assert copies.claimed == nights((0, 1), (20, 22))
    copies.after(1).shows((0, 10), (20, 22))
    assert copies.claimed == nights((0, 10), (20, 22))


def test_a_stay_whose_last_night_has_begun_is_neither_held_nor_freed():
    copies = Copies()
    copies.shows((0, 1))
    assert copies.after(1).shows() is Outcome.UPDATED
    assert copies.claimed == nights((0, 1))


def test_where_the_clock_and_the_stored_day_disagree_tonight_is_kept():
    for days in (-400, -1, 1, 400):
        copies = Copies()
        copies.shows((0, 1), (20, 22))
        copies.after(24 * days).shows((20, 22))
        assert copies.claimed == nights((0, 1), (20, 22)), days


def test_a_night_is_over_at_noon_of_its_own_zone():
    day = (TODAY - date(1970, 1, 1).toordinal()) * 24 * HOUR
    # noon of Tokyo is 3:00 UTC, that of New York in January 17:00 UTC
    assert nights_begun(day + 2.9 * HOUR, "Asia/Tokyo", TODAY) == nights((-1, 1))
    assert nights_begun(day + 3 * HOUR, "Asia/Tokyo", TODAY) == nights((0, 1))
    assert nights_begun(day + 16.9 * HOUR, "America/New_York", TODAY) == nights((-1, 1))
    assert nights_begun(day + 17 * HOUR, "America/New_York", TODAY) == nights((0, 1))


def test_what_the_host_believes_frees_tonight_too():
    copies = Copies()
    copies.shows((0, 10))
    copies.after(1).shows()
    copies.release()
    assert copies.claimed == EMPTY


def test_five_nights_of_five_are_held_and_five_of_six_are_not():
    copies = Copies()
    copies.shows((10, 15))
    assert copies.after(1).shows() is Outcome.HELD
    copies = Copies()
    copies.shows((10, 16))
    assert copies.after(1).shows((10, 11)) is Outcome.UPDATED


def test_nine_nights_of_ten_are_held_and_eight_are_not():
    copies = Copies()
    copies.shows(*season(10))
    assert copies.after(1).shows((0, 1)) is Outcome.HELD
    copies = Copies()
    copies.shows(*season(10))
    assert copies.after(1).shows((0, 1), (2, 3)) is Outcome.UPDATED


def test_a_hold_of_nothing_never_holds():
    copies = Copies(hold=0.0)
    copies.shows((1, 300))
    assert copies.after(1).shows() is Outcome.UPDATED
    assert copies.claimed == EMPTY


def test_a_hold_that_is_switched_off_releases_what_it_held_with_the_next_pull():
    copies = Copies()
    copies.shows((1, 300))
    copies.after(1).shows()
    copies.hold = 0.0
    assert copies.after(0.1).shows() is Outcome.UPDATED
    assert copies.claimed == EMPTY


def test_nights_that_have_passed_are_no_loss():
    copies = Copies()
    copies.shows((0, 8), (20, 21))
    copies.next_day(8)
    assert copies.shows((20, 21)) is Outcome.UPDATED


def test_a_closure_that_is_clipped_daily_under_new_uids_is_never_held():
    copies = Copies()
    for day in range(40):
        assert copies.shows((day, 40)) is Outcome.UPDATED, day
        assert copies.claimed.since(copies.ledger.today) == nights((day, 40))
        copies.next_day()


def test_echoes_are_released_at_once_and_do_not_count():
    copies = Copies()
    copies.shows()
    # the portal reads that 300 nights are taken, and repeats them beside two bookings of its own
    copies.ledger = fetched(copies.ledger, "s", nights((0, 300)), now=copies.after(1).now, looked=True)
    copies.after(1).shows((0, 300), (400, 402))
    assert copies.sync.echoes == nights((0, 300))
    assert copies.after(1).shows((400, 402)) is Outcome.UPDATED
    assert copies.claimed == nights((400, 402))


def test_a_held_night_keeps_its_origin_though_an_echo_claimed_it_too():
    copies = Copies()
    copies.shows()
    copies.ledger = fetched(copies.ledger, "s", nights((0, 300)), now=copies.after(1).now, looked=True)
    copies.after(1)._comes(Good((event(0, 300), *(event(*each, kind=Kind.RESERVATION) for each in season(40)))))
    assert copies.sync.genuine == nights(*season(40))
    assert copies.after(1).shows() is Outcome.HELD
    assert copies.sync.genuine == nights(*season(40))
    assert copies.claimed == nights(*season(40))


def test_a_clock_that_went_back_lets_no_hold_last_for_ever():
    copies = Copies()
    copies.shows((0, 300), (310, 312))
    copies.shows()
    copies.after(-1000)
    copies.shows()
    assert copies.after(6).shows() is Outcome.UPDATED
    copies.shows((10, 12))
    copies.breaks(broken=["x"])
    copies.after(-1000)
    copies.breaks(broken=["x"])
    copies.after(6).breaks(broken=["x"])
    assert copies.sync.broken is not None
    assert copies.now - copies.sync.broken.since == 6 * HOUR


def test_a_new_calendar_is_judged_against_the_old_one_like_any_copy():
    copies = Copies()
    copies.shows((0, 300))
    copies.ledger = copies.ledger.with_sync("s", replace(copies.sync, calendar="another"))
    assert copies.after(1).shows((500, 510)) is Outcome.HELD
    assert copies.claimed == nights((0, 300), (500, 510))


ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


@pytest.mark.slow
@given(st.lists(st.tuples(ranges, st.booleans(), st.floats(0.1, 12)), min_size=1, max_size=12))
def test_what_a_copy_shows_is_always_claimed_and_no_night_is_ever_freed_but_by_what_a_copy_lacks(
    pulls: list[tuple[list[Range], bool, float]],
):
    copies = Copies()
    for shown, whole, hours in pulls:
        before = copies.claimed
        copies.after(hours)
        present = nights_in(tuple(event(*each) for each in shown))
        outcome = copies.shows(*shown) if whole else copies.breaks(*shown, broken=["x"])
        assert present <= copies.claimed
        assert copies.claimed <= before | present
        assert copies.sync.retained == copies.claimed - present
        if outcome is Outcome.UPDATED:
            # where copies go back to older ones now and then, a night is freed by the second that lacks it
            lacked = copies.sync.habits.lacked
            assert copies.claimed - nights((-1, 1)) - lacked == present - nights((-1, 1)) - lacked
            assert copies.claimed.until(TODAY + 1) >= before.until(TODAY + 1), "tonight is kept whatever a copy says"
