"""Stories about feeds that a portal reads unseen."""

from __future__ import annotations

from icalsyncd.availability.claims import Rule
from tests.availability.house import House, nights


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
    assert house.rules("b", 10) == {Rule.MATCHED}
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
    assert house.rules("b", 10) == {Rule.MATCHED}


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
    assert house.is_echo("b", 10)
