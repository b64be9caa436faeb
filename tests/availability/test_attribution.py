"""Stories about whose night it is: each is named after what must hold."""

from __future__ import annotations

from icalsyncd.availability.attribution import woke
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.roster import pause, resume
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import DAY_ONE, HOUR, House, nights, started, uid

BLOCK, RESERVATION = Kind.BLOCK, Kind.RESERVATION


def test_what_came_from_a_portal_never_goes_back_to_it() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    assert house.offer("b") == nights(10, 11)
    assert house.offer("a") == EMPTY


def test_the_hosts_own_blocks_close_every_portal() -> None:
    house = started("a", "b")
    house.takes(5, 7)
    assert house.offer("a") == house.offer("b") == nights(5, 6)


def test_what_a_portal_repeats_is_offered_to_nobody_and_goes_with_its_origin() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.TOLD}
    assert house.offer("a") == EMPTY
    house.shows("a")
    assert house.taken == house.offer("b") == house.offer("c") == EMPTY


def test_a_claim_on_other_nights_than_the_portal_was_told_is_an_origin() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12), (20, 22))
    assert house.offer("a") == nights(20, 21)
    assert house.rules("b", 20) == {Rule.UNTOLD}


def test_a_claim_that_begins_after_the_night_was_withdrawn_is_an_origin_at_once() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.shows("a")
    house.shows("b", (10, 12))
    house.reads("b")
    house.shows("b")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.UNTOLD}
    assert house.offer("a") == nights(10, 11)


def test_a_booking_seen_by_the_look_is_an_origin_though_the_portal_is_then_told() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.reads("b")
    assert house.rules("b", 10) == {Rule.UNTOLD}
    assert house.overbooked == nights(10, 11)
    assert house.offer("a") == house.offer("b") == nights(10, 11)


def test_a_copy_asked_for_before_the_first_fetch_does_not_show_what_was_booked_before_it() -> None:
    house = House("a", "b")
    house.shows("a", (12, 13))
    house.shows("b")
    house.reads("b", looked=False)
    # made before the booking, while the answer was on its way
    house.shows("b", took=HOUR)
    house.shows("b", (11, 15))
    assert house.rules("b", 12) == {Rule.MISMATCHED}
    house.shows("a")
    assert house.offer("a") == nights(11, 12, 13, 14)


def test_a_reservation_is_an_origin_though_the_portal_was_told_the_night() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12, RESERVATION))
    assert house.rules("b", 10) == {Rule.RESERVATION}
    assert house.overbooked == nights(10, 11)


def test_an_event_under_our_own_uid_is_an_echo_on_our_nights_and_judged_on_the_others() -> None:
    house = started("a", "b")
    house.shows("b", (10, 13, BLOCK, uid(10, 12)))
    assert house.is_echo("b", 10)
    assert house.rules("b", 12) == {Rule.UNTOLD}
    assert house.offer("a") == nights(12)


def test_our_own_uid_wins_over_the_word_reservation() -> None:
    house = started("a", "b")
    house.shows("b", (10, 12, RESERVATION, uid(10, 12)))
    assert house.is_echo("b", 10)


def test_a_booking_in_place_of_an_event_under_our_uid_begins_anew() -> None:
    house = started("a", "b")
    house.shows("b", (10, 12, BLOCK, uid(10, 12)))
    house.shows("b", (10, 12, BLOCK))
    assert house.rules("b", 10) == {Rule.UNTOLD}


def test_a_running_echo_clipped_to_today_every_day_stays_one_claim() -> None:
    house = started("a", "b")
    house.shows("a", (0, 8))
    house.reads("b")
    house.shows("b", (0, 8))
    house.reads("b")
    for day in range(1, 4):
        house.wait(24)
        house.shows("a", (day, 8, Kind.UNKNOWN, f"new-{day}"))
        house.shows("b", (day, 8, Kind.UNKNOWN, f"other-{day}"))
        assert house.is_echo("b", 6)
        house.reads("a")
        house.reads("b")
    assert len(house.ledger.syncs["b"].claims) == 1


def test_a_running_double_booking_clipped_to_today_every_day_stays_overbooked() -> None:
    house = started("a", "b")
    house.shows("a", (0, 8))
    house.shows("b", (0, 8))
    house.all_read()
    house.wait(20)
    for day in range(1, 3):
        house.wait(4)
        house.shows("a", (day, 8))
        house.shows("b", (day, 8))
        house.all_read()
        assert house.offer("a") >= nights(6)
        assert house.offer("b") >= nights(6)
        assert house.rules("a", 6) == house.rules("b", 6) == {Rule.UNTOLD}
        house.wait(20)


def test_a_night_that_turns_from_reservation_to_block_begins_anew() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12, RESERVATION))
    house.shows("b", (10, 12, RESERVATION))
    house.reads("a")
    house.shows("a", (10, 12, BLOCK))
    assert house.is_echo("a", 10)
    assert house.overbooked == EMPTY
    house.shows("b")
    assert house.taken == EMPTY


def test_the_same_uid_on_other_nights_is_no_proof_of_the_same_claim() -> None:
    house = started("a", "b")
    house.shows("b", (10, 12, Kind.UNKNOWN, "x"))
    house.shows("a", (14, 16))
    house.reads("b")
    house.shows("b", (14, 16, Kind.UNKNOWN, "x"))
    assert house.is_echo("b", 14)


def test_a_claim_that_outlives_what_it_repeats_is_an_origin() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.shows("a")
    house.reads("b")
    house.wait(5)
    house.shows("b", (10, 12))
    # it may have sold the night anew, and it may not have acted yet
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    assert house.possible_ghosts == nights(10, 11)
    house.wait(2)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}
    assert house.offer("a") == nights(10, 11)


def test_nothing_outlives_a_feed_that_the_portal_has_not_fetched_or_a_copy_that_is_not_good() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.shows("a")
    house.wait(7)
    house.shows("b", (10, 12))
    house.reads("b")
    house.wait(7)
    house.shows("b", (10, 12), good=False)
    assert house.rules("b", 10) == {Rule.STANDS_IN}


def test_a_portal_that_has_not_fetched_for_a_day_has_no_echoes_until_it_fetches_again() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.wait(25)
    assert house.rules("b", 10) == {Rule.SILENT}
    assert house.offer("a") == nights(10, 11)
    house.reads("b")
    assert house.is_echo("b", 10)
    assert house.offer("a") == EMPTY


def test_a_booking_made_while_the_portal_was_silent_is_not_lost_when_it_fetches_again() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.wait(25)
    house.shows("a")
    house.reads("a")
    house.reads("b")
    assert house.offer("a") == nights(10, 11)
    house.shows("b")
    assert house.offer("a") == EMPTY


def test_no_portal_is_silent_for_the_time_in_which_the_daemon_was_down() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.now += 3 * 24 * 3600
    house.ledger = woke(house.ledger, now=house.now)
    house.wait(1)
    assert house.is_echo("b", 10)


def test_waking_takes_back_a_silence_that_was_judged_before_the_sleep_was_noticed() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (10, 12))
    house.now += 3 * 24 * 3600
    house.wait(1)
    assert house.offer("a") == nights(10, 11), "what a silent portal claims is its own"
    house.ledger = woke(house.ledger, now=house.now)
    assert house.is_echo("b", 10)
    assert house.offer("a") == EMPTY


def test_a_resumed_portal_is_judged_by_what_it_fetched_while_paused() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.ledger = pause(house.ledger, "b", now=house.now)
    house.reads("b")
    house.ledger = resume(house.ledger, "b", now=house.now)
    house.shows("b", (20, 22))
    assert house.rules("b", 20) == {Rule.UNTOLD}
    assert house.offer("a") == nights(20, 21)


def test_a_block_padded_by_as_many_nights_as_the_portal_adds_is_an_echo_as_a_whole() -> None:
    house = started("a", "b", padding=1)
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (9, 13))
    assert house.rules("b", 9) == house.rules("b", 10) == {Rule.PADDED}
    assert house.offer("a") == EMPTY


def test_a_block_that_grew_past_what_was_told_is_a_possible_ghost_without_buffers() -> None:
    house = started("a", "b", before=1, after=1)
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (8, 14))
    assert house.possible_ghosts >= nights(8, 13)
    assert house.offer("a").isdisjoint(nights(7, 14))


def test_buffers_close_nights_around_a_stay_everywhere_and_for_its_own_portal_too() -> None:
    house = started("a", "b", before=1, after=2)
    house.shows("a", (10, 12))
    assert house.offer("b") == nights(9, 10, 11, 12, 13)
    assert house.offer("a") == nights(9, 12, 13)


def test_the_nights_after_a_stay_stay_closed_until_they_have_passed_though_it_is_no_longer_listed() -> None:
    house = started("a", "b", after=2)
    house.shows("a", (0, 2))
    house.wait(48)
    house.shows("a")
    assert house.offer("b").since(DAY_ONE + 2) == house.offer("a") == nights(2, 3)
    house.wait(72)
    assert house.offer("b") == EMPTY


def test_a_cancelled_stay_leaves_no_buffer() -> None:
    house = started("a", "b", after=2)
    house.shows("a", (10, 12))
    house.shows("a")
    assert house.offer("b") == EMPTY


def test_nights_retained_of_a_copy_that_lacks_them_stay_claimed_with_their_verdict() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12), (20, 22))
    house.shows("a", (20, 22), good=False, retained=nights(10, 11))
    assert house.offer("b") == nights(10, 11, 20, 21)
    house.shows("a", (10, 12), (20, 22))
    assert house.rules("a", 10) == {Rule.UNTOLD}


def test_a_booking_that_was_known_stays_one_though_it_comes_under_our_uid() -> None:
    house = started("a", "b", "c")
    house.shows("b", (10, 12))
    house.reads("a")
    house.shows("a", (10, 12))
    house.wait(30)
    assert house.offer("b") == nights(10, 11), "a has not read for a day"
    house.reads("b")
    house.shows("b", (10, 12, Kind.UNKNOWN, uid(10, 12)))
    house.reads("a")
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    began = house.ledger.syncs["b"].claims[0].began
    house.shows("b", (10, 12, Kind.UNKNOWN, uid(10, 12)))
    assert house.offer("c") == nights(10, 11)
    assert house.ledger.syncs["b"].claims[0].began == began
