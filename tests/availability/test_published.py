"""Stories about feeds that a portal reads unseen."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.claims import Rule
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import HOUR, House, nights


def test_where_readings_are_not_seen_exactly_what_was_published_is_an_echo_and_all_else_an_origin() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.wait(200)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.MATCHED}
    house.shows("b", (10, 12), (11, 14))
    assert house.rules("b", 13) == {Rule.UNTOLD}


def test_what_is_withdrawn_from_a_published_feed_may_stay_for_two_readings_and_the_lag() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.shows("b", (10, 12))
    house.shows("a")
    house.publishes("b")
    house.wait(53)
    house.shows("b", (10, 12))
    assert Rule.OUTLIVED not in house.rules("b", 10)
    house.wait(2)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}


def test_a_booking_of_nights_that_are_published_no_longer_is_believed_though_nothing_else_is_published() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.shows("a")
    house.publishes("b")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    house.wait(55)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}
    assert house.offer("a") == nights(10, 11)


def test_a_portal_that_has_dropped_what_it_repeated_does_not_go_back_to_an_older_published_feed() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.shows("b", (10, 12), (20, 22))
    house.shows("a")
    house.publishes("b")
    house.shows("b", (20, 22))
    house.shows("b", (10, 12), (20, 22))
    assert house.rules("b", 10) == {Rule.UNTOLD}
    assert house.offer("a") == nights(10, 11, 20, 21)


def test_a_portal_that_repeats_a_published_feed_does_not_go_back_to_an_older_one() -> None:
    house = House("a", "b")
    house.shows("b")
    house.shows("a", (10, 12))
    house.publishes("b")
    house.shows("a", (30, 32))
    house.publishes("b")
    house.shows("b", (30, 32))
    house.shows("b", (10, 12), (30, 32))
    assert house.rules("b", 10) == {Rule.UNTOLD}
    assert house.offer("a") == nights(10, 11)


def test_a_portal_that_has_dropped_a_night_may_still_read_what_was_published_later() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.shows("b", (10, 12), (20, 22))
    for shown in ((), ((10, 12),), ()):
        house.shows("a", *shown)
        house.publishes("b")
    house.shows("b", (20, 22))
    house.shows("b", (10, 12), (20, 22))
    assert house.rules("b", 10) == {Rule.STANDS_IN}


def test_an_empty_calendar_is_no_proof_that_a_portal_has_read_what_was_published() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.publishes("b")
    house.shows("b", (10, 12))
    house.shows("a")
    house.publishes("b")
    house.shows("b")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.STANDS_IN}


def test_what_appears_where_nobody_holds_it_any_more_is_told_free_to_nobody_else() -> None:
    house = published_for_all("a", "b", "c")
    house.shows("a", (10, 12))
    all_published(house)
    house.shows("a")
    all_published(house)
    house.shows("b", (10, 12))
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    assert house.offer("b") == EMPTY
    house.shows("b")
    assert house.taken == EMPTY


def test_what_is_shown_on_after_a_published_withdrawal_would_have_been_acted_on_may_be_a_guest() -> None:
    house = published_for_all("a", "b", "c")
    sync = house.ledger.syncs["b"]
    house.ledger = house.ledger.with_sync("b", replace(sync, habits=replace(sync.habits, drops=(4 * HOUR,) * 4)))
    house.shows("a", (10, 12))
    all_published(house)
    house.shows("b", (10, 12))
    house.shows("a")
    all_published(house)
    house.wait(2)
    house.shows("b", (10, 12))
    assert house.taken == EMPTY, "it has not read that yet, or has yet to act on it"
    house.wait(3)
    house.shows("b", (10, 12))
    assert house.offer("a") == house.offer("c") == nights(10, 11)


def test_two_that_read_unseen_do_not_keep_each_other_closed() -> None:
    house = published_for_all("a", "b", "c")
    house.shows("a", (10, 12))
    all_published(house)
    house.shows("a")
    all_published(house)
    house.shows("b", (10, 12))
    all_published(house)
    house.shows("b")
    house.shows("c", (10, 12))
    assert house.taken == EMPTY, "it was told that while b stood in, and may repeat it later than b dropped it"


def published_for_all(*names: str) -> House:
    """Every portal has been pulled, empty, and its empty feed lies where it reads it unseen."""
    house = House(*names)
    for name in names:
        house.shows(name)
    all_published(house)
    return house


def all_published(house: House) -> None:
    for name in house.ledger.syncs:
        house.publishes(name)
